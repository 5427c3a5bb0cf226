/** TR-1: a run is what its events fold to. */
import { expect, test } from 'vitest';
import type { Actor } from './actor.ts';
import { noCi } from './ci.ts';
import type { Event, RecordedEvent } from './event.ts';
import { foldRun } from './fold.ts';
import type { Message } from './message.ts';
import type { Question } from './question.ts';
import type { Review } from './review.ts';
import { notManaged } from './managing.ts';
import type { Run } from './run.ts';
import { noUsage, type Session } from './session.ts';
import type { Task } from './task.ts';

const id = '00000000-0000-4000-8000-000000000001';
const sessionId = '00000000-0000-4000-8000-000000000002';
const messageId = '00000000-0000-4000-8000-000000000003';
const runner = '00000000-0000-4000-8000-000000000004';
const at = (minute: number): string => `2026-11-21T10:${String(minute).padStart(2, '0')}:00.000Z`;
const sha = 'a'.repeat(40);
const actor: Actor = { kind: 'github' };

const record = (events: Event[]): RecordedEvent[] =>
  events.map((event, index) => ({ id: String(index + 1), event, actor, cause: 'call:1', at: at(index) }));

const run: Run = {
  id,
  installation: 1,
  repository: 10,
  number: 1,
  issue: 7,
  intent: 'Add a search box',
  title: 'Search',
  template: 'feature',
  priority: 'medium',
  state: 'draft',
  requester: 'ana',
  base: 'main',
  budget: 25_000_000,
  maxParallel: 4,
  autoApprove: false,
  plan: null,
  planVersion: 0,
  feedback: null,
  planner: null,
  contracts: [],
  approvedBy: null,
  approvedAt: null,
  tasks: { total: 0, done: 0, cancelled: 0, failed: 0, moving: 0 },
  cost: 0,
  unpriced: 0,
  managing: notManaged,
  summary: null,
  reason: null,
  createdAt: at(0),
  endedAt: null,
};
const task: Task = {
  run: id,
  installation: 1,
  number: 1,
  title: 'Index',
  why: '',
  description: '',
  acceptance: [],
  size: 'M',
  priority: 'medium',
  role: 'engineer',
  capabilities: [],
  files: [],
  agent: null,
  dependsOn: [],
  unmet: [],
  addedBy: null,
  state: 'todo',
  reason: '',
  attempts: 0,
  suspensions: 0,
  fencing: 0,
  session: null,
  branch: null,
  base: null,
  head: null,
  startHead: null,
  pull: null,
  pullUrl: null,
  reviewHead: null,
  summary: '',
  checksHead: null,
  checks: [],
  ci: noCi,
  agentReview: null,
  approvedHead: null,
  approvedBy: null,
  mergedCommit: null,
  merge: null,
  refused: null,
  context: {},
  budget: null,
  held: null,
  cost: 0,
  unpriced: 0,
  addedAt: at(1),
  readyAt: null,
  endedAt: null,
};
const session: Session = {
  id: sessionId,
  installation: 1,
  run: id,
  task: 1,
  kind: 'work',
  agent: 'eng-a',
  team: 'default',
  role: 'engineer',
  engine: 'command',
  model: null,
  fencing: 1,
  state: 'queued',
  outcome: null,
  reason: null,
  place: 'runner',
  runner: null,
  workflowRun: null,
  launches: 0,
  isolation: null,
  usage: noUsage,
  stuck: null,
  unpriced: 0,
  reserved: 0,
  queuedAt: at(3),
  dispatchedAt: null,
  boundAt: null,
  startedAt: null,
  endedAt: null,
};
const question: Question = {
  run: id,
  installation: 1,
  number: 1,
  task: 1,
  session: sessionId,
  agent: 'eng-a',
  kind: 'question',
  text: '200 or 204?',
  options: [],
  fallback: null,
  deadline: null,
  state: 'open',
  answer: null,
  answeredBy: null,
  askedAt: at(4),
  answeredAt: null,
};
const review: Review = {
  id: 9,
  run: id,
  installation: 1,
  task: 1,
  by: 'ana',
  verdict: 'approve',
  head: sha,
  body: '',
  threads: [],
  agent: false,
  dismissed: false,
  submittedAt: at(5),
};
const message: Message = {
  id: messageId,
  run: id,
  installation: 1,
  from: 'ana',
  to: { kind: 'task', task: 1 },
  text: 'hello',
  sentAt: at(6),
  seenAt: null,
};

test('each kind is created by its event and changed by those that follow', () => {
  const folded = foldRun(
    record([
      { type: 'run_created', run },
      { type: 'task_added', task },
      { type: 'task_moved', task: 1, from: 'todo', to: 'ready', reason: 'nothing to wait for' },
      { type: 'session_queued', session },
      { type: 'session_dispatched', session: sessionId, task: 1, runner, workflow_run: null },
      {
        type: 'usage_recorded',
        session: sessionId,
        task: 1,
        usage: { ...noUsage, cost: 30 },
        delta: 30,
        unpriced: 7,
      },
      { type: 'question_asked', question },
      { type: 'question_answered', question: 1, task: 1, text: '204', by: 'ana' },
      { type: 'review_received', review },
      { type: 'review_dismissed', review: 9, task: 1, by: 'ana', verdict: 'approve' },
      { type: 'message_sent', message },
      { type: 'message_seen', message: messageId },
    ]),
  );
  expect(folded).toEqual({
    run: { ...run, tasks: { ...run.tasks, total: 1, moving: 1 }, cost: 30, unpriced: 7 },
    tasks: [
      {
        ...task,
        state: 'ready',
        reason: 'nothing to wait for',
        readyAt: at(2),
        session: sessionId,
        fencing: 1,
        cost: 30,
        unpriced: 7,
      },
    ],
    sessions: [
      {
        ...session,
        state: 'dispatched',
        runner,
        dispatchedAt: at(4),
        usage: { ...noUsage, cost: 30 },
        unpriced: 7,
      },
    ],
    questions: [{ ...question, state: 'answered', answer: '204', answeredBy: 'ana', answeredAt: at(7) }],
    reviews: [{ ...review, dismissed: true }],
    messages: [{ ...message, seenAt: at(11) }],
    ledger: [
      {
        event: 6,
        installation: 1,
        repository: run.repository,
        run: run.id,
        task: 1,
        session: sessionId,
        agent: 'eng-a',
        model: null,
        team: 'default',
        day: at(5).slice(0, 10),
        tokens: 0,
        cost: 30,
        unpriced: 7,
      },
    ],
  });
});

test('an event changes only what it names', () => {
  const other = { ...task, number: 2 };
  const { tasks } = foldRun(
    record([
      { type: 'run_created', run },
      { type: 'task_added', task },
      { type: 'task_added', task: other },
      { type: 'head_moved', task: 2, head: sha, by: 'ana', unchanged: false },
      { type: 'head_moved', task: 3, head: sha, by: 'ana', unchanged: false },
    ]),
  );
  expect(tasks).toEqual([task, { ...other, head: sha }]);
});

test('no events make no run', () => {
  expect(foldRun([])).toEqual({
    run: null,
    tasks: [],
    sessions: [],
    questions: [],
    reviews: [],
    messages: [],
    ledger: [],
  });
});
