/** Operations on runs: start, plan, approve, revise, steer, read. */
import { z } from 'zod';
import { PlannedTask } from '../domain/plan.ts';
import { Template } from '../domain/words.ts';
import { operation } from './operation.ts';
import { page, RepositoryName, runRef, taskRef, Text } from './refs.ts';
import { RunView, SessionView, TaskView, TimelineEntry } from './views.ts';

export const createRun = operation({
  name: 'create_run',
  summary: 'Start a run on an issue: plan it, wait for approval, work, review, merge.',
  http: 'POST /repos/{repository}/runs',
  doors: ['http', 'mcp', 'cli', 'comment'],
  runs: 'app',
  allow: { person: 'write' },
  input: z.strictObject({
    repository: RepositoryName.optional(),
    issue: z.coerce.number().int().positive(),
    title: Text(300).describe('the issue’s title').optional(),
    intent: Text(20_000).describe('what is wanted; without it the issue’s title and body').optional(),
    template: Template.optional(),
    budget_usd: z.coerce.number().positive().max(100_000).optional(),
    max_parallel: z.coerce.number().int().min(1).max(100).optional(),
    base: z.string().min(1).max(200).optional(),
    yes: z.boolean().default(false).describe('approve the first plan at once, where policy allows it'),
    labels: z.array(z.string()).max(100).default([]),
  }),
  output: z.object({ run: RunView }),
});

export const dispatch = operation({
  name: 'dispatch',
  summary: 'One task, one agent, no planning.',
  http: 'POST /repos/{repository}/dispatches',
  doors: ['http', 'mcp', 'cli', 'comment'],
  runs: 'app',
  allow: { person: 'write' },
  input: z.strictObject({
    repository: RepositoryName.optional(),
    issue: z.coerce.number().int().positive(),
    title: Text(300).optional(),
    prompt: Text(20_000),
    agent: z.string().max(60).optional(),
    labels: z.array(z.string()).max(100).default([]),
  }),
  output: z.object({ run: RunView }),
});

export const setRunTaskGraph = operation({
  name: 'set_run_task_graph',
  summary:
    'Propose the whole plan at once: the tasks and what each depends on. It is validated as one and waits for a person.',
  http: 'PUT /repos/{repository}/runs/{run}/plan',
  doors: ['http', 'mcp'],
  runs: 'app',
  allow: { agent: ['manager'], system: true },
  input: z.strictObject({
    ...runRef,
    tasks: z.array(PlannedTask).max(10_000).describe('in order; depends_on holds positions from 1'),
    source: z.string().max(100).optional(),
    by: z.enum(['manager', 'template', 'model', 'dispatch']).default('manager'),
    note: z.string().max(2_000).default(''),
  }),
  output: z.object({ run: RunView, warnings: z.array(z.string()) }),
});

export const approveRun = operation({
  name: 'approve_run',
  summary: 'Approve the plan; its tasks start.',
  http: 'POST /repos/{repository}/runs/{run}/approve',
  doors: ['http', 'mcp', 'cli', 'comment'],
  runs: 'app',
  allow: { person: 'write' },
  input: z.strictObject({
    ...runRef,
    version: z.coerce
      .number()
      .int()
      .positive()
      .describe('the plan version that was read; without it the newest')
      .optional(),
  }),
  output: z.object({ run: RunView }),
});

export const reviseRun = operation({
  name: 'revise_run',
  summary: 'Plan again with this feedback.',
  http: 'POST /repos/{repository}/runs/{run}/revise',
  doors: ['http', 'mcp', 'cli', 'comment'],
  runs: 'app',
  allow: { person: 'write' },
  input: z.strictObject({ ...runRef, feedback: Text(10_000) }),
  output: z.object({ run: RunView }),
});

export const pauseRun = operation({
  name: 'pause_run',
  summary: 'Start nothing new; what runs goes on.',
  http: 'POST /repos/{repository}/runs/{run}/pause',
  doors: ['http', 'mcp', 'cli', 'comment'],
  runs: 'app',
  allow: { person: 'write' },
  input: z.strictObject({ ...runRef }),
  output: z.object({ run: RunView }),
});

export const resumeRun = operation({
  name: 'resume_run',
  summary: 'Go on after a pause.',
  http: 'POST /repos/{repository}/runs/{run}/resume',
  doors: ['http', 'mcp', 'cli', 'comment'],
  runs: 'app',
  allow: { person: 'write' },
  input: z.strictObject({ ...runRef }),
  output: z.object({ run: RunView }),
});

export const cancelRun = operation({
  name: 'cancel_run',
  summary: 'Stop every session and cancel every task that is not done.',
  http: 'POST /repos/{repository}/runs/{run}/cancel',
  doors: ['http', 'mcp', 'cli', 'comment'],
  runs: 'app',
  allow: { person: 'write' },
  destroys: true,
  input: z.strictObject({ ...runRef, reason: z.string().max(500).default('') }),
  output: z.object({ run: RunView }),
});

export const retryRun = operation({
  name: 'retry_run',
  summary: 'Retry every failed task of the run.',
  http: 'POST /repos/{repository}/runs/{run}/retry',
  doors: ['http', 'mcp', 'cli', 'comment'],
  runs: 'app',
  allow: { person: 'write' },
  input: z.strictObject({ ...runRef }),
  output: z.object({ run: RunView }),
});

export const listRuns = operation({
  name: 'list_runs',
  summary: 'The runs of a repository, newest first.',
  http: 'GET /repos/{repository}/runs',
  doors: ['http', 'mcp', 'cli'],
  runs: 'app',
  allow: { person: 'read', agent: ['manager', 'engineer', 'reviewer'] },
  reads: true,
  input: z.strictObject({ repository: RepositoryName.optional(), ...page }),
  output: z.object({ runs: z.array(RunView), cursor: z.string().nullable() }),
});

export const getRun = operation({
  name: 'get_run',
  summary: 'One run: its state, plan, counts and cost, and what its agents do now.',
  http: 'GET /repos/{repository}/runs/{run}',
  doors: ['http', 'mcp', 'cli', 'comment'],
  runs: 'app',
  allow: { person: 'read', agent: ['manager', 'engineer', 'reviewer'] },
  reads: true,
  input: z.strictObject({ ...runRef }),
  output: z.object({ run: RunView, sessions: z.array(SessionView) }),
});

export const getRunTasks = operation({
  name: 'get_run_tasks',
  summary: 'The tasks of a run.',
  http: 'GET /repos/{repository}/runs/{run}/tasks',
  doors: ['http', 'mcp', 'cli', 'comment'],
  runs: 'app',
  allow: { person: 'read', agent: ['manager', 'engineer', 'reviewer'] },
  reads: true,
  input: z.strictObject({ ...runRef }),
  output: z.object({ tasks: z.array(TaskView) }),
});

export const getTimeline = operation({
  name: 'get_timeline',
  summary: 'What happened in a run, by the event log, oldest first.',
  http: 'GET /repos/{repository}/runs/{run}/timeline',
  doors: ['http', 'mcp', 'cli'],
  runs: 'app',
  allow: { person: 'read', agent: ['manager', 'engineer', 'reviewer'] },
  reads: true,
  input: z.strictObject({ ...taskRef, ...page }),
  output: z.object({ events: z.array(TimelineEntry), cursor: z.string().nullable() }),
});

export const verifyEvents = operation({
  name: 'verify_events',
  summary: 'Fold all events of a run (or of every run) and compare the result with the rows.',
  http: 'POST /verify',
  doors: ['http', 'cli'],
  runs: 'app',
  allow: { person: 'maintain', system: true },
  reads: true,
  input: z.strictObject({ ...runRef }),
  output: z.object({
    runs: z.int(),
    events: z.int(),
    differences: z.array(
      z.object({
        run: z.string(),
        row: z.string(),
        field: z.string(),
        folded: z.string(),
        stored: z.string(),
      }),
    ),
  }),
});
