/** Who works on what, decided in the transaction that made it possible (TA-4 to TA-7). */
import { pickAgent, type Candidate } from '../domain/agent-match.ts';
import { setAside } from '../domain/budget.ts';
import { estimate, type CostHistory } from '../domain/estimate.ts';
import type { Policy } from '../domain/policy.ts';
import { isRejection } from '../domain/rejection.ts';
import { decide } from '../domain/task-rules.ts';
import { priorityRank } from '../domain/priority.ts';
import type { Task } from '../domain/task.ts';
import type { Micros } from '../domain/words.ts';
import { liveSessions, reviewsWaiting, type RepositoryRow } from '../../db/queries/runs.ts';
import { finishedCosts } from '../../db/queries/effects.ts';
import { lockTeam } from '../../db/queries/ledger.ts';
import { agentLoads } from '../../db/queries/slots.ts';
import { apply } from './follow.ts';
import type { Context } from './handler.ts';
import { capsOf, teamOf } from './money.ts';
import { newSession, takeSlotFor } from './new-session.ts';
import { policyOf } from './policy-of.ts';
import { reviewSession } from './review-sessions.ts';
import type { RunWork } from './run-work.ts';

/** Assigns ready tasks, the most urgent and oldest first, until a limit stands in the way. */
export async function dispatchTasks(
  context: Context,
  work: RunWork,
  repository: RepositoryRow,
): Promise<void> {
  work.dispatchable = false;
  if (work.run.state !== 'executing') return;
  const policy = policyOf(repository);
  const ready = [...work.tasks.values()]
    // Whoever reviewed it is about to end: work and review never live at the same time on one task.
    .filter(
      (task) =>
        task.state === 'ready' && task.session === null && reviewSession(work, task.number) === undefined,
    )
    .sort(urgency);
  if (ready.length === 0) return;
  const stored = await liveSessions(context.tx, work.installation, work.run.id);
  // Sessions of this transaction are not stored yet: count what is in memory for the run.
  let ofRun = [...work.sessions.values()].filter(
    (session) => session.kind === 'work' && session.state !== 'ended',
  ).length;
  let all = stored.all + Math.max(0, ofRun - stored.ofRun);
  const loads = await agentLoads(context.tx, work.installation, repository.id);
  let busy = loads.reduce((sum, load) => sum + load.busy, 0);
  const reviews = await reviewsWaiting(context.tx, work.installation, repository.id);
  // From here to the commit nobody else gives out this team's money.
  await lockTeam(context.tx, { repository: repository.id, team: teamOf(policy) });
  const history = await costHistory(context, repository);
  for (const task of ready) {
    if (all >= context.engine.ceilings.sessions || ofRun >= work.run.maxParallel) return;
    if (busy >= policy.limits.max_agents) return;
    // People are the bottleneck: what they have seen already goes on, nothing new is started (TA-8).
    if (task.pull === null && reviews >= policy.limits.waiting_reviews) continue;
    const share = setAside(await capsOf(context, work, { task, policy }), estimate(task.size, history));
    hold(work, policy, { task, reason: 'waits' in share ? share.waits : null });
    if ('waits' in share) continue;
    if (await assign(context, work, { task, repository, policy, reserved: share.reserved })) {
      all += 1;
      ofRun += 1;
      busy += 1;
    }
  }
}

/** What finished tasks of the repository cost, for estimates. */
export async function costHistory(context: Context, repository: RepositoryRow): Promise<CostHistory> {
  const costs = await finishedCosts(context.tx, repository.installation, repository.id);
  return Object.fromEntries(costs.map(({ size, costs: known }) => [size, known]));
}

/** Told when it changes, and not at every look. */
function hold(work: RunWork, policy: Policy, { task, reason }: { task: Task; reason: string | null }): void {
  if (task.held !== reason) apply(work, [{ type: 'task_held', task: task.number, reason }], policy);
}

/** Dispatch order (TA-6): critical to low, then oldest first, then by number. */
function urgency(first: Task, second: Task): number {
  return (
    priorityRank[first.priority] - priorityRank[second.priority] ||
    (first.readyAt ?? '').localeCompare(second.readyAt ?? '') ||
    first.number - second.number
  );
}

async function assign(
  context: Context,
  work: RunWork,
  wanted: { task: Task; repository: RepositoryRow; policy: Policy; reserved: Micros },
): Promise<boolean> {
  const { task, repository, policy, reserved } = wanted;
  const picked = pickAgent(task, await candidates(context, repository, policy));
  if ('waits' in picked) return false;
  const agent = policy.agents.find((candidate) => candidate.name === picked.agent);
  if (agent === undefined) return false;
  const session = newSession(context, work, {
    kind: 'work',
    task: task.number,
    fencing: task.fencing + 1,
    agent,
    policy,
    reserved,
  });
  const decision = decide(task, { type: 'queue_session', session });
  if (isRejection(decision)) return false;
  if (!(await takeSlotFor(context, work, session))) return false;
  apply(work, decision, policy);
  return true;
}

/** The policy's agents, with how busy they are. */
export async function candidates(
  context: Context,
  repository: RepositoryRow,
  policy: Policy,
): Promise<Candidate[]> {
  const loads = await agentLoads(context.tx, repository.installation, repository.id);
  return policy.agents.map((agent) => {
    const load = loads.find((row) => row.agent === agent.name);
    return { ...agent, slots: load?.slots ?? 0, busy: load?.busy ?? 0 };
  });
}
