/** Operations on money: what is spent, of which cap, by whom; and the caps themselves. */
import { z } from 'zod';
import { operation } from './operation.ts';
import { RepositoryName, runRef, taskRef } from './refs.ts';
import { CapView, CostSummary } from './views.ts';

const readers = { person: 'read', agent: ['manager', 'engineer', 'reviewer'] } as const;

export const checkBudget = operation({
  name: 'check_budget',
  summary: 'What is spent, set aside and left of the task’s, the run’s and the team’s budget today.',
  http: 'GET /repos/{repository}/runs/{run}/budget/check',
  doors: ['http', 'mcp', 'cli'],
  runs: 'app',
  allow: readers,
  reads: true,
  input: z.strictObject({ ...taskRef }),
  output: z.object({ caps: z.array(CapView), warn: z.string().nullable(), stop: z.string().nullable() }),
});

export const getRunBudget = operation({
  name: 'get_run_budget',
  summary: 'The budget of a run, and what each of its tasks has spent of its own.',
  http: 'GET /repos/{repository}/runs/{run}/budget',
  doors: ['http', 'mcp', 'cli'],
  runs: 'app',
  allow: readers,
  reads: true,
  input: z.strictObject({ ...runRef }),
  output: z.object({
    run: z.int(),
    budget_usd: z.number(),
    spent_usd: z.number(),
    unpriced_tokens: z.int(),
    /** Of that, what counts to no task: planning and managing. */
    run_itself_usd: z.number(),
    tasks: z.array(
      z.object({
        task: z.string(),
        budget_usd: z.number(),
        spent_usd: z.number(),
        unpriced_tokens: z.int(),
        waits: z.string().nullable(),
      }),
    ),
  }),
});

export const getCostSummary = operation({
  name: 'get_cost_summary',
  summary: 'Cost by agent, model, task and day, and what a merged pull request costs.',
  http: 'GET /repos/{repository}/costs',
  doors: ['http', 'mcp', 'cli', 'comment'],
  runs: 'app',
  allow: readers,
  reads: true,
  input: z.strictObject({
    repository: RepositoryName.optional(),
    run: runRef.run.describe('only this run; without it the whole repository, for people'),
    days: z.coerce.number().int().min(1).max(366).default(30).describe('how many days, today included (UTC)'),
  }),
  output: CostSummary,
});

export const setBudget = operation({
  name: 'set_budget',
  summary: 'Raise or lower what a run, or one task of it, may cost. What waited for money goes on.',
  http: 'PUT /repos/{repository}/runs/{run}/budget',
  doors: ['http', 'mcp', 'cli', 'comment'],
  runs: 'app',
  allow: { person: 'maintain' },
  input: z.strictObject({
    ...taskRef,
    budget_usd: z.coerce.number().positive().max(1_000_000),
  }),
  output: z.object({ name: z.string(), budget_usd: z.number(), spent_usd: z.number() }),
});
