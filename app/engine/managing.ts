/** When a run's manager gets a session while the run goes on, and at its end (TA-14). */
import { usualCost } from '../domain/estimate.ts';
import type { Event } from '../domain/event.ts';
import { givenUp, wantsManager } from '../domain/manage-rules.ts';
import type { RepositoryRow } from '../../db/queries/runs.ts';
import { loadMessages } from '../../db/entities.ts';
import { apply } from './follow.ts';
import type { Context } from './handler.ts';
import { shareFor } from './money.ts';
import { queueSession } from './new-session.ts';
import { policyOf } from './policy-of.ts';
import type { RunWork } from './run-work.ts';

/**
 * However many things want the manager, it gets one session for all of them, as soon as a manager has a free slot. One
 * that comes to nothing is tried again as often as policy tries a task, then given up: the card says so.
 */
export async function manageIfNeeded(
  context: Context,
  work: RunWork,
  repository: RepositoryRow,
): Promise<void> {
  if (!wantsManager(work.run)) return;
  const policy = policyOf(repository);
  const managers = policy.agents.filter((agent) => agent.role === 'manager');
  const why =
    managers.length === 0
      ? 'the policy has no manager'
      : givenUp(work.run, policy.limits.attempts, lastWords(work));
  if (why !== null) {
    apply(work, [{ type: 'manager_given_up', reason: why }], policy);
    return;
  }
  const share = await shareFor(context, work, { task: null, policy, wanted: usualCost.manage });
  if ('waits' in share) {
    // What others have set aside comes free when they end; what is used up does not.
    if (share.usedUp) apply(work, [{ type: 'manager_given_up', reason: share.waits }], policy);
    return;
  }
  const wanted = {
    kind: 'manage',
    task: null,
    fencing: work.run.managing.sessions + 1,
    policy,
    reserved: share.reserved,
  } as const;
  for (const agent of managers) if (await queueSession(context, work, { ...wanted, agent })) return;
}

/** Of a session that ended in this transaction; a later one knows only how many there were. */
function lastWords(work: RunWork): string | null {
  const last = work.events.findLast((event) => event.type === 'session_ended' && event.kind === 'manage');
  return last?.type === 'session_ended' ? last.reason : null;
}

/** A manage session that did its work has read what its prompt told it: the next one is not told again. */
export async function seenByManager(
  context: Context,
  work: RunWork,
  events: readonly Event[],
): Promise<Event[]> {
  const { session, taken } = work.run.managing;
  const over = events.some(
    (event) => event.type === 'session_ended' && event.session === session && event.outcome === 'completed',
  );
  const told = new Set(taken.flatMap((reason) => (reason.kind === 'message' ? [reason.message] : [])));
  if (!over || told.size === 0) return [];
  const messages = await loadMessages(context.tx, work.run.id);
  const unseen = messages.filter((message) => told.has(message.id) && message.seenAt === null);
  for (const message of unseen) work.messages.set(message.id, message);
  return unseen.map((message) => ({ type: 'message_seen', message: message.id }));
}
