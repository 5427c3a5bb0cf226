/** What follows from an event within its own transaction: dependents become ready, sessions stop, runs end. */
import { decided, type Decision } from '../domain/decision.ts';
import { decide as decideQuestion } from '../domain/question-rules.ts';
import type { Event, EventOf } from '../domain/event.ts';
import type { Question } from '../domain/question.ts';
import { isRejection, type Rejection } from '../domain/rejection.ts';
import { wakes, type ManageRules, type Surroundings } from '../domain/manage-rules.ts';
import { decide as decideRun } from '../domain/run-rules.ts';
import { decide as decideSession } from '../domain/session-rules.ts';
import type { Outcome } from '../domain/session.ts';
import { decide as decideTask } from '../domain/task-rules.ts';
import { ref, terminal, type Task, type TaskState } from '../domain/task.ts';
import { plannedTasks } from './planned-tasks.ts';
import { afterAnswer, afterRed } from './reactions.ts';
import { afterReviewSession, stopReview } from './review-sessions.ts';
import { fold, type RunWork } from './run-work.ts';

/** What follows depends on the repository's policy: attempts that fail a task, and who merges. */
export type Rules = ManageRules & {
  readonly limits: { readonly attempts: number };
  readonly merge: { readonly by: string };
  readonly review: { readonly people: number; readonly requesters_approval_counts: boolean };
  readonly reactions: {
    readonly ci_failed: { readonly retry: number; readonly then: 'escalate' | 'pause' | 'fail' };
  };
};

/** Folds decided events and everything that follows from them. A rejection is handed back, nothing is folded. */
export function apply(work: RunWork, decision: Decision, rules: Rules): Rejection | null {
  if (isRejection(decision)) return decision;
  const open = [...decision];
  for (let event = open.shift(); event !== undefined; event = open.shift()) {
    fold(work, event);
    // Depth first: what follows from an event is folded before the next one is looked at, so decisions are never stale.
    open.unshift(...consequences(work, event, rules), ...wakes(work.run, event, around(work, event, rules)));
    if (open.length === 0) open.push(...decided(decideRun(work.run, { type: 'settle_run' })));
  }
  return null;
}

/** What decides whether an event wakes the manager. */
function around(work: RunWork, event: Event, rules: Rules): Surroundings {
  const question =
    event.type === 'question_answered' || event.type === 'question_expired'
      ? (work.questions.get(event.question) ?? null)
      : null;
  const byHand =
    event.type === 'task_moved' &&
    work.events.some(
      (other) => other.type === 'session_ended' && other.task === event.task && other.cancelled,
    );
  return { rules, byHand, question };
}

/** A consequence that the state does not allow any more is no error: it simply does not follow. */
function consequences(work: RunWork, event: Event, rules: Rules): Event[] {
  switch (event.type) {
    case 'run_approved':
      return plannedTasks(work).map((task): Event => ({ type: 'task_added', task }));
    case 'task_added':
      return event.task.unmet.length === 0
        ? decided(
            decideTask(event.task, {
              type: 'ready_task',
              reason:
                event.task.addedBy === null ? 'the plan was approved' : `added by ${event.task.addedBy}`,
            }),
          )
        : [];
    case 'head_moved':
      return event.unchanged
        ? []
        : onTask(work, event.task, (task) => stopReview(work, task, 'there are new commits'));
    case 'run_cancelled':
      return [
        ...cancelTasks(work, event.reason),
        ...endRunSessions(work, 'the run was cancelled'),
        ...withdrawQuestions(work, (question) => question.task === null && !isLive(work, question.session)),
      ];
    case 'plan_revision_requested':
      return endRunSessions(work, 'the plan is made again');
    case 'budget_set':
    case 'run_resumed':
    case 'run_reopened':
      work.dispatchable = true;
      return [];
    case 'task_moved':
      return afterMove(work, event, rules);
    case 'session_ended':
      return afterSession(work, event, rules);
    case 'question_answered':
      return onTask(work, event.task, (task) => afterAnswer(work, task, event));
    case 'ci_failed':
      return onTask(work, event.task, (task) => afterRed(work, task, { event, rules }));
    case 'question_expired':
      return onTask(work, event.task, (task) =>
        decided(decideTask(task, { type: 'continue_after_answer', answer: event.fallback })),
      );
    case 'question_asked':
      return onTask(work, event.question.task, (task) =>
        decided(decideTask(task, { type: 'wait_for_answer', question: event.question.number })),
      );
    case 'review_dismissed':
      return event.verdict === 'approve'
        ? onTask(work, event.task, (task) =>
            decided(decideTask(task, { type: 'dismiss_approval', by: event.by })),
          )
        : [];
    default:
      return [];
  }
}

function onTask(work: RunWork, number: number | null, then: (task: Task) => Event[]): Event[] {
  const task = number === null ? undefined : work.tasks.get(number);
  return task === undefined ? [] : then(task);
}

/** One person's approval is enough, theirs counts, and it was not taken back: it holds for the same change on a newer base. */
function approvalStands(work: RunWork, task: Task, rules: Rules): boolean {
  const { people, requesters_approval_counts: requesters } = rules.review;
  return (
    people === 1 &&
    [...work.reviews.values()].some(
      (review) =>
        review.task === task.number &&
        review.verdict === 'approve' &&
        !review.dismissed &&
        review.by === task.approvedBy &&
        (requesters || review.by !== work.run.requester),
    )
  );
}

const stops: readonly TaskState[] = ['done', 'cancelled', 'failed'];

function afterMove(work: RunWork, event: EventOf<'task_moved'>, rules: Rules): Event[] {
  const task = work.tasks.get(event.task);
  if (task === undefined) return [];
  return [
    ...(event.from === 'in_review'
      ? stopReview(work, task, `${ref(task)} left review: ${event.reason}`)
      : []),
    ...next(work, task, { event, rules }),
  ];
}

function next(
  work: RunWork,
  task: Task,
  { event, rules }: { event: EventOf<'task_moved'>; rules: Rules },
): Event[] {
  if (event.to === 'ready') {
    work.dispatchable = true;
    return work.run.state === 'failed' ? decided(decideRun(work.run, { type: 'reopen_run' })) : [];
  }
  // `merge.by: person`: it stays approved until somebody merges it by hand.
  if (event.to === 'approved' && event.from === 'in_review' && rules.merge.by !== 'person')
    return decided(decideTask(task, { type: 'start_merge' }));
  if (event.to === 'in_review')
    return approvalStands(work, task, rules) ? decided(decideTask(task, { type: 'keep_approval' })) : [];
  // Entourage asked, and the answer is no news any more.
  if (event.from === 'waiting' && event.to === 'in_progress')
    return withdrawQuestions(work, (question) => question.task === task.number && question.session === null);
  if (!stops.includes(event.to)) return [];
  // A place among `max_parallel` and reviews may be free now.
  work.dispatchable = true;
  return [
    ...(event.to === 'done' ? meetDependents(work, task.number) : []),
    ...endTaskSession(work, task, event.reason),
    ...withdrawQuestions(work, (question) => question.task === task.number),
  ];
}

function meetDependents(work: RunWork, done: number): Event[] {
  return [...work.tasks.values()]
    .filter((task) => task.unmet.includes(done))
    .flatMap((task) => decided(decideTask(task, { type: 'meet_dependency', dependency: done })));
}

function endTaskSession(work: RunWork, task: Task, reason: string): Event[] {
  const session = task.session === null ? undefined : work.sessions.get(task.session);
  const outcome: Outcome = task.state === 'done' ? 'completed' : 'stopped';
  return session === undefined
    ? []
    : decided(decideSession(session, { type: 'end_session', outcome, reason }));
}

function endRunSessions(work: RunWork, reason: string): Event[] {
  return [...work.sessions.values()]
    .filter((session) => session.task === null && session.state !== 'ended')
    .flatMap((session) =>
      decided(decideSession(session, { type: 'end_session', outcome: 'stopped', reason })),
    );
}

const isLive = ({ sessions }: RunWork, session: string | null): boolean =>
  session !== null && (sessions.get(session)?.state ?? 'ended') !== 'ended';

function withdrawQuestions(work: RunWork, which: (question: Question) => boolean): Event[] {
  return [...work.questions.values()]
    .filter((question) => question.state === 'open' && which(question))
    .flatMap((question) => decided(decideQuestion(question, { type: 'withdraw_question' })));
}

function cancelTasks(work: RunWork, reason: string): Event[] {
  return [...work.tasks.values()]
    .filter((task) => !terminal(task))
    .flatMap((task) => decided(decideTask(task, { type: 'cancel_task', reason })));
}

function afterSession(work: RunWork, event: EventOf<'session_ended'>, rules: Rules): Event[] {
  work.dispatchable = true;
  // Nobody is left to hear the answer of a session that is over; another one goes on with it after a suspension, and
  // after the runner died: a person is not asked twice.
  const withdrawn =
    (event.outcome === 'suspended' || event.outcome === 'lost') && !event.cancelled
      ? []
      : withdrawQuestions(work, (question) => question.session === event.session);
  if (event.kind === 'review') return [...withdrawn, ...afterReviewSession(work, event)];
  if (event.kind !== 'work') return withdrawn;
  const task = event.task === null ? undefined : work.tasks.get(event.task);
  if (task === undefined || task.session !== null) return withdrawn;
  return [
    ...decided(
      decideTask(task, {
        type: 'end_work',
        outcome: event.outcome,
        reason: event.reason,
        cancelled: event.cancelled,
        attemptsAllowed: rules.limits.attempts,
      }),
    ),
    ...withdrawn,
  ];
}
