import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { identify, markVariable, onLinux, processTree } from './process-tree.ts';

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

describe('a process tree', () => {
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
