import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { chmodSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { makeAgentUser, removeAgentUser } from './agent-user.ts';
import { temporaryDirectory } from './fixtures/origin.ts';
import { until } from './fixtures/until.ts';
import { markVariable } from './process-list.ts';
import { identify, onLinux, processTree } from './process-tree.ts';
import { spawnAs } from './spawn-as.ts';

/** Starts node with a script that prints `ready` once it is. */
async function start(script: string, mark: string) {
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { PATH: process.env['PATH'], [markVariable]: mark },
  });
  await once(child.stdout, 'data');
  const root = await identify(child.pid!);
  return { child, root: root! };
}

const sleeper = `process.on('SIGINT', () => {}); process.on('SIGTERM', () => {}); setInterval(() => {}, 1000);`;
const nest = (depth: number): string =>
  depth === 0
    ? `${sleeper} console.log('ready');`
    : `import { spawn } from 'node:child_process';
       ${sleeper}
       const child = spawn(process.execPath, ['--input-type=module', '-e', ${JSON.stringify(nest(depth - 1))}], { detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
       child.stdout.once('data', () => console.log('ready'));`;

/**
 * Deaf to every signal that can be ignored; each life starts the next one in a session of its own and is gone within
 * milliseconds. Each leaves a byte in `lives`, so that a growing file means that one of them is alive.
 */
function hopper(): { file: string; lives: string } {
  const directory = temporaryDirectory();
  const file = join(directory, 'hop.sh');
  const lives = join(directory, 'lives');
  writeFileSync(lives, '');
  for (const path of [directory, lives]) chmodSync(path, 0o777);
  writeFileSync(
    file,
    `trap '' INT TERM HUP\nprintf . >> '${lives}'\nsleep 1000 &\nsetsid sh '${file}' </dev/null >/dev/null 2>&1 &\n`,
  );
  return { file, lives };
}

const sizeOf = (path: string): number => statSync(path).size;

async function growsStill(path: string): Promise<boolean> {
  const before = sizeOf(path);
  await delay(300);
  return sizeOf(path) > before;
}

describe('a process tree', () => {
  test.runIf(onLinux)(
    'ends what ignores signals, leaves its session and parents, and starts the next one while it is killed',
    async () => {
      const mark = randomUUID();
      const { file, lives } = hopper();
      spawn('setsid', ['sh', file], {
        stdio: 'ignore',
        env: { PATH: process.env['PATH'], [markVariable]: mark },
      });
      await until(() => sizeOf(lives) > 20);
      expect(await processTree(null, mark).end(0)).toEqual([]);
      expect(await growsStill(lives)).toBe(false);
      expect(await processTree(null, mark).alive()).toEqual([]);
    },
    20_000,
  );

  test.runIf(onLinux && process.getuid?.() === 0)(
    'ends all of a user at one blow, whatever they forgot about the session',
    async () => {
      const session = randomUUID();
      const { user } = await makeAgentUser(session);
      onTestFinished(async () => await removeAgentUser(user!));
      const { file, lives } = hopper();
      spawnAs(user, {
        file: 'setsid',
        args: ['env', '-i', 'sh', file],
        cwd: '/',
        env: { PATH: process.env['PATH'] ?? '' },
      });
      await until(() => sizeOf(lives) > 20);
      expect(await processTree(null, session, user).end(0)).toEqual([]);
      expect(await growsStill(lives)).toBe(false);
      expect(await processTree(null, session, user).alive()).toEqual([]);
    },
    20_000,
  );

  test('ends a polite program by SIGINT, well before its patience', async () => {
    const { child, root } = await start(
      `process.on('SIGINT', () => process.exit(0)); setInterval(() => {}, 1000); console.log('ready');`,
      randomUUID(),
    );
    const exited = once(child, 'exit');
    const began = Date.now();
    expect(await processTree(root, 'no mark').end(20_000)).toEqual([]);
    expect(await exited).toEqual([0, null]);
    expect(Date.now() - began).toBeLessThan(10_000);
  });

  test.runIf(onLinux)('kills stubborn children, each in a process group of its own', async () => {
    const { root } = await start(nest(2), 'unmarked');
    const tree = processTree(root, randomUUID());
    expect(await tree.alive()).toHaveLength(3);
    expect(await tree.end(200)).toEqual([]);
    expect(await tree.alive()).toEqual([]);
  });

  test.runIf(onLinux)('finds a daemon whose parents are gone by the session’s mark', async () => {
    const mark = randomUUID();
    const script = `import { spawn } from 'node:child_process';
      const child = spawn(process.execPath, ['--input-type=module', '-e', ${JSON.stringify(nest(0))}], { detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
      child.stdout.once('data', () => { console.log('ready'); child.unref(); process.exit(0); });`;
    const { child } = await start(script, mark);
    if (child.exitCode === null) await once(child, 'exit');
    const tree = processTree(null, mark);
    expect(await tree.alive()).toHaveLength(1);
    expect(await tree.end(0)).toEqual([]);
  });

  test.runIf(onLinux)(
    'remembers a child that was seen, even when it wipes its mark and loses its parent',
    async () => {
      const mark = randomUUID();
      const script = `import { spawn } from 'node:child_process';
      const child = spawn(process.execPath, ['--input-type=module', '-e', ${JSON.stringify(nest(0))}], { detached: true, stdio: ['ignore', 'pipe', 'ignore'], env: { PATH: process.env.PATH } });
      child.stdout.once('data', () => { console.log('ready'); child.unref(); setTimeout(() => process.exit(0), 300); });`;
      const { child, root } = await start(script, mark);
      const tree = processTree(root, mark);
      await tree.refresh();
      if (child.exitCode === null) await once(child, 'exit');
      expect(await tree.alive()).toHaveLength(1);
      expect(await tree.end(0)).toEqual([]);
    },
  );

  test('does not touch a process that got the number of a dead one', async () => {
    const { child, root } = await start(nest(0), 'another session');
    const tree = processTree({ pid: root.pid, started: `${root.started}0` }, randomUUID());
    if (onLinux) expect(await tree.end(0)).toEqual([]);
    await delay(50);
    expect(child.exitCode).toBeNull();
    expect(child.signalCode).toBeNull();
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
});
