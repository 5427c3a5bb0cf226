/** Domain states for the render tests: one run that is a little of everything. */
import { notManaged } from '../../../domain/managing.ts';
import { newTask } from '../../../domain/new-task.ts';
import { PlannedTask, type Plan } from '../../../domain/plan.ts';
import type { Question } from '../../../domain/question.ts';
import type { Run } from '../../../domain/run.ts';
import { noUsage, type Session } from '../../../domain/session.ts';
import type { Task } from '../../../domain/task.ts';
import type { Card } from '../card.ts';

const id = '00000000-0000-4000-8000-000000000012';
const at = '2026-11-21T09:12:33.000Z';
export const base = 'a'.repeat(40);
export const head = 'b'.repeat(40);

export const run = (changes: Partial<Run> = {}): Run => ({
  id,
  installation: 1,
  repository: 2,
  number: 12,
  issue: 7,
  intent: 'Users want to know what happened.',
  title: 'Add user notifications',
  template: 'feature',
  priority: 'medium',
  state: 'executing',
  requester: 'ana',
  base: 'main',
  budget: 15_000_000,
  maxParallel: 3,
  autoApprove: false,
  plan,
  planVersion: 2,
  feedback: null,
  planner: null,
  contracts: [],
  approvedBy: 'ana',
  approvedAt: at,
  tasks: { total: 4, done: 1, cancelled: 0, failed: 0, moving: 2 },
  cost: 3_100_000,
  unpriced: 0,
  managing: notManaged,
  summary: null,
  reason: null,
  createdAt: '2026-11-21T09:00:00.000Z',
  endedAt: null,
  ...changes,
});

export const planned = (changes: Partial<PlannedTask> = {}): PlannedTask => ({
  title: 'Create the notifications table',
  why: 'Everything else stores into it.',
  description: '',
  acceptance: [],
  size: 'S',
  priority: 'medium',
  role: 'engineer',
  capabilities: [],
  files: ['db/migrations/**'],
  agent: null,
  depends_on: [],
  ...changes,
});

export const plan: Plan = {
  tasks: [
    planned(),
    planned({
      title: 'Build the notification API',
      why: 'The bell reads it.',
      size: 'L',
      files: ['api/**', 'db/tables.ts'],
      depends_on: [1],
    }),
    planned({
      title: 'Bell in the navbar',
      why: 'People look there first.',
      size: 'M',
      files: ['web/**', 'db/tables.ts'],
      depends_on: [1],
    }),
    planned({ title: 'Integration tests', why: '', size: 'M', files: [], depends_on: [2, 3] }),
  ],
  by: 'manager',
  source: 'manager',
  note: '',
};

export const task = (changes: Partial<Task> = {}): Task => ({
  ...newTask(
    run(),
    PlannedTask.parse({
      title: 'Create the notifications table',
      why: 'Everything else stores into it.',
      size: 'S',
    }),
    { number: 1, dependsOn: [], unmet: [], addedBy: null, at: at },
  ),
  ...changes,
});

export const session = (changes: Partial<Session> = {}): Session => ({
  id: '00000000-0000-4000-8000-000000000099',
  installation: 1,
  run: id,
  task: 1,
  kind: 'work',
  agent: 'eng-backend',
  team: 'platform',
  role: 'engineer',
  engine: 'claude-code',
  model: null,
  fencing: 1,
  state: 'ended',
  outcome: 'completed',
  reason: '',
  place: 'runner',
  runner: null,
  workflowRun: null,
  launches: 0,
  isolation: null,
  usage: noUsage,
  stuck: null,
  unpriced: 0,
  reserved: 0,
  queuedAt: at,
  dispatchedAt: null,
  boundAt: null,
  startedAt: at,
  endedAt: at,
  ...changes,
});

export const question = (changes: Partial<Question> = {}): Question => ({
  run: id,
  installation: 1,
  number: 1,
  task: 3,
  session: '00000000-0000-4000-8000-000000000099',
  agent: 'eng-frontend',
  kind: 'question',
  text: 'The API returns 500 for empty arrays. What should it return?',
  options: ['200 with an empty list', '204 No Content'],
  fallback: '200 with an empty list',
  deadline: '2026-11-21T14:00:00.000Z',
  state: 'open',
  answer: null,
  answeredBy: null,
  askedAt: at,
  answeredAt: null,
  ...changes,
});

export const check = {
  name: 'test',
  status: 'completed',
  conclusion: 'success',
  required: true,
  url: null,
  summary: '',
} as const;

export const tasks: readonly Task[] = [
  task({ state: 'done', pull: 31, cost: 420_000, branch: 'entourage/12-t1', head }),
  task({
    number: 2,
    title: 'Build the notification API',
    why: 'The bell reads it.',
    description: 'Routes under `/api/notifications`.\n\nAsk @everyone about #1.',
    acceptance: [
      { text: 'GET lists the newest first', evidence: 'api.test.ts “newest first”' },
      { text: 'Empty list is 200', evidence: null },
    ],
    dependsOn: [1],
    state: 'in_review',
    pull: 33,
    cost: 1_100_000,
    unpriced: 0,
    base,
    head,
    reviewHead: head,
    checksHead: head,
    checks: [check],
    summary: 'Added the routes and their tests.',
  }),
  task({
    number: 3,
    title: 'Bell in the navbar',
    dependsOn: [1],
    state: 'waiting',
    pull: 34,
    cost: 610_000,
    unpriced: 0,
    base,
    head: base,
  }),
  task({ number: 4, title: 'Integration tests', dependsOn: [2, 3], unmet: [2, 3] }),
];

export const card = (changes: Partial<Card> = {}): Card => ({
  run: run(),
  tasks,
  sessions: [
    session({ kind: 'plan', task: null, agent: 'manager', role: 'manager' }),
    session(),
    session({ task: 2 }),
    session({ task: 3, agent: 'eng-frontend' }),
  ],
  questions: [question()],
  missingReviewer: null,
  happened: [
    { at, words: '@ana approved plan version 2' },
    { at: '2026-11-21T09:40:00.000Z', words: 't1 merging → done: merged by Entourage' },
    {
      at: '2026-11-21T09:41:10.000Z',
      words: 'q1 asked by eng-frontend: The API returns 500 for empty arrays. What should it return?',
    },
  ],
  history: {},
  policyProblem: null,
  ...changes,
});

/** A plan that waits, before anything was made of it. */
export const waitingCard = (changes: Partial<Run> = {}): Card =>
  card({
    run: run({
      state: 'awaiting_approval',
      approvedBy: null,
      approvedAt: null,
      cost: 0,
      unpriced: 0,
      tasks: { total: 0, done: 0, cancelled: 0, failed: 0, moving: 0 },
      ...changes,
    }),
    tasks: [],
    questions: [],
    happened: [{ at, words: 'plan version 2 proposed: 4 tasks by manager' }],
  });
