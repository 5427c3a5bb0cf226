/** States → what operations answer with. Agents read these too, so people’s words are cleaned of what nobody sees (TR-4). */
import type { z } from 'zod';
import type {
  FeedbackView,
  PlanView,
  PullView,
  QuestionView,
  RunView,
  SessionView,
  TaskView,
  TimelineEntry,
} from '../catalog/views.ts';
import { actorName } from '../domain/actor.ts';
import { clean, cleanCode, cleanLine } from '../domain/clean.ts';
import type { RecordedEvent } from '../domain/event.ts';
import { taskOf } from '../domain/event.ts';
import type { Question } from '../domain/question.ts';
import { byName, type Review } from '../domain/review.ts';
import type { Condition } from '../domain/activity.ts';
import type { Session } from '../domain/session.ts';
import type { Run } from '../domain/run.ts';
import { ref, type Task } from '../domain/task.ts';
import { describeEvent } from '../domain/describe.ts';
import type { Context } from './handler.ts';
import type { RunWork } from './run-work.ts';

const usd = (micros: number): number => micros / 1_000_000;
const refs = (numbers: readonly number[]): string[] => numbers.map((number) => `t${number}`);

export function runView(run: Run, repository: { owner: string; name: string }): RunView {
  return {
    repository: `${repository.owner}/${repository.name}`,
    run: run.number,
    issue: run.issue,
    title: cleanLine(run.title, 300),
    intent: clean(run.intent),
    state: run.state,
    template: run.template,
    requester: run.requester,
    base: run.base,
    approved_by: run.approvedBy,
    reason: run.reason,
    summary: run.summary,
    tasks: run.tasks,
    plan: planView(run),
    cost_usd: usd(run.cost),
    unpriced_tokens: run.unpriced,
    budget_usd: usd(run.budget),
    created_at: run.createdAt,
    ended_at: run.endedAt,
  };
}

/** What every operation that steers a run answers. */
export function runOutput(
  { repository }: Pick<Context, 'repository'>,
  { run }: Pick<RunWork, 'run'>,
): { output: { run: RunView } } {
  return { output: { run: runView(run, repository ?? { owner: '?', name: '?' }) } };
}

function planView(run: Run): z.infer<typeof PlanView> | null {
  if (run.plan === null) return null;
  const { by, source, note } = run.plan;
  const tasks = run.plan.tasks.map((task, index) => ({
    task: `t${index + 1}`,
    title: task.title,
    why: task.why,
    size: task.size,
    agent: task.agent,
    files: task.files,
    depends_on: refs(task.depends_on),
  }));
  return { version: run.planVersion, by, source, note, tasks };
}

/** `lease`: what its runner said last; null before there is one. */
export function sessionView(
  session: Session,
  lease: { activity: string; condition: Condition } | null,
): SessionView {
  const begun = session.state === 'running' && lease !== null;
  return {
    task: session.task === null ? null : `t${session.task}`,
    kind: session.kind,
    agent: session.agent,
    engine: session.engine,
    condition: begun ? lease.condition : null,
    doing: begun ? cleanLine(doingWords(session, lease), 300) : 'waits for its start',
    since: session.startedAt,
  };
}

function doingWords(
  { stuck }: Session,
  { condition, activity }: { condition: Condition; activity: string },
): string {
  if (stuck !== null) return `stuck since ${stuck.since.slice(11, 16)} UTC: ${stuck.evidence}`;
  if (condition === 'waiting') return 'waiting for an answer';
  return activity === '' ? 'working' : activity;
}

export function taskView(task: Task, run: Run): TaskView {
  return {
    run: run.number,
    task: ref(task),
    title: task.title,
    why: task.why,
    description: task.description,
    state: task.state,
    reason: task.reason,
    size: task.size,
    priority: task.priority,
    role: task.role,
    agent: task.agent,
    capabilities: task.capabilities,
    files: task.files,
    depends_on: refs(task.dependsOn),
    unmet: refs(task.unmet),
    added_by: task.addedBy,
    acceptance: task.acceptance.map((item, index) => ({
      item: index + 1,
      text: item.text,
      evidence: item.evidence,
    })),
    branch: task.branch,
    pull: task.pull,
    head: task.head,
    attempts: task.attempts,
    cost_usd: usd(task.cost),
    unpriced_tokens: task.unpriced,
  };
}

export function pullView(task: Task, run: Run, reviews: readonly Review[]): PullView {
  return {
    task: ref(task),
    state: task.state,
    pull: task.pull,
    url: task.pullUrl,
    branch: task.branch,
    into: run.base,
    head: task.head,
    checks: task.checks.map(({ name, status, conclusion, required }) => ({
      name,
      status,
      conclusion,
      required,
    })),
    reviews: reviews
      .filter((review) => review.task === task.number && !review.dismissed)
      .map(({ by, verdict, head, threads }) => ({
        by,
        verdict,
        head,
        open_threads: threads.filter(({ state }) => state === 'open').length,
      })),
    approved_by: task.approvedBy,
    merged_commit: task.mergedCommit,
  };
}

export function questionView(question: Question, run: Run): QuestionView {
  return {
    run: run.number,
    question: `q${question.number}`,
    task: question.task === null ? null : `t${question.task}`,
    agent: question.agent,
    kind: question.kind,
    text: question.text,
    options: question.options,
    state: question.state,
    answer: question.answer === null ? null : clean(question.answer),
    answered_by: question.answeredBy,
    deadline: question.deadline,
  };
}

export function feedbackView(review: Review): FeedbackView {
  return {
    review: review.id,
    by: byName(review),
    verdict: review.verdict,
    body: clean(review.body),
    threads: review.threads.map(({ id, path, line, code, body, state }) => ({
      thread: id,
      path: cleanLine(path, 4_096),
      line,
      code: cleanCode(code),
      body: clean(body),
      state,
    })),
  };
}

export function timelineEntry(recorded: RecordedEvent): TimelineEntry {
  const task = taskOf(recorded.event);
  return {
    id: recorded.id,
    at: recorded.at,
    type: recorded.event.type,
    task: task === null ? null : `t${task}`,
    actor: actorName(recorded.actor),
    cause: recorded.cause,
    words: describeEvent(recorded.event),
  };
}
