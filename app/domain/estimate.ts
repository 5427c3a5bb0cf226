/** What a task will likely cost: the median of the repository's finished tasks of that size, once there are five. */
import { micros, type Micros, type Size } from './words.ts';

/** Costs of finished tasks by size, of this repository. */
export type CostHistory = Readonly<Partial<Record<Size, readonly Micros[]>>>;

const guess: Readonly<Record<Size, Micros>> = { S: micros(0.1), M: micros(0.5), L: micros(2), XL: micros(5) };

/** What a session that belongs to no task, or reviews one, sets aside of the budgets. */
export const usualCost = { plan: micros(0.5), manage: micros(0.1), review: micros(0.2) } as const;

export function estimate(size: Size, history: CostHistory): Micros {
  const known = [...(history[size] ?? [])].sort((first, second) => first - second);
  if (known.length < 5) return guess[size];
  const middle = Math.floor(known.length / 2);
  const upper = known[middle] ?? guess[size];
  return known.length % 2 === 1 ? upper : Math.round(((known[middle - 1] ?? upper) + upper) / 2);
}
