/** RE-4, RE-5, RE-6: from an approval to a merge, and each way out of it. */
import { describe, expect, it } from 'vitest';
import { noCi } from './ci.ts';
import { choiceOf } from './escalation.ts';
import { exampleCheck, exampleReview, exampleTask, later, now, sha, workedTask } from './example.ts';
import { mergeGates } from './merge-gates.ts';
import { dequeueReason, mergeWords, newMerging, type Merging } from './merge.ts';
import { defaultPolicy } from './policy.ts';
import { given } from './given-task.ts';
import type { TaskCommand } from './task-rules.ts';
import { mergeStarted, takenOut, takenOver, type Task } from './task.ts';

const approved = (about: Partial<Task> = {}): Task =>
  workedTask({
    state: 'approved',
    session: null,
    reviewHead: sha('b'),
    checksHead: sha('b'),
    checks: [exampleCheck()],
    approvedHead: sha('b'),
    approvedBy: 'ana',
    ...about,
  });
const merging = (about: Partial<Task> = {}): Task =>
  approved({ state: 'merging', reason: mergeStarted, merge: newMerging(now), ...about });

describe('a merge', () => {
  it('RE-5 begins with its time, moves on by what is found out, and is no news twice', () => {
    const started = given(approved()).when({ type: 'start_merge' });
    expect(started).toMatchObject({
      events: ['merge_started', 'task_moved'],
      task: { state: 'merging', merge: { since: later, step: 'waiting' } },
    });
    const change = { step: 'queued', way: 'async' } as const;
    const queued = given(started.task).when({ type: 'move_merge', change });
    expect(queued).toMatchObject({
      events: ['merge_moved'],
      task: { merge: { step: 'queued', way: 'async' } },
    });
    expect(given(queued.task).when({ type: 'move_merge', change }).events).toEqual([]);
    expect(given(approved()).when({ type: 'move_merge', change }).events).toEqual([]);
    expect(given(merging({ merge: null })).when({ type: 'move_merge', change }).task.merge).toMatchObject({
      step: 'queued',
    });
  });
  it('RE-5 shows what stands in its way until it goes on', () => {
    const blocked = merging({ reason: 'Review is required.' });
    const asked = { type: 'move_merge', change: { step: 'asked', way: 'direct' } } as const;
    expect(given(blocked).when(asked).task.reason).toBe('Review is required.');
    const queued = { type: 'move_merge', change: { step: 'queued' } } as const;
    expect(given(blocked).when(queued).task.reason).toBe(mergeStarted);
  });
  it('G24 that left the queue is dealt with by its reason, known or not', () => {
    expect(given(merging()).when({ type: 'leave_queue', reason: 'MANUAL' }).task.merge).toMatchObject({
      step: 'left',
      left: 'MANUAL',
    });
    expect(dequeueReason('merge_conflict')).toBe('MERGE_CONFLICT');
    expect(dequeueReason('SOMETHING_NEW')).toBe('UNKNOWN_REMOVAL_REASON');
  });
  it('G24 taken out by hand stays approved, with its reason, and forgets how far it was', () => {
    expect(given(merging()).when({ type: 'take_out', reason: 'by hand' }).task).toMatchObject({
      state: 'approved',
      reason: `${takenOut}: by hand`,
      merge: null,
    });
    expect(given(approved()).when({ type: 'take_out', reason: 'x' }).events).toEqual([]);
  });
  it('RE-6 whose group is red counts, and keeps the group’s checks for the agent', () => {
    const red = exampleCheck({ conclusion: 'failure', summary: 'boom' });
    const failed: TaskCommand = {
      type: 'fail_group',
      head: sha('d'),
      checks: [red, exampleCheck()],
      reason: 'red',
    };
    expect(given(merging()).when(failed)).toMatchObject({
      events: ['ci_failed'],
      task: { ci: { failures: 1, head: sha('d'), checks: [red] } },
    });
    expect(given(approved()).when(failed).events).toEqual([]);
  });
});

describe('an approval', () => {
  const moved = { type: 'record_head', head: sha('c'), by: '@ben' } as const;
  it('RE-4 goes along with a head that changes the same', () => {
    for (const task of [approved(), merging()]) {
      expect(given(task).when({ ...moved, unchanged: true })).toMatchObject({
        events: ['head_moved'],
        task: { state: task.state, head: sha('c'), approvedHead: sha('c'), reviewHead: sha('c') },
      });
      expect(given(task).when({ ...moved, unchanged: false }).task).toMatchObject({
        state: 'in_review',
        approvedHead: sha('b'),
      });
    }
  });
  it('RE-4 is kept for work that came back with the same change, and only then', () => {
    const back = approved({ state: 'in_review' });
    expect(given(back).when({ type: 'keep_approval' }).task).toMatchObject({ state: 'approved' });
    for (const other of [
      approved({ state: 'in_review', approvedHead: sha('a') }),
      approved({ state: 'in_review', approvedBy: null }),
      approved(),
    ])
      expect(given(other).when({ type: 'keep_approval' }).events).toEqual([]);
  });
  it('RE-4 is over when somebody requests changes', () => {
    const review = exampleReview({ verdict: 'request_changes', by: 'ben' });
    expect(given(approved()).when({ type: 'receive_review', review, enough: false }).task).toMatchObject({
      state: 'ready',
      approvedHead: null,
      approvedBy: null,
    });
  });
});

describe('red CI again and again', () => {
  it('KW-4 may end in a person’s hands, who may give it back', () => {
    const waiting = workedTask({ state: 'waiting', session: null, reviewHead: sha('b') });
    const over = given(waiting).when({ type: 'take_over', by: 'ana' });
    expect(over).toMatchObject({
      events: ['task_taken_over'],
      task: { state: 'waiting', reason: `${takenOver} @ana` },
    });
    expect(given(over.task).when({ type: 'retry_task', by: '@ana' }).task.state).toBe('ready');
    expect(given(waiting).when({ type: 'retry_task', by: '@ana' }).refused?.rejected).toBe('wrong_state');
    expect(given(approved()).when({ type: 'take_over', by: 'ana' }).refused?.rejected).toBe('wrong_state');
    expect(given(workedTask()).when({ type: 'give_up', reason: 'red' }).task.state).toBe('failed');
  });
  it('KW-4 is forgotten when a person says try again, and goes on by itself when a re-run is green', () => {
    const waiting = workedTask({
      state: 'waiting',
      session: null,
      reviewHead: sha('b'),
      ci: { ...noCi, failures: 3, head: sha('b') },
    });
    const again = given(waiting).when({ type: 'continue_after_answer', answer: 'Try again' });
    expect(again.task).toMatchObject({ state: 'ready', ci: noCi });
    const rerun = given(waiting).when({ type: 'report_checks', head: sha('b'), checks: [exampleCheck()] });
    expect(rerun).toMatchObject({
      events: ['checks_reported', 'task_moved', 'task_moved'],
      task: { state: 'in_review' },
    });
    const still = exampleCheck({ conclusion: 'failure' });
    expect(given(waiting).when({ type: 'report_checks', head: sha('b'), checks: [still] }).task.state).toBe(
      'waiting',
    );
  });
  it('KW-4 asks with three answers; other words are an agent’s guidance', () => {
    expect(['Try again', ' i take IT over ', 'Drop the task', 'Use node 24'].map(choiceOf)).toEqual([
      'again',
      'over',
      'drop',
      'again',
    ]);
  });
});

describe('checks that never come', () => {
  it('RE-7 are explained once, until they or another head come', () => {
    const asking = workedTask({ reviewHead: sha('b') });
    const absent: TaskCommand = { type: 'record_absent', head: sha('b'), why: 'no workflow' };
    const said = given(asking).when(absent);
    expect(said).toMatchObject({ events: ['checks_absent'], task: { ci: { absent: 'no workflow' } } });
    expect(given(said.task).when(absent).events).toEqual([]);
    expect(given(asking).when({ ...absent, head: sha('c') }).events).toEqual([]);
    const silent = exampleCheck({ status: 'queued', conclusion: null, url: null, required: true });
    const reported = given(said.task).when({ type: 'report_checks', head: sha('b'), checks: [silent] });
    expect(reported.task.ci.absent).toBe('no workflow');
    expect(given(reported.task).when({ type: 'accept_unproven' }).task.state).toBe('in_review');
    const come = given(said.task).when({ type: 'report_checks', head: sha('b'), checks: [exampleCheck()] });
    expect(come.task.ci.absent).toBeNull();
    const head: TaskCommand = { type: 'record_head', head: sha('c'), by: '@ben', unchanged: false };
    expect(given(said.task).when(head).task.ci.absent).toBeNull();
  });
});

describe('in words', () => {
  it('says where a merge stands', () => {
    const at = (about: Partial<Merging>): string => mergeWords({ ...newMerging(now), ...about });
    expect(at({})).toBe('merging');
    expect(at({ note: '#31 merges first' })).toBe('approved, waits its turn to merge (#31 merges first)');
    expect(at({ step: 'updating', note: 'main moved' })).toBe(
      'approved, its branch is brought up to date (main moved)',
    );
    expect(at({ step: 'checking', note: 'test' })).toBe(
      'approved, waits for the checks of its updated branch (test)',
    );
    expect(at({ step: 'asked' })).toBe('merging');
    expect(at({ step: 'queued', way: 'async', note: 'x' })).toBe('in the merge queue');
    expect(at({ step: 'queued', way: 'queue', note: 'x' })).toBe('in the merge queue (x)');
    expect(at({ step: 'left' })).toBe('left the merge queue');
  });

  const gates = (task: Task, by: 'auto' | 'person' = 'auto') =>
    mergeGates({
      run: { requester: 'ana', state: 'executing' },
      task,
      reviews: [exampleReview({ verdict: 'approve', by: 'ben', head: sha('b') })],
      policy: { review: defaultPolicy.review, merge: { ...defaultPolicy.merge, by } },
    });
  const open = (task: Task): string[] => gates(task).flatMap(({ gate, passed }) => (passed ? [] : [gate]));
  const wordsOf = (task: Task, gate: string, by?: 'person'): string =>
    gates(task, by).find((one) => one.gate === gate)?.words ?? '';

  it('RE-5 names every gate between a task and its merge', () => {
    expect(open(exampleTask({ unmet: [1] }))).toEqual([
      'dependencies',
      'proof',
      'review',
      'approval',
      'merge',
    ]);
    expect(open(approved({ state: 'in_review' }))).toEqual(['approval', 'merge']);
    expect(open(merging({ reason: 'Review is required.' }))).toEqual(['github', 'merge']);
    expect(open(approved({ state: 'done' }))).toEqual([]);
    expect(wordsOf(exampleTask({ unmet: [1] }), 'dependencies')).toBe('It waits for t1.');
    expect(wordsOf(exampleTask({ ci: { ...noCi, absent: 'No workflow.' } }), 'proof')).toBe('No workflow.');
    expect(wordsOf(approved({ state: 'in_review', pull: 33 }), 'approval')).toMatch(/so far .*@ben.*#33/);
    expect(wordsOf(approved(), 'approval')).toMatch(/Approved by @ben, @ana|Approved by @ana/);
    expect(wordsOf(merging({ reason: 'No.' }), 'github')).toBe('GitHub does not merge it yet: No.');
    expect(wordsOf(merging({ merge: null }), 'merge')).toBe('Merging.');
    expect(wordsOf(approved({ reason: `${takenOut}: by hand` }), 'merge')).toMatch(
      /by hand\. `\/entourage merge t2` tries again/,
    );
    expect(wordsOf(approved(), 'merge')).toBe('The merge has not begun.');
    expect(wordsOf(approved(), 'merge', 'person')).toMatch(/leaves merging to people/);
    const two = mergeGates({
      run: { requester: 'ben', state: 'executing' },
      task: approved({ state: 'in_review', approvedHead: null, approvedBy: null, pull: null }),
      reviews: [exampleReview({ verdict: 'approve', by: 'ben', head: sha('b') })],
      policy: {
        ...defaultPolicy,
        review: { ...defaultPolicy.review, people: 2, requesters_approval_counts: false },
      },
    });
    expect(two.find(({ gate }) => gate === 'approval')?.words).toBe(
      'It needs the approval of 2 people on its current head.',
    );
  });
});
