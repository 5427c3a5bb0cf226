import { describe, expect, it } from 'vitest';
import { exampleRun, later, now } from './example.ts';
import type { Event } from './event.ts';
import { PlannedTask, type Plan } from './plan.ts';
import { isRejection } from './rejection.ts';
import { decide, evolve, type RunCommand } from './run-rules.ts';
import { ended, RunState, type Run } from './run.ts';

const plan: Plan = {
  tasks: [PlannedTask.parse({ title: 'Do it' })],
  by: 'manager',
  source: 'manager',
  note: '',
};
const counts = { total: 4, done: 0, cancelled: 0, failed: 0, moving: 0 };

function fold(run: Run, command: RunCommand): Run {
  const events = decide(run, command);
  if (isRejection(events)) throw new Error(events.message);
  return events.reduce((state, event) => evolve(state, event, later), run);
}

const refusal = (run: Run, command: RunCommand): unknown => {
  const decision = decide(run, command);
  return isRejection(decision) ? decision.rejected : decision;
};

describe('a run walks', () => {
  it('PL-3 from draft to its approval, through a revision', () => {
    const planning = fold(exampleRun({ state: 'draft', planVersion: 0 }), { type: 'start_planning' });
    expect(planning.state).toBe('planning');
    const proposed = fold(planning, { type: 'propose_plan', plan });
    expect(proposed).toMatchObject({ state: 'awaiting_approval', planVersion: 1, plan });
    const revised = fold(proposed, { type: 'revise_run', feedback: 'Smaller tasks', by: 'ana' });
    expect(revised).toMatchObject({ state: 'planning', feedback: 'Smaller tasks' });
    const again = fold(revised, { type: 'propose_plan', plan });
    expect(again).toMatchObject({ state: 'awaiting_approval', planVersion: 2 });
    expect(fold(again, { type: 'approve_run', version: 2, by: 'ana' })).toMatchObject({
      state: 'executing',
      approvedBy: 'ana',
      approvedAt: later,
    });
  });

  it('into a pause and back', () => {
    const paused = fold(exampleRun(), { type: 'pause_run' });
    const byUs = fold(exampleRun(), { type: 'pause_run', reason: 'no workflow' });
    expect(byUs).toMatchObject({ state: 'paused', reason: 'no workflow' });
    expect(fold(byUs, { type: 'resume_run' })).toMatchObject({ state: 'executing', reason: null });
    expect(paused.state).toBe('paused');
    expect(fold(paused, { type: 'resume_run' }).state).toBe('executing');
  });

  it('to its cancellation, once', () => {
    const cancelled = fold(exampleRun(), { type: 'cancel_run', reason: 'not needed' });
    expect(cancelled).toMatchObject({ state: 'cancelled', reason: 'not needed', endedAt: later });
    expect(ended(cancelled)).toBe(true);
    expect(refusal(cancelled, { type: 'cancel_run', reason: 'again' })).toBe('already_done');
  });

  it('back from failure', () => {
    const failed = exampleRun({ state: 'failed', reason: 'x', endedAt: now });
    expect(fold(failed, { type: 'reopen_run' })).toMatchObject({
      state: 'executing',
      reason: null,
      endedAt: null,
    });
    expect(decide(exampleRun(), { type: 'reopen_run' })).toEqual([]);
  });
});

describe('a run refuses', () => {
  it('PL-3 the approval of an outdated plan, naming the version that waits', () => {
    const waiting = exampleRun({ state: 'awaiting_approval', planVersion: 3 });
    expect(decide(waiting, { type: 'approve_run', version: 2, by: 'ana' })).toMatchObject({
      rejected: 'outdated_plan',
      message: 'That was version 2 of the plan; version 3 is the one that waits for approval.',
      data: { version: 2, current: 3 },
    });
  });

  it('PL-3 a second approval, naming who gave the first', () => {
    const approved = exampleRun({ approvedBy: 'ana' });
    expect(decide(approved, { type: 'approve_run', version: 1, by: 'ben' })).toMatchObject({
      rejected: 'already_done',
      message: 'The plan of run 12 was approved already, by @ana.',
    });
  });

  it.each<[RunCommand, Run['state'][]]>([
    [{ type: 'start_planning' }, ['draft']],
    [{ type: 'propose_plan', plan }, ['planning']],
    [{ type: 'approve_run', version: 1, by: 'ana' }, ['awaiting_approval']],
    [{ type: 'revise_run', feedback: 'x', by: 'ana' }, ['awaiting_approval']],
    [{ type: 'pause_run' }, ['executing']],
    [{ type: 'resume_run' }, ['paused']],
  ])('%j anywhere but in %j', (command, allowed) => {
    for (const state of RunState.options) {
      const rejected = isRejection(decide(exampleRun({ state }), command));
      expect([state, rejected]).toEqual([state, !allowed.includes(state)]);
    }
  });

  it('to resume what failed, with the command that helps', () =>
    expect(decide(exampleRun({ state: 'failed' }), { type: 'resume_run' })).toMatchObject({
      rejected: 'wrong_state',
      help: '`/entourage retry t1` starts a failed task again.',
    }));
});

describe('a run settles', () => {
  const settle = (tasks: Partial<Run['tasks']>, state: Run['state'] = 'executing'): Event[] => {
    const events = decide(exampleRun({ state, tasks: { ...counts, ...tasks } }), { type: 'settle_run' });
    return isRejection(events) ? [] : events;
  };
  it('as done when every task is done or cancelled', () =>
    expect(settle({ done: 3, cancelled: 1 })).toEqual([{ type: 'run_done' }]));
  it('as cancelled when nothing was done', () =>
    expect(settle({ cancelled: 4 })).toMatchObject([{ type: 'run_cancelled' }]));
  it('as failed when nothing can move, naming what blocks it', () => {
    expect(settle({ done: 1, failed: 1, cancelled: 1 })).toEqual([
      { type: 'run_failed', reason: 'Nothing can move: 1 failed, 1 cancelled, 1 wait for them.' },
    ]);
  });
  it('not while something moves, waits for the first task, or is paused', () => {
    expect(settle({ failed: 1, moving: 1 })).toEqual([]);
    expect(settle({ total: 0 })).toEqual([]);
    expect(settle({ done: 4 }, 'paused')).toEqual([]);
    expect(settle({})).toEqual([]);
  });
});

describe('a run counts', () => {
  const move = (
    from: 'todo' | 'ready' | 'merging' | 'failed',
    to: 'ready' | 'done' | 'cancelled' | 'failed',
  ): Event => ({
    type: 'task_moved',
    task: 1,
    from,
    to,
    reason: '',
  });
  it.each<[Event, Partial<Run['tasks']>]>([
    [move('todo', 'ready'), { moving: 3 }],
    [move('merging', 'done'), { moving: 1, done: 3 }],
    [move('todo', 'cancelled'), { cancelled: 3 }],
    [move('failed', 'ready'), { failed: 1, moving: 3 }],
  ])('%j', (event, changed) => {
    const tasks = { total: 9, done: 2, cancelled: 2, failed: 2, moving: 2 };
    expect(evolve(exampleRun({ tasks }), event, later).tasks).toEqual({ ...tasks, ...changed });
  });

  it('cost, and nothing for events that are not its own', () => {
    const usage = { input_tokens: 1, cached_tokens: 0, output_tokens: 1, cost: 5 };
    const event: Event = {
      type: 'usage_recorded',
      session: exampleRun().id,
      task: null,
      usage,
      delta: 5,
      unpriced: 0,
    };
    expect(evolve(exampleRun({ cost: 7 }), event, later).cost).toBe(12);
    const run = exampleRun();
    expect(evolve(run, { type: 'context_saved', task: 1, key: 'a', value: 'b' }, later)).toBe(run);
  });

  it('its end', () => {
    expect(evolve(exampleRun(), { type: 'run_done' }, later)).toMatchObject({
      state: 'done',
      endedAt: later,
    });
    expect(evolve(exampleRun(), { type: 'run_failed', reason: 'x' }, later)).toMatchObject({
      state: 'failed',
      reason: 'x',
    });
  });
});
