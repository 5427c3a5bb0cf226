import { describe, expect, it } from 'vitest';
import { exampleRun, exampleTask } from './example.ts';
import { explainTask, type ExplainInput } from './explain.ts';
import { defaultPolicy } from './policy.ts';

const free = {
  name: 'eng-1',
  role: 'engineer',
  capabilities: [],
  slots: 1,
  busy: 0,
  engine: 'codex',
} as const;
const clear: ExplainInput = {
  run: exampleRun({ state: 'executing' }),
  task: exampleTask({ number: 4, state: 'ready' }),
  policy: defaultPolicy,
  agents: [free],
  sessions: { all: 0, ofRun: 0 },
  reviews: 0,
  ceiling: 32,
  share: { reserved: 1 },
};

describe('TA-9: why a task does not run', () => {
  it('nothing stands in the way', () => {
    const { words, checks } = explainTask(clear);
    expect(words).toBe('Nothing stands in the way of t4: it starts with the next look.');
    expect(checks.map(({ passed }) => passed)).toEqual(Array.from({ length: 6 }, () => true));
  });

  it.each<[string, Partial<ExplainInput>, string]>([
    ['run', { run: exampleRun({ state: 'paused' }) }, 'Run 12 is paused; tasks start while it is executing.'],
    [
      'dependencies',
      { task: exampleTask({ number: 4, state: 'todo', unmet: [2, 3] }) },
      'It waits for t2, t3.',
    ],
    ['reviews', { reviews: 6 }, '6 pull requests wait for people; new work starts below 6.'],
    [
      'budget',
      { share: { waits: 'the budget of run 12 ($15.00) is used up', usedUp: true } },
      'The budget of run 12 ($15.00) is used up.',
    ],
    ['limits', { sessions: { all: 32, ofRun: 0 } }, 'sessions of this App: 32 of 32 are there already.'],
    ['limits', { sessions: { all: 3, ofRun: 9 } }, 'tasks of run 12 at a time: 9 of 3 are there already.'],
    ['agent', { agents: [{ ...free, busy: 1 }] }, 'It waits for a free agent: eng-1 is busy (1 of 1).'],
    ['agent', { agents: [] }, 'It needs an agent of role engineer; the policy has none.'],
  ])('%s', (check, change, words) => {
    const explained = explainTask({ ...clear, ...change });
    expect(explained.checks.filter(({ passed }) => !passed)).toEqual([{ check, passed: false, words }]);
    expect(explained.words).toBe(`t4 does not run yet: ${words}`);
  });

  it('what people have seen goes on whatever waits for them', () => {
    const seen = exampleTask({ number: 4, state: 'ready', pull: 31 });
    expect(explainTask({ ...clear, task: seen, reviews: 99 }).words).toMatch(/^Nothing stands/);
  });

  it('a task that is on its way says where it is', () => {
    const task = exampleTask({ number: 4, state: 'in_review', reason: 'waits for a person' });
    expect(explainTask({ ...clear, task })).toEqual({
      words: 't4 is in review: waits for a person',
      checks: [],
    });
  });
});
