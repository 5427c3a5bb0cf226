/** A forge for tests, with people, an installed App, and somebody who listens to its webhooks. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAppAuth } from '@octokit/auth-app';
import { Octokit } from '@octokit/core';
import { graphql, GraphqlResponseError } from '@octokit/graphql';
import { vi } from 'vitest';
import type { Seed } from './seed.ts';
import { startForge, type ForgeOptions, type RunningForge } from './server.ts';

// Real servers, git and processes on a machine that others use too: time limits are for hangs, not for slowness.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

/** A webhook as it came over the wire. */
export interface Received {
  event: string;
  action: string | null;
  guid: string;
  headers: IncomingHttpHeaders;
  text: string;
  payload: Record<string, unknown>;
}

/** Organisation acme with a public and a private repository; the App is installed on both. */
export const acmeSeed: Seed = {
  app: {
    slug: 'entourage',
    owner: 'acme',
    permissions: {
      actions: 'write',
      checks: 'write',
      contents: 'write',
      issues: 'write',
      pull_requests: 'write',
    },
    events: [
      'check_run',
      'issue_comment',
      'issues',
      'label',
      'pull_request',
      'pull_request_review',
      'pull_request_review_comment',
      'pull_request_review_thread',
      'push',
      'workflow_run',
    ],
  },
  users: [
    { login: 'ana', name: 'Ana', email: 'ana@example.com' },
    { login: 'ben' },
    { login: 'mia' },
    { login: 'tom' },
    { login: 'eve' },
  ],
  organizations: [{ login: 'acme', owners: ['ana'] }],
  repositories: [
    {
      owner: 'acme',
      name: 'shop',
      files: { 'README.md': '# Shop\n', 'src/price.js': 'export const price = 1\n' },
      collaborators: { ben: 'write', mia: 'maintain', tom: 'triage' },
      labels: [{ name: 'bug', color: 'd73a4a' }],
    },
    { owner: 'acme', name: 'vault', private: true, files: { secret: 'x\n' }, collaborators: { ben: 'read' } },
  ],
};

export interface Bed {
  running: RunningForge;
  dataDir: string;
  /** What the App's webhook URL got, in order. */
  received: Received[];
  /** Octokit with a person's token. */
  as(login: string): Octokit;
  /** Octokit with the App's JWT. */
  app: Octokit;
  /** Octokit with installation tokens for acme. */
  installation: Octokit;
  /** GraphQL with a person's token. */
  graphql(login: string): typeof graphql;
  /** The webhooks of an event that came so far, once all that were sent have arrived. */
  hooks(event: string, action?: string): Promise<Received[]>;
  /** Closes everything. Throws when the forge recorded a violation. */
  [Symbol.asyncDispose](): Promise<void>;
}

export async function openBed(options: Partial<ForgeOptions> & { answer?: number } = {}): Promise<Bed> {
  const received: Received[] = [];
  const receiver = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      const payload = JSON.parse(text) as Record<string, unknown>;
      const action = typeof payload['action'] === 'string' ? payload['action'] : null;
      const { headers } = request;
      received.push({
        event: String(headers['x-github-event']),
        action,
        guid: String(headers['x-github-delivery']),
        headers,
        text,
        payload,
      });
      response.writeHead(options.answer ?? 200).end('ok');
    });
  });
  await new Promise<void>((resolve) => {
    receiver.listen(0, '127.0.0.1', () => resolve());
  });
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'forge-'));
  const webhookUrl = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
  const running = await startForge({ seed: acmeSeed, webhookUrl, ...options, dataDir });
  const { credentials } = running;
  const baseUrl = `${running.url}/api/v3`;
  const auth = { appId: credentials.appId, privateKey: credentials.privateKey };
  const installationId = credentials.installations['acme'];
  return {
    running,
    dataDir,
    received,
    as: (login) => new Octokit({ baseUrl, auth: credentials.tokens[login] }),
    app: new Octokit({ baseUrl, authStrategy: createAppAuth, auth }),
    installation: new Octokit({ baseUrl, authStrategy: createAppAuth, auth: { ...auth, installationId } }),
    graphql: (login) =>
      graphql.defaults({
        baseUrl: `${running.url}/api`,
        headers: { authorization: `token ${credentials.tokens[login]}` },
      }),
    hooks: async (event, action) => {
      await running.settled();
      return received.filter(
        (hook) => hook.event === event && (action === undefined || hook.action === action),
      );
    },
    [Symbol.asyncDispose]: async () => {
      await running[Symbol.asyncDispose]();
      await new Promise<void>((resolve) => {
        receiver.close(() => resolve());
        receiver.closeAllConnections();
      });
      if (options.dataDir === undefined) rmSync(dataDir, { recursive: true, force: true });
      if (running.violations.length > 0)
        throw new Error(`The forge did what GitHub doesn't:\n${JSON.stringify(running.violations, null, 2)}`);
    },
  };
}

/** The status that a refused request got; fails when it wasn't refused. */
export async function refused(request: Promise<unknown>): Promise<{ status: number; message: string }> {
  try {
    await request;
  } catch (error) {
    if (error instanceof Error && 'status' in error && typeof error.status === 'number')
      return { status: error.status, message: error.message };
    throw error;
  }
  throw new Error('The request was granted, a refusal was expected');
}

/** The errors of a GraphQL request; fails when it has none. */
export async function graphqlErrors(
  request: Promise<unknown>,
): Promise<{ type?: string; message: string }[]> {
  try {
    await request;
  } catch (error) {
    if (error instanceof GraphqlResponseError) return error.errors ?? [];
    throw error;
  }
  throw new Error('The request was granted, an error of GraphQL was expected');
}
