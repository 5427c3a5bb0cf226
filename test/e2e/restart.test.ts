/** KW-1: the App, a runner or Postgres killed at three moments of the story; started again, it ends in the same place. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { startProgram, type Program } from '../../demo/program.ts';
import { descendants } from '../../demo/process-tree.ts';
import { eventually } from './eventually.ts';
import { work } from './script.ts';
import { furnish, prepareGround, type World } from './world.ts';

const root = join(import.meta.dirname, '..', '..');
const short = { ENTOURAGE_LEASE_SECONDS: '8', ENTOURAGE_HEARTBEAT_SECONDS: '2' };

let world: World;
let app: Program;
let runner: Program;
let startApp: () => Promise<void>;

beforeAll(async () => {
  const stack = new AsyncDisposableStack();
  const ground = await prepareGround(stack, { environment: short, slots: 0 });
  let starts = 0;
  startApp = async () => {
    starts += 1;
    const { PATH = '' } = process.env;
    app = startProgram({
      name: 'app',
      argv: [join(root, 'app/main.ts'), 'serve'],
      cwd: ground.directory,
      env: { ...ground.environment, PATH, HOME: ground.directory },
      logFile: join(ground.directory, `app-${starts}.log`),
    });
    await app.line(/^\{"listening"/, 60_000);
  };
  await startApp();
  stack.defer(() => app.stop(10_000));
  world = await furnish(ground, { ownerUrl: ownerUrl(ground.directory), restartApp: startApp });
  runner = await world.startRunner(2);
}, 120_000);
afterEach(() => world.isClean());
afterAll(() => world[Symbol.asyncDispose]());

/** As its owner: the embedded Postgres keeps its credentials for its own user only. */
function ownerUrl(directory: string): string {
  const { port, owner } = JSON.parse(readFileSync(join(directory, 'app', 'postgres.json'), 'utf8')) as {
    port: number;
    owner: string;
  };
  return `postgres://entourage:${owner}@127.0.0.1:${port}/entourage`;
}

async function killApp(): Promise<void> {
  process.kill(app.pid, 'SIGKILL');
  await eventually(
    { what: 'the App to be dead' },
    () => app.running(),
    (running) => !running,
  );
  await startApp();
}

/** The whole runner, agents and all, as when its machine is switched off. */
async function killRunner(): Promise<void> {
  const pids = [runner.pid, ...descendants(runner.pid).map(({ pid }) => pid)];
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  runner = await world.startRunner(2);
}

async function killPostgres(): Promise<void> {
  const [row] = await world.records.query<{ directory: string }>(
    `select setting as directory from pg_settings where name = 'data_directory'`,
  );
  const postmaster = (): number =>
    Number(readFileSync(join(row!.directory, 'postmaster.pid'), 'utf8').split('\n')[0]);
  const old = postmaster();
  process.kill(old, 'SIGKILL');
  // Nobody starts the App again: it starts its Postgres itself and goes on. A connection of its own each time, because
  // the old one's children answer those that they have a moment longer.
  await eventually(
    { what: 'another Postgres to answer' },
    async () => {
      const client = new Client({ connectionString: ownerUrl(world.directory) });
      client.on('error', () => {});
      try {
        await client.connect();
        await client.query('select 1');
        return postmaster();
      } catch {
        return old;
      } finally {
        await client.end();
      }
    },
    (pid) => pid !== old,
  );
}

it.each([
  ['App', killApp],
  ['runner', killRunner],
  ['Postgres', killPostgres],
] as const)(
  'KW-1 TA-5: a %s killed while it plans, while it works and while it merges',
  async (name, kill) => {
    const title = `Survive ${name}`;
    world.manages(title, [
      { do: 'wait_for', file: `${name}-plan` },
      { do: 'plan', tasks: [{ title: `${title} first` }, { title: `${title} second`, depends_on: [1] }] },
    ]);
    for (const which of ['first', 'second'])
      world.works(`${title} ${which}`, [
        { do: 'wait_for', file: `${name}-${which}` },
        ...work(`${name}-${which}.txt`),
      ]);
    const issue = await world.ana.opensIssue(title, '');
    await world.ana.comments(issue, '/entourage run');
    await eventually(
      { what: 'a running plan session' },
      () => world.sessions(issue),
      (sessions) => sessions.some(({ state }) => state === 'running'),
    );
    await kill();
    world.release(`${name}-plan`);
    await world
      .run(issue)
      .becomes('awaiting approval', (run) => run?.state === 'awaiting_approval', { within: 120 });

    await world.ana.comments(issue, '/entourage approve');
    await eventually(
      { what: 'a running work session', within: 120 },
      () => world.sessions(issue),
      (sessions) => sessions.some(({ kind, state }) => kind === 'work' && state === 'running'),
    );
    await kill();
    world.release(`${name}-first`);
    const first = await world.pull(issue, 't1').isReady({ within: 120 });

    await world.ana.approves(first);
    await kill();
    world.release(`${name}-second`);
    await world.pull(issue, 't1').isMerged({ within: 120 });
    await world.ana.approves(await world.pull(issue, 't2').isReady({ within: 120 }));
    await world.isClosed(issue, { within: 120 });
    const types = await world.records.eventTypes(issue);
    expect(types.filter((type) => type === 'pull_request_merged')).toHaveLength(2);
    expect(world.replies(issue).filter(({ body }) => body.includes('entourage:run '))).toHaveLength(1);
  },
  240_000,
);
