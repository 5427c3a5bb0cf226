/** A policy that changes where sessions are hosted: those that nobody took yet wait at the new place. */
import { isRejection, type Rejection } from '../domain/rejection.ts';
import { decide } from '../domain/session-rules.ts';
import { placeFor } from '../domain/session.ts';
import { repositoryById } from '../../db/queries/runs.ts';
import { dropLease, runsWithQueuedSessions } from '../../db/queries/sessions.ts';
import { commit } from './commit.ts';
import type { Context } from './handler.ts';
import { policyOf } from './policy-of.ts';
import { openRun } from './run-work.ts';

export async function requeueSessions(context: Context, repository: number): Promise<Rejection | null> {
  const { tx, caller } = context;
  const row = await repositoryById(tx, caller.installation, repository);
  if (row === null) return null;
  const { dispatch } = policyOf(row);
  const place = placeFor(dispatch);
  // In id order, as everybody who waits for more than one run's lock.
  for (const id of await runsWithQueuedSessions(tx, caller.installation, { repository, notAt: place })) {
    const work = await openRun(tx, id, { now: context.now });
    if (work === null) continue;
    for (const session of work.sessions.values()) {
      if (session.state !== 'queued' || session.place === place) continue;
      await dropLease(tx, caller.installation, session.id);
      const reason = `policy says \`dispatch: ${dispatch}\` now`;
      const rejection = await commit(
        context,
        work,
        decide(session, { type: 'requeue_session', place, reason }),
      );
      if (isRejection(rejection)) return rejection;
    }
  }
  return null;
}
