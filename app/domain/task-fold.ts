/** How events change a task, and which ends of a session use up one of its attempts. */
import { evolve as evolveAgentReview } from './agent-review-rules.ts';
import type { Event } from './event.ts';
import { noCi } from './ci.ts';
import { evolve as evolveLanding } from './landing-fold.ts';
import { evolve as evolveMoney } from './money-fold.ts';
import { terminal, type Task, type TaskChanges, type TaskState } from './task.ts';
import type { Instant } from './words.ts';

export function evolve(task: Task, event: Event, at: Instant): Task {
  const next = evolveTask(task, event, at);
  const agentReview = evolveAgentReview(task, event, at);
  return agentReview === task.agentReview ? next : { ...next, agentReview };
}

function evolveTask(task: Task, event: Event, at: Instant): Task {
  switch (event.type) {
    case 'task_moved':
      return moved(task, event, at);
    case 'dependency_met':
      return { ...task, unmet: task.unmet.filter((number) => number !== event.dependency) };
    case 'task_linked':
      return linked(task, event);
    case 'task_unlinked':
      return {
        ...task,
        dependsOn: task.dependsOn.filter((number) => number !== event.dependency),
        unmet: task.unmet.filter((number) => number !== event.dependency),
      };
    case 'task_changed':
      return changed(task, event.changes);
    case 'branch_created':
      return { ...task, branch: event.branch, base: event.base, head: event.head, startHead: event.head };
    case 'pull_request_opened':
      return { ...task, pull: event.number, pullUrl: event.url };
    case 'head_moved':
      return evolveLanding({ ...task, suspensions: 0, refused: null }, event, at);
    case 'push_refused':
      return { ...task, refused: { bundle: event.bundle, reason: event.reason } };
    case 'acceptance_ticked':
      return {
        ...task,
        acceptance: task.acceptance.map((item, index) =>
          index === event.item ? { ...item, evidence: event.evidence } : item,
        ),
      };
    case 'review_requested':
      return { ...task, reviewHead: event.head, summary: event.summary };
    case 'context_saved':
      return { ...task, context: { ...task.context, [event.key]: event.value } };
    case 'task_blocked':
      return { ...task, reason: event.reason };
    case 'pull_request_merged':
      return { ...task, mergedCommit: event.commit };
    case 'review_received':
      if (event.review.verdict === 'approve')
        return { ...task, approvedHead: event.review.head, approvedBy: event.review.by };
      // What somebody wants changed is approved by nobody any more.
      return event.review.verdict === 'request_changes'
        ? { ...task, approvedHead: null, approvedBy: null }
        : task;
    case 'review_dismissed':
      return event.verdict === 'approve' && event.by === task.approvedBy
        ? { ...task, approvedHead: null, approvedBy: null }
        : task;
    case 'session_queued':
      // A review's session is found by its kind; `session` is the one that may change the work.
      return event.session.kind === 'work'
        ? { ...task, session: event.session.id, fencing: event.session.fencing }
        : { ...task, fencing: event.session.fencing };
    case 'session_ended':
      if (task.session !== event.session) return task;
      return {
        ...task,
        session: null,
        attempts: task.attempts + (event.kind === 'work' && wasted(task, event.outcome) ? 1 : 0),
        suspensions: task.suspensions + (timedOut(task, event) ? 1 : 0),
      };
    case 'question_answered':
      // What a person said is news: sessions that came to nothing before it don’t count against the task.
      return { ...task, suspensions: 0 };
    default:
      return evolveMoney(evolveLanding(task, event, at), event);
  }
}

function linked(task: Task, { dependency, met }: { dependency: number; met: boolean }): Task {
  const together = (numbers: readonly number[]): number[] =>
    [...new Set([...numbers, dependency])].sort((first, second) => first - second);
  return {
    ...task,
    dependsOn: together(task.dependsOn),
    unmet: met ? task.unmet : together(task.unmet),
  };
}

/** Evidence is about a text: it stays with a text that stays. */
function changed(task: Task, { acceptance, ...changes }: TaskChanges): Task {
  const given = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
  const items = acceptance?.map((text) => ({
    text,
    evidence: task.acceptance.find((item) => item.text === text)?.evidence ?? null,
  }));
  return { ...task, ...given, acceptance: items ?? task.acceptance };
}

/**
 * A session that failed, was lost, or stopped without asking for review of what is on the branch used up an attempt; one
 * that asked a question and left before the answer too, or it could ask and leave for ever.
 */
const wasted = (task: Task, outcome: string): boolean =>
  outcome === 'failed' ||
  outcome === 'lost' ||
  (outcome === 'completed' &&
    (task.state === 'waiting' || (task.state === 'in_progress' && task.reviewHead !== task.head)));

/** Suspended with no question open: its time was up. */
const timedOut = (task: Task, event: { kind: string; outcome: string }): boolean =>
  event.kind === 'work' && event.outcome === 'suspended' && task.state === 'in_progress';

function moved(task: Task, { to, reason }: { to: TaskState; reason: string }, at: Instant): Task {
  const next: Task = {
    ...task,
    state: to,
    reason,
    held: null,
    merge: to === 'merging' ? task.merge : null,
    endedAt: terminal({ ...task, state: to }) ? at : null,
  };
  // A retry is a new beginning: what was used up before does not count against it.
  const fresh = task.state === 'failed' || task.state === 'cancelled';
  if (to === 'ready')
    return {
      ...next,
      readyAt: at,
      reviewHead: null,
      attempts: fresh ? 0 : task.attempts,
      suspensions: fresh ? 0 : task.suspensions,
      // A person said how to go on after red checks, or retried it.
      ci: fresh || (task.state === 'waiting' && task.ci.head === task.head) ? noCi : task.ci,
    };
  return next;
}
