import { describe, expect, it } from 'vitest';
import type { Event } from './event.ts';
import {
  exampleReview,
  exampleSession,
  exampleTask,
  later,
  now,
  sessionId,
  sha,
  workedTask,
} from './example.ts';
import { evolve } from './task-fold.ts';
import { live, terminal, type TaskState } from './task.ts';

describe('a task folds', () => {
  const move = (to: TaskState): Event => ({
    type: 'task_moved',
    task: 2,
    from: 'todo',
    to,
    reason: 'because',
  });

  it('its moves: ready since when, ended when', () => {
    const ready = evolve(workedTask({ reviewHead: sha('b') }), move('ready'), later);
    expect(ready).toMatchObject({
      state: 'ready',
      reason: 'because',
      readyAt: later,
      reviewHead: null,
      endedAt: null,
    });
    expect(evolve(ready, move('failed'), later)).toMatchObject({
      state: 'failed',
      endedAt: later,
      readyAt: later,
    });
    expect(terminal(evolve(ready, move('done'), later))).toBe(true);
  });

  it.each<[Event, Partial<ReturnType<typeof exampleTask>>]>([
    [{ type: 'dependency_met', task: 2, dependency: 1 }, { unmet: [3] }],
    [
      { type: 'branch_created', task: 2, branch: 'e/t2', base: sha('a'), head: sha('b') },
      { branch: 'e/t2', base: sha('a'), head: sha('b'), startHead: sha('b') },
    ],
    [
      { type: 'pull_request_opened', task: 2, number: 33, url: 'u' },
      { pull: 33, pullUrl: 'u' },
    ],
    [{ type: 'head_moved', task: 2, head: sha('c'), by: '@ben', unchanged: false }, { head: sha('c') }],
    [
      { type: 'acceptance_ticked', task: 2, item: 1, evidence: 'a test' },
      {
        acceptance: [
          { text: 'one', evidence: null },
          { text: 'two', evidence: 'a test' },
        ],
      },
    ],
    [
      { type: 'review_requested', task: 2, head: sha('b'), summary: 'did it' },
      { reviewHead: sha('b'), summary: 'did it' },
    ],
    [
      { type: 'checks_reported', task: 2, head: sha('b'), checks: [] },
      { checksHead: sha('b'), checks: [] },
    ],
    [{ type: 'context_saved', task: 2, key: 'k', value: 'v' }, { context: { old: 'note', k: 'v' } }],
    [{ type: 'task_blocked', task: 2, reason: 'a review is missing' }, { reason: 'a review is missing' }],
    [{ type: 'pull_request_merged', task: 2, commit: sha('d'), by: '@ana' }, { mergedCommit: sha('d') }],
    [
      { type: 'review_received', review: exampleReview() },
      { approvedHead: sha('b'), approvedBy: 'ana' },
    ],
    [
      { type: 'session_queued', session: exampleSession({ fencing: 4 }) },
      { session: sessionId, fencing: 4 },
    ],
    [
      {
        type: 'usage_recorded',
        session: sessionId,
        task: 2,
        usage: exampleSession().usage,
        delta: 5,
        unpriced: 3,
      },
      { cost: 12, unpriced: 3 },
    ],
    [{ type: 'run_done' }, {}],
    [{ type: 'review_received', review: exampleReview({ verdict: 'comment' }) }, {}],
  ])('%j', (event, changed) => {
    const task = exampleTask({
      unmet: [1, 3],
      cost: 7,
      context: { old: 'note' },
      acceptance: [
        { text: 'one', evidence: null },
        { text: 'two', evidence: null },
      ],
    });
    expect(evolve(task, event, now)).toEqual({ ...task, ...changed });
  });

  it('a dismissal of the approval that counts, and no other', () => {
    const approved = workedTask({ approvedHead: sha('b'), approvedBy: 'ana' });
    const dismissed = (by: string, verdict: 'approve' | 'comment'): Event => ({
      type: 'review_dismissed',
      review: 900,
      task: 2,
      by,
      verdict,
    });
    expect(evolve(approved, dismissed('ana', 'approve'), now)).toMatchObject({
      approvedHead: null,
      approvedBy: null,
    });
    expect(evolve(approved, dismissed('ben', 'approve'), now)).toBe(approved);
    expect(evolve(approved, dismissed('ana', 'comment'), now)).toBe(approved);
  });
});

describe('a session’s end uses up an attempt', () => {
  const end = (
    outcome: 'completed' | 'suspended' | 'failed' | 'lost' | 'stopped',
    kind: 'work' | 'review' = 'work',
  ): Event => ({
    type: 'session_ended',
    session: sessionId,
    task: 2,
    kind,
    outcome,
    reason: '',
    cancelled: false,
    leftover: false,
  });
  const attempts = (event: Event, about: Partial<ReturnType<typeof exampleTask>> = {}): number =>
    evolve(workedTask(about), event, now).attempts;

  it('when it failed, was lost, or left without asking for review', () => {
    expect([attempts(end('failed')), attempts(end('lost')), attempts(end('completed'))]).toEqual([1, 1, 1]);
  });
  it('when it asked a question and left', () =>
    expect(attempts(end('completed'), { state: 'waiting' })).toBe(1));
  it('not when it was stopped, suspended, asked for review, or only reviewed', () => {
    expect([attempts(end('stopped')), attempts(end('suspended')), attempts(end('failed', 'review'))]).toEqual(
      [0, 0, 0],
    );
    expect(attempts(end('completed'), { reviewHead: sha('b') })).toBe(0);
    expect(attempts(end('completed'), { state: 'in_review' })).toBe(0);
  });
  it('TA-5 of this session only: the end of a superseded one changes nothing', () => {
    const task = workedTask({ session: '00000000-0000-4000-8000-00000000000a' });
    expect(evolve(task, end('failed'), now)).toBe(task);
    expect(live(evolve(workedTask(), end('failed'), now))).toBe(false);
  });
});
