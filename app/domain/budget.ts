/** What is spent against the caps of task and run (BU-1): a warning near the cap, a stop at it, and what is left. */
import type { Policy } from './policy.ts';
import type { Run } from './run.ts';
import { ref, type Task } from './task.ts';
import { dollars, micros, type Micros } from './words.ts';

export type Spending = {
  /** Words for the agent and the card once `budget.warn_at` of a cap is spent. */
  readonly warn: string | null;
  /** Why nothing more may be spent. A stop is never also a warning. */
  readonly stop: string | null;
  /** What is left of the smaller rest; never below 0. */
  readonly left: Micros;
};

/** `task` is null for sessions of the run as a whole, which count to the run only. */
export function spend(
  run: Pick<Run, 'number' | 'cost' | 'budget'>,
  task: Pick<Task, 'number' | 'cost'> | null,
  policy: Pick<Policy, 'budget'>,
): Spending {
  const caps = [{ name: `run ${run.number}`, spent: run.cost, cap: run.budget }];
  if (task !== null) caps.unshift({ name: ref(task), spent: task.cost, cap: micros(policy.budget.task_usd) });
  const left = Math.max(0, Math.min(...caps.map(({ cap, spent }) => cap - spent)));
  const over = caps.find(({ cap, spent }) => spent >= cap);
  if (over !== undefined)
    return { warn: null, stop: `${sentence(over)}; nothing more may be spent on it`, left };
  const near = caps.find(({ cap, spent }) => spent >= cap * policy.budget.warn_at);
  return { warn: near === undefined ? null : sentence(near), stop: null, left };
}

const sentence = ({ name, spent, cap }: { name: string; spent: Micros; cap: Micros }): string =>
  `${name} has spent ${dollars(spent)} of ${dollars(cap)}`;
