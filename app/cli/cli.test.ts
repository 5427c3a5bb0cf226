import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { playApp, PlayedRefusal } from '../client/fixtures/played-app.ts';
import { engines as policyEngines } from '../domain/policy.ts';
import { plainLine, table } from './table.ts';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));

type Said = { code: number; out: string; err: string };

function entourage(args: readonly string[], environment: Record<string, string> = {}): Promise<Said> {
  return new Promise((resolve) => {
    const env = { PATH: process.env['PATH'], ...environment };
    const child = execFile(process.execPath, [main, ...args], { env, timeout: 30_000 }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), out, err });
    });
    child.stdin?.end();
  });
}

const run = {
  repository: 'acme/shop',
  run: 12,
  issue: 7,
  title: 'Notify \x1B[31musers',
  intent: '',
  state: 'awaiting_approval',
  template: 'feature',
  requester: 'ana',
  base: 'main',
  approved_by: null,
  reason: null,
  summary: null,
  tasks: {
    total: 2,
    done: 0,
    cancelled: 0,
    failed: 0,
    moving: 0,
  },
  plan: {
    version: 2,
    by: 'manager',
    source: '',
    note: '',
    tasks: [
      {
        task: 't1',
        title: 'Store',
        why: 'first',
        size: 'S',
        agent: null,
        files: [],
        depends_on: [],
      },
      {
        task: 't2',
        title: 'Send',
        why: 'then',
        size: 'M',
        agent: null,
        files: [],
        depends_on: ['t1'],
      },
    ],
  },
  cost_usd: 0,
  unpriced_tokens: 0,
  budget_usd: 25,
  created_at: '2026-01-01T00:00:00.000Z',
  ended_at: null,
};

describe('SE-3: entourage', { timeout: 30_000 }, () => {
  test('tells its version and has help everywhere', async () => {
    expect(await entourage(['--version'])).toMatchObject({ code: 0, out: `${packageJson.version}\n` });
    const commands = [
      [],
      ['app'],
      ['runner'],
      ['runner', 'token'],
      ['app', 'create'],
      ['init'],
      ['doctor'],
      ['engines'],
      ['run'],
      ['run', 'create'],
      ['run', 'approve'],
      ['respond'],
    ];
    for (const command of commands) {
      const { code, out } = await entourage([...command, '--help']);
      expect(code, command.join(' ')).toBe(0);
      expect(out, command.join(' ')).toMatch(/^Usage: entourage/);
    }
  });

  test('an unknown command is an error', async () => {
    expect((await entourage(['fly'])).err).toMatch(/unknown command 'fly'/);
    expect((await entourage(['fly'])).code).toBe(1);
  });

  test('says in one line what a command needs', async () => {
    expect(await entourage(['run', 'list'])).toMatchObject({
      code: 2,
      err: expect.stringMatching(/^Which repository\?.*\n$/) as string,
    });
    const { code, err } = await entourage(['run', 'list', '--repo', 'acme/shop']);
    expect(code).toBe(2);
    expect(err).toMatch(/Where is the App\?[^]*Who are you\?/);
  });

  test('app names everything that is wrong with its environment, and starts nothing', async () => {
    const { code, err } = await entourage(['app'], { PORT: 'http' });
    expect(code).toBe(2);
    expect(err).toMatch(/^The environment is not complete:\n[^]*APP_ID[^]*PORT[^]*PRIVATE_KEY_PATH/);
    expect(err).not.toContain('node:internal');
  });

  test('AG-1: engines shows which are ready, of all that a policy may name', async () => {
    expect((await entourage(['engines'])).out).toMatch(/^✓ command/m);
    const engines = JSON.parse((await entourage(['engines', '--json'])).out) as { name: string }[];
    expect(engines.map(({ name }) => name).toSorted()).toEqual([...policyEngines].toSorted());
    expect(engines).toContainEqual({ name: 'command', ready: true, words: expect.any(String) as string });
  });

  test('reads and approves a plan, with the App’s refusals as words and exit codes', async () => {
    await using app = await playApp({
      get_run: () => ({ run, sessions: [] }),
      list_runs: () => ({ runs: [run], cursor: null }),
      approve_run: () => {
        throw new PlayedRefusal('outdated_plan', 'That was version 1.', 'Read version 2.');
      },
    });
    const environment = {
      ENTOURAGE_URL: app.url,
      ENTOURAGE_API_KEY: 'key',
      ENTOURAGE_REPOSITORY: 'acme/shop',
    };
    const plan = await entourage(['run', 'plan', '12'], environment);
    expect(plan.out).toMatch(
      /Plan 2 by manager\nTASK +SIZE +AFTER +TITLE +WHY\nt1 .*\nt2 +M +t1 +Send +then/,
    );
    expect((await entourage(['run', 'list'], environment)).out).toMatch(
      /12 +awaiting_approval +0\/2 +\$0\.00 +#7 +Notify users/,
    );
    const refused = await entourage(['run', 'approve', '12', '--plan-version', '1'], environment);
    expect(refused).toMatchObject({ code: 3, err: 'That was version 1.\nRead version 2.\n' });
    expect(app.inputsOf('approve_run')[0]).toMatchObject({ run: 12, version: 1 });
    expect(JSON.parse((await entourage(['run', 'status', '12', '--json'], environment)).out)).toMatchObject({
      run: { run: 12 },
    });
    await app.stop();
    expect((await entourage(['run', 'status', '12'], environment)).code).toBe(7);
  });

  test('AG-6: bundle get writes refused work to a file, once, and says how to look at it', async () => {
    const bytes = Buffer.from('# v2 git bundle\n');
    await using app = await playApp({
      get_refused_bundle: () => ({
        run: 12,
        task: 't3',
        branch: 'entourage/12-t3',
        head: 'a'.repeat(40),
        reason: 'Too \u001b[2Jlarge.',
        bundle: bytes.toString('base64'),
      }),
    });
    const directory = mkdtempSync(join(tmpdir(), 'bundle-'));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    const out = join(directory, 'work.bundle');
    const environment = {
      ENTOURAGE_URL: app.url,
      ENTOURAGE_API_KEY: 'key',
      ENTOURAGE_REPOSITORY: 'acme/shop',
    };
    const got = await entourage(['bundle', 'get', '12/t3', '--out', out], environment);
    expect(got.out).toMatch(/^t3 of run 12, refused: Too .*large\.\n[^]*git fetch .*work\.bundle HEAD/);
    expect(got.out).not.toContain('\u001b');
    expect(readFileSync(out)).toEqual(bytes);
    expect(statSync(out).mode & 0o777).toBe(0o600);
    expect(app.inputsOf('get_refused_bundle')).toMatchObject([{ run: 12, task: '12/t3' }]);
    const again = await entourage(['bundle', 'get', '12/t3', '--out', out], environment);
    expect(again).toMatchObject({ code: 2, err: expect.stringMatching(/is there already.*--out/) as string });
    expect((await entourage(['bundle', 'get', 't3'], environment)).err).toMatch(/^Of which run\?/);
  });

  test('the runner’s own problems come through, with its exit code', async () => {
    const { code, err } = await entourage(['runner', '--slots', 'many']);
    expect(code).toBe(1);
    expect(err).toMatch(/whole number from 1 to 100/);
    expect((await entourage(['mcp'])).err).toContain('belongs to a session');
  });
});

describe('entourage doctor', { timeout: 30_000 }, () => {
  test('names all that is missing, and ends with 1', async () => {
    const { code, out } = await entourage(['doctor']);
    expect(code).toBe(1);
    expect(out).toMatch(
      /✗ APP_ID is missing[^]*✗ WEBHOOK_SECRET is missing[^]*✗ PRIVATE_KEY_PATH is missing[^]*✓ git/,
    );
  });

  test('checks everything it can reach, and shows no secret', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const { code, out } = await entourage(['doctor', '--repo', 'acme/shop'], {
      APP_ID: '7',
      PRIVATE_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      WEBHOOK_SECRET: 'hush-hush-hush',
      GITHUB_TOKEN: 'hush-token',
      GHE_HOST: '127.0.0.1:1',
      GHE_PROTOCOL: 'http',
      DATABASE_URL: 'postgres://me:hush-hush@127.0.0.1:1/none',
      ENTOURAGE_URL: 'http://127.0.0.1:1',
    });
    expect(code).toBe(1);
    expect(out).toMatch(/✓ The environment is complete/);
    expect(out).toMatch(/✗ The database can’t be reached: .*\n +Check DATABASE_URL/);
    expect(out).toMatch(
      /✗ GitHub can’t be reached at http:\/\/127\.0\.0\.1:1\/api\/v3: .*\n +Check GHE_HOST/,
    );
    expect(out).toMatch(/✗ The issuer of jobs’ identities, http:\/\/127\.0\.0\.1:1.*can’t be used/);
    expect(out).toMatch(/! The App does not answer at http:\/\/127\.0\.0\.1:1\.\n +Start it/);
    expect(out).not.toContain('hush');
  });
});

test('outside text can’t move a terminal’s cursor', () => {
  expect(plainLine('a\u001b[2Jb\r\nc\u0007')).toBe('ab c');
  expect(plainLine('x'.repeat(100), 10)).toBe(`${'x'.repeat(9)}…`);
  expect(
    table([
      ['A', 'B'],
      ['long', 'x'],
    ]),
  ).toBe('A     B\nlong  x');
});
