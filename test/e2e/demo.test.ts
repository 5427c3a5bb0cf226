/** LO-1: the demo itself, as a newcomer starts it: it plays to its end, and Ctrl-C leaves nothing behind. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { descendants, isAlive, type Identity } from '../../demo/process-tree.ts';
import { places } from '../../demo/seed.ts';
import { eventually } from './eventually.ts';

const main = join(import.meta.dirname, '..', '..', 'demo', 'main.ts');

const directories = (): string[] =>
  readdirSync(tmpdir()).filter((name) => name.startsWith('entourage-demo-'));

function startDemo(...args: string[]) {
  const before = new Set(directories());
  const child = spawn(process.execPath, [main, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1' },
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const family = new Map<string, Identity>();
  const timer = setInterval(() => {
    for (const one of descendants(child.pid ?? 0)) family.set(`${one.pid} ${one.started}`, one);
  }, 200);
  const ended = once(child, 'exit').then(() => clearInterval(timer));
  return {
    text: () => text,
    kill: (signal: NodeJS.Signals) => child.kill(signal),
    ended: () => ended,
    code: () => child.exitCode,
    seen: () => family.size,
    left: () => [...family.values()].filter(isAlive),
    directories: () => directories().filter((name) => !before.has(name)),
  };
}

it.each(places)(
  'LO-1 AG-4: on %s it plays the whole story, checks its own end and leaves nothing behind',
  async (place) => {
    const demo = startDemo('--on', place);
    await demo.ended();
    expect(demo.code(), demo.text()).toBe(0);
    expect(demo.text()).not.toContain('✗');
    expect(demo.text()).toContain('5 of 5 pull requests merged');
    expect(demo.text(), 'no colours where no terminal is').not.toContain('\u001b');
    expect(demo.left()).toEqual([]);
    expect(demo.directories()).toEqual([]);
  },
);

it.each([
  ['while it starts', /repository acme\/shelf/],
  ['in the middle of the work', /opens draft #/],
])('LO-1: Ctrl-C %s ends every process and removes the directory', async (_, moment) => {
  const demo = startDemo();
  await eventually({ what: `the demo at ${moment}`, within: 60 }, demo.text, (text) => moment.test(text));
  // What was never seen could not be missed at the end.
  await eventually({ what: 'several programs of it' }, demo.seen, (programs) => programs > 1);
  demo.kill('SIGINT');
  await demo.ended();
  expect(demo.code(), demo.text()).toBe(130);
  expect(demo.left()).toEqual([]);
  expect(demo.directories().map((name) => existsSync(join(tmpdir(), name)))).toEqual([]);
});
