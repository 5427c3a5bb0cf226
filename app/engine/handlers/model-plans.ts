/** What a model API made of a plan it was asked for. */
import { tokensOf } from '../../domain/session.ts';
import type { Event } from '../../domain/event.ts';
import { inferDependencies } from '../../domain/infer-dependencies.ts';
import { checkPlan, type Plan, type PlannedTask } from '../../domain/plan.ts';
import { repositoryById } from '../../../db/queries/runs.ts';
import { commit } from '../commit.ts';
import type { Handlers } from '../handler.ts';
import { teamOf } from '../money.ts';
import { autoApproval, templatePlan } from '../planning.ts';
import { policyOf } from '../policy-of.ts';
import { openRun } from '../run-work.ts';
import { found } from './on-task.ts';

/** What was paid counts in any case; the plan only while the run waits for just this one. */
export const recordModelPlan: Handlers['record_model_plan'] = {
  async handle(context, { run: id, version, model, usage, result }) {
    const work = await openRun(context.tx, id, { now: context.now });
    if (work === null) return found(false);
    const { run } = work;
    const repository = await repositoryById(context.tx, work.installation, run.repository);
    if (repository === null) return found(false);
    const policy = policyOf(repository);
    const paid: Event[] =
      usage === null
        ? []
        : [
            {
              type: 'planning_paid',
              model,
              team: teamOf(policy),
              usage,
              delta: usage.cost ?? 0,
              unpriced: usage.cost === null ? tokensOf(usage) : 0,
            },
          ];
    if (run.state !== 'planning' || run.planner?.version !== version)
      return (await commit(context, work, paid)) ?? found(false);
    const { why } = run.planner;
    const problem = 'failed' in result ? null : checkPlan(result.tasks, policy.plan.max_tasks);
    const failed = 'failed' in result ? result.failed : (problem?.message ?? null);
    const plan: Event =
      'failed' in result || failed !== null
        ? templatePlan(run, `${why} ${model} could not plan either: ${failed}`)
        : {
            type: 'plan_proposed',
            version,
            plan: { ...withInferred(result.tasks), by: 'model', source: model, note: why },
          };
    return (await commit(context, work, [...paid, plan, ...autoApproval(work, policy)])) ?? found(true);
  },
};

function withInferred(given: readonly PlannedTask[]): Pick<Plan, 'tasks' | 'inferred'> {
  const { tasks, inferred } = inferDependencies(given);
  return { tasks, ...(inferred.length === 0 ? {} : { inferred }) };
}
