/** What operations answer with: the states people and agents read, in snake_case. */
import { z } from 'zod';
import { Condition } from '../domain/activity.ts';
import { RunState, TaskCounts } from '../domain/run.ts';
import { SessionKind } from '../domain/session.ts';
import { TaskState } from '../domain/task.ts';
import { Priority, Role, Size, Template } from '../domain/words.ts';

export const PlanView = z.object({
  version: z.int(),
  by: z.string(),
  source: z.string(),
  note: z.string(),
  tasks: z.array(
    z.object({
      task: z.string(),
      title: z.string(),
      why: z.string(),
      size: Size,
      agent: z.string().nullable(),
      files: z.array(z.string()),
      depends_on: z.array(z.string()),
    }),
  ),
});

export const RunView = z.object({
  repository: z.string(),
  run: z.int(),
  issue: z.int(),
  title: z.string(),
  intent: z.string(),
  state: RunState,
  template: Template,
  requester: z.string(),
  base: z.string(),
  approved_by: z.string().nullable(),
  reason: z.string().nullable(),
  /** How it went, in its manager's words. */
  summary: z.string().nullable(),
  tasks: TaskCounts,
  plan: PlanView.nullable(),
  cost_usd: z.number(),
  /** Tokens whose price nobody knows: what they cost comes on top of `cost_usd`. */
  unpriced_tokens: z.int(),
  budget_usd: z.number(),
  created_at: z.string(),
  ended_at: z.string().nullable(),
});
export type RunView = z.infer<typeof RunView>;

/** A session that has not ended, and what it does in words for people. */
export const SessionView = z.object({
  task: z.string().nullable(),
  kind: SessionKind,
  agent: z.string(),
  engine: z.string(),
  /** Null: its agent has not begun. */
  condition: Condition.nullable(),
  doing: z.string(),
  since: z.string().nullable(),
});
export type SessionView = z.infer<typeof SessionView>;

export const TaskView = z.object({
  run: z.int(),
  task: z.string(),
  title: z.string(),
  why: z.string(),
  description: z.string(),
  state: TaskState,
  reason: z.string(),
  size: Size,
  priority: Priority,
  role: Role,
  agent: z.string().nullable(),
  capabilities: z.array(z.string()),
  files: z.array(z.string()),
  depends_on: z.array(z.string()),
  unmet: z.array(z.string()),
  /** Who added it after the plan was approved. */
  added_by: z.string().nullable(),
  acceptance: z.array(z.object({ item: z.int(), text: z.string(), evidence: z.string().nullable() })),
  branch: z.string().nullable(),
  pull: z.int().nullable(),
  head: z.string().nullable(),
  attempts: z.int(),
  cost_usd: z.number(),
  /** Tokens whose price nobody knows: what they cost comes on top of `cost_usd`. */
  unpriced_tokens: z.int(),
});
export type TaskView = z.infer<typeof TaskView>;

export const QuestionView = z.object({
  run: z.int(),
  question: z.string(),
  task: z.string().nullable(),
  agent: z.string(),
  kind: z.enum(['question', 'approval', 'review']),
  text: z.string(),
  options: z.array(z.string()),
  state: z.enum(['open', 'answered', 'expired', 'withdrawn']),
  answer: z.string().nullable(),
  answered_by: z.string().nullable(),
  deadline: z.string().nullable(),
});
export type QuestionView = z.infer<typeof QuestionView>;

export const AgentView = z.object({
  name: z.string(),
  role: z.string(),
  engine: z.string(),
  model: z.string().nullable(),
  capabilities: z.array(z.string()),
  slots: z.int(),
  busy: z.int(),
  status: z.enum(['idle', 'busy']),
});
export type AgentView = z.infer<typeof AgentView>;

export const PullView = z.object({
  task: z.string(),
  state: TaskState,
  pull: z.int().nullable().describe('null until Entourage has opened it'),
  url: z.string().nullable(),
  branch: z.string().nullable(),
  into: z.string(),
  head: z.string().nullable(),
  checks: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      conclusion: z.string().nullable(),
      required: z.boolean(),
    }),
  ),
  reviews: z.array(
    z.object({ by: z.string(), verdict: z.string(), head: z.string(), open_threads: z.int() }),
  ),
  approved_by: z.string().nullable(),
  merged_commit: z.string().nullable(),
});
export type PullView = z.infer<typeof PullView>;

export const TimelineEntry = z.object({
  id: z.string(),
  at: z.string(),
  type: z.string(),
  task: z.string().nullable(),
  actor: z.string(),
  cause: z.string(),
  words: z.string(),
});
export type TimelineEntry = z.infer<typeof TimelineEntry>;

export const FeedbackView = z.object({
  review: z.int(),
  by: z.string(),
  verdict: z.string(),
  body: z.string(),
  threads: z.array(
    z.object({
      thread: z.int(),
      path: z.string(),
      line: z.int().nullable(),
      code: z.string(),
      body: z.string(),
      state: z.enum(['open', 'fixed', 'kept']),
    }),
  ),
});
export type FeedbackView = z.infer<typeof FeedbackView>;

/** Dollars; tokens whose price nobody knows come on top and count to no cap. */
export const CapView = z.object({
  of: z.enum(['task', 'run', 'team_day']),
  name: z.string(),
  spent_usd: z.number(),
  unpriced_tokens: z.int(),
  cap_usd: z.number(),
  /** Set aside for other sessions at work. */
  held_usd: z.number(),
  left_usd: z.number(),
});
export type CapView = z.infer<typeof CapView>;

const CostRow = z.object({
  name: z.string(),
  cost_usd: z.number(),
  unpriced_tokens: z.int(),
  tokens: z.int(),
});

export const CostSummary = z.object({
  since: z.string(),
  run: z.int().nullable(),
  cost_usd: z.number(),
  unpriced_tokens: z.int(),
  merged: z.int(),
  /** Null with nothing merged, or where part of the cost is not known. */
  cost_per_merged_usd: z.number().nullable(),
  by_agent: z.array(CostRow),
  by_model: z.array(CostRow),
  /** Empty for more than one run. */
  by_task: z.array(CostRow),
  by_day: z.array(CostRow),
});
export type CostSummary = z.infer<typeof CostSummary>;
