/** Where behaviours of GitHub are played: a forge, in this process or as one of its own, seen only through its doors. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createAppAuth } from '@octokit/auth-app';
import { Octokit } from '@octokit/core';
import { graphql as graphqlOf, GraphqlResponseError } from '@octokit/graphql';
import { pullSeed, pullTools } from '../../forge/pull-bed.ts';
import type { Credentials, Seed, SeedRepository } from '../../forge/seed.ts';
import { startForge } from '../../forge/server.ts';
import type { Received } from '../../forge/test-bed.ts';

export const shop = { owner: 'acme', repo: 'shop' };

export type Stage = ReturnType<typeof stageOf> & AsyncDisposable;

/** One known behaviour: what is said of GitHub, and a play that only that behaviour lets end well. */
export interface Behaviour {
  /** The rows of forge/facts.ts that it plays. */
  facts: [string, ...string[]];
  says: string;
  /** What `acme/shop` is like, beyond the usual. */
  seed?: Partial<SeedRepository>;
  play: (stage: Stage) => Promise<void>;
}

/** As a receiver on the wire gets them. */
async function openReceiver(): Promise<{ url: string; received: Received[]; close(): Promise<void> }> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      const payload = JSON.parse(text) as Record<string, unknown>;
      const { headers } = request;
      received.push({
        event: String(headers['x-github-event']),
        action: typeof payload['action'] === 'string' ? payload['action'] : null,
        guid: String(headers['x-github-delivery']),
        headers,
        text,
        payload,
      });
      response.writeHead(200).end('ok');
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve());
  });
  const close = async (): Promise<void> => {
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, received, close };
}

interface Opened {
  url: string;
  credentials: Credentials;
  received: Received[];
}

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

function stageOf({ url, credentials, received }: Opened) {
  const baseUrl = `${url}/api/v3`;
  const auth = { appId: credentials.appId, privateKey: credentials.privateKey };
  const installationId = credentials.installations['acme'];
  const withToken = (token: string): Octokit => new Octokit({ baseUrl, auth: token, log: silent });
  const tools = {
    as: (login: string): Octokit => withToken(credentials.tokens[login] ?? ''),
    app: new Octokit({ baseUrl, authStrategy: createAppAuth, auth, log: silent }),
    installation: new Octokit({
      baseUrl,
      authStrategy: createAppAuth,
      auth: { ...auth, installationId },
      log: silent,
    }),
  };
  const control = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const response = await fetch(`${url}/_forge/${path}`, {
      method,
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === '' ? null : JSON.parse(text);
  };
  const settled = (): Promise<unknown> => control('GET', 'settled');
  return {
    url,
    credentials,
    ...tools,
    ...pullTools(tools),
    withToken,
    control,
    settled,
    advance: (milliseconds: number) => control('POST', 'clock', { advance: milliseconds }),
    hooks: async (event: string, action?: string): Promise<Received[]> => {
      await settled();
      return received.filter(
        (hook) => hook.event === event && (action === undefined || hook.action === action),
      );
    },
    graphql: <Data>(query: string, variables: Record<string, unknown> = {}, login = 'ben') =>
      graphqlOf<Data>(query, {
        ...variables,
        baseUrl: `${url}/api`,
        headers: { authorization: `token ${credentials.tokens[login]}` },
      }),
    /** A token of the App's installation with a part of its rights. */
    scoped: async (scope: {
      repositories?: string[];
      permissions?: Record<string, 'read' | 'write'>;
    }): Promise<{ token: string; octokit: Octokit }> => {
      const path = 'POST /app/installations/{installation_id}/access_tokens';
      const { data } = await tools.app.request(path, { installation_id: installationId ?? 0, ...scope });
      return { token: data.token, octokit: withToken(data.token) };
    },
  };
}

/** Throws when the forge did what GitHub does not. */
function judge(violations: unknown): void {
  if (JSON.stringify(violations) !== '[]')
    throw new Error(`The forge did what GitHub doesn't:\n${JSON.stringify(violations, null, 2)}`);
}

/** In this process. Closing it throws when the forge recorded a violation. */
export async function openStage(seed: Partial<SeedRepository> = {}): Promise<Stage> {
  const dataDir = mkdtempSync(join(tmpdir(), 'forge-stage-'));
  const receiver = await openReceiver();
  const running = await startForge({ dataDir, seed: pullSeed(seed), webhookUrl: receiver.url });
  const stage = stageOf({ ...running, received: receiver.received });
  return Object.assign(stage, {
    [Symbol.asyncDispose]: async () => {
      await running[Symbol.asyncDispose]();
      await receiver.close();
      rmSync(dataDir, { recursive: true, force: true });
      judge(running.violations);
    },
  });
}

/** One line of the forge's source, and what it becomes. */
export interface Mutation {
  /** Below forge/. */
  file: string;
  line: string;
  becomes: string;
}

/** As a process of its own, with one line changed on its way into Node; violations are none of this stage's business. */
export async function openMutant(mutation: Mutation, seed: Partial<SeedRepository> = {}): Promise<Stage> {
  const directory = mkdtempSync(join(tmpdir(), 'forge-mutant-'));
  const receiver = await openReceiver();
  const seedFile = join(directory, 'seed.json');
  writeFileSync(seedFile, JSON.stringify(pullSeed(seed) satisfies Seed));
  const data = join(directory, 'data');
  const hook = join(import.meta.dirname, 'mutate.ts');
  const args = [
    '--import',
    hook,
    'forge/main.ts',
    '--seed',
    seedFile,
    '--data',
    data,
    '--webhook',
    receiver.url,
  ];
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, FORGE_MUTATION: JSON.stringify(mutation) },
  });
  const exited = once(child, 'exit');
  let complaints = '';
  child.stderr.on('data', (chunk: Buffer) => {
    complaints += chunk.toString();
  });
  const close = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
    await receiver.close();
    rmSync(directory, { recursive: true, force: true });
  };
  const started = await Promise.race([
    once(createInterface(child.stdout), 'line') as Promise<[string]>,
    exited.then(() => null),
  ]);
  if (started === null) {
    await close();
    throw new Error(`The forge with ${mutation.file} changed did not start:\n${complaints.slice(0, 2000)}`);
  }
  const { url, credentials: file } = JSON.parse(started[0]) as { url: string; credentials: string };
  const credentials = JSON.parse(readFileSync(file, 'utf8')) as Credentials;
  const stage = stageOf({ url, credentials, received: receiver.received });
  return Object.assign(stage, { [Symbol.asyncDispose]: close });
}

export interface Refusal {
  status: number;
  message: string;
  headers: Record<string, string>;
}

/** How a request was refused; throws when it was granted. */
export async function refusal(request: Promise<unknown>): Promise<Refusal> {
  try {
    await request;
  } catch (error) {
    if (error instanceof GraphqlResponseError) return { status: 200, message: error.message, headers: {} };
    if (!(error instanceof Error && 'status' in error && typeof error.status === 'number')) throw error;
    const { response } = error as Error & { response?: { headers: Record<string, string> } };
    return { status: error.status, message: error.message, headers: response?.headers ?? {} };
  }
  throw new Error('The request was granted, a refusal was expected');
}
