/** Operations that change a run's graph while it runs, and those by which its manager waits and sums up (PL-7, TA-14). */
import { z } from 'zod';
import { PlannedTask } from '../domain/plan.ts';
import { operation } from './operation.ts';
import { runRef, TaskRef, taskRef, Text } from './refs.ts';
import { TaskView } from './views.ts';

const mayChange = { person: 'write', agent: ['manager'] } as const;
const by = ['http', 'mcp', 'cli'] as const;
const reason = z.string().max(500).default('');

/** A plan's task, but for what it waits for. */
const fields = PlannedTask.omit({ depends_on: true });
const before = z.array(TaskRef).max(100).default([]).describe('tasks that shall wait for this one');

export const createTask = operation({
  name: 'create_task',
  summary:
    'Add a task to an approved run. It starts when what it depends on is done; its pull request needs a person.',
  http: 'POST /repos/{repository}/runs/{run}/tasks',
  doors: [...by, 'comment'],
  runs: 'app',
  allow: mayChange,
  input: z.strictObject({
    ...runRef,
    ...fields.shape,
    depends_on: z.array(TaskRef).max(100).default([]).describe('tasks of the run that it waits for'),
    before,
  }),
  output: z.object({ task: TaskView }),
});

export const createTasksBatch = operation({
  name: 'create_tasks_batch',
  summary:
    'Add several tasks at once, all or none. depends_on takes tasks of the run and positions in this list.',
  http: 'POST /repos/{repository}/runs/{run}/tasks/batch',
  doors: by,
  runs: 'app',
  allow: mayChange,
  input: z.strictObject({
    ...runRef,
    tasks: z
      .array(
        fields.extend({
          depends_on: z
            .array(z.union([TaskRef, z.int().positive()]))
            .max(100)
            .default([])
            .describe('"t3" for a task of the run, 1 for the first of this list'),
        }),
      )
      .min(1)
      .max(200),
  }),
  output: z.object({ tasks: z.array(TaskView) }),
});

export const updateTask = operation({
  name: 'update_task',
  summary: 'Change what a task says. Once somebody works on it, only its priority.',
  http: 'PATCH /repos/{repository}/runs/{run}/tasks/{task}',
  doors: [...by, 'comment'],
  runs: 'app',
  allow: mayChange,
  input: z.strictObject({
    ...taskRef,
    title: fields.shape.title.optional(),
    why: fields.shape.why.unwrap().optional(),
    description: fields.shape.description.unwrap().optional(),
    acceptance: fields.shape.acceptance.unwrap().optional(),
    size: fields.shape.size.unwrap().optional(),
    priority: fields.shape.priority.unwrap().optional(),
    capabilities: fields.shape.capabilities.unwrap().optional(),
    files: fields.shape.files.unwrap().optional(),
  }),
  output: z.object({ task: TaskView }),
});

export const assignTask = operation({
  name: 'assign_task',
  summary: 'Say which agent takes a task that nobody works on; null leaves it to whoever fits.',
  http: 'POST /repos/{repository}/runs/{run}/tasks/{task}/assign',
  doors: [...by, 'comment'],
  runs: 'app',
  allow: mayChange,
  input: z.strictObject({ ...taskRef, agent: z.string().min(1).max(60).nullable() }),
  output: z.object({ task: TaskView }),
});

export const cancelTask = operation({
  name: 'cancel_task',
  summary: 'Cancel one task and stop its session.',
  http: 'POST /repos/{repository}/runs/{run}/tasks/{task}/cancel',
  doors: [...by, 'comment'],
  runs: 'app',
  allow: mayChange,
  destroys: true,
  input: z.strictObject({ ...taskRef, reason }),
  output: z.object({ task: TaskView }),
});

export const retryTask = operation({
  name: 'retry_task',
  summary: 'Try a failed or cancelled task again.',
  http: 'POST /repos/{repository}/runs/{run}/tasks/{task}/retry',
  doors: [...by, 'comment'],
  runs: 'app',
  allow: mayChange,
  input: z.strictObject(taskRef),
  output: z.object({ task: TaskView }),
});

export const changeTaskStatus = operation({
  name: 'change_task_status',
  summary:
    'Hold a ready task back (todo), let a held, failed or cancelled one start (ready), or cancel it. No other state is reached by asking.',
  http: 'POST /repos/{repository}/runs/{run}/tasks/{task}/status',
  doors: by,
  runs: 'app',
  allow: mayChange,
  input: z.strictObject({ ...taskRef, status: z.enum(['todo', 'ready', 'cancelled']), reason }),
  output: z.object({ task: TaskView }),
});

export const dropTask = operation({
  name: 'drop_task',
  summary: 'Cancel a task for good: nothing waits for it any more.',
  http: 'POST /repos/{repository}/runs/{run}/tasks/{task}/drop',
  doors: [...by, 'comment'],
  runs: 'app',
  allow: mayChange,
  destroys: true,
  input: z.strictObject({ ...taskRef, reason }),
  output: z.object({ task: TaskView }),
});

const edge = { ...taskRef, depends_on: TaskRef.describe('what it waits for') };

export const linkTasks = operation({
  name: 'link_tasks',
  summary: 'Let a task that nobody works on wait for another. Refused when they would wait for each other.',
  http: 'PUT /repos/{repository}/runs/{run}/tasks/{task}/dependencies/{depends_on}',
  doors: [...by, 'comment'],
  runs: 'app',
  allow: mayChange,
  input: z.strictObject(edge),
  output: z.object({ task: TaskView }),
});

export const unlinkTasks = operation({
  name: 'unlink_tasks',
  summary: 'A task no longer waits for another; it is ready when it waits for nothing else.',
  http: 'DELETE /repos/{repository}/runs/{run}/tasks/{task}/dependencies/{depends_on}',
  doors: [...by, 'comment'],
  runs: 'app',
  allow: mayChange,
  input: z.strictObject(edge),
  output: z.object({ task: TaskView }),
});

export const waitForTaskCompletion = operation({
  name: 'wait_for_task_completion',
  summary:
    'Wait until these tasks are done, failed or cancelled; without a list, all of the run. After 45 seconds it answers pending.',
  http: 'POST /repos/{repository}/runs/{run}/wait',
  doors: by,
  runs: 'app',
  allow: mayChange,
  reads: true,
  waitsFor: 'the tasks to end',
  input: z.strictObject({
    ...runRef,
    tasks: z.array(TaskRef).max(200).default([]),
    timeout_seconds: z.coerce.number().int().min(0).max(3_600).default(45),
  }),
  output: z.object({
    pending: z.boolean(),
    tasks: z.array(z.object({ task: z.string(), state: z.string(), reason: z.string() })),
    next: z.string(),
  }),
});

export const summarizeRun = operation({
  name: 'summarize_run',
  summary:
    'Say in a few sentences how the run went; people read it on the run’s card. A later one replaces it.',
  http: 'PUT /repos/{repository}/runs/{run}/summary',
  doors: ['mcp'],
  runs: 'app',
  allow: { agent: ['manager'] },
  input: z.strictObject({ ...runRef, text: Text(4_000) }),
  output: z.object({ summarized: z.literal(true) }),
});
