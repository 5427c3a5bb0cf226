import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Assignment } from '../app/catalog/assignment.ts';
import {
  playApp,
  PlayedRefusal,
  type PlayedAnswer,
  type PlayedApp,
} from '../app/client/fixtures/played-app.ts';
import { commitOne } from './fixtures/agent-script.ts';
import { branch, makeOrigin, temporaryDirectory, type TestOrigin } from './fixtures/origin.ts';
import { assignmentFor, kindAnswers } from './fixtures/play.ts';
import { until } from './fixtures/until.ts';
import { createDisk } from './disk.ts';
import { openRunnerDirectory } from './directory.ts';
import { runLoop } from './loop.ts';
import { hasTmux, shownIn } from './fixtures/watching.ts';
import { onLinux, processTree } from './process-tree.ts';
import type { Ticket } from './tickets.ts';

const registered = { runner: '018f0000-0000-7000-8000-00000000000a', token: 'ent_runner_credential' };
const rest = 'setInterval(() => {}, 1000);';

type Yard = {
  app: PlayedApp;
  origin: TestOrigin;
  directory: string;
  /** What the App will hand out, in order. */
  queue: Assignment[];
  start: (...args: string[]) => Runner;
};
type Runner = { child: ChildProcess; exited: Promise<unknown>; log(): string };

async function open(answers: Record<string, PlayedAnswer> = {}): Promise<Yard> {
  const origin = makeOrigin();
  const directory = temporaryDirectory();
  const queue: Assignment[] = [];
  const app = await playApp({
    ...kindAnswers(origin),
    register_runner: () => registered,
    claim_session: async (_, gone) => {
      for (let waited = 0; queue.length === 0 && waited < 40; waited += 1) await delay(25);
      // Who left takes nothing.
      return { assignment: gone.aborted ? null : (queue.shift() ?? null) };
    },
    ...answers,
  });
  onTestFinished(() => app.stop());
  return { app, origin, directory, queue, start: (...args) => startRunner(app.url, directory, args) };
}

function startRunner(url: string, directory: string, args: readonly string[]): Runner {
  const main = fileURLToPath(new URL('./main.ts', import.meta.url));
  const options = [
    '--url',
    url,
    '--dir',
    join(directory, 'runner'),
    '--name',
    'r1',
    '--patience',
    '1',
    '--drain',
    '1',
  ];
  const child = spawn(process.execPath, [main, ...options, ...args], {
    env: { PATH: process.env['PATH'], ENTOURAGE_RUNNER_TOKEN: 'ent_registration_once' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let text = '';
  child.stderr.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return { child, exited: once(child, 'exit'), log: () => text };
}

async function end(runner: Runner): Promise<void> {
  runner.child.kill('SIGTERM');
  expect(await runner.exited, runner.log()).toEqual([0, null]);
}

/** What the runner keeps of a session for its next start. */
function ticketOf(directory: string, session: string): Ticket | null {
  const file = join(directory, 'runner', 'tickets', `${session}.json`);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Ticket) : null;
}

const beats = (app: PlayedApp) => app.inputsOf('heartbeat').map(({ activity }) => String(activity));

describe('a runner', { timeout: 30_000 }, () => {
  test('registers once, keeps its credential to itself, and works session after session', async () => {
    const { app, origin, directory, queue, start } = await open();
    const first = start();
    queue.push(assignmentFor(origin, ''), assignmentFor(origin, ''));
    await until(() => app.inputsOf('end_session').length === 2);
    await end(first);
    const file = join(directory, 'runner', 'credential');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, 'utf8')).toContain(registered.token);
    const second = start();
    queue.push(assignmentFor(origin, ''));
    await until(() => app.inputsOf('end_session').length === 3);
    await end(second);
    expect(app.inputsOf('register_runner')).toEqual([{ name: 'r1' }]);
    const claims = app.calls.filter(({ operation }) => operation === 'claim_session');
    expect(new Set(claims.map(({ token }) => token))).toEqual(new Set([registered.token]));
    expect(claims[0]?.input).toMatchObject({ engines: ['command'], wait: 45 });
    expect(first.log() + second.log()).not.toMatch(/ent_/);
  });

  test('hosts as many sessions at once as it has slots, and claims no more', async () => {
    const { app, origin, directory, queue, start } = await open();
    const runner = start('--slots', '2');
    const enough = JSON.stringify(join(directory, 'enough'));
    const patient = `import { existsSync } from 'node:fs';
      setInterval(() => { if (existsSync(${enough})) process.exit(0); }, 50);`;
    for (let index = 0; index < 3; index += 1) queue.push(assignmentFor(origin, patient));
    await until(() => app.inputsOf('start_session').length === 2);
    await delay(500);
    expect(queue).toHaveLength(1);
    writeFileSync(join(directory, 'enough'), '');
    await until(() => app.inputsOf('end_session').length === 3);
    await end(runner);
  });

  test('SIGTERM: stops claiming, stops what outlasts its patience, hands over and reports', async () => {
    const { app, origin, queue, start } = await open();
    const runner = start();
    queue.push(assignmentFor(origin, rest));
    await until(() => app.inputsOf('start_session').length === 1);
    await end(runner);
    expect(app.inputsOf('end_session')).toMatchObject([
      { outcome: 'stopped', reason: 'The runner is shutting down.' },
    ]);
  });

  test('KW-1: outlasts an App that is away, with one line when it goes and one when it is back', async () => {
    const { app, origin, queue, start } = await open();
    const runner = start();
    await until(() => app.inputsOf('claim_session').length > 0);
    await app.stop();
    await until(() => runner.log().includes('can’t be reached'));
    await delay(1_500);
    await app.start();
    queue.push(assignmentFor(origin, ''));
    await until(() => app.inputsOf('end_session').length === 1);
    await end(runner);
    expect(runner.log().match(/can’t be reached/g)).toHaveLength(1);
    expect(runner.log().match(/the App is back/g)).toHaveLength(1);
  });

  test.runIf(onLinux)(
    'AG-3, KW-1: killed in the middle, its next start adopts the session, which ends as if nothing had happened',
    async () => {
      const { app, origin, directory, queue, start } = await open();
      const enough = join(directory, 'enough');
      const assignment = assignmentFor(
        origin,
        `${commitOne}
        import { request } from 'node:http';
        const used = (tokens) => say({ type: 'usage', input_tokens: tokens, cached_tokens: 0, output_tokens: 0, cost: tokens });
        for (const s of ['SIGHUP', 'SIGPIPE']) process.on(s, () => {});
        used(10); say({ type: 'text', text: 'halfway' });
        while (!existsSync(${JSON.stringify(enough)})) await new Promise((resolve) => setTimeout(resolve, 50));
        const { mcpServers } = JSON.parse(readFileSync(process.env.ENTOURAGE_MCP_CONFIG, 'utf8'));
        const { socket } = JSON.parse(readFileSync(mcpServers.entourage.env.ENTOURAGE_SESSION_FILE, 'utf8'));
        const pushed = await new Promise((resolve) => request({ socketPath: socket, method: 'POST', path: '/push?wait=5000' }, (response) => {
          response.setEncoding('utf8').on('data', resolve);
        }).end());
        used(30); writeFileSync('pushed.json', pushed);`,
      );
      const sessions = join(directory, 'runner', 'sessions');
      const adoptable = () => ticketOf(directory, assignment.session)?.adoption ?? null;
      const killed = start();
      queue.push(assignment);
      await until(() => adoptable() !== null && beats(app).includes('halfway'));
      expect(statSync(join(directory, 'runner', 'tickets')).mode & 0o777).toBe(0o700);
      killed.child.kill('SIGKILL');
      await killed.exited;
      const tree = processTree(null, assignment.session);
      expect(await tree.alive()).not.toEqual([]);
      expect(shownIn(join(directory, 'runner'))).toEqual(hasTmux ? ['entourage-12-t2'] : []);
      const { length: before } = beats(app);
      const next = start();
      await until(() => beats(app).length > before);
      expect(app.inputsOf('end_session')).toEqual([]);
      expect(shownIn(join(directory, 'runner'))).toEqual(hasTmux ? ['entourage-12-t2'] : []);
      writeFileSync(enough, '');
      await until(() => app.inputsOf('end_session').length === 1);
      queue.push(assignmentFor(origin, ''));
      await until(() => app.inputsOf('end_session').length === 2);
      await end(next);
      expect(app.inputsOf('end_session')[0]).toMatchObject({
        session: assignment.session,
        outcome: 'completed',
        usage: { input_tokens: 30 },
      });
      expect(JSON.parse(origin.git('show', `${branch}:pushed.json`))).toMatchObject({
        result: { state: 'pushed' },
      });
      expect(app.inputsOf('start_session')).toHaveLength(2);
      expect(await tree.alive()).toEqual([]);
      expect(shownIn(join(directory, 'runner'))).toEqual([]);
      expect(readdirSync(sessions)).toEqual([]);
      expect(readdirSync(join(directory, 'runner', 'tickets'))).toEqual([]);
    },
  );

  test.runIf(onLinux)(
    'AG-3: an engine that ended while no runner was there has its work handed over',
    async () => {
      const { app, origin, directory, queue, start } = await open();
      const enough = JSON.stringify(join(directory, 'enough'));
      const assignment = assignmentFor(
        origin,
        `${commitOne} while (!existsSync(${enough})) await new Promise((resolve) => setTimeout(resolve, 50));`,
      );
      const killed = start();
      queue.push(assignment);
      await until(() => (ticketOf(directory, assignment.session)?.adoption ?? null) !== null);
      killed.child.kill('SIGKILL');
      await killed.exited;
      writeFileSync(join(directory, 'enough'), '');
      const exitCode = join(directory, 'runner', 'sessions', assignment.session, 'engine', 'exit-code');
      await until(() => readFileSync(exitCode, 'utf8') === '0\n');
      const next = start();
      await until(() => app.inputsOf('end_session').length === 1);
      await end(next);
      expect(app.inputsOf('end_session')).toMatchObject([{ outcome: 'completed' }]);
      expect(origin.git('log', '-1', '--format=%s', branch)).toBe('Test sum');
    },
  );

  test.runIf(onLinux)(
    'AG-3, TA-5: a session that the App gave up meanwhile is stopped, and nothing of it is left',
    async () => {
      let over = false;
      const { app, origin, directory, queue, start } = await open({
        heartbeat: () => {
          if (over) throw new PlayedRefusal('session_ended', 'Its lease ran out.');
          return {
            stop: null,
            suspend: null,
            warn: null,
            messages: null,
            lease_until: '2026-01-01T00:00:00.000Z',
          };
        },
      });
      const assignment = assignmentFor(origin, rest);
      const killed = start();
      queue.push(assignment);
      await until(() => (ticketOf(directory, assignment.session)?.adoption ?? null) !== null);
      killed.child.kill('SIGKILL');
      await killed.exited;
      over = true;
      const next = start();
      const sessions = join(directory, 'runner', 'sessions');
      await until(() => existsSync(sessions) && readdirSync(sessions).length === 0);
      await end(next);
      expect(app.inputsOf('end_session')).toEqual([]);
      expect(await processTree(null, assignment.session).alive()).toEqual([]);
      expect(readdirSync(join(directory, 'runner', 'tickets'))).toEqual([]);
    },
  );

  test.runIf(onLinux)(
    'KW-1: killed with its engines, its next start tells the App, clears processes and worktrees, and goes on',
    async () => {
      const { app, origin, directory, queue, start } = await open();
      const stubborn = `import { spawn } from 'node:child_process';
        for (const s of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGPIPE']) process.on(s, () => {});
        spawn(process.execPath, ['-e', ${JSON.stringify(rest)}], { detached: true, stdio: 'ignore' }).unref(); ${rest}`;
      const assignment = assignmentFor(origin, stubborn);
      const killed = start();
      queue.push(assignment);
      const sessions = join(directory, 'runner', 'sessions');
      await until(() => (ticketOf(directory, assignment.session)?.adoption ?? null) !== null);
      const tree = processTree(null, assignment.session);
      await vi.waitUntil(async () => (await tree.alive()).length === 3, { timeout: 25_000 });
      const { pid: keeper } = ticketOf(directory, assignment.session)!.adoption!.engine;
      killed.child.kill('SIGKILL');
      process.kill(-keeper, 'SIGKILL');
      await killed.exited;
      expect(await tree.alive()).not.toEqual([]);
      const next = start();
      queue.push(assignmentFor(origin, ''));
      await until(() => app.inputsOf('end_session').length === 2);
      expect(await tree.alive()).toEqual([]);
      await end(next);
      expect(app.inputsOf('end_session')).toMatchObject([
        { session: assignment.session, outcome: 'lost', reason: 'The runner was killed.' },
        { outcome: 'completed' },
      ]);
      expect(readdirSync(sessions)).toEqual([]);
    },
  );

  test('a second runner in the same directory is refused, and harms nothing', async () => {
    const { app, origin, queue, start } = await open();
    const first = start();
    queue.push(assignmentFor(origin, 'setTimeout(() => {}, 2500);'));
    await until(() => app.inputsOf('start_session').length === 1);
    const second = start();
    expect(await second.exited).toEqual([1, null]);
    expect(second.log()).toMatch(/Another runner, process \d+, works in/);
    await until(() => app.inputsOf('end_session').length === 1);
    expect(app.inputsOf('end_session')[0]).toMatchObject({ outcome: 'completed' });
    await end(first);
  });

  test('a credential that is not valid any more is replaced by registering again', async () => {
    const { app, directory, start } = await open({
      claim_session: ({ token }) => {
        if (token !== registered.token) throw new PlayedRefusal('not_authenticated', 'Unknown token.');
        return { assignment: null };
      },
    });
    const first = start();
    await until(() => app.inputsOf('claim_session').length > 0);
    await end(first);
    const file = join(directory, 'runner', 'credential');
    writeFileSync(file, JSON.stringify({ url: app.url, runner: registered.runner, token: 'revoked' }));
    const second = start();
    await until(() => app.inputsOf('register_runner').length === 2);
    await until(() => app.calls.at(-1)?.token === registered.token);
    await end(second);
  });

  test('a refusal of the App ends it, in words', async () => {
    const { start } = await open({
      register_runner: () => {
        throw new PlayedRefusal('not_permitted', 'This token was used already.');
      },
    });
    const runner = start();
    expect(await runner.exited).toEqual([1, null]);
    expect(runner.log()).toContain('This token was used already.');
  });

  test('model keys are handed on by name, tokens of GitHub never', async () => {
    const { start } = await open();
    const runner = start('--pass-env', 'ANTHROPIC_API_KEY,GITHUB_TOKEN');
    expect(await runner.exited).toEqual([1, null]);
    expect(runner.log()).toMatch(/Engines never get GITHUB_TOKEN/);
  });
});

test(
  'AG-5: says whether agents would be users of their own here, and what is missing if not',
  { timeout: 30_000 },
  async () => {
    const directory = temporaryDirectory();
    const main = fileURLToPath(new URL('./main.ts', import.meta.url));
    const child = spawn(process.execPath, [main, 'isolation', '--dir', directory, '--json']);
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
    expect(await once(child, 'close')).toEqual([0, null]);
    // The directory of a test lets nobody through, so that even root can't give an agent a user here.
    expect(JSON.parse(text)).toEqual({
      isolation: 'none',
      words: expect.stringMatching(/could read its tokens: ./),
    });
  },
);

test('AG-2: a runner whose disk is full asks for no session, says why, and still ends in good order', async () => {
  const { app, directory, queue, origin } = await open();
  const path = join(directory, 'runner');
  await using own = await openRunnerDirectory(path, () => undefined);
  queue.push(assignmentFor(origin, rest));
  writeFileSync(join(path, 'sessions', 'large'), Buffer.alloc(1024 * 1024, 'x'));
  const said: string[] = [];
  const end = new AbortController();
  const log = (message: string, fields: object = {}) => {
    said.push(`${message} ${JSON.stringify(fields)}`);
    if (message === 'no new sessions') end.abort();
  };
  const options = { url: app.url, name: 'r1', token: 'ent_registration_once', engines: ['command'] };
  const times = { slots: 1, pass: [], isolation: 'none', drainMs: 0, patienceMs: 0 } as const;
  const disk = createDisk(path, { cache: own.cache, limit: 1024, log });
  await runLoop({ ...options, ...times }, { directory: own, disk, log }, end.signal);
  expect(said.join('\n')).toMatch(/no new sessions .*The runner’s directory holds/);
  expect(app.inputsOf('claim_session')).toEqual([]);
  expect(queue).toHaveLength(1);
});
