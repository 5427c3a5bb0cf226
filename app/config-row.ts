/** One variable of the environment: what it has to be, in code and in words, and what is said when it is not. */
import type { z } from 'zod';

/** One variable that is missing or wrong. No value of a secret is ever in the words. */
export type ConfigProblem = { name: string; problem: string; help: string };

export type Row = { type: z.ZodType; expected: string; help: string };

export const row = <T extends z.ZodType>(
  type: T,
  expected: string,
  help: string,
): { type: T; expected: string; help: string } => ({
  type,
  expected,
  help,
});
