/** A session as it begins: queued, for one agent of the policy, in a slot of that agent. */
import { takeSlot } from '../../db/queries/slots.ts';
import type { Policy } from '../domain/policy.ts';
import type { Micros } from '../domain/words.ts';
import { noUsage, placeFor, type Session, type SessionKind } from '../domain/session.ts';
import { apply } from './follow.ts';
import type { Context } from './handler.ts';
import { teamOf } from './money.ts';
import type { RunWork } from './run-work.ts';

type NewSession = {
  kind: SessionKind;
  task: number | null;
  fencing: number;
  agent: Policy['agents'][number];
  policy: Policy;
  reserved: Micros;
};

export function newSession(context: Context, work: RunWork, session: NewSession): Session {
  return {
    id: context.engine.uuid(),
    installation: work.installation,
    run: work.run.id,
    task: session.task,
    kind: session.kind,
    agent: session.agent.name,
    team: teamOf(session.policy),
    role: session.agent.role,
    engine: session.agent.engine,
    model: session.agent.model ?? null,
    fencing: session.fencing,
    state: 'queued',
    outcome: null,
    reason: null,
    place: placeFor(session.policy.dispatch),
    runner: null,
    workflowRun: null,
    launches: 0,
    isolation: null,
    usage: noUsage,
    stuck: null,
    unpriced: 0,
    reserved: session.reserved,
    queuedAt: context.now,
    dispatchedAt: null,
    boundAt: null,
    startedAt: null,
    endedAt: null,
  };
}

/** False when its agent has no free slot. */
export const takeSlotFor = async (context: Context, work: RunWork, session: Session): Promise<boolean> =>
  await takeSlot(context.tx, {
    installation: work.installation,
    repository: work.run.repository,
    agent: session.agent,
    session: session.id,
  });

/** Queues a session that changes no task by beginning; false when its agent has no free slot. */
export async function queueSession(context: Context, work: RunWork, wanted: NewSession): Promise<boolean> {
  const session = newSession(context, work, wanted);
  if (!(await takeSlotFor(context, work, session))) return false;
  apply(work, [{ type: 'session_queued', session }], wanted.policy);
  return true;
}
