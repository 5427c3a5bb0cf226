import { describe, expect, it } from 'vitest';
import {
  addStep,
  changed,
  noLoops,
  normalise,
  wantsLook,
  type Loop,
  type Loops,
  type Step,
} from './loops.ts';

type Told = Partial<Step> & { changed?: true };

/** The steps one after the other, each in a turn of its own unless it says another. */
function play(steps: readonly Told[], { changes = true } = {}): { found: Loop[]; loops: Loops } {
  let loops = noLoops;
  const found: Loop[] = [];
  for (const [index, { changed: moved, ...about }] of steps.entries()) {
    if (moved === true) loops = changed(loops);
    const at = index * 3_500;
    const step = { tool: 'Bash', input: 'i', ok: true, result: 'r', turn: index, at, ...about };
    const added = addStep(loops, step, { changes });
    loops = added.loops;
    if (added.found !== null) found.push(added.found);
  }
  return { found, loops };
}
const times = (count: number, step: (index: number) => Told): Told[] =>
  Array.from({ length: count }, (_, index) => step(index));
const different = (index: number): Told => ({ input: `i${index}`, result: `r${index}` });

describe('AG-10 a loop', () => {
  it('is the same call with the same result four times in a row', () => {
    expect(play(times(3, () => ({}))).found).toEqual([]);
    expect(play(times(4, () => ({}))).found).toMatchObject([
      { evidence: 'the same call of Bash with the same result 4 times in a row', again: false },
    ]);
  });

  it('is not the same call with other results, nor other calls with the same result', () => {
    expect(play(times(20, (index) => ({ result: `${index} tests failed` }))).found).toEqual([]);
    expect(play(times(20, (index) => ({ input: `file ${index}` }))).found).toEqual([]);
  });

  it('is not where something else lies in between: a test run after each edit', () => {
    const steps = times(30, (index) =>
      index % 2 === 0 ? { tool: 'Edit', input: `edit ${index}`, result: 'done' } : { ok: false },
    );
    expect(play(steps).found).toEqual([]);
  });

  it('is the same error three times, whatever was asked', () => {
    const steps = times(3, (index) => ({ ok: false, input: `i${index}`, result: 'no such file' }));
    expect(play(steps).found).toMatchObject([
      { evidence: 'the same error of Bash 3 times in a row', again: false },
    ]);
    expect(play(times(3, (index) => ({ ok: false, result: `e${index}` }))).found).toEqual([]);
  });

  it('is not one answer with three calls that are refused for one reason', () => {
    const refused = { tool: 'Write', ok: false, result: 'read it first', turn: 1 };
    expect(play(times(3, (index) => ({ ...refused, input: `f${index}` }))).found).toEqual([]);
  });

  it('is two calls by turns over six steps, and not over five', () => {
    const steps = (count: number) =>
      times(count, (index) =>
        index % 2 === 0 ? { tool: 'Read', result: 'a' } : { tool: 'Edit', result: 'b' },
      );
    expect(play(steps(5)).found).toEqual([]);
    expect(play(steps(6)).found).toMatchObject([
      { evidence: 'Read and Edit by turns with the same results, 6 steps long', again: false },
    ]);
  });

  it('is not what polls: our own tools, and a background command’s output; their errors are', () => {
    for (const tool of ['get_answer', 'wait_for_task_completion', 'get_inbox', 'BashOutput'])
      expect(play(times(200, () => ({ tool }))).found).toEqual([]);
    expect(play(times(3, () => ({ tool: 'get_answer', ok: false }))).found).toHaveLength(1);
  });

  it('is asking again and again without a pause, even by what may be asked again', () => {
    const poll = (index: number) => ({ tool: 'get_inbox', at: index * 1_000 });
    expect(play(times(19, poll)).found).toEqual([]);
    expect(play(times(20, poll)).found).toMatchObject([
      { evidence: '20 calls of get_inbox with the same result within a minute', again: false },
    ]);
    expect(play(times(40, poll)).found.map(({ again }) => again)).toEqual([false, true]);
    expect(play(times(100, (index) => ({ ...poll(index), result: `${index} messages` }))).found).toEqual([]);
  });

  it('is not seen where the engine does not tell what went in and came out', () => {
    expect(play(times(50, () => ({ input: null, result: null, changed: true }))).found).toEqual([]);
  });

  it('is sixty turns without a change, in a session that is there to change something', () => {
    const steps = times(60, different);
    expect(play(steps.slice(1)).found).toEqual([]);
    expect(play(steps).found).toMatchObject([
      { rule: 'unchanged', evidence: '60 turns without any change of a file or the branch', again: false },
    ]);
    expect(play(steps, { changes: false }).found).toEqual([]);
    expect(
      play(times(200, (index) => ({ ...different(index), ...(index % 50 === 0 ? { changed: true } : {}) })))
        .found,
    ).toEqual([]);
  });

  it('counts the calls of one answer as one turn', () => {
    expect(
      play(times(59 * 5, (index) => ({ ...different(index), turn: Math.floor(index / 5) }))).found,
    ).toEqual([]);
  });
});

describe('AG-10 the agent', () => {
  it('is warned first; the next loop stops it', () => {
    expect(play(times(8, () => ({}))).found.map(({ again }) => again)).toEqual([false, true]);
    const two = [...times(4, () => ({})), ...times(10, different), ...times(3, () => ({ ok: false }))];
    expect(play(two).found.map(({ again }) => again)).toEqual([false, true]);
    expect(play(times(120, different)).found.map(({ again }) => again)).toEqual([false, true]);
  });

  it('that has gone on well since is warned again', () => {
    const steps = [...times(4, () => ({})), ...times(31, different), ...times(4, () => ({}))];
    expect(play(steps).found.map(({ again }) => again)).toEqual([false, false]);
    const moved = [
      ...times(60, different),
      { ...different(60), changed: true as const },
      ...times(60, different),
    ];
    expect(play(moved).found.map(({ again }) => again)).toEqual([false, false]);
  });
});

it('the worktree is looked at now and then, and always before the turns are up', () => {
  const looks = times(60, different).map((_, index, all) => wantsLook(play(all.slice(0, index + 1)).loops));
  expect(looks.filter(Boolean)).toHaveLength(6);
  expect(looks.at(-2)).toBe(true);
});

it('what differs each time and says nothing is left out', () => {
  const first = '\u001b[31m✗ sum\u001b[0m  (12 ms)\n  at 2026-11-21T09:12:33.123Z 0x7ffe12 in 1.23s';
  const second = '✗ sum (8 ms) at 2026-11-21T10:00:00Z 0x55aa in 12s';
  expect(normalise(first)).toBe(normalise(second));
  expect(normalise('5 failed')).not.toBe(normalise('3 failed'));
});
