/** Who plans a run: a manager with a free slot, else a model API, else a template; and which plans need no person (PL-2). */
import { usualCost } from '../domain/estimate.ts';
import type { Event, EventOf } from '../domain/event.ts';
import type { Policy } from '../domain/policy.ts';
import { planFromTemplate } from '../domain/templates.ts';
import type { Run } from '../domain/run.ts';
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
 * A run that is planning and has no live plan session gets one, from a manager with a free slot; else a model API
 * is asked, else a template plans. A manager that ended without a plan is not asked twice for the same plan: the next way
 * takes over and the card says why.
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
  const { planner } = work.run;
  if (planner !== null) {
    if (Date.parse(planner.at) + answerWithin > Date.parse(context.now)) return;
    const late = `${planner.why} ${planner.model} gave no plan within 30 minutes either.`;
    return propose(work, policy, late);
  }
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
  if (poor !== null) return propose(work, policy, poor);
  const why = whyTemplate(failed);
  const instead = await askModel(context, work, { policy, why });
  if (instead !== null) propose(work, policy, instead);
}

/** Many times what its answers may take; a job that is stopped and begins again has time too. */
const answerWithin = 30 * 60_000;

/**
 * PL-2's middle way. Null: a model is asked, by a job of this transaction, and the run goes on planning until the answer
 * is there. Else why a template must do. What it costs is bounded by its answer's length, and posted when it is known.
 */
async function askModel(
  context: Context,
  work: RunWork,
  { policy, why }: { policy: Policy; why: string },
): Promise<string | null> {
  const model = context.engine.planner;
  if (model === null) return why;
  const share = await shareFor(context, work, { task: null, policy, wanted: usualCost.plan });
  if ('waits' in share) return `${why} ${model} was not asked: ${share.waits}.`;
  apply(
    work,
    [{ type: 'planner_asked', version: work.run.planVersion + 1, model, why: sentence(why) }],
    policy,
  );
  return null;
}

const sentence = (words: string): string => (/[.!?…]$/.test(words) ? words : `${words}.`);

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
function propose(work: RunWork, policy: Policy, why: string): void {
  apply(work, [templatePlan(work.run, why), ...autoApproval(work, policy)], policy);
}

/** `why`: no better way made it. */
export function templatePlan(run: Run, why: string): EventOf<'plan_proposed'> {
  const tasks = planFromTemplate(run.template, { title: run.title, intent: run.intent });
  const plan = { tasks, by: 'template' as const, source: run.template, note: why };
  return { type: 'plan_proposed', version: run.planVersion + 1, plan };
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
