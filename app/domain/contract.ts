/** An interface contract of a run: the words that tasks on both sides of a boundary build on. */
import { z } from 'zod';

export const ContractName = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9._-]{0,59}$/,
    'a name of lower-case letters, digits, `-`, `_` and `.`, at most 60 long',
  );

export const Contract = z.strictObject({
  name: ContractName,
  text: z.string(),
  /** The tasks that share it, by number. */
  tasks: z.array(z.int().positive()),
  /** From 1; each change counts one up. */
  version: z.int().positive(),
  /** Who wrote this version. */
  by: z.string(),
  locked: z.boolean(),
});
export type Contract = z.infer<typeof Contract>;

/** More would be a design document. */
export const mostContracts = 50;
