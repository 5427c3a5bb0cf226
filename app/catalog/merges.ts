/** Merging: what people and agents may ask and say, and what our own jobs found out about it. */
import { z } from 'zod';
import { Check } from '../domain/ci.ts';
import { MergeChange } from '../domain/merge.ts';
import { RunId, Sha } from '../domain/words.ts';
import { operation } from './operation.ts';
import { taskRef } from './refs.ts';
import { TaskView } from './views.ts';

const system = { doors: [], runs: 'app', allow: { system: true } } as const;
const task = { run: RunId, task: z.int().positive() };
const pull = { repository: z.int(), pull: z.int().positive() };
const found = z.object({ found: z.boolean() });

export const mergeTask = operation({
  name: 'merge_task',
  summary: 'Merge an approved task, or try again at once; says what is missing otherwise.',
  http: 'POST /repos/{repository}/runs/{run}/tasks/{task}/merge',
  doors: ['http', 'cli', 'comment'],
  runs: 'app',
  allow: { person: 'write' },
  input: z.strictObject(taskRef),
  output: z.object({ task: TaskView }),
});

const MergeGate = z.object({
  gate: z.enum(['proof', 'review', 'approval', 'dependencies', 'github', 'merge']),
  passed: z.boolean(),
  words: z.string(),
});

export const getMergeStatus = operation({
  name: 'get_merge_status',
  summary: 'Every gate between a task and its merge: passed or not, and why.',
  http: 'GET /repos/{repository}/runs/{run}/tasks/{task}/merge',
  doors: ['http', 'mcp', 'cli'],
  runs: 'app',
  allow: { person: 'read', agent: ['manager', 'engineer', 'reviewer'] },
  reads: true,
  input: z.strictObject(taskRef),
  output: z.object({
    task: z.string(),
    state: z.string(),
    words: z.string(),
    gates: z.array(MergeGate),
  }),
});

export const recordMergeStep = operation({
  ...system,
  name: 'record_merge_step',
  summary: 'How a merge goes on.',
  input: z.strictObject({ ...task, head: Sha, change: MergeChange }),
  output: found,
});
export const recordQueued = operation({
  ...system,
  name: 'record_queued',
  summary: 'A pull request entered the merge queue.',
  input: z.strictObject(pull),
  output: found,
});
export const recordDequeued = operation({
  ...system,
  name: 'record_dequeued',
  summary: 'A pull request left the merge queue, and why.',
  input: z.strictObject({ ...pull, reason: z.string().max(100) }),
  output: found,
});
export const recordTakenOut = operation({
  ...system,
  name: 'record_taken_out',
  summary: 'An approved task is out of the merge until somebody says merge again.',
  input: z.strictObject({ ...task, reason: z.string().max(1_000) }),
  output: found,
});
export const recordGroupFailure = operation({
  ...system,
  name: 'record_group_failure',
  summary: 'The checks of a merge group were red.',
  input: z.strictObject({
    ...task,
    head: Sha,
    checks: z.array(Check).max(100),
    reason: z.string().max(4_000),
  }),
  output: found,
});
export const recordChecksAbsent = operation({
  ...system,
  name: 'record_checks_absent',
  summary: 'Checks that are needed did not report in time, and why that may be.',
  input: z.strictObject({ ...task, head: Sha, why: z.string().max(2_000) }),
  output: found,
});
