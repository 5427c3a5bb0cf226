/** One world for end-to-end tests: a database of its own, a forge, the App, a runner process, agents that do as they are told. */
import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  createWriteStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { Octokit } from '@octokit/core';
import { pino } from 'pino';
import { expect } from 'vitest';
import { startApp, type App } from '../../app/app.ts';
import { verifyEvents } from '../../app/catalog/runs.ts';
import { createClient, type Client } from '../../app/client/client.ts';
import { readConfig } from '../../app/config.ts';
import { workflowFile, workflowPath } from '../../app/domain/workflow.ts';
import { freePort } from '../../demo/free-port.ts';
import { startProgram, type Program } from '../../demo/program.ts';
import { actionFiles, actionRepository, seed as demoSeed, type Place } from '../../demo/seed.ts';
import { hostedRunners } from '../../forge/actions/runners.ts';
import type { Seed, SeedRepository } from '../../forge/seed.ts';
import { startForge, type RunningForge } from '../../forge/server.ts';
import { askTmux } from '../../runner/fixtures/watching.ts';
import { createDatabase } from '../db/database.ts';
import { openRecords, type Records } from './records.ts';
import type { PlannedTask, Script, Step } from './script.ts';
import { createUser, type User } from './users.ts';
import { createViews, type Views } from './views.ts';

const root = join(import.meta.dirname, '..', '..');
export const owner = 'acme';
export const repo = 'shop';
export const bot = 'entourage[bot]';

export type WorldOptions = {
  /** Where agents work: on the one runner (unless it is said), or as jobs of the forge's Actions. */
  on?: Place;
  /** Lines of YAML that replace the policy's own keys of the same name. */
  policy?: Record<string, string>;
  /** Whether the team has a reviewer, `rev`. */
  reviewer?: boolean;
  repository?: Partial<SeedRepository>;
  /** Environment of the App beyond the usual. */
  environment?: Record<string, string>;
  /** Slots of the one runner; 0: none is started. */
  slots?: number;
};

export interface World extends Views, AsyncDisposable {
  forge: RunningForge;
  records: Records;
  directory: string;
  appUrl: string;
  /** maintain, write, write, triage, read, nothing at all */
  ana: User;
  ben: User;
  carl: User;
  tom: User;
  rita: User;
  mallory: User;
  /** The HTTP API as olga, who owns the organisation. */
  olga: Client;
  /** What managers propose from now on, by the run's title. */
  plans(title: string, tasks: PlannedTask[], ...more: Step[][]): void;
  /** A manager's sessions, step by step. */
  manages(title: string, ...sessions: Step[][]): void;
  /** The sessions of a manager that is woken, step by step. */
  coordinates(title: string, ...sessions: Step[][]): void;
  /** A task's sessions, step by step. */
  works(title: string, ...sessions: Step[][]): void;
  /** A reviewer's sessions on a task, step by step. */
  reviews(title: string, ...sessions: Step[][]): void;
  /** Lets agents go on that wait for this file. */
  release(file: string): void;
  /** What agents' tools answered, oldest first. */
  transcript(): { session: string; step: string; said: unknown }[];
  /** One of the same name continues where the other was, with its credential. */
  startRunner(slots?: number, name?: string): Promise<Program>;
  restartApp(): Promise<void>;
  /** The record folds to the rows, and GitHub's description was kept by both sides. */
  isClean(): Promise<void>;
}

const policyKeys: Record<string, string> = {
  team: 'shop',
  dispatch: 'runner',
  limits: '{ max_agents: 8, max_parallel: 4, attempts: 2, session_minutes: 2 }',
  budget: '{ task_usd: 5, run_usd: 25 }',
  review: '{ people: 1 }',
  merge: '{ method: squash }',
  // Its sessions at each end would cost every test time; those that are about them turn them on.
  manage: '{ woken_by: [] }',
};

const workflow = `name: ci
on:
  pull_request:
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: test ! -e red
`;

/** `commands` of the agents: this checkout's test agent, told by argument where its script lies. */
function policyText(
  directory: string,
  { reviewer = false, policy: changes = {} }: Pick<WorldOptions, 'reviewer' | 'policy'>,
): string {
  const command = JSON.stringify([
    process.execPath,
    join(root, 'test/e2e/agent.ts'),
    join(directory, 'agent'),
  ]);
  const agents = [
    ...(reviewer
      ? [`  - { name: rev, role: reviewer, engine: command, slots: 2, command: ${command} }`]
      : []),
    `  - { name: manager, role: manager, engine: command, slots: 4, command: ${command} }`,
    `  - { name: eng-one, role: engineer, engine: command, slots: 2, command: ${command} }`,
    `  - { name: eng-two, role: engineer, engine: command, slots: 2, command: ${command}, capabilities: [css] }`,
  ];
  const keys = { ...policyKeys, agents: `\n${agents.join('\n')}`, ...changes };
  return `---\n${Object.entries(keys)
    .map(([key, value]) => `${key}: ${value}`)
    .join('\n')}\n---\n`;
}

function seedOf(directory: string, options: WorldOptions): Seed {
  const { on = 'runner' } = options;
  const action = { owner, name: actionRepository, files: on === 'actions' ? actionFiles(root) : {} };
  return {
    app: { ...demoSeed.app, owner },
    users: ['olga', 'ana', 'ben', 'carl', 'tom', 'rita', 'mallory'].map((login) => ({ login })),
    organizations: [{ login: owner, owners: ['olga'] }],
    repositories: [
      {
        owner,
        name: repo,
        files: {
          'README.md': '# shop\n',
          'ENTOURAGE.md': policyText(directory, {
            ...options,
            policy: { dispatch: on, ...options.policy },
          }),
          '.github/workflows/ci.yml': workflow,
        },
        collaborators: { ana: 'maintain', ben: 'write', carl: 'write', tom: 'triage', rita: 'read' },
        ruleset: { requiredChecks: ['test'], adminsBypass: true },
        ...options.repository,
      },
      ...(on === 'actions' ? [action] : []),
    ],
  };
}

type Ground = {
  stack: AsyncDisposableStack;
  directory: string;
  forge: RunningForge;
  appUrl: string;
  environment: Record<string, string>;
  options: WorldOptions;
};

/** Directory and forge: what stands before any App. */
export async function prepareGround(stack: AsyncDisposableStack, options: WorldOptions): Promise<Ground> {
  const directory = mkdtempSync(join(tmpdir(), 'entourage-e2e-'));
  chmodSync(directory, 0o711);
  stack.defer(() => {
    if (process.env['ENTOURAGE_TEST_KEEP'] === undefined) rmSync(directory, { recursive: true, force: true });
  });
  mkdirSync(join(directory, 'agent'));
  const appUrl = `http://127.0.0.1:${await freePort()}`;
  const forge = stack.use(
    await startForge({
      dataDir: join(directory, 'forge'),
      seed: seedOf(directory, options),
      webhookUrl: `${appUrl}/api/github/webhooks`,
    }),
  );
  if (options.on === 'actions') {
    forge.forge.workflows.setRunners(hostedRunners(8));
    await bringWorkflow(forge, appUrl);
  }
  const keyFile = join(directory, 'app.pem');
  writeFileSync(keyFile, forge.credentials.privateKey, { mode: 0o600 });
  const environment = {
    APP_ID: String(forge.credentials.appId),
    PRIVATE_KEY_PATH: keyFile,
    WEBHOOK_SECRET: forge.credentials.webhookSecret,
    GHE_HOST: new URL(forge.url).host,
    GHE_PROTOCOL: 'http',
    HOST: '127.0.0.1',
    PORT: new URL(appUrl).port,
    ENTOURAGE_URL: appUrl,
    ENTOURAGE_DIR: join(directory, 'app'),
    // People wait five seconds for a card's next edit; tests need not (jobs.test.ts holds that it waits).
    ENTOURAGE_CARD_SECONDS: '0.5',
    ...options.environment,
  };
  return { stack, directory, forge, appUrl, environment, options };
}

/** The workflow file that users have, on the default branch, pinned to the action's commit. */
async function bringWorkflow(forge: RunningForge, appUrl: string): Promise<void> {
  const octokit = new Octokit({ auth: forge.credentials.tokens['olga'], baseUrl: `${forge.url}/api/v3` });
  const { data: main } = await octokit.request('GET /repos/{owner}/{repo}/branches/{branch}', {
    owner,
    repo: actionRepository,
    branch: 'main',
  });
  const text = workflowFile({
    url: appUrl,
    action: `${owner}/${actionRepository}/action@${main.commit.sha}`,
  });
  await octokit.request('PUT /repos/{owner}/{repo}/contents/{path}', {
    owner,
    repo,
    path: workflowPath,
    message: 'Run agents on Actions',
    content: Buffer.from(text).toString('base64'),
  });
}

export async function createWorld(options: WorldOptions = {}): Promise<World> {
  const stack = new AsyncDisposableStack();
  try {
    const ground = await prepareGround(stack, options);
    const database = await createDatabase();
    stack.defer(() => database.drop());
    const environment = {
      ...ground.environment,
      DATABASE_URL: database.appUrl,
      DATABASE_OWNER_URL: database.ownerUrl,
    };
    const log = pino(
      { level: 'debug', base: null },
      createWriteStream(join(ground.directory, 'app.log'), { flags: 'a' }),
    );
    const start = (): Promise<App> =>
      startApp({ config: readConfig(environment), version: '0.0.0-test', databaseUrl: database.appUrl, log });
    let app = await start();
    stack.defer(() => app[Symbol.asyncDispose]());
    const restartApp = async (): Promise<void> => {
      await app[Symbol.asyncDispose]();
      app = await start();
    };
    return await furnish(ground, { ownerUrl: database.ownerUrl, restartApp });
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

/** People, runner, script and views around an App that stands. */
export async function furnish(
  ground: Ground,
  app: { ownerUrl: string; restartApp: () => Promise<void> },
): Promise<World> {
  const { stack, directory, forge, appUrl } = ground;
  const records = stack.use(openRecords(app.ownerUrl));
  const olga = createClient({ url: appUrl, token: await plantKey(records, forge) });
  const where = { api: `${forge.url}/api/v3`, owner, repo };
  const user = (login: string): User => createUser(login, forge.credentials.tokens[login] ?? '', where);
  const startRunner = async (slots = 4, name = 'runner'): Promise<Program> => {
    const token = await plantRunnerToken(records, forge);
    const program = startProgram({
      name,
      argv: [
        join(root, 'runner/main.ts'),
        '--name',
        name,
        '--dir',
        join(directory, name),
        '--slots',
        String(slots),
        '--drain',
        '2',
        '--patience',
        '1',
        // The test's agents keep notes in one directory; isolation has tests of its own.
        '--isolation',
        'none',
        '--pass-env',
        'NODE_COMPILE_CACHE',
      ],
      cwd: directory,
      env: {
        PATH: [dirname(process.execPath), process.env['PATH'] ?? ''].join(delimiter),
        HOME: directory,
        ENTOURAGE_URL: appUrl,
        ENTOURAGE_RUNNER_TOKEN: token,
        NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] ?? '',
      },
      logFile: join(directory, `${name}.log`),
    });
    // What shows its sessions outlives a runner that had to be killed.
    stack.defer(() => void askTmux(join(directory, name), 'kill-server'));
    stack.defer(() => program.stop(5_000));
    return program;
  };
  const { on = 'runner' } = ground.options;
  if (on === 'runner' && ground.options.slots !== 0) await startRunner(ground.options.slots);
  const isClean = async (): Promise<void> => {
    const { differences } = await olga.call(verifyEvents, { repository: `${owner}/${repo}` });
    expect(differences, 'the events fold to the rows (TR-1)').toEqual([]);
    expect(forge.violations, 'requests, answers and webhooks as GitHub describes them').toEqual([]);
    expect(forge.calls.invalid(), 'requests that GitHub’s description forbids').toEqual([]);
  };
  return {
    forge,
    records,
    directory,
    appUrl,
    olga,
    ana: user('ana'),
    ben: user('ben'),
    carl: user('carl'),
    tom: user('tom'),
    rita: user('rita'),
    mallory: user('mallory'),
    ...writeScript(join(directory, 'agent')),
    ...createViews({ forge, records, bot }),
    startRunner,
    restartApp: app.restartApp,
    isClean,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** An API key of olga, put where the operator's command would put it. */
async function plantKey(records: Records, forge: RunningForge): Promise<string> {
  const key = `ent_key_${randomBytes(32).toString('base64url')}`;
  const olga = [...forge.state.accounts.values()].find(({ login }) => login === 'olga');
  await records.query(
    `insert into api_key (hash, installation, name, login, user_id, expires_at) values ($1, $2, 'test', 'olga', $3, now() + interval '1 day')`,
    [createHash('sha256').update(key).digest(), forge.credentials.installations[owner], olga?.id],
  );
  return key;
}

/** A registration token, put where the operator's command would put it. */
export async function plantRunnerToken(records: Records, forge: RunningForge): Promise<string> {
  const token = `ent_registration_${randomBytes(32).toString('base64url')}`;
  await records.query(
    `insert into runner_token (hash, installation, group_name, created_by, expires_at) values ($1, $2, 'default', 'olga', now() + interval '1 hour')`,
    [createHash('sha256').update(token).digest(), forge.credentials.installations[owner]],
  );
  return token;
}

function writeScript(
  directory: string,
): Pick<World, 'plans' | 'manages' | 'coordinates' | 'works' | 'reviews' | 'release' | 'transcript'> {
  const script: Script = { plans: {}, managing: {}, tasks: {}, reviews: {} };
  const save = (): void => writeFileSync(join(directory, 'script.json'), JSON.stringify(script));
  save();
  const manages = (title: string, ...sessions: Step[][]): void => {
    script.plans[title] = sessions;
    save();
  };
  return {
    manages,
    plans: (title, tasks, ...more) => manages(title, [{ do: 'plan', tasks }], ...more),
    coordinates(title, ...sessions) {
      script.managing[title] = sessions;
      save();
    },
    works(title, ...sessions) {
      script.tasks[title] = sessions;
      save();
    },
    reviews(title, ...sessions) {
      script.reviews[title] = sessions;
      save();
    },
    release: (file) => writeFileSync(join(directory, file), ''),
    transcript() {
      const file = join(directory, 'transcript.jsonl');
      if (!existsSync(file)) return [];
      const lines = readFileSync(file, 'utf8').trim().split('\n');
      return lines.map((line) => JSON.parse(line) as { session: string; step: string; said: unknown });
    },
  };
}
