/** Every event there is, past tense. Events are the record of truth: folding them gives the rows. */
import { z } from 'zod';
import { WakeReason } from './managing.ts';
import { AgentVerdict, Remark } from './agent-review.ts';
import { ContractName } from './contract.ts';
import { Message } from './message.ts';
import { Plan } from './plan.ts';
import { Question } from './question.ts';
import { Review } from './review.ts';
import { Run } from './run.ts';
import { Outcome, Session, SessionKind, SessionPlace, Usage, WorkflowRun } from './session.ts';
import { Check } from './ci.ts';
import { Merging } from './merge.ts';
import { Task, TaskChanges, TaskState } from './task.ts';
import { Instant, Micros, SessionId, Sha } from './words.ts';
import { Actor } from './actor.ts';

const task = z.int().positive();
const maybeTask = z.int().positive().nullable();

export const Event = z.discriminatedUnion('type', [
  // The run
  z.strictObject({ type: z.literal('run_created'), run: Run }),
  z.strictObject({ type: z.literal('planning_started') }),
  /** A model API is asked for the plan of that version; `why`: why no manager makes it. */
  z.strictObject({
    type: z.literal('planner_asked'),
    version: z.int().positive(),
    model: z.string(),
    why: z.string(),
  }),
  z.strictObject({ type: z.literal('plan_proposed'), version: z.int(), plan: Plan }),
  z.strictObject({ type: z.literal('plan_revision_requested'), feedback: z.string(), by: z.string() }),
  z.strictObject({ type: z.literal('run_approved'), version: z.int(), by: z.string() }),
  /** `reason`: why Entourage paused it itself; null when a person did. */
  z.strictObject({ type: z.literal('run_paused'), reason: z.string().nullable() }),
  z.strictObject({ type: z.literal('run_resumed') }),
  z.strictObject({ type: z.literal('run_reopened') }),
  z.strictObject({ type: z.literal('run_cancelled'), reason: z.string() }),
  z.strictObject({ type: z.literal('run_failed'), reason: z.string() }),
  z.strictObject({ type: z.literal('run_done') }),
  // The manager, while the run goes on and at its end
  z.strictObject({ type: z.literal('manager_wanted'), reason: WakeReason }),
  z.strictObject({ type: z.literal('manager_given_up'), reason: z.string() }),
  z.strictObject({ type: z.literal('manager_retried'), task, by: z.string() }),
  z.strictObject({ type: z.literal('run_summarized'), text: z.string(), by: z.string() }),
  z.strictObject({
    type: z.literal('contract_set'),
    contract: ContractName,
    text: z.string(),
    tasks: z.array(z.int().positive()),
    by: z.string(),
  }),
  z.strictObject({ type: z.literal('contract_locked'), contract: ContractName, by: z.string() }),
  // Tasks
  z.strictObject({ type: z.literal('task_added'), task: Task }),
  z.strictObject({ type: z.literal('task_moved'), task, from: TaskState, to: TaskState, reason: z.string() }),
  z.strictObject({ type: z.literal('dependency_met'), task, dependency: task }),
  /** `met`: it was done already when the edge was made. */
  z.strictObject({
    type: z.literal('task_linked'),
    task,
    dependency: task,
    met: z.boolean(),
    by: z.string(),
  }),
  z.strictObject({ type: z.literal('task_unlinked'), task, dependency: task, by: z.string() }),
  z.strictObject({ type: z.literal('task_changed'), task, changes: TaskChanges, by: z.string() }),
  z.strictObject({ type: z.literal('branch_created'), task, branch: z.string(), base: Sha, head: Sha }),
  z.strictObject({ type: z.literal('pull_request_opened'), task, number: z.int(), url: z.string() }),
  /** `unchanged`: against its base it changes what the approved head changed, no more and no less. */
  z.strictObject({
    type: z.literal('head_moved'),
    task,
    head: Sha,
    by: z.string(),
    unchanged: z.boolean(),
  }),
  z.strictObject({ type: z.literal('push_refused'), task, bundle: z.string(), reason: z.string() }),
  z.strictObject({ type: z.literal('acceptance_ticked'), task, item: z.int(), evidence: z.string() }),
  z.strictObject({ type: z.literal('review_requested'), task, head: Sha, summary: z.string() }),
  z.strictObject({ type: z.literal('checks_reported'), task, head: Sha, checks: z.array(Check) }),
  z.strictObject({ type: z.literal('context_saved'), task, key: z.string(), value: z.string() }),
  z.strictObject({ type: z.literal('merge_started'), task, head: Sha }),
  z.strictObject({ type: z.literal('merge_moved'), task, merge: Merging }),
  z.strictObject({ type: z.literal('task_blocked'), task, reason: z.string() }),
  z.strictObject({ type: z.literal('task_taken_over'), task, by: z.string() }),
  z.strictObject({
    type: z.literal('ci_failed'),
    task,
    head: Sha,
    where: z.enum(['branch', 'merge_group']),
    checks: z.array(Check),
    reason: z.string(),
  }),
  z.strictObject({ type: z.literal('checks_absent'), task, head: Sha, why: z.string() }),
  z.strictObject({
    type: z.literal('pull_request_merged'),
    task,
    commit: z.string().nullable(),
    by: z.string(),
  }),
  // Sessions
  z.strictObject({ type: z.literal('session_queued'), session: Session }),
  z.strictObject({
    type: z.literal('session_dispatched'),
    session: SessionId,
    task: maybeTask,
    runner: z.uuid().nullable(),
    workflow_run: WorkflowRun.nullable(),
  }),
  z.strictObject({
    type: z.literal('session_bound'),
    session: SessionId,
    task: maybeTask,
    workflow_run: WorkflowRun,
  }),
  z.strictObject({
    type: z.literal('session_requeued'),
    session: SessionId,
    task: maybeTask,
    place: SessionPlace,
    reason: z.string(),
  }),
  z.strictObject({
    type: z.literal('session_started'),
    session: SessionId,
    task: maybeTask,
    isolation: z.enum(['container', 'user', 'none']),
  }),
  /** Silent for longer than policy allows; `evidence` says what was looked at. */
  z.strictObject({
    type: z.literal('session_got_stuck'),
    session: SessionId,
    task: maybeTask,
    evidence: z.string(),
  }),
  z.strictObject({ type: z.literal('session_recovered'), session: SessionId, task: maybeTask }),
  z.strictObject({
    type: z.literal('usage_recorded'),
    session: SessionId,
    task: maybeTask,
    usage: Usage,
    /** What the cost grew by. */
    delta: z.int().nonnegative(),
    /** What the tokens of unknown price grew by; less than 0 when their price became known. */
    unpriced: z.int(),
  }),
  /** A model API was asked for a plan, and this is what it took. */
  z.strictObject({
    type: z.literal('planning_paid'),
    model: z.string(),
    team: z.string(),
    usage: Usage,
    delta: z.int().nonnegative(),
    unpriced: z.int().nonnegative(),
  }),
  // Money
  z.strictObject({
    type: z.literal('budget_set'),
    /** Null: the run's. */
    task: maybeTask,
    budget: Micros,
    by: z.string(),
  }),
  /** Why a ready task is not dispatched, where that is money; null when nothing holds it any more. */
  z.strictObject({ type: z.literal('task_held'), task, reason: z.string().nullable() }),
  z.strictObject({
    type: z.literal('session_ended'),
    session: SessionId,
    task: maybeTask,
    kind: SessionKind,
    outcome: Outcome,
    reason: z.string(),
    /** Somebody cancelled its workflow run by hand: nothing starts again without a person. */
    cancelled: z.boolean(),
    /** Its workflow run may still wait or run, and nobody needs it any more. */
    leftover: z.boolean(),
  }),
  // Questions
  z.strictObject({ type: z.literal('question_asked'), question: Question }),
  z.strictObject({
    type: z.literal('question_answered'),
    question: z.int(),
    task: maybeTask,
    text: z.string(),
    by: z.string(),
  }),
  z.strictObject({
    type: z.literal('question_expired'),
    question: z.int(),
    task: maybeTask,
    fallback: z.string().nullable(),
  }),
  z.strictObject({ type: z.literal('question_withdrawn'), question: z.int(), task: maybeTask }),
  // Reviews
  z.strictObject({ type: z.literal('review_received'), review: Review }),
  z.strictObject({
    type: z.literal('review_dismissed'),
    review: z.int(),
    task,
    by: z.string(),
    verdict: z.enum(['approve', 'request_changes', 'comment']),
  }),
  z.strictObject({
    type: z.literal('thread_answered'),
    review: z.int(),
    task,
    thread: z.int(),
    outcome: z.enum(['fixed', 'kept']),
    commit: z.string().nullable(),
    why: z.string(),
  }),
  // The reviewer agent's review
  z.strictObject({ type: z.literal('agent_review_opened'), task, head: Sha, agent: z.string() }),
  z.strictObject({
    type: z.literal('agent_review_closed'),
    task,
    head: Sha,
    agent: z.string(),
    reason: z.string(),
  }),
  z.strictObject({ type: z.literal('remark_added'), task, session: SessionId, remark: Remark }),
  z.strictObject({
    type: z.literal('verdict_given'),
    task,
    session: SessionId,
    head: Sha,
    verdict: AgentVerdict,
    summary: z.string(),
  }),
  // Messages
  z.strictObject({ type: z.literal('message_sent'), message: Message }),
  z.strictObject({ type: z.literal('message_seen'), message: z.uuid() }),
]);
export type Event = z.infer<typeof Event>;
export type EventType = Event['type'];
export type EventOf<T extends EventType> = Extract<Event, { type: T }>;

/** An event as the record keeps it. `cause` names what led to it: `delivery:…`, `job:…`, `call:…`, `event:…`. */
export const RecordedEvent = z.strictObject({
  id: z.string(),
  event: Event,
  actor: Actor,
  cause: z.string(),
  at: Instant,
});
export type RecordedEvent = z.infer<typeof RecordedEvent>;

/** The task an event is about, or null when it is about the run as a whole. */
export function taskOf(event: Event): number | null {
  if (!('task' in event)) {
    if (event.type === 'session_queued') return event.session.task;
    if (event.type === 'question_asked') return event.question.task;
    if (event.type === 'review_received') return event.review.task;
    return null;
  }
  return typeof event.task === 'object' && event.task !== null ? event.task.number : event.task;
}
