/** Agents that crash, hang, lie, write where they may not, and leave processes behind. */
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { commitOne, kit } from './fixtures/agent-script.ts';
import { branch } from './fixtures/origin.ts';
import { play, type Play } from './fixtures/play.ts';
import { onLinux, processTree } from './process-tree.ts';

// Real processes; a busy machine needs its time.
vi.setConfig({ testTimeout: 30_000 });

/** Where a group of processes can be given less memory than the machine has: version 1 or 2 of the kernel's groups. */
const [memoryGroups, limitFile] = existsSync('/sys/fs/cgroup/memory')
  ? ['/sys/fs/cgroup/memory', 'memory.limit_in_bytes']
  : ['/sys/fs/cgroup', 'memory.max'];
const canLimitMemory = existsSync(memoryGroups) && isWritable(memoryGroups);

function isWritable(directory: string): boolean {
  const probe = join(directory, `entourage-probe-${process.pid}`);
  try {
    mkdirSync(probe);
    const limited = existsSync(join(probe, limitFile));
    rmdirSync(probe);
    return limited;
  } catch {
    return false;
  }
}

const survivors = async (session: Play) => await processTree(null, session.assignment.session).alive();

const usage = { input_tokens: 100, cached_tokens: 10, output_tokens: 20, cost: 1500 };

describe('a bad agent', () => {
  test('that crashes: the reason has its last words, without secrets', async () => {
    const session = await play(`${kit}
      const { mcpServers } = JSON.parse(readFileSync(process.env.ENTOURAGE_MCP_CONFIG, 'utf8'));
      console.error('token is ' + mcpServers.entourage.env.ENTOURAGE_TOKEN);
      console.error('\\u001b[31mno more memory\\u0000');
      process.exit(3);`);
    await session.work();
    expect(session.ending()).toMatchObject({ outcome: 'failed' });
    expect(session.ending()?.reason).toMatch(/exit code 3[^]*token is \*\*\*\n.*no more memory/);
    expect(JSON.stringify(session.app.inputsOf('end_session')) + session.lines.join('')).not.toMatch(
      /agent-secret|\\u001b|\\u0000/,
    );
    expect(session.isClean()).toBe(true);
  });

  test('that is killed: the reason names the signal, its commits are handed over', async () => {
    const session = await play(`${commitOne} process.kill(process.pid, 'SIGKILL');`);
    await session.work();
    expect(session.ending()?.reason).toMatch(
      /signal SIGKILL[^]*\nEntourage did not send it: somebody or something on the machine killed the engine\.$/,
    );
    expect(session.origin.git('log', '-1', '--format=%s', branch)).toBe('Test sum');
  });

  test.runIf(canLimitMemory)('that takes more memory than there is: the reason says so', async () => {
    const group = join(memoryGroups, `entourage-test-${process.pid}`);
    mkdirSync(group);
    onTestFinished(() => rmdirSync(group));
    writeFileSync(join(group, limitFile), String(96 * 1024 * 1024));
    const session = await play(`${commitOne}
      writeFileSync('${join(group, 'cgroup.procs')}', String(process.pid));
      const taken = [];
      for (;;) taken.push(Buffer.alloc(8_000_000, 1));`);
    await session.work();
    expect(session.ending()).toMatchObject({ outcome: 'failed' });
    expect(session.ending()?.reason).toMatch(
      /signal SIGKILL[^]*\nThe machine ran out of memory meanwhile, and its kernel ended programs for it\./,
    );
    expect(session.origin.git('log', '-1', '--format=%s', branch)).toBe('Test sum');
  });

  test('that says itself that it failed, with exit code 0', async () => {
    const session = await play(`${kit} say({ type: 'ended', ok: false, reason: 'no credit' });`);
    await session.work();
    expect(session.ending()).toMatchObject({ outcome: 'failed' });
    expect(session.ending()?.reason).toContain('no credit');
  });

  test('whose program does not exist', async () => {
    const session = await play('', { assignment: { command: ['no-such-agent'] } });
    await session.work();
    expect(session.ending()?.reason).toMatch(/`no-such-agent` could not be started/);
    expect(session.isClean()).toBe(true);
  });

  test.runIf(onLinux)(
    'that hangs, ignores signals and has children in groups of their own: all end',
    async () => {
      const stubborn = `for (const s of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(s, () => {}); setInterval(() => {}, 1000);`;
      const session = await play(
        `${commitOne} import { spawn } from 'node:child_process';
      ${stubborn}
      for (let i = 0; i < 3; i++) spawn(process.execPath, ['-e', ${JSON.stringify(stubborn)}], { detached: true, stdio: 'inherit' }).unref();
      writeFileSync('left.txt', 'left');
      say({ type: 'text', text: 'stuck' });`,
        {
          answers: {
            heartbeat: ({ input }) => ({
              stop: input['activity'] === 'stuck' ? 'The budget is used up.' : null,
              suspend: null,
              warn: null,
              messages: null,
              lease_until: '2026-01-01T00:00:00.000Z',
            }),
          },
        },
      );
      await session.work();
      expect(session.ending()).toMatchObject({ outcome: 'stopped', reason: 'The budget is used up.' });
      expect(await survivors(session)).toEqual([]);
      expect(session.origin.git('ls-tree', '--name-only', branch).split('\n')).toContain('left.txt');
      expect(session.isClean()).toBe(true);
    },
  );

  test.runIf(onLinux)('that ends but leaves a server running: it ends with the session', async () => {
    const session = await play(`${kit} import { spawn } from 'node:child_process';
      spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true, stdio: 'inherit' }).unref();`);
    await session.work();
    expect(session.ending()?.outcome).toBe('completed');
    expect(await survivors(session)).toEqual([]);
  });

  test('that runs over its time', async () => {
    const session = await play(`${commitOne} setInterval(() => {}, 1000);`, {
      assignment: { minutes: 0.02 },
    });
    await session.work();
    expect(session.ending()).toMatchObject({ outcome: 'suspended' });
    expect(session.ending()?.reason).toMatch(/time limit/);
  });

  test('that prints garbage, endless lines and broken events', async () => {
    const session = await play(`${kit}
      process.stdout.write(Buffer.from([0, 255, 254, 27, 91, 50, 74, 10]));
      process.stdout.write('x'.repeat(8 * 1024 * 1024));
      process.stdout.write('\\n{"type":"usage","input_tokens":-5}\\n{"type":"usage"\\n[1]\\nnull\\n{"type":"unknown"}\\n');
      say({ type: 'usage', ...${JSON.stringify(usage)}, extra: true });
      console.error('e'.repeat(8 * 1024 * 1024));`);
    await session.work();
    expect(session.ending()).toMatchObject({ outcome: 'completed', usage });
  });

  test('that leaves a dirty tree: one commit of ours holds the rest', async () => {
    const session = await play(
      `${commitOne} writeFileSync('rest.js', 'rest'); writeFileSync('sum.js', 'changed');`,
    );
    await session.work();
    expect(session.origin.git('log', '--format=%an', `${session.origin.start}..${branch}`)).toBe(
      'Entourage\neng-1 (Entourage)',
    );
    expect(session.origin.git('show', `${branch}:rest.js`)).toBe('rest');
  });

  test('that leaves what is refused: its own commits are not lost with it', async () => {
    const refused: string[] = [];
    const session = await play(`${commitOne} writeFileSync('.env', 'SECRET=1');`, {
      answers: {
        get_bundle: () => ({
          state: refused.push('') === 1 ? 'refused' : 'pushed',
          head: null,
          reason: 'protected path .env',
        }),
      },
    });
    await session.work();
    expect(session.ending()).toMatchObject({ outcome: 'completed' });
    expect(session.app.inputsOf('upload_bundle')).toHaveLength(2);
    expect(session.origin.git('ls-tree', '--name-only', branch).split('\n')).toEqual([
      'README.md',
      'sum.js',
      'sum.test.js',
    ]);
  });

  test('AG-6: whose work is refused: the session says why', async () => {
    const session = await play(commitOne, {
      answers: {
        get_bundle: () => ({ state: 'refused', head: null, reason: 'it changes .github/workflows/ci.yml' }),
      },
    });
    await session.work();
    expect(session.ending()).toMatchObject({ outcome: 'failed' });
    expect(session.ending()?.reason).toContain('it changes .github/workflows/ci.yml');
  });

  test('that commits nothing: nothing is uploaded', async () => {
    const session = await play(kit);
    await session.work();
    expect(session.app.inputsOf('upload_bundle')).toEqual([]);
    expect(session.ending()).toMatchObject({ outcome: 'completed' });
  });

  test('that writes outside of its worktree: nothing of it is uploaded', async () => {
    const session = await play(
      `${commitOne} writeFileSync('../outside.txt', 'x'); writeFileSync('../../../outside.txt', 'x');`,
    );
    await session.work();
    expect(session.origin.git('ls-tree', '-r', '--name-only', branch)).not.toContain('outside');
    expect(session.isClean()).toBe(true);
  });
});
