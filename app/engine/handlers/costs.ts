/** Handlers of money: caps, sums of the ledger, budgets. */
import type { CapView } from '../../catalog/views.ts';
import { loginOf } from '../../domain/actor.ts';
import { left, spend, type Cap } from '../../domain/budget.ts';
import { dayOf } from '../../domain/ledger.ts';
import { isRejection, reject, type Rejection } from '../../domain/rejection.ts';
import { decide } from '../../domain/run-rules.ts';
import { decide as decideTask } from '../../domain/task-rules.ts';
import { ref } from '../../domain/task.ts';
import { dollars, micros } from '../../domain/words.ts';
import {
  costsBy,
  forgetWarnings,
  mergedSince,
  type CostRow,
  type CostScope,
} from '../../../db/queries/ledger.ts';
import { commit } from '../commit.ts';
import type { Context, Handlers } from '../handler.ts';
import { findTask, locateRun } from '../locate.ts';
import { capsOf, taskCap } from '../money.ts';
import { policyOfRun } from '../policy-of.ts';

const usd = (amount: number): number => amount / 1_000_000;

export const checkBudget: Handlers['check_budget'] = {
  async handle(context, input) {
    const work = await locateRun(context, input);
    if (isRejection(work)) return work;
    const ofTask = input.task !== undefined || context.caller.task !== undefined;
    const task = ofTask ? findTask(context, work, input) : null;
    if (isRejection(task)) return task;
    const policy = await policyOfRun(context, work);
    if (isRejection(policy)) return policy;
    const own = context.caller.session?.id;
    const caps = await capsOf(context, work, { task, policy, ...(own === undefined ? {} : { except: own }) });
    const { warn, stop } = spend(caps, { warnAt: policy.budget.warn_at, beyond: false });
    return { output: { caps: caps.map(capView), warn, stop } };
  },
};

const capView = (cap: Cap): CapView => ({
  of: cap.of,
  name: cap.name,
  spent_usd: usd(cap.spent),
  unpriced_tokens: cap.unpriced,
  cap_usd: usd(cap.cap),
  held_usd: usd(cap.held),
  left_usd: usd(left([cap])),
});

export const getRunBudget: Handlers['get_run_budget'] = {
  async handle(context, input) {
    const work = await locateRun(context, input);
    if (isRejection(work)) return work;
    const policy = await policyOfRun(context, work);
    if (isRejection(policy)) return policy;
    const tasks = [...work.tasks.values()];
    const ceiling = context.engine.ceilings.taskBudget;
    return {
      output: {
        run: work.run.number,
        budget_usd: usd(work.run.budget),
        spent_usd: usd(work.run.cost),
        unpriced_tokens: work.run.unpriced,
        run_itself_usd: usd(work.run.cost - tasks.reduce((sum, task) => sum + task.cost, 0)),
        tasks: tasks.map((task) => ({
          task: ref(task),
          budget_usd: usd(taskCap(task, policy, ceiling)),
          spent_usd: usd(task.cost),
          unpriced_tokens: task.unpriced,
          waits: task.held,
        })),
      },
    };
  },
};

export const getCostSummary: Handlers['get_cost_summary'] = {
  async handle(context, input) {
    const found = await scopeOf(context, input);
    if (isRejection(found)) return found;
    const { scope, run } = found;
    const sums = async (group: Parameters<typeof costsBy>[2]['group']): Promise<CostRow[]> =>
      await costsBy(context.tx, context.caller.installation, { group, scope });
    const byAgent = await sums('agent');
    const cost = byAgent.reduce((sum, row) => sum + row.cost, 0);
    const unpriced = byAgent.reduce((sum, row) => sum + row.unpriced, 0);
    const merged = await mergedSince(context.tx, context.caller.installation, scope);
    return {
      output: {
        since: scope.since,
        run,
        cost_usd: usd(cost),
        unpriced_tokens: unpriced,
        merged,
        cost_per_merged_usd: merged === 0 || unpriced > 0 ? null : usd(Math.round(cost / merged)),
        by_agent: byAgent.map(rowView),
        by_model: (await sums('model')).map(rowView),
        by_task: run === null ? [] : (await sums('task')).map(rowView),
        by_day: (await sums('day')).map(rowView),
      },
    };
  },
};

/** Agents see their own run; people a run they name, else the whole repository. */
async function scopeOf(
  context: Context,
  input: { run?: number | undefined; days: number },
): Promise<{ scope: CostScope; run: number | null } | Rejection> {
  const since = dayOf(new Date(Date.parse(context.now) - (input.days - 1) * 86_400_000).toISOString());
  const one = input.run !== undefined || context.caller.run !== undefined;
  if (one) {
    const work = await locateRun(context, input);
    if (isRejection(work)) return work;
    const { repository, id, number } = work.run;
    return { scope: { repository, run: id, since }, run: number };
  }
  if (context.repository === null)
    return reject('invalid_input', 'Which repository?', { help: 'Give `repository` as owner/name.' });
  return { scope: { repository: context.repository.id, run: null, since }, run: null };
}

const rowView = ({ key, cost, unpriced, tokens }: CostRow) => ({
  name: key,
  cost_usd: usd(cost),
  unpriced_tokens: unpriced,
  tokens,
});

export const setBudget: Handlers['set_budget'] = {
  async handle(context, input) {
    const work = await locateRun(context, input);
    if (isRejection(work)) return work;
    // In a task's own pull request too it is the run's, unless a task is named: a cap is nothing to guess.
    const task = input.task === undefined ? null : findTask(context, work, input);
    if (isRejection(task)) return task;
    const { taskBudget, runBudget } = context.engine.ceilings;
    const most = task === null ? runBudget : taskBudget;
    const budget = micros(input.budget_usd);
    if (budget > most)
      return reject(
        'invalid_input',
        `This server allows at most ${dollars(most)} for a ${task === null ? 'run' : 'task'}.`,
        {
          help: `Its operator raises that with ENTOURAGE_MAX_${task === null ? 'RUN' : 'TASK'}_USD.`,
        },
      );
    const by = loginOf(context.caller.actor);
    const decision =
      task === null
        ? decide(work.run, { type: 'set_budget', budget, by })
        : decideTask(task, { type: 'set_budget', budget, by });
    const rejection = await commit(context, work, decision);
    if (rejection !== null) return rejection;
    await forgetWarnings(context.tx, work.installation, work.run.id);
    const spent = task === null ? work.run.cost : task.cost;
    const name = task === null ? `run ${work.run.number}` : ref(task);
    return { output: { name, budget_usd: usd(budget), spent_usd: usd(spent) } };
  },
};
