/** A session: one block of agent work, with its fencing number. A lease keeps it; a newer number refuses its writes. */
import { z } from 'zod';
import { Instant, Micros, Role, RunId, SessionId } from './words.ts';

export const SessionKind = z.enum(['plan', 'manage', 'work', 'review']);
export type SessionKind = z.infer<typeof SessionKind>;
export const SessionState = z.enum(['queued', 'dispatched', 'running', 'ended']);
export type SessionState = z.infer<typeof SessionState>;
export const Outcome = z.enum(['completed', 'suspended', 'failed', 'lost', 'stopped']);
export type Outcome = z.infer<typeof Outcome>;

/** Where it is hosted: on a self-hosted runner, or in a job of GitHub Actions. */
export const SessionPlace = z.enum(['runner', 'actions']);
export type SessionPlace = z.infer<typeof SessionPlace>;
/** Policy's `dispatch`: `actions`, `runner` or the name of a runner group. */
export const placeFor = (dispatch: string): SessionPlace => (dispatch === 'actions' ? 'actions' : 'runner');

/** The workflow run whose job hosts a session. A re-run has the same id and the next attempt. */
export const WorkflowRun = z.strictObject({
  id: z.int().positive(),
  attempt: z.int().positive(),
  url: z.string(),
});
export type WorkflowRun = z.infer<typeof WorkflowRun>;

/** No session reads a trillion tokens, and none costs a million dollars: what says so miscounts. */
const Tokens = z.int().nonnegative().max(1e12);

/** Totals of the session, never increments, so that a repeated report changes nothing. Input excludes cached tokens. */
export const Usage = z.strictObject({
  input_tokens: Tokens,
  cached_tokens: Tokens,
  output_tokens: Tokens,
  /** Null: the tokens are known, their price is not. */
  cost: Micros.max(1e12).nullable(),
});
export type Usage = z.infer<typeof Usage>;
export const tokensOf = ({ input_tokens, cached_tokens, output_tokens }: Omit<Usage, 'cost'>): number =>
  input_tokens + cached_tokens + output_tokens;
const both = <T>(one: T | null, other: T | null, join: (one: T, other: T) => T): T | null =>
  one === null || other === null ? null : join(one, other);

/** Together they cost what both cost; a price that one of them lacks, the sum lacks. */
export const addUsage = (one: Usage, other: Usage): Usage => ({
  input_tokens: one.input_tokens + other.input_tokens,
  cached_tokens: one.cached_tokens + other.cached_tokens,
  output_tokens: one.output_tokens + other.output_tokens,
  cost: both(one.cost, other.cost, (first, second) => first + second),
});

/** What came to `total` since it was `before`; never less than nothing. */
export const usageSince = (total: Usage, before: Usage): Usage => ({
  input_tokens: Math.max(0, total.input_tokens - before.input_tokens),
  cached_tokens: Math.max(0, total.cached_tokens - before.cached_tokens),
  output_tokens: Math.max(0, total.output_tokens - before.output_tokens),
  cost: both(total.cost, before.cost, (now, then) => Math.max(0, now - then)),
});

export const noUsage: Usage = { input_tokens: 0, cached_tokens: 0, output_tokens: 0, cost: 0 };

export const Session = z.strictObject({
  id: SessionId,
  installation: z.int(),
  run: RunId,
  /** The task's number; null for plan and manage sessions. */
  task: z.int().nullable(),
  kind: SessionKind,
  agent: z.string(),
  /** The policy's team when it was queued: its cost counts to that team's day. */
  team: z.string(),
  role: Role,
  engine: z.string(),
  model: z.string().nullable(),
  /** Larger than every earlier session's of the same task (or run): the fence. */
  fencing: z.int().positive(),
  state: SessionState,
  outcome: Outcome.nullable(),
  reason: z.string().nullable(),
  place: SessionPlace,
  runner: z.uuid().nullable(),
  /** Known from the dispatch where GitHub tells it (G30), else from the exchange that bound it. */
  workflowRun: WorkflowRun.nullable(),
  /** How often a workflow was dispatched for it. */
  launches: z.int().nonnegative(),
  /** What kept the engine apart: its own container, its own user, nothing. Reported by the runner. */
  isolation: z.enum(['container', 'user', 'none']).nullable(),
  usage: Usage,
  /** Since when nothing speaks for its agent being at work, and what was looked at; null while it moves. */
  stuck: z.strictObject({ since: Instant, evidence: z.string() }).nullable(),
  /** Tokens among them whose price nobody knows. */
  unpriced: z.int().nonnegative(),
  /** What was set aside for it of its task's, run's and team's budgets when it was dispatched. */
  reserved: Micros,
  queuedAt: Instant,
  dispatchedAt: Instant.nullable(),
  /** When a workflow run exchanged its OIDC token for the session: from then on the session is that run's alone. */
  boundAt: Instant.nullable(),
  startedAt: Instant.nullable(),
  endedAt: Instant.nullable(),
});
export type Session = z.infer<typeof Session>;

/** Dispatched to GitHub Actions, and no job took it yet: it waits for a GitHub runner, or something is wrong there. */
export const waitsForJob = (session: Session): boolean =>
  session.place === 'actions' && session.state === 'dispatched' && session.boundAt === null;

/** GitHub may know something of it: its workflow was dispatched, and it has not ended. */
export const sessionOnActions = (session: Session): boolean =>
  session.place === 'actions' && (session.state === 'dispatched' || session.state === 'running');
