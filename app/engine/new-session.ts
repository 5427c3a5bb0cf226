/** A session as it begins: queued, for one agent of the policy. */
import type { Policy } from '../domain/policy.ts';
import type { Micros } from '../domain/words.ts';
import { noUsage, placeFor, type Session, type SessionKind } from '../domain/session.ts';
import type { Context } from './handler.ts';
import { teamOf } from './money.ts';
import type { RunWork } from './run-work.ts';

type PolicyAgent = Policy['agents'][number];

export function newSession(
  context: Context,
  work: RunWork,
  session: {
    kind: SessionKind;
    task: number | null;
    fencing: number;
    agent: PolicyAgent;
    policy: Policy;
    reserved?: Micros;
  },
): Session {
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
    reserved: session.reserved ?? 0,
    queuedAt: context.now,
    dispatchedAt: null,
    boundAt: null,
    startedAt: null,
    endedAt: null,
  };
}
