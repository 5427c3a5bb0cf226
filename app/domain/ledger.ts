/** The ledger: one entry for each report of usage that changed something, with whom it counts to (AG-8, BU-2). */
import { z } from 'zod';
import type { Event } from './event.ts';
import type { Run } from './run.ts';
import { tokensOf, type Session } from './session.ts';
import { Micros, RunId, SessionId, type Instant } from './words.ts';

export const LedgerEntry = z.strictObject({
  /** The number of the event that it was written with. */
  event: z.int().positive(),
  installation: z.int(),
  repository: z.int(),
  run: RunId,
  /** Null for what counts to the run as a whole. */
  task: z.int().nullable(),
  /** Null where no session spent it: a model was asked for a plan. */
  session: SessionId.nullable(),
  agent: z.string(),
  model: z.string().nullable(),
  team: z.string(),
  /** `2026-11-21`, UTC. */
  day: z.string(),
  tokens: z.int().nonnegative(),
  cost: Micros,
  /** Tokens of unknown price that came, or (below 0) whose price became known. */
  unpriced: z.int(),
});
export type LedgerEntry = z.infer<typeof LedgerEntry>;

/** Not yet written: its event has no number. */
export type Posting = Omit<LedgerEntry, 'event'>;

/** The agent's name of what a model API cost that planned without a manager. */
const plannerName = 'planner';

export const dayOf = (at: Instant): string => new Date(at).toISOString().slice(0, 10);

/** What an event adds to the ledger, or null. `session`: the one it names, as it was before the event. */
export function posting(
  event: Event,
  { run, session }: { run: Run; session: Session | null },
  at: Instant,
): Posting | null {
  const of = { installation: run.installation, repository: run.repository, run: run.id, day: dayOf(at) };
  if (event.type === 'planning_paid') {
    const { model, team, usage, delta: cost, unpriced } = event;
    const tokens = tokensOf(usage);
    return { ...of, task: null, session: null, agent: plannerName, model, team, tokens, cost, unpriced };
  }
  if (event.type !== 'usage_recorded' || session === null) return null;
  const { task, id, agent, model, team } = session;
  const tokens = tokensOf(event.usage) - tokensOf(session.usage);
  return {
    ...of,
    task,
    session: id,
    agent,
    model,
    team,
    tokens,
    cost: event.delta,
    unpriced: event.unpriced,
  };
}
