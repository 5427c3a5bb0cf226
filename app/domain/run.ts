/** A run: what people talk about, from an issue to its merges. */
import { z } from 'zod';
import { Managing } from './managing.ts';
import { Contract } from './contract.ts';
import { Plan } from './plan.ts';
import { Instant, Login, Micros, Priority, RunId, Template } from './words.ts';

export const RunState = z.enum([
  'draft',
  'planning',
  'awaiting_approval',
  'executing',
  'paused',
  'done',
  'failed',
  'cancelled',
]);
export type RunState = z.infer<typeof RunState>;

/** How many tasks of the run are in which condition: enough to decide the run's end without loading every task. */
export const TaskCounts = z.strictObject({
  total: z.int(),
  done: z.int(),
  cancelled: z.int(),
  failed: z.int(),
  /** Tasks that something can still move: ready, in_progress, waiting, in_review, approved, merging. */
  moving: z.int(),
});
export type TaskCounts = z.infer<typeof TaskCounts>;

/** A model API that was asked for the plan of that version, because nobody better could make it. */
export const AskedPlanner = z.strictObject({
  version: z.int().positive(),
  /** `provider/model`. */
  model: z.string(),
  /** Why no manager makes it. */
  why: z.string(),
  at: Instant,
});
export type AskedPlanner = z.infer<typeof AskedPlanner>;

export const Run = z.strictObject({
  id: RunId,
  installation: z.int(),
  repository: z.int(),
  /** Counts per repository; people say "run 12". */
  number: z.int().positive(),
  /** The issue (or a person's pull request) that the run belongs to. */
  issue: z.int().positive(),
  intent: z.string(),
  title: z.string(),
  template: Template,
  /** From the issue's labels (IN-2); tasks whose plan says nothing more urgent have it. */
  priority: Priority,
  state: RunState,
  requester: Login,
  base: z.string(),
  budget: Micros,
  maxParallel: z.int().positive(),
  /** `--yes`: the first plan is approved in the requester's name, where policy allows it. */
  autoApprove: z.boolean(),
  /** The version and content of the plan that was shown last; approval materialises it into tasks. */
  plan: Plan.nullable(),
  planVersion: z.int().nonnegative(),
  feedback: z.string().nullable(),
  /** While its answer is waited for; null else. */
  planner: AskedPlanner.nullable(),
  /** Interface contracts between its tasks (TA-12). */
  contracts: z.array(Contract),
  approvedBy: Login.nullable(),
  approvedAt: Instant.nullable(),
  tasks: TaskCounts,
  cost: Micros,
  /** Tokens whose price nobody knows: what they cost comes on top. */
  unpriced: z.int().nonnegative(),
  managing: Managing,
  /** How the run went, in its manager's words. */
  summary: z.string().nullable(),
  /** Why the run failed, was cancelled, or was paused by Entourage itself, in words. */
  reason: z.string().nullable(),
  createdAt: Instant,
  endedAt: Instant.nullable(),
});
export type Run = z.infer<typeof Run>;

export const ended = (run: Pick<Run, 'state'>): boolean =>
  run.state === 'done' || run.state === 'failed' || run.state === 'cancelled';
