/** Who plans a run: a manager with a free slot, else a template; and which plans need no person (PL-2). */
import { usualCost } from '../domain/estimate.ts';
import type { Event, EventOf } from '../domain/event.ts';
import type { Policy } from '../domain/policy.ts';
import { planFromTemplate } from '../domain/templates.ts';
import type { RepositoryRow } from '../../db/queries/runs.ts';
import { lostPlanSessions } from '../../db/queries/sessions.ts';
import { apply } from './follow.ts';
import type { Context } from './handler.ts';
import { shareFor } from './money.ts';
import { queueSession } from './new-session.ts';
import { policyOf } from './policy-of.ts';
import type { RunWork } from './run-work.ts';
import { awaitsAnswer } from './suspending.ts';

/**
 * A run that is planning and has no live plan session gets one: a manager with a free slot, else a template. A manager
 * that ended without a plan is not asked twice for the same plan: the template takes over and the card says why.
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
  if (live || awaitsAnswer(work)) return;
  const policy = policyOf(repository);
  const failed = work.events.find(
    (event): event is EventOf<'session_ended'> =>
      event.type === 'session_ended' &&
      event.kind === 'plan' &&
      ((event.outcome !== 'stopped' && event.outcome !== 'suspended') || event.cancelled),
  );
  const again = failed === undefined || (await lostOnTheWay(context, work, { failed, policy }));
  const asked = again ? await queuePlanSession(context, work, policy) : 'failed';
  if (asked === 'queued' || asked === 'busy') return;
  const poor = typeof asked === 'object' ? `The manager was not asked: ${asked.poor}.` : null;
  proposeTemplate(work, policy, poor ?? whyTemplate(failed));
}

function whyTemplate(failed: EventOf<'session_ended'> | undefined): string {
  if (failed === undefined) return 'The policy has no manager.';
  return failed.outcome === 'completed'
    ? 'The manager ended without proposing a plan.'
    : `The manager could not plan: ${failed.reason}`;
}

/** A runner that died under a manager says nothing about the manager: it is asked again, as often as policy tries a task. */
async function lostOnTheWay(
  context: Context,
  work: RunWork,
  { failed, policy }: { failed: EventOf<'session_ended'>; policy: Policy },
): Promise<boolean> {
  const session = work.sessions.get(failed.session);
  const taken = session !== undefined && (session.runner !== null || session.boundAt !== null);
  if (failed.outcome !== 'lost' || !taken) return false;
  const before = await lostPlanSessions(context.tx, work.installation, work.run.id);
  return before + 1 < policy.limits.attempts;
}

async function queuePlanSession(
  context: Context,
  work: RunWork,
  policy: Policy,
): Promise<'queued' | 'busy' | 'none' | { poor: string }> {
  const managers = policy.agents.filter((agent) => agent.role === 'manager');
  if (managers.length === 0) return 'none';
  const share = await shareFor(context, work, { task: null, policy, wanted: usualCost.plan });
  // What others have set aside comes free when they end; what is used up does not.
  if ('waits' in share) return share.usedUp ? { poor: share.waits } : 'busy';
  for (const agent of managers) {
    const queued = await queueSession(context, work, {
      kind: 'plan',
      task: null,
      fencing: work.run.planVersion + 1,
      agent,
      policy,
      reserved: share.reserved,
    });
    if (queued) return 'queued';
  }
  return 'busy';
}

/** PL-2's last way: a plan always comes out. */
function proposeTemplate(work: RunWork, policy: Policy, why: string): void {
  const { run } = work;
  const tasks = planFromTemplate(run.template, { title: run.title, intent: run.intent });
  const proposed: Event[] = [
    {
      type: 'plan_proposed',
      version: run.planVersion + 1,
      plan: { tasks, by: 'template', source: run.template, note: why },
    },
  ];
  apply(work, [...proposed, ...autoApproval(work, policy)], policy);
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
