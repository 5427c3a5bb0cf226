import { describe, expect, it } from 'vitest';
import { beginning, evolve, look, patienceOf, stuckRules, type Seen, type Signal } from './activity.ts';
import { defaultPolicy } from './policy.ts';

const minute = 60_000;
const patience = patienceOf(stuckRules(defaultPolicy));

type Heard = readonly [at: number, signal: Signal | 'look'];

/** Signals by their minute, and a look at each minute in between; answers what each look saw, by its minute. */
function play(heard: readonly Heard[], { until, blind = false }: { until: number; blind?: boolean }): Seen[] {
  let activity = beginning(0);
  const seen: Seen[] = [];
  for (let at = 0; at <= until; at += 1) {
    for (const [when, signal] of heard)
      if (when === at && signal !== 'look') activity = evolve(activity, signal, at * minute);
    const now = look(activity, { at: at * minute, patience, blind });
    activity = now.activity;
    seen.push(now);
  }
  return seen;
}
const conditions = (seen: readonly Seen[]): string[] => [...new Set(seen.map(({ condition }) => condition))];
const warned = (seen: readonly Seen[]): number[] => seen.flatMap(({ warn }, at) => (warn ? [at] : []));
const stopped = (seen: readonly Seen[]): number => seen.findIndex(({ stop }) => stop);

const bash: Signal = { type: 'tool_started', tool: 'Bash' };
const every = (from: number, to: number, signal: Signal): Heard[] =>
  Array.from({ length: to - from + 1 }, (_, index) => [from + index, signal]);

describe('AG-9 a session', () => {
  it('that says nothing is active, idle, stuck; it is warned once, and stopped later', () => {
    const seen = play([[0, bash]], { until: 25 });
    expect(conditions(seen)).toEqual(['active', 'idle', 'stuck']);
    expect(seen.findIndex(({ condition }) => condition === 'stuck')).toBe(10);
    expect(warned(seen)).toEqual([10]);
    expect(stopped(seen)).toBe(20);
    expect(seen[20]?.evidence).toBe(
      'no event, no output, no CPU use, no change of a file for 20 minutes; last: Bash running',
    );
  });

  it('whose test suite runs for 40 minutes with output or CPU use is not stuck', () => {
    for (const type of ['output', 'cpu', 'change'] as const) {
      const seen = play([[0, bash], ...every(1, 40, { type })], { until: 40 });
      expect(conditions(seen)).toEqual(['active']);
    }
  });

  it('that moves again is stuck no more, and is warned anew when it stops moving', () => {
    const seen = play([[15, { type: 'output' }]], { until: 36 });
    expect(seen[14]?.condition).toBe('stuck');
    expect(seen[15]).toMatchObject({ condition: 'active', evidence: '' });
    expect(warned(seen)).toEqual([10, 25]);
    expect(stopped(seen)).toBe(35);
  });

  it('that waits for a person or for other tasks is never stuck', () => {
    for (const tool of ['ask_human', 'get_answer', 'wait_for_task_completion']) {
      const seen = play(
        [
          [1, { type: 'tool_started', tool }],
          [200, { type: 'tool_ended', tool }],
        ],
        { until: 201 },
      );
      expect(conditions(seen.slice(0, 200))).toEqual(['active', 'waiting']);
      expect(seen[201]?.condition).toBe('idle');
    }
  });

  it('that waits for the model’s API has twice the time, and a try is no progress', () => {
    const retrying: Signal = { type: 'retrying', reason: 'overloaded (HTTP 529)' };
    const seen = play(every(1, 60, retrying), { until: 60 });
    expect(seen[5]?.condition).toBe('retrying');
    expect(seen[20]?.condition).toBe('retrying');
    expect(seen[21]?.condition).toBe('stuck');
    expect(stopped(seen)).toBe(41);
    expect(seen[41]?.evidence).toBe(
      'no answer of the model’s API for 40 minutes; last: overloaded (HTTP 529)',
    );
    const back = play([...every(1, 15, retrying), [16, { type: 'event' }]], { until: 17 });
    expect(back[16]?.condition).toBe('active');
  });

  it('is not stopped before it was warned, however late somebody looks', () => {
    const first = look(beginning(0), { at: 100 * minute, patience, blind: false });
    expect(first).toMatchObject({ condition: 'stuck', warn: true, stop: false });
    const second = look(first.activity, { at: 101 * minute, patience, blind: false });
    expect(second).toMatchObject({ warn: false, stop: true });
  });

  it('whose processes can’t be seen has the benefit of the doubt while a tool runs', () => {
    const seen = play(
      [
        [0, bash],
        [30, { type: 'tool_ended', tool: 'Bash' }],
      ],
      { until: 50, blind: true },
    );
    expect(conditions(seen.slice(0, 30))).toEqual(['active']);
    expect(stopped(seen)).toBe(50);
    expect(seen[50]?.evidence).toBe('no event, no change of a file for 20 minutes; last: Bash ended');
  });

  it('knows which of several tools still run', () => {
    const read: Signal = { type: 'tool_started', tool: 'Read' };
    const seen = play(
      [
        [0, bash],
        [0, read],
        [0, { type: 'tool_ended', tool: 'Read' }],
      ],
      { until: 10 },
    );
    expect(seen[10]?.evidence).toMatch(/last: Bash running$/);
  });

  it('that ended has exited, whatever was before', () => {
    const seen = play(
      [
        [0, bash],
        [12, { type: 'exited' }],
      ],
      { until: 40 },
    );
    expect(conditions(seen.slice(12))).toEqual(['exited']);
    expect(stopped(seen)).toBe(-1);
  });
});
