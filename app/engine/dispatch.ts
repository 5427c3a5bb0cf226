/** Who works on what, decided in the transaction that made it possible (TA-4 to TA-7). */
import { pickAgent, type Candidate } from '../domain/agent-match.ts';
import { spend } from '../domain/budget.ts';
import type { Event } from '../domain/event.ts';
import type { Policy } from '../domain/policy.ts';
import { isRejection } from '../domain/rejection.ts';
import { noUsage, type Session, type SessionKind } from '../domain/session.ts';
import { decide } from '../domain/task-rules.ts';
import { priorityRank } from '../domain/priority.ts';
import type { Task } from '../domain/task.ts';
import { planFromTemplate } from '../domain/templates.ts';
import { liveSessions, reviewsWaiting, type RepositoryRow } from '../../db/queries/runs.ts';
import { agentLoads, takeSlot } from '../../db/queries/slots.ts';
import { apply } from './follow.ts';
import type { Context } from './handler.ts';
import { policyOf } from './policy-of.ts';
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
    .filter((task) => task.state === 'ready' && task.session === null)
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
  for (const task of ready) {
    if (all >= context.engine.ceilings.sessions || ofRun >= work.run.maxParallel) return;
    if (busy >= policy.limits.max_agents) return;
    // People are the bottleneck: what they have seen already goes on, nothing new is started (TA-8).
    if (task.pull === null && reviews >= policy.limits.waiting_reviews) continue;
    if (spend(work.run, task, policy).stop !== null) continue;
    if (await assign(context, work, { task, repository, policy })) {
      all += 1;
      ofRun += 1;
      busy += 1;
    }
  }
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
  wanted: { task: Task; repository: RepositoryRow; policy: Policy },
): Promise<boolean> {
  const { task, repository, policy } = wanted;
  const picked = pickAgent(task, await candidates(context, repository, policy));
  if ('waits' in picked) return false;
  const agent = policy.agents.find((candidate) => candidate.name === picked.agent);
  if (agent === undefined) return false;
  const session = newSession(context, work, {
    kind: 'work',
    task: task.number,
    fencing: task.fencing + 1,
    agent,
  });
  const decision = decide(task, { type: 'queue_session', session });
  if (isRejection(decision)) return false;
  if (
    !(await takeSlot(context.tx, {
      installation: work.installation,
      repository: repository.id,
      agent: agent.name,
      session: session.id,
    }))
  )
    return false;
  apply(work, decision, { attempts: policy.limits.attempts });
  return true;
}

async function candidates(context: Context, repository: RepositoryRow, policy: Policy): Promise<Candidate[]> {
  const loads = await agentLoads(context.tx, repository.installation, repository.id);
  return policy.agents.map((agent) => {
    const load = loads.find((row) => row.agent === agent.name);
    return { ...agent, slots: load?.slots ?? 0, busy: load?.busy ?? 0 };
  });
}

type PolicyAgent = Policy['agents'][number];

function newSession(
  context: Context,
  work: RunWork,
  session: { kind: SessionKind; task: number | null; fencing: number; agent: PolicyAgent },
): Session {
  return {
    id: context.engine.uuid(),
    installation: work.installation,
    run: work.run.id,
    task: session.task,
    kind: session.kind,
    agent: session.agent.name,
    role: session.agent.role,
    engine: session.agent.engine,
    model: session.agent.model ?? null,
    fencing: session.fencing,
    state: 'queued',
    outcome: null,
    reason: null,
    runner: null,
    isolation: null,
    usage: noUsage,
    queuedAt: context.now,
    startedAt: null,
    endedAt: null,
  };
}

/**
 * A run that is planning and has no live plan session gets one: a manager with a free slot, else a template. A manager
 * whose session ended without a plan is not asked twice for the same plan: the template takes over and the card says why.
 */
export async function planIfNeeded(
  context: Context,
  work: RunWork,
  repository: RepositoryRow,
): Promise<void> {
  if (work.run.state !== 'planning') return;
  const live = [...work.sessions.values()].some(
    (session) => session.kind === 'plan' && session.state !== 'ended',
  );
  if (live) return;
  const policy = policyOf(repository);
  const failed = work.events.find(
    (event) => event.type === 'session_ended' && event.kind === 'plan' && event.outcome !== 'stopped',
  );
  const asked =
    failed === undefined ? await queuePlanSession(context, work, { repository, policy }) : 'failed';
  if (asked === 'queued' || asked === 'busy') return;
  const why =
    failed?.type === 'session_ended'
      ? `The manager could not plan: ${failed.reason}`
      : 'The policy has no manager.';
  proposeTemplate(work, policy, why);
}

async function queuePlanSession(
  context: Context,
  work: RunWork,
  place: { repository: RepositoryRow; policy: Policy },
): Promise<'queued' | 'busy' | 'none'> {
  const managers = place.policy.agents.filter((agent) => agent.role === 'manager');
  if (managers.length === 0) return 'none';
  for (const agent of managers) {
    const session = newSession(context, work, {
      kind: 'plan',
      task: null,
      fencing: work.run.planVersion + 1,
      agent,
    });
    if (
      await takeSlot(context.tx, {
        installation: work.installation,
        repository: place.repository.id,
        agent: agent.name,
        session: session.id,
      })
    ) {
      apply(work, [{ type: 'session_queued', session }], { attempts: place.policy.limits.attempts });
      return 'queued';
    }
  }
  return 'busy';
}

/** PL-2's last way: a plan always comes out. */
export function proposeTemplate(work: RunWork, policy: Policy, why: string): void {
  const { run } = work;
  const tasks = planFromTemplate(run.template, { title: run.title, intent: run.intent });
  const proposed: Event[] = [
    {
      type: 'plan_proposed',
      version: run.planVersion + 1,
      plan: { tasks, by: 'template', source: run.template, note: why },
    },
  ];
  apply(work, [...proposed, ...autoApproval(work, policy)], { attempts: policy.limits.attempts });
}

/** `--yes`, where policy allows it: the first plan is approved in the requester's name. */
export function autoApproval(work: RunWork, policy: Policy): Event[] {
  const { run } = work;
  const allowed =
    policy.plan.approval !== 'required' || policy.plan.auto_approve_templates.includes(run.template);
  return run.autoApprove && allowed && run.planVersion === 0
    ? [{ type: 'run_approved', version: run.planVersion + 1, by: run.requester }]
    : [];
}
