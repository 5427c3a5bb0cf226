/** Short human ids and shared inputs: `run: 12`, `task: "t3"` or `"12/t3"`, `repository: "acme/shop"`. */
import { z } from 'zod';

export const RepositoryName = z
  .string()
  .regex(/^[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\/[A-Za-z0-9._-]{1,100}$/, 'a repository as owner/name')
  .describe('owner/name; an agent’s and a comment’s default is their own');
const RunNumber = z.coerce.number().int().positive().describe('the run’s number in its repository');
export const TaskRef = z
  .string()
  .regex(/^(?:\d+\/)?t\d+$/i, 'a task as t3 or 12/t3')
  .transform((text) => text.toLowerCase())
  .describe('t3, or 12/t3 for a task of run 12');

/** The number in `t3` or `12/t3`; NaN in anything else. */
export const taskNumber = (ref: string): number => Number(/t(\d+)$/i.exec(ref)?.[1]);

export const QuestionRef = z
  .string()
  .regex(/^q\d+$/i, 'a question as q2')
  .transform((text) => text.toLowerCase());

/** Where a run-scoped operation points. Doors that know the context (agents, comments) may leave both out. */
export const runRef = { repository: RepositoryName.optional(), run: RunNumber.optional() };
export const taskRef = { ...runRef, task: TaskRef.optional() };
export const page = {
  limit: z.coerce.number().int().min(1).max(100).default(50),
  cursor: z.string().max(200).optional(),
};

/** Text that people or agents write, bounded. */
export const Text = (max: number) => z.string().trim().min(1).max(max);

/** How long a call may hold on for news, in seconds; MCP clients give up after 60, so 45 is the most. */
export const wait = z.coerce.number().int().min(0).max(45).default(0);
