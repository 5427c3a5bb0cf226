/** A task: ten states, only listed transitions, each refusal with its reason. Becomes one branch and one pull request. */
import { z } from 'zod';
import { AgentReview } from './agent-review.ts';
import { Check, Ci } from './ci.ts';
import { Merging } from './merge.ts';
import { Instant, Micros, Priority, Role, RunId, SessionId, Sha, Size } from './words.ts';

export const TaskState = z.enum([
  'todo',
  'ready',
  'in_progress',
  'waiting',
  'in_review',
  'approved',
  'merging',
  'done',
  'failed',
  'cancelled',
]);
export type TaskState = z.infer<typeof TaskState>;

export const Acceptance = z.strictObject({ text: z.string(), evidence: z.string().nullable() });

export const Task = z.strictObject({
  run: RunId,
  installation: z.int(),
  number: z.int().positive(),
  title: z.string(),
  why: z.string(),
  description: z.string(),
  acceptance: z.array(Acceptance),
  size: Size,
  priority: Priority,
  role: Role,
  capabilities: z.array(z.string()),
  files: z.array(z.string()),
  /** An explicit assignee wins over matching (TA-4). */
  agent: z.string().nullable(),
  dependsOn: z.array(z.int()),
  /** What is left of `dependsOn`; the task is ready when nothing is. */
  unmet: z.array(z.int()),
  /** Who added it after the plan was approved: an agent's name or `@ana`; null when the plan has it. */
  addedBy: z.string().nullable(),
  state: TaskState,
  /** Why it is where it is, in words for the card. */
  reason: z.string(),
  /** Sessions that ended without proof; `limits.attempts` of them fail the task. */
  attempts: z.int().nonnegative(),
  /** Sessions in a row that met their time limit since the branch last moved. */
  suspensions: z.int().nonnegative(),
  /** The fencing number of the newest session. */
  fencing: z.int().nonnegative(),
  session: SessionId.nullable(),
  branch: z.string().nullable(),
  base: Sha.nullable(),
  head: Sha.nullable(),
  /** The branch's first commit, empty and ours (G10): work is what comes after it. */
  startHead: Sha.nullable(),
  pull: z.int().nullable(),
  pullUrl: z.string().nullable(),
  /** The head the agent asked review for; the proof is about this commit. */
  reviewHead: Sha.nullable(),
  summary: z.string(),
  checksHead: Sha.nullable(),
  checks: z.array(Check),
  ci: Ci,
  /** The newest head that went to the reviewer agent; null before the first. */
  agentReview: AgentReview.nullable(),
  approvedHead: Sha.nullable(),
  approvedBy: z.string().nullable(),
  mergedCommit: z.string().nullable(),
  /** While it is merging. */
  merge: Merging.nullable(),
  /** The last push, while it stands refused; the bundle is kept until the run ends (AG-6). */
  refused: z.strictObject({ bundle: z.string(), reason: z.string() }).nullable(),
  context: z.record(z.string(), z.string()),
  /** Its own cap; null: the policy's. */
  budget: Micros.nullable(),
  /** Why it is not dispatched although it is ready, where that is money. */
  held: z.string().nullable(),
  cost: Micros,
  /** Tokens whose price nobody knows: what they cost comes on top. */
  unpriced: z.int().nonnegative(),
  addedAt: Instant,
  /** When it last became ready: the oldest of a priority goes first (TA-6). */
  readyAt: Instant.nullable(),
  endedAt: Instant.nullable(),
});
export type Task = z.infer<typeof Task>;

/** What may be said of a task anew; fields that are absent stay. `acceptance`: texts; evidence stays with a text that stays. */
export const TaskChanges = z.strictObject({
  title: z.string().optional(),
  why: z.string().optional(),
  description: z.string().optional(),
  acceptance: z.array(z.string()).optional(),
  size: Size.optional(),
  priority: Priority.optional(),
  capabilities: z.array(z.string()).optional(),
  files: z.array(z.string()).optional(),
  /** Null: whoever fits. */
  agent: z.string().nullable().optional(),
});
export type TaskChanges = z.infer<typeof TaskChanges>;

/** The whole state machine. GitHub or a person may add `done` and `cancelled` from anywhere (see `truth`). */
export const transitions: Readonly<Record<TaskState, readonly TaskState[]>> = {
  todo: ['ready', 'cancelled'],
  ready: ['in_progress', 'todo', 'cancelled'],
  in_progress: ['waiting', 'in_review', 'ready', 'failed', 'cancelled'],
  waiting: ['in_progress', 'ready', 'failed', 'cancelled'],
  in_review: ['approved', 'ready', 'failed', 'cancelled'],
  approved: ['merging', 'in_review', 'cancelled'],
  merging: ['done', 'ready', 'approved', 'cancelled'],
  failed: ['ready', 'cancelled'],
  cancelled: ['ready'],
  done: [],
};

/** What GitHub says wins: a pull request merged by hand is done from any state, one closed by hand is cancelled. */
const truth: readonly TaskState[] = ['done', 'cancelled'];

export function mayMove(from: TaskState, to: TaskState, byGitHub = false): boolean {
  if (from === 'done') return false;
  return transitions[from].includes(to) || (byGitHub && from !== to && truth.includes(to));
}

/** The reason of a task in the merge queue while nothing stands in its way. */
export const mergeStarted = 'approved; merging';
/** What GitHub says stands between a task and its merge, in its words; null when nothing does. */
export const mergeBlock = (task: Pick<Task, 'state' | 'reason'>): string | null =>
  task.state === 'merging' && task.reason !== mergeStarted && task.reason !== '' ? task.reason : null;

/** The beginning of an approved task's reason when it is out of the merge, and stays so until somebody says merge again. */
export const takenOut = 'taken out of the merge';
/** The beginning of a waiting task's reason when a person works on it instead of an agent. */
export const takenOver = 'taken over by';

export const live = (task: Task): boolean => task.session !== null;
export const terminal = (task: Task): boolean =>
  task.state === 'done' || task.state === 'failed' || task.state === 'cancelled';
export const ref = (task: Pick<Task, 'number'>): string => `t${task.number}`;
