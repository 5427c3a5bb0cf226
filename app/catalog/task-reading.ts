/** Operations that only read tasks: lists, events, dependents, the pull request, and why a task does not run. */
import { z } from 'zod';
import { TaskState } from '../domain/task.ts';
import { operation } from './operation.ts';
import { page, runRef, taskRef } from './refs.ts';
import { PullView, TaskView, TimelineEntry } from './views.ts';

const everybody = { person: 'read', agent: ['manager', 'engineer', 'reviewer'] } as const;

export const listTasks = operation({
  name: 'list_tasks',
  summary: 'Tasks of a run, or of all runs of a repository, newest run first; by state or agent.',
  http: 'GET /repos/{repository}/tasks',
  doors: ['http', 'mcp'],
  runs: 'app',
  allow: everybody,
  reads: true,
  input: z.strictObject({
    ...runRef,
    state: TaskState.optional(),
    agent: z.string().max(60).optional(),
    ...page,
  }),
  output: z.object({ tasks: z.array(TaskView), cursor: z.string().nullable() }),
});

export const getTaskEvents = operation({
  name: 'get_task_events',
  summary: 'What happened to a task, by the event log, oldest first.',
  http: 'GET /repos/{repository}/runs/{run}/tasks/{task}/events',
  doors: ['http', 'mcp'],
  runs: 'app',
  allow: everybody,
  reads: true,
  input: z.strictObject({ ...taskRef, ...page }),
  output: z.object({ events: z.array(TimelineEntry), cursor: z.string().nullable() }),
});

export const getDependentTasks = operation({
  name: 'get_dependent_tasks',
  summary: 'The tasks that wait for a task: those that depend on it, and all that follow from them.',
  http: 'GET /repos/{repository}/runs/{run}/tasks/{task}/dependents',
  doors: ['http', 'mcp'],
  runs: 'app',
  allow: everybody,
  reads: true,
  input: z.strictObject(taskRef),
  output: z.object({
    tasks: z.array(TaskView).describe('those that depend on it directly'),
    all: z.array(z.string()).describe('these and all that depend on them in turn'),
  }),
});

export const getPrInfo = operation({
  name: 'get_pr_info',
  summary: 'The pull request of a task: number, branch, head, checks, reviews.',
  http: 'GET /repos/{repository}/runs/{run}/tasks/{task}/pull',
  doors: ['http', 'mcp'],
  runs: 'app',
  allow: everybody,
  reads: true,
  input: z.strictObject(taskRef),
  output: z.object({ pull: PullView }),
});

export const createPr = operation({
  name: 'create_pr',
  summary: 'Your task’s pull request. It exists since the task began; this returns it and opens no other.',
  http: 'POST /repos/{repository}/runs/{run}/tasks/{task}/pull',
  doors: ['mcp'],
  runs: 'app',
  allow: { agent: ['engineer'] },
  repeats: true,
  input: z.strictObject(taskRef),
  output: z.object({ pull: PullView }),
});

export const explain = operation({
  name: 'explain',
  summary: 'Why a task does or does not run: each check on its way, passed or not, with the reason.',
  http: 'GET /repos/{repository}/runs/{run}/explanation',
  doors: ['http', 'mcp'],
  runs: 'app',
  allow: everybody,
  reads: true,
  input: z.strictObject(taskRef),
  output: z.object({
    tasks: z.array(
      z.object({
        task: z.string(),
        state: TaskState,
        words: z.string(),
        checks: z.array(z.object({ check: z.string(), passed: z.boolean(), words: z.string() })),
      }),
    ),
  }),
});
