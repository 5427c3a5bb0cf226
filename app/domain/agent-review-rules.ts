/** How a task's head comes to the reviewer agent, what its session may write, and what its verdict does. */
import {
  mostFailures,
  mostRemarks,
  wantsPosting,
  type AgentReview,
  type AgentVerdict,
  type Remark,
} from './agent-review.ts';
import type { Decision } from './decision.ts';
import type { Event, EventOf } from './event.ts';
import { reject, type Rejection } from './rejection.ts';
import type { Review } from './review.ts';
import { moved } from './task-move.ts';
import { ref, type Task } from './task.ts';
import type { Instant, SessionId } from './words.ts';

/** A head in review that no agent has seen goes to the reviewer, unless it has spoken `rounds` times already. */
export function openReview(task: Task, { agent, rounds }: { agent: string; rounds: number }): Event[] {
  if (task.state !== 'in_review' || task.head === null || task.agentReview?.head === task.head) return [];
  const given = task.agentReview?.round ?? 0;
  return given < rounds
    ? [{ type: 'agent_review_opened', task: task.number, head: task.head, agent }]
    : [closed(task, agent, `${agent} has reviewed ${times(given)} already, so people decide`)];
}

const times = (count: number): string => ['', 'once', 'twice'][count] ?? `${count} times`;

/** People go on without the agent. Nothing happens to a review that has its verdict. */
export function closeReview(task: Task, reason: string): Event[] {
  const review = task.agentReview;
  return review === null || task.head === null || review.state === 'given' || review.state === 'closed'
    ? []
    : [closed(task, review.agent, reason)];
}

const closed = (task: Task, agent: string, reason: string): Event => ({
  type: 'agent_review_closed',
  task: task.number,
  head: task.head ?? '',
  agent,
  reason,
});

/** Decided after its `session_ended` was folded in: another session tries once more, then people go on. */
export function endReview(task: Task, end: EventOf<'session_ended'>): Event[] {
  const review = task.agentReview;
  if (review === null || review.session !== null || review.state !== 'waiting') return [];
  if (end.cancelled) return closeReview(task, end.reason);
  return review.failures >= mostFailures
    ? closeReview(task, `${review.agent} ended ${times(review.failures)} without one, at last: ${end.reason}`)
    : [];
}

/** What a reviewer's session may still write: its own head's review, until the verdict. */
function writable(task: Task, session: SessionId): AgentReview | Rejection {
  const review = task.agentReview;
  if (
    review === null ||
    review.session !== session ||
    review.head !== task.head ||
    task.state !== 'in_review'
  )
    return reject('superseded_session', `${ref(task)} is not yours to review any more.`, {
      help: 'Stop working.',
    });
  return review.verdict === null
    ? review
    : reject('already_done', `You gave your verdict on ${ref(task)}: ${words(review.verdict)}.`, {
        help: 'End your session now.',
      });
}

export function addRemark(task: Task, session: SessionId, remark: Remark): Decision {
  const review = writable(task, session);
  if ('rejected' in review) return review;
  if (review.remarks.some((one) => same(one, remark))) return [];
  return review.remarks.length >= mostRemarks
    ? reject('too_large', `A review has at most ${mostRemarks} comments.`, {
        help: 'Say what is left in the summary of submit_review_verdict.',
      })
    : [{ type: 'remark_added', task: task.number, session, remark }];
}

/** Field by field: what comes back from the database has its keys in another order. */
const same = (one: Remark, other: Remark): boolean =>
  one.path === other.path &&
  one.line === other.line &&
  one.side === other.side &&
  one.body === other.body &&
  one.suggestion === other.suggestion;

export function giveVerdict(
  task: Task,
  session: SessionId,
  given: { verdict: AgentVerdict; summary: string },
): Decision {
  const review = writable(task, session);
  return 'rejected' in review
    ? review
    : [{ type: 'verdict_given', task: task.number, session, head: review.head, ...given }];
}

/**
 * The agent's review stands on GitHub: changes go back to the engineer, a rejection fails the task. A person who decided
 * meanwhile, or commits that came meanwhile, make an opinion of it, and no verdict of an agent approves anything (RE-4).
 */
export function receiveAgentReview(task: Task, review: Review): Event[] {
  const given = task.agentReview;
  if (given === null || given.head !== review.head || !wantsPosting(given)) return [];
  const counts = task.state === 'in_review' && given.head === task.head && given.verdict !== 'approve';
  const received: Event = {
    type: 'review_received',
    review: { ...review, verdict: counts ? 'request_changes' : 'comment' },
  };
  if (!counts) return [received];
  return given.verdict === 'reject'
    ? [received, moved(task, 'failed', `rejected by ${given.agent}: ${given.summary.slice(0, 1_000)}`)]
    : [received, moved(task, 'ready', `${given.agent} requested changes`)];
}

export const words = (verdict: AgentVerdict): string => verdict.replace('_', ' ');

/** How events change the review; a task's other events leave it alone. */
export function evolve(task: Task, event: Event, at: Instant): AgentReview | null {
  const review = task.agentReview;
  switch (event.type) {
    case 'agent_review_opened':
      return begun(event, review?.round ?? 0);
    case 'agent_review_closed':
      return {
        ...(review !== null && review.head === event.head ? review : begun(event, review?.round ?? 0)),
        state: 'closed',
        reason: event.reason,
      };
    case 'head_moved':
      // The same change on a newer base: what was said of it holds.
      return review !== null && event.unchanged && review.head === task.head
        ? { ...review, head: event.head }
        : review;
    case 'task_moved':
      return afterMove(task, event);
    case 'review_received':
      return review === null ? null : afterReview(review, event.review);
    default:
      return review === null ? null : evolveOpen(review, event, at);
  }
}

function evolveOpen(review: AgentReview, event: Event, at: Instant): AgentReview {
  switch (event.type) {
    case 'session_queued':
      return event.session.kind === 'review'
        ? { ...review, state: 'running', session: event.session.id, remarks: [] }
        : review;
    case 'session_ended':
      return event.session === review.session && review.state === 'running' ? tryAgain(review) : review;
    case 'remark_added':
      return { ...review, remarks: [...review.remarks, event.remark] };
    case 'verdict_given':
      return {
        ...review,
        state: 'given',
        round: review.round + 1,
        verdict: event.verdict,
        summary: event.summary,
        givenAt: at,
      };
    default:
      return review;
  }
}

const begun = (event: { head: string; agent: string }, round: number): AgentReview => ({
  head: event.head,
  agent: event.agent,
  state: 'waiting',
  round,
  session: null,
  failures: 0,
  remarks: [],
  verdict: null,
  summary: '',
  givenAt: null,
  posted: false,
  reason: '',
});

/** Whatever ended it, or one that is stopped again and again would begin again and again. */
const tryAgain = (review: AgentReview): AgentReview => ({
  ...review,
  state: 'waiting',
  session: null,
  remarks: [],
  failures: review.failures + 1,
});

function afterMove(task: Task, event: EventOf<'task_moved'>): AgentReview | null {
  const review = task.agentReview;
  if (review === null) return null;
  const interrupted =
    event.from === 'in_review' && (review.state === 'waiting' || review.state === 'running');
  if (interrupted && event.to === 'approved')
    return { ...review, state: 'closed', reason: 'a person approved it before there was a verdict' };
  if (interrupted) return { ...review, state: 'waiting', session: null, remarks: [] };
  const retried = event.to === 'ready' && (event.from === 'failed' || event.from === 'cancelled');
  return retried ? { ...review, round: 0 } : review;
}

/** A person who asks for changes has looked: the agent may look again as often as before. */
function afterReview(review: AgentReview, received: Review): AgentReview {
  if (received.agent) return received.head === review.head ? { ...review, posted: true } : review;
  return received.verdict === 'request_changes' ? { ...review, round: 0 } : review;
}
