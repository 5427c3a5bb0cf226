/** Ends a handler's work on a run: dispatch what may start, save everything, insert the jobs, say whom to wake. */
import type { Event } from '../domain/event.ts';
import { isRejection, type Rejection } from '../domain/rejection.ts';
import { addJobs } from '../../db/jobs.ts';
import {
  repositoryById,
  runsThatWantManager,
  runsWithReadyTasks,
  type RepositoryRow,
} from '../../db/queries/runs.ts';
import { releaseSessions } from '../../db/queries/slots.ts';
import { claimKey, runKey } from './bell.ts';
import { forgetConversations } from './conversations.ts';
import { dispatchTasks } from './dispatch.ts';
import { effectJob } from './effect-job.ts';
import { apply } from './follow.ts';
import type { Context } from './handler.ts';
import { manageIfNeeded, seenByManager } from './managing.ts';
import { lookAtMerges } from './merge-turns.ts';
import { planIfNeeded } from './planning.ts';
import { policyOf } from './policy-of.ts';
import { reviewIfNeeded } from './reviewing.ts';
import { openRun, save, type RunWork } from './run-work.ts';

/** Folds a decision and all that follows, and writes it. A rejection is handed back and nothing is written. */
export async function commit(
  context: Context,
  work: RunWork,
  decision: Event[] | Rejection,
): Promise<Rejection | null> {
  const repository = await repositoryOfRun(context, work);
  const seen = isRejection(decision) ? [] : await seenByManager(context, work, decision);
  const rejection = apply(
    work,
    isRejection(decision) ? decision : [...seen, ...decision],
    policyOf(repository),
  );
  if (rejection !== null) return rejection;
  // First the slots, so that what ended in this transaction makes room for what starts in it (TA-7).
  const ended = work.events.flatMap((event) => (event.type === 'session_ended' ? [event.session] : []));
  await releaseSessions(context.tx, work.installation, ended);
  await forgetConversations(context.tx, work);
  await planIfNeeded(context, work, repository);
  await manageIfNeeded(context, work, repository);
  await reviewIfNeeded(context, work, repository);
  if (work.dispatchable) await dispatchTasks(context, work, repository);
  await write(context, work);
  if (ended.length > 0) await serveOthers(context, work, repository);
  return null;
}

async function repositoryOfRun(context: Context, work: RunWork): Promise<RepositoryRow> {
  const repository = await repositoryById(context.tx, work.installation, work.run.repository);
  if (repository === null)
    throw new Error(`run ${work.run.id} belongs to repository ${work.run.repository}, which is not known`);
  return repository;
}

async function write(context: Context, work: RunWork): Promise<void> {
  if (work.events.length === 0) return;
  const wanted = await save(work, { actor: context.caller.actor, cause: context.caller.cause });
  const events = work.events.splice(0);
  await addJobs(
    context.tx,
    wanted.map((effect) => effectJob(work.installation, effect)),
  );
  if (
    events.some((event) => event.type === 'task_moved' && event.from === 'merging' && event.to !== 'merging')
  )
    await lookAtMerges(context.tx, work.installation, work.run);
  context.rings.add(runKey(work.run.id));
  const claimable = events.some(
    (event) => event.type === 'session_queued' || event.type === 'branch_created',
  );
  if (claimable) context.rings.add(claimKey(work.installation));
}

/** A freed slot may serve another run of the repository. A run that somebody else holds will look for itself. */
async function serveOthers(context: Context, work: RunWork, repository: RepositoryRow): Promise<void> {
  const waiting = new Set([
    ...(await runsWithReadyTasks(context.tx, work.installation, repository.id)),
    ...(await runsThatWantManager(context.tx, work.installation, repository.id)),
  ]);
  for (const id of waiting) {
    if (id === work.run.id) continue;
    const other = await openRun(context.tx, id, { now: context.now, skipLocked: true });
    if (other === null) continue;
    await manageIfNeeded(context, other, repository);
    await reviewIfNeeded(context, other, repository);
    await dispatchTasks(context, other, repository);
    await write(context, other);
  }
}
