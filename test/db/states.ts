/** Arbitrary states of all six kinds, with texts that hurt: quotes, backslashes, braces, line breaks, other scripts. */
import fc from 'fast-check';
import { notManaged, type WakeReason } from '../../app/domain/managing.ts';
import { AgentReview, AgentVerdict, Remark } from '../../app/domain/agent-review.ts';
import { Message } from '../../app/domain/message.ts';
import { Plan } from '../../app/domain/plan.ts';
import { Question, QuestionState } from '../../app/domain/question.ts';
import { Review, Thread, Verdict } from '../../app/domain/review.ts';
import { Run, RunState } from '../../app/domain/run.ts';
import { Outcome, Session, SessionKind, SessionPlace, SessionState } from '../../app/domain/session.ts';
import { Check } from '../../app/domain/ci.ts';
import { dequeueReasons, MergeStep, MergeWay } from '../../app/domain/merge.ts';
import { Task, TaskState } from '../../app/domain/task.ts';
import { Priority, Role, Size, Template } from '../../app/domain/words.ts';

const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(arbitrary, { nil: null });
const one = <T extends string>(words: { options: T[] }): fc.Arbitrary<T> => fc.constantFrom(...words.options);

/** Postgres keeps no NUL, and an unpaired surrogate is no text. */
const text = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom(
    '',
    'null',
    '{}',
    '[]',
    '{"a":1}',
    '"',
    "'",
    '\\',
    '{1,2}',
    'a,b',
    'NULL',
    '\n\t',
    '$1',
    'é🎉',
  ),
);
const line = fc.stringMatching(/^[a-z][a-z ]{0,20}[a-z]$/);
const instant = fc
  .date({ min: new Date('2000-01-01'), max: new Date('2100-01-01'), noInvalidDate: true })
  .map((date) => date.toISOString());
const uuid = fc.uuid({ version: 4 });
const sha = fc.stringMatching(/^[0-9a-f]{40}$/);
const login = fc.stringMatching(/^[a-z][a-z0-9]{0,20}$/);
const count = fc.nat({ max: 2 ** 31 - 1 });
const number = fc.integer({ min: 1, max: 2 ** 31 - 1 });
const used = fc.nat({ max: 1e12 });
const big = fc.nat({ max: Number.MAX_SAFE_INTEGER });

const plan = fc.record({
  tasks: fc.array(
    fc.record({ title: line, why: line, depends_on: fc.array(fc.integer({ min: 1, max: 5 })) }),
    {
      minLength: 1,
      maxLength: 3,
    },
  ),
  by: fc.constantFrom('manager', 'model', 'template', 'dispatch'),
  source: text,
  note: text,
});

const reason: fc.Arbitrary<WakeReason> = fc.oneof(
  fc.record({ kind: fc.constant('task_failed' as const), task: number }),
  fc.record({ kind: fc.constant('message' as const), message: fc.uuid(), from: text, person: fc.boolean() }),
  fc.record({ kind: fc.constant('answer' as const), question: number }),
  fc.record({
    kind: fc.constant('run_ended' as const),
    state: fc.constantFrom('done' as const, 'failed' as const),
  }),
);
const managing = fc.record({
  reasons: fc.array(reason),
  taken: fc.array(reason),
  session: maybe(fc.uuid()),
  sessions: count,
  attempts: count,
  gaveUp: maybe(text),
  retried: fc.array(number),
});

export const run = fc
  .record({
    id: uuid,
    installation: fc.constant(1),
    repository: fc.constant(10),
    number,
    issue: number,
    intent: text,
    title: text,
    template: one(Template),
    priority: one(Priority),
    state: one(RunState),
    requester: login,
    base: text,
    budget: big,
    maxParallel: number,
    autoApprove: fc.boolean(),
    plan: maybe(plan.map((value) => Plan.parse(value))),
    planVersion: count,
    feedback: maybe(text),
    planner: maybe(fc.record({ version: number, model: text, why: text, at: instant })),
    contracts: fc.array(
      fc.record({
        name: line.map((value) => value.replaceAll(' ', '-')),
        text,
        tasks: fc.array(number),
        version: number,
        by: text,
        locked: fc.boolean(),
      }),
      { maxLength: 3 },
    ),
    approvedBy: maybe(login),
    approvedAt: maybe(instant),
    tasks: fc.record({ total: count, done: count, cancelled: count, failed: count, moving: count }),
    cost: big,
    unpriced: big,
    managing,
    summary: maybe(text),
    reason: maybe(text),
    createdAt: instant,
    endedAt: maybe(instant),
  })
  .map((value) => Run.parse(value));

const agentReview = fc.record({
  head: sha,
  agent: text,
  state: one(AgentReview.shape.state),
  round: count,
  session: maybe(uuid),
  failures: count,
  remarks: fc.array(
    fc.record({
      path: text,
      line: number,
      side: one(Remark.shape.side),
      body: text,
      suggestion: maybe(text),
    }),
  ),
  verdict: maybe(one(AgentVerdict)),
  summary: text,
  givenAt: maybe(instant),
  posted: fc.boolean(),
  reason: text,
});

const check = fc.record({
  name: text,
  status: one(Check.shape.status),
  conclusion: maybe(text),
  required: fc.boolean(),
  url: maybe(text),
  summary: text,
});

export const taskOf = (runId: string): fc.Arbitrary<Task> =>
  fc
    .record({
      run: fc.constant(runId),
      installation: fc.constant(1),
      number,
      title: text,
      why: text,
      description: text,
      acceptance: fc.array(fc.record({ text, evidence: maybe(text) })),
      size: one(Size),
      priority: one(Priority),
      role: one(Role),
      capabilities: fc.array(text),
      files: fc.array(text),
      agent: maybe(text),
      dependsOn: fc.array(count),
      unmet: fc.array(count),
      addedBy: maybe(text),
      state: one(TaskState),
      reason: text,
      attempts: count,
      suspensions: count,
      fencing: count,
      session: maybe(uuid),
      branch: maybe(text),
      base: maybe(sha),
      head: maybe(sha),
      startHead: maybe(sha),
      pull: maybe(number),
      pullUrl: maybe(text),
      reviewHead: maybe(sha),
      summary: text,
      checksHead: maybe(sha),
      checks: fc.array(check),
      ci: fc.record({ failures: count, head: maybe(sha), checks: fc.array(check), absent: maybe(text) }),
      agentReview: maybe(agentReview),
      approvedHead: maybe(sha),
      approvedBy: maybe(text),
      mergedCommit: maybe(text),
      refused: maybe(fc.record({ bundle: text, reason: text })),
      merge: maybe(
        fc.record({
          since: instant,
          step: one(MergeStep),
          way: maybe(one(MergeWay)),
          note: text,
          expects: fc.array(text),
          group: maybe(sha),
          left: maybe(fc.constantFrom(...dequeueReasons)),
          timeouts: count,
        }),
      ),
      context: fc.dictionary(line, text),
      budget: maybe(big),
      held: maybe(text),
      cost: big,
      unpriced: big,
      addedAt: instant,
      readyAt: maybe(instant),
      endedAt: maybe(instant),
    })
    .map((value) => Task.parse(value));

export const sessionOf = (runId: string): fc.Arbitrary<Session> =>
  fc
    .record({
      id: uuid,
      installation: fc.constant(1),
      run: fc.constant(runId),
      task: maybe(number),
      kind: one(SessionKind),
      agent: text,
      team: text,
      role: one(Role),
      engine: text,
      model: maybe(text),
      fencing: number,
      state: one(SessionState),
      outcome: maybe(one(Outcome)),
      reason: maybe(text),
      place: one(SessionPlace),
      runner: maybe(uuid),
      workflowRun: maybe(fc.record({ id: number, attempt: number, url: text })),
      launches: count,
      isolation: maybe(fc.constantFrom('container', 'user', 'none')),
      usage: fc.record({ input_tokens: used, cached_tokens: used, output_tokens: used, cost: maybe(used) }),
      stuck: maybe(fc.record({ since: instant, evidence: text })),
      unpriced: big,
      reserved: big,
      queuedAt: instant,
      dispatchedAt: maybe(instant),
      boundAt: maybe(instant),
      startedAt: maybe(instant),
      endedAt: maybe(instant),
    })
    .map((value) => Session.parse(value));

export const questionOf = (runId: string): fc.Arbitrary<Question> =>
  fc
    .record({
      run: fc.constant(runId),
      installation: fc.constant(1),
      number,
      task: maybe(number),
      session: uuid,
      agent: text,
      kind: one(Question.shape.kind),
      text,
      options: fc.array(text),
      fallback: maybe(text),
      deadline: maybe(instant),
      state: one(QuestionState),
      answer: maybe(text),
      answeredBy: maybe(text),
      askedAt: instant,
      answeredAt: maybe(instant),
    })
    .map((value) => Question.parse(value));

const thread = fc.record({
  id: big,
  path: text,
  line: maybe(number),
  side: maybe(fc.constantFrom('LEFT', 'RIGHT')),
  code: text,
  body: text,
  state: one(Thread.shape.state),
  commit: maybe(text),
  why: maybe(text),
});

export const reviewOf = (runId: string): fc.Arbitrary<Review> =>
  fc
    .record({
      id: big,
      run: fc.constant(runId),
      installation: fc.constant(1),
      task: number,
      by: text,
      agent: fc.boolean(),
      verdict: one(Verdict),
      head: sha,
      body: text,
      threads: fc.array(thread, { maxLength: 3 }),
      dismissed: fc.boolean(),
      submittedAt: instant,
    })
    .map((value) => Review.parse(value));

export const messageOf = (runId: string): fc.Arbitrary<Message> =>
  fc
    .record({
      id: uuid,
      run: fc.constant(runId),
      installation: fc.constant(1),
      from: text,
      to: fc.oneof(
        fc.record({ kind: fc.constant('task' as const), task: number }),
        fc.record({ kind: fc.constant('agent' as const), agent: text }),
      ),
      text,
      sentAt: instant,
      seenAt: maybe(instant),
    })
    .map((value) => Message.parse(value));

const sampleId = '00000000-0000-4000-8000-000000000001';
/** One fixed run, for tests that need some run. */
export const sampleRun: Run = {
  id: sampleId,
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
  createdAt: '2026-11-21T10:00:00.000Z',
  endedAt: null,
};
