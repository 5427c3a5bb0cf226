/** States to start a spec from: each takes what the spec is about and fills in the rest. */
import { notManaged } from './managing.ts';
import type { Message } from './message.ts';
import { newTask } from './new-task.ts';
import { PlannedTask } from './plan.ts';
import type { Question } from './question.ts';
import type { Review, Thread } from './review.ts';
import type { Run } from './run.ts';
import { noUsage, type Session } from './session.ts';
import type { Check } from './ci.ts';
import type { Task } from './task.ts';

export const runId = '00000000-0000-4000-8000-000000000001';
export const sessionId = '00000000-0000-4000-8000-000000000002';
export const now = '2026-11-21T09:00:00.000Z';
export const later = '2026-11-21T10:00:00.000Z';
/** `sha('a')`: a full commit id. */
export const sha = (digit: string): string => digit.repeat(40);

export const exampleRun = (about: Partial<Run> = {}): Run => ({
  id: runId,
  installation: 1,
  repository: 10,
  number: 12,
  issue: 7,
  intent: 'People miss what happens to them. Show a bell with unread notifications.',
  title: 'Add user notifications',
  priority: 'medium',
  template: 'feature',
  state: 'executing',
  requester: 'ana',
  base: 'main',
  budget: 15_000_000,
  maxParallel: 3,
  autoApprove: false,
  plan: null,
  planVersion: 1,
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
  createdAt: now,
  endedAt: null,
  ...about,
});

export const exampleTask = (about: Partial<Task> = {}): Task => ({
  ...newTask(
    exampleRun(),
    PlannedTask.parse({
      title: 'Build the notification API',
      why: 'The bell needs something to ask.',
      description: 'Add `GET /notifications` next to the other routes.',
    }),
    { number: 2, dependsOn: [], unmet: [], addedBy: null, at: now },
  ),
  ...about,
});

/** A task whose agent has pushed commit b on top of a. */
export const workedTask = (about: Partial<Task> = {}): Task =>
  exampleTask({
    state: 'in_progress',
    session: sessionId,
    fencing: 1,
    branch: 'entourage/12-t2-notification-api',
    base: sha('a'),
    head: sha('b'),
    pull: 33,
    pullUrl: 'https://github.com/acme/shop/pull/33',
    ...about,
  });

export const exampleSession = (about: Partial<Session> = {}): Session => ({
  id: sessionId,
  installation: 1,
  run: runId,
  task: 2,
  kind: 'work',
  agent: 'eng-1',
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
  queuedAt: now,
  dispatchedAt: null,
  boundAt: null,
  startedAt: null,
  endedAt: null,
  ...about,
});

export const exampleQuestion = (about: Partial<Question> = {}): Question => ({
  run: runId,
  installation: 1,
  number: 1,
  task: 2,
  session: sessionId,
  agent: 'eng-1',
  kind: 'question',
  text: 'What should the API return for nothing?',
  options: ['200 with an empty list', '204 No Content'],
  fallback: '200 with an empty list',
  deadline: later,
  state: 'open',
  answer: null,
  answeredBy: null,
  askedAt: now,
  answeredAt: null,
  ...about,
});

export const exampleThread = (about: Partial<Thread> = {}): Thread => ({
  id: 501,
  path: 'src/api.ts',
  line: 12,
  side: 'RIGHT',
  code: '@@ -10,2 +10,3 @@\n+  return all;',
  body: 'Please page this.',
  state: 'open',
  commit: null,
  why: null,
  ...about,
});

export const exampleReview = (about: Partial<Review> = {}): Review => ({
  id: 900,
  run: runId,
  installation: 1,
  task: 2,
  by: 'ana',
  agent: false,
  verdict: 'approve',
  head: sha('b'),
  body: '',
  threads: [],
  dismissed: false,
  submittedAt: now,
  ...about,
});

export const exampleCheck = (about: Partial<Check> = {}): Check => ({
  name: 'test',
  status: 'completed',
  conclusion: 'success',
  required: false,
  url: null,
  summary: '',
  ...about,
});

export const exampleMessage = (about: Partial<Message> = {}): Message => ({
  id: '00000000-0000-4000-8000-000000000003',
  run: runId,
  installation: 1,
  from: '@ana',
  to: { kind: 'task', task: 2 },
  text: 'Use the existing pager.',
  sentAt: now,
  seenAt: null,
  ...about,
});
