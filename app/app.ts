/** The App, put together: every room gets what it needs from here and from nowhere else. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { addJobs } from '../db/jobs.ts';
import { connect, type Database } from '../db/pool.ts';
import { loadDelivery, markHandled } from '../db/queries/inbox.ts';
import { connectReplicas, type Replicas } from '../db/replicas.ts';
import { inTransaction } from '../db/transaction.ts';
import type { Config } from './config.ts';
import { micros } from './domain/words.ts';
import { createIdentify } from './doors/bearer.ts';
import { createHealthDoor } from './doors/health.ts';
import { createHttpDoor } from './doors/http.ts';
import { createMcpDoor } from './doors/mcp.ts';
import type { Inbox } from './doors/delivery.ts';
import { handleDelivery } from './doors/inbox.ts';
import { createOidc } from './doors/oidc.ts';
import { createWebhookDoor } from './doors/webhook.ts';
import { createBell } from './engine/bell.ts';
import { createExecute, type Execute } from './engine/execute.ts';
import type { Engine, GitHubFacts } from './engine/handler.ts';
import {
  checksChanged,
  groupFormed,
  mergesChanged,
  placeOf,
  planSeen,
  showAgain,
  triggerLabel,
} from './engine/place.ts';
import { workflowEnded } from './engine/watch-job.ts';
import { createPlanner, plannerName } from './engine/planner/planner.ts';
import { createSealing, deriveKey } from './engine/sealing.ts';
import { makeSecret } from './engine/secret.ts';
import { createGitHub, type App as GitHubApp, type AppOptions } from './github/app.ts';
import { replyMarker } from './github/render/markers.ts';
import { GitHubError } from './github/port.ts';
import { startWorker, type Worker } from './jobs/worker.ts';
import type { Log } from './log.ts';

export type Parts = {
  config: Config;
  version: string;
  databaseUrl: string;
  log: Log;
  /** The connection that hears other replicas broke: Postgres may be gone. */
  databaseLost?: () => void;
};
export type App = { url: string; [Symbol.asyncDispose](): Promise<void> };

export const gitHubOptions = (config: Config): AppOptions => ({
  appId: config.gitHub.appId,
  privateKey: config.gitHub.privateKey,
  site: { api: config.gitHub.apiUrl, web: config.gitHub.webUrl },
  cacheDir: join(config.directory, 'git'),
});

/** The engine on a database, without doors: what operators' own commands use too. */
export function createEngine(
  parts: Parts & { db: Database; github: GitHubApp; tell: (keys: readonly string[]) => void },
): Engine {
  const { config } = parts;
  return {
    db: parts.db,
    bell: createBell(parts.tell),
    github: factsOf(parts.github),
    ceilings: {
      sessions: config.maxSessions,
      taskBudget: micros(config.maxTaskUsd),
      runBudget: micros(config.maxRunUsd),
      teamDayBudget: micros(config.maxTeamDayUsd),
      leaseSeconds: config.leaseSeconds,
      heartbeatSeconds: config.heartbeatSeconds,
      planQueueSeconds: config.planQueueSeconds,
      startSeconds: config.startMinutes * 60,
    },
    planner: config.planner === null ? null : plannerName(config.planner),
    version: parts.version,
    now: () => new Date().toISOString(),
    uuid: randomUUID,
    secret: makeSecret,
    sealing: createSealing(config.encryptionKey ?? deriveKey(config.gitHub.privateKey)),
  };
}

function factsOf(github: GitHubApp): GitHubFacts {
  return {
    permission: async (installation, repository, login) =>
      await github.github(installation).permission(repository, login),
    repository: async (installation, repository) => await github.github(installation).repository(repository),
    policyText: async (installation, repository) =>
      await github.github(installation).readFile(repository, 'ENTOURAGE.md'),
    head: async (installation, repository, branch) =>
      await github.github(installation).head(repository, branch),
    issue: async (installation, repository, number) => {
      try {
        return await github.github(installation).issue(repository, number);
      } catch (error) {
        if (error instanceof GitHubError && error.status === 404) return null;
        throw error;
      }
    },
    changesSame: async (installation, repository, heads) =>
      await github.github(installation).changesSame(repository, heads),
    login: async () => await github.login(),
    pullFiles: async (installation, repository, at) =>
      await github.github(installation).pullFiles(repository, at),
    file: async (installation, repository, { path, ref }) =>
      await github.github(installation).readFile(repository, path, ref),
    comparison: async (installation, repository, between) =>
      await github.github(installation).comparison(repository, between),
    readToken: async (installation, repository) => await github.github(installation).readToken(repository),
    cloneUrl: (repository) => github.cloneUrl(repository),
  };
}

/** Starts everything on a migrated database; ends it in the opposite order. */
export async function startApp(parts: Parts): Promise<App> {
  const { config, log } = parts;
  const stack = new AsyncDisposableStack();
  try {
    const db = stack.use(connect(parts.databaseUrl));
    const github = createGitHub(gitHubOptions(config));
    let replicas: Replicas | null = null;
    const engine = createEngine({ ...parts, db, github, tell: (keys) => replicas?.tell(keys) });
    replicas = stack.use(
      await connectReplicas(parts.databaseUrl, {
        hear: (keys) => engine.bell.hear(keys),
        lost: (error) => {
          log.warn({ err: error }, 'lost the connection that hears other replicas');
          parts.databaseLost?.();
        },
      }),
    );
    const execute = createExecute(engine);
    const inbox = createInbox({
      engine,
      execute,
      github,
      us: { login: await github.login(), appId: config.gitHub.appId },
      log,
    });
    const worker: Worker = await startWorker({
      db,
      execute,
      github: (id) => github.github(id),
      log,
      config,
      planner: config.planner === null ? null : createPlanner(config.planner),
      handleDelivery: async (guid) => await handleDelivery(inbox, guid),
      deliveries: github.deliveries,
    });
    stack.use(worker);
    await recordInstallations(github, execute, log);
    const url = await listen(stack, { ...parts, engine, execute });
    await worker.lookForMissed();
    log.info({ url, version: parts.version }, 'entourage is up');
    return { url, [Symbol.asyncDispose]: async () => await stack.disposeAsync() };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

/** What happened on GitHub while no App was listening: new installations, repositories, names. */
async function recordInstallations(github: GitHubApp, execute: Execute, log: Log): Promise<void> {
  const cause = `start:${randomUUID()}`;
  for (const { id, account, accountType } of await github.installations()) {
    const caller = { actor: { kind: 'system', name: 'start' }, installation: id, cause } as const;
    await execute('record_installation', { account, account_type: accountType }, caller);
    const repositories = await github.github(id).repositories();
    for (const repository of repositories) {
      const { owner, ownerId, name, defaultBranch, private: hidden } = repository;
      const known = {
        repository: repository.id,
        owner,
        owner_id: ownerId,
        name,
        default_branch: defaultBranch,
        private: hidden,
      };
      await execute('record_repository', known, caller);
    }
    log.info({ installation: id, account, repositories: repositories.length }, 'installation known');
  }
}

function createInbox(parts: {
  engine: Engine;
  execute: Execute;
  github: GitHubApp;
  us: Inbox['us'];
  log: Log;
}): Inbox {
  const { engine, execute, github, us, log } = parts;
  const everywhere = { installation: 'all' } as const;
  return {
    us,
    log,
    execute,
    load: async (guid) =>
      await inTransaction(engine.db, everywhere, async (tx) => await loadDelivery(tx, guid)),
    handled: async (guid, note) =>
      await inTransaction(engine.db, everywhere, async (tx) => await markHandled(tx, guid, note)),
    place: async (installation, at) => await placeOf(engine, installation, at),
    planSeen: async (installation, seen) => await planSeen(engine, installation, seen),
    triggerLabel: async (installation, repository) => await triggerLabel(engine, installation, repository),
    showAgain: async (installation, effects) => await showAgain(engine, installation, effects),
    workflowEnded: async (installation, at) => await workflowEnded(engine, installation, at),
    checksChanged: async (installation, at) => await checksChanged(engine, installation, at),
    groupFormed: async (installation, group) => await groupFormed(engine, installation, group),
    mergesChanged: async (installation, into) => await mergesChanged(engine, installation, into),
    github(installation) {
      const port = github.github(installation);
      return {
        permission: async (repository, login) => await port.permission(repository, login),
        react: async (repository, target, content) => await port.ensureReaction(repository, target, content),
        reply: async (repository, { issue, marker, body }) => {
          await port.ensureComment(repository, {
            issue,
            marker: replyMarker(marker),
            body: `${body}\n${replyMarker(marker)}`,
            known: null,
          });
        },
        removeLabel: async (repository, issue, label) => await port.removeLabel(repository, issue, label),
        readFile: async (repository, path) => await port.readFile(repository, path),
        review: async (repository, pull, review) => await port.review(repository, pull, review),
      };
    },
  };
}

type Listening = Parts & { engine: Engine; execute: Execute };

async function listen(stack: AsyncDisposableStack, parts: Listening): Promise<string> {
  const { config, engine, execute, log } = parts;
  const webhook = await createWebhookDoor({
    appId: config.gitHub.appId,
    privateKey: config.gitHub.privateKey,
    secret: config.webhookSecret,
    baseUrl: config.gitHub.apiUrl,
    log,
    // GitHub sends a delivery once. A GUID is stored once, so this may be tried again while Postgres restarts.
    receive: async (store, guid) =>
      await inTransaction(engine.db, { installation: 'all', idempotent: true }, async (tx) => {
        if (await store(tx))
          await addJobs(tx, [{ task: 'handle_delivery', payload: { guid }, key: `delivery:${guid}` }]);
      }),
  });
  const verify = createOidc({ issuer: config.oidcIssuer, audience: config.url });
  const identify = createIdentify(engine, verify);
  const ask = async (): Promise<void> => void (await engine.db.pool.query('select 1'));
  const { version } = parts;
  const here = { url: config.url, host: config.host };
  const mcp = stack.use(createMcpDoor({ here, version, execute, identify, log }));
  const doors = createHttpDoor({ execute, identify, log })
    .route('/', createHealthDoor({ ask, log }))
    .route('/', mcp.app);
  const http = getRequestListener(doors.fetch);
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (!(await webhook(request, response))) await http(request, response);
  };
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      log.error({ err: error }, 'request broke');
      if (!response.headersSent) response.writeHead(500);
      response.end();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(config.port, config.host, resolve);
  });
  stack.defer(async () => {
    // Long polls are cut; runners ask again.
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : config.port;
  return `http://${config.host}:${port}`;
}
