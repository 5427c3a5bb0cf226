/** A lease that ran out. A runner that is silent is lost; a job of GitHub Actions is looked at first, for GitHub knows its reason. */
import { decide } from '../../domain/session-rules.ts';
import { waitsForJob, type Session } from '../../domain/session.ts';
import { leaseOf, lookedAt, sessionRun, setLease } from '../../../db/queries/sessions.ts';
import { addJobs } from '../../../db/jobs.ts';
import { commit } from '../commit.ts';
import { effectJob } from '../effect-job.ts';
import { later } from '../hand-over.ts';
import type { Context, Handlers } from '../handler.ts';
import { found, type Found } from './on-task.ts';
import { openRun, type RunWork } from '../run-work.ts';
import { watchJob } from '../watch-job.ts';

/** What a look at GitHub may take, before a silent job is given up. */
const lookSeconds = 60;

export const expireLease: Handlers['expire_lease'] = {
  async handle(context, input) {
    const run = await sessionRun(context.tx, context.caller.installation, input.session);
    const work = run === null ? null : await openRun(context.tx, run, { now: context.now });
    const session = work?.sessions.get(input.session);
    if (work === null || session === undefined) return found(false);
    const lease = await leaseOf(context.tx, work.installation, session.id);
    // A heartbeat may have come between the sweep's look and this lock.
    if (lease !== null && lease.until > context.now && !managerIsLate(context, session)) return found(false);
    return session.place === 'runner'
      ? await lost(context, work, {
          session,
          reason: session.state === 'queued' ? 'no runner took it in time' : 'its runner stopped reporting',
        })
      : await expireOnActions(context, work, { session, looked: lease?.looked ?? false });
  },
};

/** A plan always comes out, and a manager's slot is not held for ever: its sessions wait for a host only so long. */
const managerIsLate = (context: Context, session: Session): boolean =>
  (session.kind === 'plan' || session.kind === 'manage') &&
  (session.state === 'queued' || waitsForJob(session)) &&
  later(session.queuedAt, context.engine.ceilings.planQueueSeconds) <= context.now;

async function lost(
  context: Context,
  work: RunWork,
  { session, reason }: { session: Session; reason: string },
): Promise<Found> {
  const decision = decide(session, { type: 'end_session', outcome: 'lost', reason });
  return (await commit(context, work, decision)) ?? found(true);
}

async function expireOnActions(
  context: Context,
  work: RunWork,
  { session, looked }: { session: Session; looked: boolean },
): Promise<Found> {
  const { tx, now } = context;
  const { startSeconds } = context.engine.ceilings;
  const { installation } = work;
  if (managerIsLate(context, session))
    return await lost(context, work, { session, reason: 'no GitHub runner took it in time' });
  // The second time, GitHub was asked and had no end to tell: the job hangs, or GitHub is away.
  if (session.boundAt !== null && looked)
    return await lost(context, work, { session, reason: 'its job stopped reporting' });
  const wait = session.boundAt === null ? startSeconds : lookSeconds;
  await setLease(tx, {
    installation,
    session: session.id,
    until: later(now, wait),
    activity: waiting(session),
  });
  await lookedAt(tx, installation, session.id);
  await addJobs(tx, [
    // Still queued: the job that should have dispatched it was lost.
    session.state === 'queued'
      ? effectJob(installation, { type: 'launch_session', run: work.run.id, task: session.task })
      : watchJob(installation, { run: work.run.id, session: session.id }),
  ]);
  return found(true);
}

const waiting = (session: Session): string =>
  session.boundAt === null ? 'waits for a GitHub runner' : 'its job is silent';
