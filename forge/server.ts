/** Starts a forge: a local GitHub in this process, on one port. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createAdaptorServer, type HttpBindings, type ServerType } from '@hono/node-server';
import { Hono } from 'hono';
import type { Patience } from './actions/process-group.ts';
import { createCalls, type Calls } from './calls.ts';
import { catchUp, rememberRefs } from './catch-up.ts';
import { createClock, type Clock } from './clock.ts';
import { controlDoor } from './control.ts';
import { createFaults, type Faults } from './faults.ts';
import type { Forge, Push, Violation } from './forge.ts';
import { createGitDoor } from './git-door.ts';
import { openRepository } from './git/repository.ts';
import { createGraphql } from './graphql/door.ts';
import { install, ping } from './installations.ts';
import { createJournal, readState } from './journal.ts';
import { createMergeQueues } from './merge-queues.ts';
import { watchPushes } from './push-events.ts';
import { localOnly } from './local-only.ts';
import { createOidc, issuerPath } from './oidc.ts';
import { pagesDoor } from './pages/door.ts';
import { createRateLimit, githubLimits, type Limits } from './rate-limit.ts';
import { createRest } from './rest.ts';
import { routes } from './routes.ts';
import { gitDirectory, plant, type Credentials, type Seed } from './seed.ts';
import { emptyState, row, type State } from './state.ts';
import { createWorkflows } from './workflow-runs.ts';
import { createWebhooks } from './webhooks.ts';

export interface ForgeOptions {
  /** A free one when it isn't given. */
  port?: number;
  /** Repositories and journal. What an earlier forge left there is continued, and `seed` then ignored. */
  dataDir: string;
  seed: Seed;
  /** Where the App's webhooks go; wins over the seed's and the journal's. */
  webhookUrl?: string;
  limits?: Partial<Limits>;
  /** Milliseconds that a receiver of webhooks has; GitHub's ten seconds when it isn't given (G43). */
  webhookPatience?: number;
  /** How long a cancelled step is waited for; GitHub's ten seconds when it isn't given. */
  patience?: Patience;
}

export interface RunningForge {
  /** `http://127.0.0.1:1234` */
  url: string;
  forge: Forge;
  state: State;
  clock: Clock;
  calls: Calls;
  faults: Faults;
  /** Must be empty at a test's end. */
  violations: Violation[];
  credentials: Credentials;
  /** The file that holds the credentials, mode 0600. */
  credentialsFile: string;
  /** Sends the App's webhooks somewhere else from now on. */
  setWebhookUrl(url: string): void;
  /** Installs the App on an account's repositories, all or the named ones, as its owner would. */
  install(account: string, repositories?: string[]): number;
  /** Sends the App's hook a `ping`. */
  ping(): void;
  /** Resolves when no webhook is on its way. */
  settled(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

async function openData(
  options: ForgeOptions,
): Promise<{ state: State; clock: Clock; credentials: Credentials; file: string }> {
  const { dataDir } = options;
  mkdirSync(dataDir, { recursive: true });
  const file = join(dataDir, 'credentials.json');
  const saved = existsSync(file) ? readState(dataDir) : null;
  if (saved !== null) {
    const credentials = JSON.parse(readFileSync(file, 'utf8')) as Credentials;
    return { state: saved.state, clock: createClock(saved.clockOffset), credentials, file };
  }
  const state = emptyState();
  const clock = createClock();
  const credentials = await plant(state, options.seed, { dataDir, now: clock.timestamp() });
  writeFileSync(file, `${JSON.stringify(credentials, null, 2)}\n`, { mode: 0o600 });
  return { state, clock, credentials, file };
}

function createPushes(): Forge['pushes'] {
  const listeners: ((push: Push) => Promise<void> | void)[] = [];
  return {
    listen: (listener) => {
      listeners.push(listener);
    },
    tell: async (push) => {
      for (const listener of listeners) await listener(push);
    },
  };
}

function listen(server: ServerType, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

/** The whole web: control, REST, GraphQL, git, pages. */
function createWeb(forge: Forge): Hono<{ Bindings: HttpBindings }> {
  const web = new Hono<{ Bindings: HttpBindings }>();
  const rest = createRest(forge, routes, '/api/v3');
  const graphql = createGraphql(forge);
  const git = createGitDoor(forge);
  web.use('/_forge/*', localOnly);
  web.route('/_forge', controlDoor(forge));
  web.all('/api/v3/*', (context) => rest(context.req.raw));
  web.all('/api/v3', (context) => rest(context.req.raw));
  web.route(issuerPath, forge.oidc.door);
  web.post('/api/graphql', (context) => graphql(context.req.raw));
  web.use('*', async (context, next) => (await git(context.req.raw)) ?? next());
  web.use('*', localOnly);
  web.route('/', pagesDoor(forge));
  return web;
}

/** Rejects when the port is taken or the seed contradicts itself. */
export async function startForge(options: ForgeOptions): Promise<RunningForge> {
  const { dataDir } = options;
  const { state, clock, credentials, file } = await openData(options);
  const journal = createJournal(dataDir, state, () => clock.offset());
  const setWebhookUrl = (url: string): void => {
    row(state.apps, credentials.appId).webhookUrl = url;
  };
  if (options.webhookUrl !== undefined) setWebhookUrl(options.webhookUrl);
  const base = {
    url: '',
    dataDir,
    state,
    clock,
    faults: createFaults(),
    calls: createCalls(),
    rateLimit: createRateLimit(clock, { ...githubLimits, ...options.limits }),
    violations: [] as Violation[],
    pushes: createPushes(),
    git: (repository: Parameters<Forge['git']>[0]) => openRepository(gitDirectory(dataDir, repository)),
    save: () => journal.save(),
  };
  const forge: Forge = Object.assign(base, {
    webhooks: createWebhooks(base as Forge, {
      log: (delivery) => journal.append(delivery),
      patience: options.webhookPatience,
    }),
    workflows: createWorkflows(
      base as Forge,
      options.patience === undefined ? {} : { patience: options.patience },
    ),
    oidc: createOidc(base),
    queues: createMergeQueues(base as Forge),
  });
  watchPushes(forge);
  rememberRefs(forge);
  const web = createWeb(forge);
  const server = createAdaptorServer({ fetch: web.fetch, overrideGlobalObjects: false });
  base.url = `http://127.0.0.1:${await listen(server, options.port ?? 0)}`;
  await forge.workflows.watch();
  forge.queues.watch();
  await catchUp(forge);
  await forge.save();
  const close = async (): Promise<void> => {
    await forge.queues[Symbol.asyncDispose]();
    await forge.workflows[Symbol.asyncDispose]();
    await forge.webhooks.settled();
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      if ('closeAllConnections' in server) server.closeAllConnections();
    });
    await forge.save();
  };
  return {
    url: base.url,
    forge,
    state,
    clock,
    calls: base.calls,
    faults: base.faults,
    violations: base.violations,
    credentials,
    credentialsFile: file,
    setWebhookUrl,
    install: (account, repositories) => install(forge, { appId: credentials.appId, account, repositories }),
    ping: () => ping(forge, row(state.apps, credentials.appId)),
    settled: () => forge.webhooks.settled(),
    [Symbol.asyncDispose]: close,
  };
}
