import { expect, it } from 'vitest';
import { describeEvent } from './describe.ts';
import { effectKey, effectQueue, effects } from './effects.ts';
import { newMerging } from './merge.ts';
import { Event, taskOf, type EventType } from './event.ts';
import {
  exampleCheck,
  exampleMessage,
  exampleQuestion,
  exampleReview,
  exampleRun,
  exampleSession,
  exampleTask,
  exampleThread,
  now,
  runId,
  sessionId,
  sha,
} from './example.ts';
import { PlannedTask, type Plan } from './plan.ts';

const usage = { input_tokens: 100, cached_tokens: 20, output_tokens: 30, cost: 1_500_000 };
const plan: Plan = {
  tasks: [PlannedTask.parse({ title: 'Do it' })],
  by: 'manager',
  source: 'manager',
  note: '',
};

/** One of each, with the effects and the words it must have: `card`, `task`, … */
const examples: { [T in EventType]: [Extract<Event, { type: T }>, string, string] } = {
  run_created: [{ type: 'run_created', run: exampleRun() }, 'card', 'run 12 started by @ana'],
  planning_started: [{ type: 'planning_started' }, 'card', 'planning started'],
  plan_proposed: [
    { type: 'plan_proposed', version: 1, plan },
    'card',
    'plan version 1 proposed: 1 task by manager',
  ],
  plan_revision_requested: [
    { type: 'plan_revision_requested', feedback: 'smaller', by: 'ana' },
    'card',
    '@ana asked for another plan: smaller',
  ],
  run_approved: [{ type: 'run_approved', version: 1, by: 'ana' }, 'card', '@ana approved plan version 1'],
  run_paused: [{ type: 'run_paused', reason: 'no workflow' }, 'card', 'run paused: no workflow'],
  run_resumed: [{ type: 'run_resumed' }, 'card', 'run resumed'],
  run_reopened: [{ type: 'run_reopened' }, 'card', 'run goes on'],
  run_cancelled: [{ type: 'run_cancelled', reason: 'x' }, 'card', 'run cancelled: x'],
  run_failed: [{ type: 'run_failed', reason: 'x' }, 'card', 'run failed: x'],
  run_done: [{ type: 'run_done' }, 'card finish', 'run done'],
  manager_wanted: [
    { type: 'manager_wanted', reason: { kind: 'task_failed', task: 2 } },
    'card',
    'the manager is wanted: t2 failed',
  ],
  manager_given_up: [
    { type: 'manager_given_up', reason: 'it failed 3 times' },
    'card',
    'the manager is not woken: it failed 3 times',
  ],
  manager_retried: [{ type: 'manager_retried', task: 2, by: 'manager' }, '', 't2 is retried by manager'],
  run_summarized: [
    { type: 'run_summarized', text: 'All is there.', by: 'manager' },
    'card',
    'manager summed the run up',
  ],
  task_linked: [
    { type: 'task_linked', task: 2, dependency: 1, met: false, by: '@ana' },
    'card task',
    't2 waits for t1, says @ana',
  ],
  task_unlinked: [
    { type: 'task_unlinked', task: 2, dependency: 1, by: '@ana' },
    'card task',
    't2 does not wait for t1, says @ana',
  ],
  task_changed: [
    { type: 'task_changed', task: 2, changes: { title: 'x', priority: 'high' }, by: 'manager' },
    'card task',
    't2 changed by manager: title, priority',
  ],
  task_added: [{ type: 'task_added', task: exampleTask() }, 'card', 't2 added: Build the notification API'],
  task_moved: [
    { type: 'task_moved', task: 2, from: 'in_progress', to: 'in_review', reason: 'x' },
    'card task',
    't2 in progress → in review: x',
  ],
  dependency_met: [{ type: 'dependency_met', task: 2, dependency: 1 }, '', 't2 no longer waits for t1'],
  branch_created: [
    { type: 'branch_created', task: 2, branch: 'e/t2', base: sha('a'), head: sha('b') },
    'launch',
    't2 branch e/t2 from aaaaaaa',
  ],
  pull_request_opened: [
    { type: 'pull_request_opened', task: 2, number: 33, url: 'u' },
    'card task',
    't2 pull request #33 opened',
  ],
  head_moved: [
    { type: 'head_moved', task: 2, head: sha('b'), by: '@ben', unchanged: false },
    'task checks',
    't2 head is bbbbbbb, pushed by @ben',
  ],
  push_refused: [
    { type: 'push_refused', task: 2, bundle: 'b', reason: 'x' },
    'card task',
    't2 push refused: x',
  ],
  acceptance_ticked: [
    { type: 'acceptance_ticked', task: 2, item: 0, evidence: 'x' },
    'card task',
    't2 acceptance item 1 shown: x',
  ],
  review_requested: [
    { type: 'review_requested', task: 2, head: sha('b'), summary: 'x' },
    'task checks',
    't2 review requested for bbbbbbb',
  ],
  checks_reported: [
    {
      type: 'checks_reported',
      task: 2,
      head: sha('b'),
      checks: [exampleCheck(), exampleCheck({ name: 'lint', status: 'in_progress', conclusion: null })],
    },
    'card task merge',
    't2 checks on bbbbbbb: test success, lint in progress',
  ],
  contract_set: [
    { type: 'contract_set', contract: 'api', text: 'GET /', tasks: [1, 2], by: 'eng-1' },
    '',
    'contract api written by eng-1',
  ],
  contract_locked: [
    { type: 'contract_locked', contract: 'api', by: 'manager' },
    '',
    'contract api locked by manager',
  ],
  context_saved: [{ type: 'context_saved', task: 2, key: 'k', value: 'v' }, '', 't2 note saved: k'],
  agent_review_opened: [
    { type: 'agent_review_opened', task: 2, head: sha('b'), agent: 'reviewer' },
    'card task',
    't2 goes to reviewer for review at bbbbbbb',
  ],
  agent_review_closed: [
    { type: 'agent_review_closed', task: 2, head: sha('b'), agent: 'reviewer', reason: 'x' },
    'card task',
    't2 agent review of bbbbbbb closed: x',
  ],
  remark_added: [
    {
      type: 'remark_added',
      task: 2,
      session: sessionId,
      remark: { path: 'src/a.ts', line: 3, side: 'RIGHT', body: 'x', suggestion: null },
    },
    '',
    't2 remark on src/a.ts line 3',
  ],
  verdict_given: [
    {
      type: 'verdict_given',
      task: 2,
      session: sessionId,
      head: sha('b'),
      verdict: 'request_changes',
      summary: 'x',
    },
    'card task review',
    't2 verdict of the reviewer on bbbbbbb: request changes',
  ],
  merge_moved: [
    {
      type: 'merge_moved',
      task: 2,
      merge: { ...newMerging(now), step: 'waiting', note: '#31 merges first' },
    },
    'card task',
    't2 approved, waits its turn to merge (#31 merges first)',
  ],
  task_taken_over: [{ type: 'task_taken_over', task: 2, by: 'ana' }, 'card task', 't2 taken over by @ana'],
  ci_failed: [
    {
      type: 'ci_failed',
      task: 2,
      head: sha('b'),
      where: 'merge_group',
      checks: [exampleCheck({ conclusion: 'failure' })],
      reason: 'x',
    },
    'card task',
    't2 CI is red in the merge queue on bbbbbbb: test',
  ],
  checks_absent: [
    { type: 'checks_absent', task: 2, head: sha('b'), why: 'no workflow' },
    'card task',
    't2 checks are missing on bbbbbbb: no workflow',
  ],
  merge_started: [{ type: 'merge_started', task: 2, head: sha('b') }, 'merge', 't2 merging bbbbbbb'],
  task_blocked: [
    { type: 'task_blocked', task: 2, reason: 'a review is missing' },
    'card task',
    't2 can’t merge yet: a review is missing',
  ],
  pull_request_merged: [
    { type: 'pull_request_merged', task: 2, commit: sha('d'), by: '@ana' },
    '',
    't2 merged by @ana as ddddddd',
  ],
  session_queued: [
    { type: 'session_queued', session: exampleSession() },
    'card task',
    'work session queued for eng-1 on t2',
  ],
  session_dispatched: [
    {
      type: 'session_dispatched',
      session: sessionId,
      task: 2,
      runner: null,
      workflow_run: { id: 8, attempt: 1, url: 'u' },
    },
    'card',
    'workflow dispatched on GitHub Actions',
  ],
  session_bound: [
    {
      type: 'session_bound',
      session: sessionId,
      task: 2,
      workflow_run: { id: 8, attempt: 2, url: 'u' },
    },
    '',
    'session taken by workflow run 8, attempt 2',
  ],
  session_requeued: [
    { type: 'session_requeued', session: sessionId, task: 2, place: 'actions', reason: 'x' },
    'card task launch',
    'session queued again: x',
  ],
  session_started: [
    { type: 'session_started', session: sessionId, task: null, isolation: 'none' },
    'card',
    'session started (isolation: none)',
  ],
  session_got_stuck: [
    { type: 'session_got_stuck', session: sessionId, task: 2, evidence: 'no event for 10 minutes' },
    'card task',
    'the agent of t2 seems stuck: no event for 10 minutes',
  ],
  session_recovered: [
    { type: 'session_recovered', session: sessionId, task: 2 },
    'card task',
    'the agent of t2 moves again',
  ],
  usage_recorded: [
    { type: 'usage_recorded', session: sessionId, task: 2, usage, delta: 1, unpriced: 0 },
    'card task',
    'usage: 120 tokens in, 30 out, $1.50 so far',
  ],
  planner_asked: [
    { type: 'planner_asked', version: 1, model: 'openai/gpt-5.5', why: 'The policy has no manager.' },
    'card plan',
    'openai/gpt-5.5 is asked for the plan: The policy has no manager.',
  ],
  planning_paid: [
    { type: 'planning_paid', model: 'gpt-5.5', team: 'default', usage, delta: 20_000, unpriced: 0 },
    'card',
    'gpt-5.5 was asked for a plan, for $0.02',
  ],
  budget_set: [
    { type: 'budget_set', task: 2, budget: 8_000_000, by: 'ana' },
    'card task',
    't2 budget set to $8.00 by @ana',
  ],
  task_held: [
    { type: 'task_held', task: 2, reason: 'the budget of run 12 is used up' },
    'card task',
    't2 waits: the budget of run 12 is used up',
  ],
  session_ended: [
    {
      type: 'session_ended',
      session: sessionId,
      task: 2,
      kind: 'work',
      outcome: 'lost',
      reason: 'x',
      cancelled: false,
      leftover: true,
    },
    'card task cancel',
    'work session lost: x',
  ],
  question_asked: [
    { type: 'question_asked', question: exampleQuestion() },
    'card question',
    'q1 asked by eng-1: What should the API return for nothing?',
  ],
  question_answered: [
    { type: 'question_answered', question: 1, task: 2, text: '204', by: 'ana' },
    'card question',
    'q1 answered by @ana: 204',
  ],
  question_expired: [
    { type: 'question_expired', question: 1, task: 2, fallback: '200' },
    'card question',
    'q1 had no answer in time; taken: 200',
  ],
  question_withdrawn: [{ type: 'question_withdrawn', question: 1, task: 2 }, 'card question', 'q1 withdrawn'],
  review_received: [
    {
      type: 'review_received',
      review: exampleReview({ threads: [exampleThread()], verdict: 'request_changes' }),
    },
    '',
    't2 review by @ana: request changes, 1 threads',
  ],
  review_dismissed: [
    { type: 'review_dismissed', review: 900, task: 2, by: 'ana', verdict: 'approve' },
    '',
    't2 review by @ana dismissed',
  ],
  thread_answered: [
    {
      type: 'thread_answered',
      review: 900,
      task: 2,
      thread: 501,
      outcome: 'fixed',
      commit: sha('c'),
      why: 'x',
    },
    'threads',
    't2 thread answered: fixed in ccccccc',
  ],
  message_sent: [{ type: 'message_sent', message: exampleMessage() }, '', 'message from @ana'],
  message_seen: [{ type: 'message_seen', message: exampleMessage().id }, '', 'message seen'],
};
const short: Record<string, string> = {
  show_card: 'card',
  show_task: 'task',
  show_review: 'review',
  show_question: 'question',
  answer_threads: 'threads',
  merge_task: 'merge',
  read_checks: 'checks',
  retire_task: 'retire',
  finish_run: 'finish',
  plan_by_model: 'plan',
  launch_session: 'launch',
  cancel_launch: 'cancel',
};
const shown = (event: Event): string =>
  effects(runId, event)
    .map((effect) => short[effect.type])
    .join(' ');

it.each(Object.values(examples))('TR-1 SE-1 $0.type shows what it must, in words', (event, effect, words) => {
  expect(Event.parse(event)).toEqual(event);
  expect(shown(event)).toBe(effect);
  expect(describeEvent(event)).toBe(words);
});

it('TR-1 knows the task of every event', () => {
  const without = Object.values(examples)
    .filter(([event]) => taskOf(event) === null)
    .map(([event]) => event.type);
  expect(
    without.filter((type) => !/^(?:run|plan|planner|planning|manager|message|contract)_/.test(type)),
  ).toEqual(['session_started']);
  for (const [event] of Object.values(examples)) expect([null, 2]).toContain(taskOf(event));
});

it('retires what was started and will not land, and shows no task that has not begun', () => {
  const move = (from: 'todo' | 'in_review', to: 'cancelled' | 'todo'): string =>
    shown({ type: 'task_moved', task: 2, from, to, reason: '' });
  expect([move('in_review', 'cancelled'), move('todo', 'cancelled'), move('in_review', 'todo')]).toEqual([
    'card retire',
    'card',
    'card',
  ]);
});

it('says less where there is less to say', () => {
  const said = (event: Event): string => describeEvent(event);
  expect(said({ type: 'pull_request_merged', task: 2, commit: null, by: '@ana' })).toBe('t2 merged by @ana');
  expect(said({ type: 'session_queued', session: exampleSession({ task: null, kind: 'plan' }) })).toBe(
    'plan session queued for eng-1',
  );
  expect(said({ type: 'question_expired', question: 1, task: 2, fallback: null })).toBe(
    'q1 had no answer in time',
  );
  expect(said({ type: 'review_received', review: exampleReview() })).toBe('t2 review by @ana: approve');
  expect(said({ type: 'checks_reported', task: 2, head: sha('b'), checks: [] })).toBe(
    't2 checks on bbbbbbb: none',
  );
  expect(
    said({
      type: 'thread_answered',
      review: 900,
      task: 2,
      thread: 501,
      outcome: 'kept',
      commit: null,
      why: 'x',
    }),
  ).toBe('t2 thread answered: kept');
  expect(
    said({ type: 'plan_proposed', version: 2, plan: { ...plan, tasks: [...plan.tasks, ...plan.tasks] } }),
  ).toBe('plan version 2 proposed: 2 tasks by manager');
});

it('RE-4 a task whose approval is gone leaves the queue, whatever it goes back to', () => {
  for (const to of ['approved', 'in_review', 'ready'] as const)
    expect(
      effects(runId, { type: 'task_moved', task: 2, from: 'merging', to, reason: 'x' }).map(
        ({ type }) => type,
      ),
    ).toEqual(['show_card', 'withdraw_merge', 'show_task']);
});

it('RE-5 a task that landed loses its branch; one that was never begun has none', () => {
  const moved = (to: 'done' | 'cancelled', from: 'merging' | 'todo') =>
    effects(runId, { type: 'task_moved', task: 2, from, to, reason: 'x' }).map(({ type }) => type);
  expect(moved('done', 'merging')).toEqual(['show_card', 'show_task', 'retire_task']);
  expect(moved('cancelled', 'merging')).toEqual(['show_card', 'retire_task']);
  expect(moved('cancelled', 'todo')).toEqual(['show_card']);
});

it('SE-1 brings a thing up to date once, however many events ask, and never twice at a time', () => {
  const all = Object.values(examples).flatMap(([event]) => effects(runId, event));
  expect(new Set(all.map(effectKey))).toEqual(
    new Set([
      `show_card:${runId}`,
      `finish_run:${runId}`,
      `plan_by_model:${runId}:1`,
      `show_question:${runId}:1`,
      `cancel_launch:${runId}:${sessionId}`,
      ...['show_task', 'show_review', 'answer_threads', 'merge_task', 'read_checks', 'launch_session'].map(
        (type) => `${type}:${runId}:2`,
      ),
    ]),
  );
  expect(new Set(all.map(effectQueue))).toEqual(
    new Set([`run:${runId}`, `task:${runId}:2`, `launch:${runId}`, `plan:${runId}`]),
  );
});
