/** The session of a reviewer: which it is, when nobody needs it any more, and what its end means. */
import { endReview } from '../domain/agent-review-rules.ts';
import { decided } from '../domain/decision.ts';
import type { Event, EventOf } from '../domain/event.ts';
import { decide } from '../domain/session-rules.ts';
import type { Session } from '../domain/session.ts';
import type { Task } from '../domain/task.ts';
import type { RunWork } from './run-work.ts';

/** The live session that reads the task, or has read it and is about to end. */
export const reviewSession = (work: Pick<RunWork, 'sessions'>, task: number): Session | undefined =>
  [...work.sessions.values()].find(
    (session) => session.kind === 'review' && session.task === task && session.state !== 'ended',
  );

/** Its head moved, or the task left review: nobody needs what it would say. One that has given its verdict ends by itself. */
export function stopReview(work: RunWork, task: Task, reason: string): Event[] {
  const session = reviewSession(work, task.number);
  const spoke =
    session !== undefined && task.agentReview?.session === session.id && task.agentReview.verdict !== null;
  return session === undefined || (spoke && task.state !== 'cancelled')
    ? []
    : decided(decide(session, { type: 'end_session', outcome: 'stopped', reason }));
}

export function afterReviewSession(work: RunWork, event: EventOf<'session_ended'>): Event[] {
  const task = event.task === null ? undefined : work.tasks.get(event.task);
  return task === undefined ? [] : endReview(task, event);
}

/** A reviewer that has given its verdict is done; one that goes on all the same keeps the engineer from beginning. */
const graceMs = 60_000;

/** Words for a session that should have ended after its verdict; null for every other. */
export function spokeLongAgo(work: Pick<RunWork, 'tasks' | 'now'>, session: Session): string | null {
  const review = session.task === null ? null : (work.tasks.get(session.task)?.agentReview ?? null);
  const given = review?.session === session.id ? review.givenAt : null;
  return given !== null && Date.parse(work.now) - Date.parse(given) > graceMs
    ? 'Your verdict is given; there is nothing left to do.'
    : null;
}
