/** What CI said about a task: how often it was red, the checks of the last time, and why none may have come. */
import { z } from 'zod';
import { Sha } from './words.ts';

/** A check run or commit status as GitHub reports it; ours never count. */
export const Check = z.strictObject({
  name: z.string(),
  status: z.enum(['queued', 'in_progress', 'completed']),
  conclusion: z.string().nullable(),
  /** The policy demands it: by the branch's rules, or by its name. */
  required: z.boolean(),
  /** Null for one that is expected and has not reported yet. */
  url: z.string().nullable(),
  /** The tail of a red check's log or its output, cleaned and capped: what the agent is told. */
  summary: z.string(),
});
export type Check = z.infer<typeof Check>;

export const Ci = z.strictObject({
  /** Heads and merge groups that turned red since the task was last retried by a person. */
  failures: z.int().nonnegative(),
  /** The commit that was counted last: each counts once. */
  head: Sha.nullable(),
  /** Red checks of a merge group, for the agent; a branch's own are the task's `checks`. */
  checks: z.array(Check),
  /** Why no check, or not all that are needed, reported in time; null while that is no news. */
  absent: z.string().nullable(),
});
export type Ci = z.infer<typeof Ci>;

export const noCi: Ci = { failures: 0, head: null, checks: [], absent: null };

export const isGreen = (check: Check): boolean =>
  check.status === 'completed' && ['success', 'neutral', 'skipped'].includes(check.conclusion ?? '');
export const isRed = (check: Check): boolean => check.status === 'completed' && !isGreen(check);
/** Demanded, and nothing of that name has reported on the commit. */
export const isSilent = (check: Check): boolean =>
  check.required && check.status === 'queued' && check.url === null;

/** With required checks only they count; with none required, all that were seen. */
export const counting = (checks: readonly Check[]): readonly Check[] =>
  checks.some((check) => check.required) ? checks.filter((check) => check.required) : checks;
