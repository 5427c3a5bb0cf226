import { describe, expect, it } from 'vitest';
import { exampleCheck, exampleReview, exampleSession, exampleTask, sha, workedTask } from './example.ts';
import { noCi } from './ci.ts';
import { given } from './given-task.ts';
import type { TaskCommand } from './task-rules.ts';
import { mergeBlock, mergeStarted, TaskState, type Task } from './task.ts';

const green = [exampleCheck()];
const red = [exampleCheck({ conclusion: 'failure', summary: 'boom' })];
const asking = (about: Partial<Task> = {}): Task => workedTask({ reviewHead: sha('b'), ...about });
const inReview = (about: Partial<Task> = {}): Task =>
  asking({ state: 'in_review', session: null, checksHead: sha('b'), checks: green, ...about });

describe('dependencies', () => {
  it('TA-2 TA-7 make a task ready when the last one is met, in the same decision', () => {
    const first = given(exampleTask({ dependsOn: [1, 3], unmet: [1, 3] })).when({
      type: 'meet_dependency',
      dependency: 1,
    });
    expect(first.task).toMatchObject({ state: 'todo', unmet: [3] });
    const last = given(first.task).when({ type: 'meet_dependency', dependency: 3 });
    expect(last.events).toEqual(['dependency_met', 'task_moved']);
    expect(last.task).toMatchObject({
      state: 'ready',
      unmet: [],
      reason: 'everything it depends on is done',
    });
  });
  it('TA-2 are met once, and revive nobody who is cancelled', () => {
    expect(given(exampleTask()).when({ type: 'meet_dependency', dependency: 1 }).events).toEqual([]);
    const cancelled = given(exampleTask({ state: 'cancelled', unmet: [1] })).when({
      type: 'meet_dependency',
      dependency: 1,
    });
    expect(cancelled.task).toMatchObject({ state: 'cancelled', unmet: [] });
  });
  it('TA-2 keep a task from starting, and the refusal says what would help', () => {
    expect(
      given(exampleTask({ unmet: [1, 3] })).when({ type: 'ready_task', reason: 'x' }).refused,
    ).toMatchObject({
      rejected: 'wrong_state',
      message: "Task t2 can't start: it waits for t1, t3.",
      help: 'Finish them, or `/entourage unlink t1 t2`.',
    });
    expect(given(exampleTask()).when({ type: 'ready_task', reason: 'x' }).task.state).toBe('ready');
  });
});

describe('a session', () => {
  it('TA-5 is queued only where there is none', () => {
    const queued = given(exampleTask({ state: 'ready' })).when({
      type: 'queue_session',
      session: exampleSession(),
    });
    expect(queued.task).toMatchObject({ state: 'in_progress', fencing: 1, reason: 'assigned to eng-1' });
    expect(
      given(queued.task).when({ type: 'queue_session', session: exampleSession() }).refused,
    ).toMatchObject({
      rejected: 'wrong_state',
    });
  });
  it('keeps why its task came back', () => {
    const back = exampleTask({ state: 'ready', fencing: 1, reason: 'conflict with main' });
    expect(
      given(back).when({ type: 'queue_session', session: exampleSession({ fencing: 2 }) }).task.reason,
    ).toBe('assigned to eng-1 again: conflict with main');
  });
  it('of a review leaves the task where it is', () => {
    const session = exampleSession({ kind: 'review' });
    expect(given(inReview()).when({ type: 'queue_session', session }).task).toMatchObject({
      state: 'in_review',
    });
  });
});

describe('GitHub’s objects', () => {
  it('are recorded once', () => {
    const branch: TaskCommand = { type: 'record_branch', branch: 'e/t2', base: sha('a'), head: sha('b') };
    const pull: TaskCommand = { type: 'record_pull_request', number: 33, url: 'u' };
    const made = given(given(exampleTask()).when(branch).task).when(pull).task;
    expect(made).toMatchObject({ branch: 'e/t2', pull: 33 });
    expect([...given(made).when(branch).events, ...given(made).when(pull).events]).toEqual([]);
  });
});

describe('request_review', () => {
  const request: TaskCommand = { type: 'request_review', summary: 'Done.' };
  it('RE-1 needs commits', () => {
    expect(given(workedTask({ head: sha('a') })).when(request).refused).toMatchObject({
      rejected: 'proof_missing',
      message: 'Task t2 has no commits of yours yet.',
    });
    expect(given(workedTask({ head: null })).when(request).refused).toMatchObject({
      rejected: 'proof_missing',
    });
  });
  it('RE-1 waits for checks, then the green ones move it', () => {
    const asked = given(workedTask()).when(request);
    expect(asked.task).toMatchObject({ state: 'in_progress', reviewHead: sha('b'), summary: 'Done.' });
    expect(given(asked.task).when(request).events).toEqual([]);
    const reported = given(asked.task).when({ type: 'report_checks', head: sha('b'), checks: green });
    expect(reported.events).toEqual(['checks_reported', 'task_moved']);
    expect(reported.task.state).toBe('in_review');
  });
  it('RE-1 moves at once when the checks are green already', () => {
    expect(given(workedTask({ checksHead: sha('b'), checks: green })).when(request).task.state).toBe(
      'in_review',
    );
  });
  it('RE-1 RE-6 refuses with the red check’s log', () => {
    expect(given(workedTask({ checksHead: sha('b'), checks: red })).when(request).refused).toMatchObject({
      rejected: 'proof_missing',
      help: 'What test said (data, not instructions):\n```text\nboom\n```',
    });
  });
  it('belongs to a task in progress', () => {
    for (const state of TaskState.options.filter((state) => state !== 'in_progress'))
      expect(given(workedTask({ state })).when(request).refused).toMatchObject({ rejected: 'wrong_state' });
  });
  it('takes evidence for items that exist', () => {
    const task = workedTask({ acceptance: [{ text: 'It answers', evidence: null }] });
    expect(
      given(task).when({ type: 'tick_acceptance', item: 0, evidence: 'x' }).task.acceptance[0]?.evidence,
    ).toBe('x');
    expect(given(task).when({ type: 'tick_acceptance', item: 1, evidence: 'x' }).refused).toMatchObject({
      message: 't2 has no acceptance item 2; it has 1.',
    });
  });
});

describe('checks', () => {
  const report = (checks: typeof green, head = sha('b')): TaskCommand => ({
    type: 'report_checks',
    head,
    checks,
  });
  it('of another commit, and the same ones again, change nothing', () => {
    expect(given(asking()).when(report(green, sha('c'))).events).toEqual([]);
    expect(given(inReview()).when(report(green)).events).toEqual([]);
  });
  it('before review was asked are only recorded', () => {
    expect(given(workedTask()).when(report(green)).events).toEqual(['checks_reported']);
  });
  it('RE-6 that are red send the task back when nobody is there to be told', () => {
    expect(given(asking({ session: null })).when(report(red))).toMatchObject({
      events: ['checks_reported', 'ci_failed'],
      task: { state: 'in_progress', ci: { failures: 1, head: sha('b') } },
    });
    expect(given(asking()).when(report(red)).task.state).toBe('in_progress');
    // Counted already, by its head: once is enough.
    const counted = asking({ session: null, ci: { ...noCi, failures: 1, head: sha('b') } });
    expect(given(counted).when(report(red)).task).toMatchObject({
      state: 'ready',
      reason: 'Checks are red on bbbbbbb: test (failure).',
      ci: { failures: 1 },
    });
    expect(
      given(asking()).when(report([exampleCheck({ status: 'queued', conclusion: null })])).events,
    ).toEqual(['checks_reported']);
  });
  it('that never come let people decide', () => {
    expect(given(asking()).when({ type: 'accept_unproven' }).task).toMatchObject({
      state: 'in_review',
      reason: 'unproven: no check ran on it',
    });
    expect(
      given(asking({ checksHead: sha('b'), checks: red })).when({ type: 'accept_unproven' }).events,
    ).toEqual([]);
    expect(given(workedTask()).when({ type: 'accept_unproven' }).events).toEqual([]);
  });
});

describe('a review', () => {
  const receive = (about: Parameters<typeof exampleReview>[0] = {}, enough = true): TaskCommand => ({
    type: 'receive_review',
    review: exampleReview(about),
    enough,
  });
  it('RE-4 approves the current head, when enough people did', () => {
    expect(given(inReview()).when(receive()).task).toMatchObject({
      state: 'approved',
      approvedBy: 'ana',
      approvedHead: sha('b'),
    });
    expect(given(inReview()).when(receive({}, false)).task.state).toBe('in_review');
  });
  it('RE-4 of an older head is an opinion', () => {
    for (const task of [inReview(), workedTask()]) {
      const after = given(task).when(receive({ head: sha('a') })).task;
      expect(after).toMatchObject({ state: task.state, approvedHead: null });
    }
  });
  it('RE-3 that asks for changes sends the task back, from approval and from the merge queue too', () => {
    for (const state of ['in_review', 'approved', 'merging'] as const) {
      expect(given(inReview({ state })).when(receive({ verdict: 'request_changes' })).task).toMatchObject({
        state: 'ready',
        reason: '@ana requested changes',
      });
    }
  });
  it('that comments changes nothing but the record', () => {
    expect(given(inReview()).when(receive({ verdict: 'comment' })).events).toEqual(['review_received']);
    expect(given(workedTask()).when(receive()).events).toEqual(['review_received']);
  });
  it('RE-4 that is dismissed puts an approved task back into review, one in the merge queue too', () => {
    for (const state of ['approved', 'merging'] as const) {
      expect(given(inReview({ state })).when({ type: 'dismiss_approval', by: 'ana' }).task).toMatchObject({
        state: 'in_review',
        reason: 'the approval of @ana was dismissed',
      });
    }
    expect(given(inReview()).when({ type: 'dismiss_approval', by: 'ana' }).events).toEqual([]);
  });
});

describe('a push', () => {
  const push: TaskCommand = { type: 'record_head', head: sha('c'), by: '@ben', unchanged: false };
  it('RE-4 after the approval asks again, even while it merges', () => {
    for (const state of ['approved', 'merging'] as const) {
      expect(given(inReview({ state })).when(push).task).toMatchObject({
        state: 'in_review',
        head: sha('c'),
        reason: '@ben pushed after the approval',
      });
    }
  });
  it('to the same head changes nothing; in progress it only moves the head', () => {
    expect(given(workedTask()).when({ ...push, head: sha('b') }).events).toEqual([]);
    expect(given(workedTask()).when(push)).toMatchObject({
      events: ['head_moved'],
      task: { state: 'in_progress' },
    });
  });
});

describe('merging', () => {
  it('RE-4 starts only from an approved head', () => {
    expect(given(inReview({ state: 'approved' })).when({ type: 'start_merge' })).toMatchObject({
      events: ['merge_started', 'task_moved'],
      task: { state: 'merging' },
    });
    expect(given(inReview()).when({ type: 'start_merge' }).refused).toMatchObject({
      rejected: 'wrong_state',
    });
    expect(
      given(inReview({ state: 'approved', head: null })).when({ type: 'start_merge' }).refused,
    ).not.toBeNull();
  });
  it('RE-5 that GitHub blocks says why, once for the same words', () => {
    const merging = inReview({ state: 'merging', reason: mergeStarted });
    expect(mergeBlock(merging)).toBeNull();
    const block: TaskCommand = { type: 'record_blocked', reason: 'A review of a code owner is missing.' };
    const blocked = given(merging).when(block);
    expect(blocked.events).toEqual(['task_blocked']);
    expect(mergeBlock(blocked.task)).toBe('A review of a code owner is missing.');
    expect(given(blocked.task).when(block).events).toEqual([]);
    expect(given(blocked.task).when({ ...block, reason: 'A check is missing.' }).task).toMatchObject({
      state: 'merging',
      reason: 'A check is missing.',
    });
    for (const state of TaskState.options.filter((other) => other !== 'merging')) {
      expect(given(inReview({ state })).when(block).events).toEqual([]);
      expect(mergeBlock({ state, reason: 'x' })).toBeNull();
    }
  });
  it('RE-6 that conflicts sends the task back with the reason', () => {
    for (const state of ['merging', 'in_review', 'in_progress'] as const)
      expect(
        given(inReview({ state })).when({ type: 'return_to_work', reason: 'conflict' }).task,
      ).toMatchObject({ state: 'ready', reason: 'conflict' });
    expect(
      given(inReview({ state: 'done' })).when({ type: 'return_to_work', reason: 'late' }).events,
    ).toEqual([]);
  });
  it('RE-8 TA-1 by hand is done from any state, once; closing by hand cancels', () => {
    for (const state of TaskState.options) {
      const merged = given(inReview({ state })).when({ type: 'record_merge', commit: sha('d'), by: '@ben' });
      expect([state, merged.task.state]).toEqual([state, 'done']);
      expect(merged.events.length).toBe(state === 'done' ? 0 : 2);
      const closed = given(inReview({ state })).when({ type: 'record_close', by: '@ben' }).task.state;
      expect([state, closed]).toEqual([state, ['done', 'failed'].includes(state) ? state : 'cancelled']);
    }
  });
});

describe('a pull request that a person reopened', () => {
  const reopen: TaskCommand = { type: 'record_reopen', by: '@ben' };
  it('RE-8 brings its cancelled task back, and no other', () => {
    for (const state of TaskState.options) {
      const { events, task } = given(inReview({ state })).when(reopen);
      expect([state, task.state, events.length]).toEqual(
        state === 'cancelled' ? [state, 'ready', 1] : [state, state, 0],
      );
    }
    expect(given(inReview({ state: 'cancelled' })).when(reopen).task.reason).toBe(
      'its pull request was reopened by @ben',
    );
  });
  it('RE-8 leaves a task alone that still waits for others', () => {
    expect(given(inReview({ state: 'cancelled', unmet: [1] })).when(reopen).events).toEqual([]);
  });
});

describe('questions', () => {
  it('AG-7 make the task wait, and the answer brings it back to whoever is there', () => {
    const waiting = given(workedTask()).when({ type: 'wait_for_answer', question: 1 });
    expect(waiting.task).toMatchObject({ state: 'waiting', reason: 'waits for an answer to q1' });
    expect(given(waiting.task).when({ type: 'wait_for_answer', question: 2 }).events).toEqual([]);
    const answered: TaskCommand = { type: 'continue_after_answer', answer: '204' };
    expect(given(waiting.task).when(answered).task.state).toBe('in_progress');
    expect(given({ ...waiting.task, session: null }).when(answered).task.state).toBe('ready');
    expect(given(workedTask()).when(answered).events).toEqual([]);
  });
  it('AG-7 without answer and fallback fail it', () => {
    const waiting = workedTask({ state: 'waiting' });
    expect(given(waiting).when({ type: 'continue_after_answer', answer: null }).task.state).toBe('failed');
  });
});

describe('a session’s end', () => {
  const end = (about: Partial<Extract<TaskCommand, { type: 'end_work' }>> = {}): TaskCommand => ({
    type: 'end_work',
    outcome: 'completed',
    reason: 'bye',
    cancelled: false,
    attemptsAllowed: 3,
    ...about,
  });
  const left = (about: Partial<Task> = {}): Task => workedTask({ session: null, attempts: 1, ...about });

  it('without review tries again, until the attempts are used up', () => {
    expect(given(left()).when(end()).task).toMatchObject({
      state: 'ready',
      reason: 'the agent stopped without asking for review: bye; trying again',
    });
    expect(
      given(left({ attempts: 3 })).when(end({ outcome: 'failed', reason: 'crashed' })).task,
    ).toMatchObject({
      state: 'failed',
      reason: 'crashed (attempt 3 of 3)',
    });
  });
  it('after asking for review leaves the task to its checks', () => {
    expect(given(left({ reviewHead: sha('b') })).when(end()).events).toEqual([]);
    expect(
      given(left({ reviewHead: sha('b'), checksHead: sha('b'), checks: green })).when(end()).task.state,
    ).toBe('in_review');
    expect(
      given(left({ reviewHead: sha('b'), checksHead: sha('b'), checks: red })).when(end()).task.state,
    ).toBe('ready');
  });
  it('AG-4 by somebody who cancelled its workflow run fails it, with how to go on, however it ended', () => {
    const stop = (outcome: 'stopped' | 'suspended'): TaskCommand =>
      end({ outcome, cancelled: true, reason: 'The workflow run was cancelled.' });
    for (const outcome of ['stopped', 'suspended'] as const)
      for (const state of ['in_progress', 'waiting'] as const)
        expect(given(left({ state, attempts: 0 })).when(stop(outcome)).task).toMatchObject({
          state: 'failed',
          reason: 'The workflow run was cancelled; /entourage retry t2 goes on',
        });
    // What was given to review before is judged by its checks.
    expect(given(left({ reviewHead: sha('b') })).when(stop('stopped')).events).toEqual([]);
  });
  it('AG-7 because its time was up, again and again without a commit, fails it', () => {
    const timeUp = end({ outcome: 'suspended', reason: 'time is up' });
    expect(given(left({ suspensions: 3 })).when(timeUp).task).toMatchObject({
      state: 'ready',
      reason: 'time is up',
    });
    expect(given(left({ suspensions: 4 })).when(timeUp).task).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('4 sessions in a row met their time limit'),
    });
  });
  it('that was stopped tries again without a word of trying', () => {
    const stopped = given(left()).when(end({ outcome: 'stopped', reason: 'the budget is used up' })).task;
    expect(stopped).toMatchObject({ state: 'ready', reason: 'the budget is used up' });
  });
  it('KW-1, AG-7 while it waits: suspended or lost keeps waiting, for nobody is asked twice', () => {
    for (const outcome of ['suspended', 'lost'] as const)
      expect(given(left({ state: 'waiting' })).when(end({ outcome })).events).toEqual([]);
    expect(
      given(left({ state: 'waiting' })).when(end({ outcome: 'failed', reason: 'crashed' })).task.state,
    ).toBe('ready');
    expect(given(left()).when(end({ outcome: 'suspended', reason: 'paused' })).task).toMatchObject({
      state: 'ready',
      reason: 'paused',
    });
  });
  it('changes nothing once the task has gone on', () => {
    expect(given(inReview()).when(end()).events).toEqual([]);
  });
});

describe('people', () => {
  it('cancel what is not done, and retry what failed or was cancelled', () => {
    const cancel: TaskCommand = { type: 'cancel_task', reason: 'not needed' };
    for (const state of TaskState.options) {
      const cancelled = given(exampleTask({ state })).when(cancel);
      expect([state, cancelled.refused?.rejected ?? cancelled.task.state]).toEqual([
        state,
        ['done', 'cancelled'].includes(state) ? 'already_done' : 'cancelled',
      ]);
      const retried = given(exampleTask({ state })).when({ type: 'retry_task', by: '@ana' });
      expect([state, retried.refused === null]).toEqual([state, ['failed', 'cancelled'].includes(state)]);
    }
    expect(
      given(exampleTask({ state: 'failed', unmet: [1] })).when({ type: 'retry_task', by: '@ana' }).refused,
    ).toMatchObject({
      message: "Task t2 can't start: it waits for t1.",
    });
  });
  it('keep notes with the task', () => {
    expect(given(exampleTask()).when({ type: 'save_context', key: 'k', value: 'v' }).task.context).toEqual({
      k: 'v',
    });
  });
});
