/** What every job is given, and how it reports what it found out: as commands, through `execute` like everybody else. */
import { addJobs, type Job } from '../../db/jobs.ts';
import type { Database } from '../../db/pool.ts';
import { inTransaction, type Transaction } from '../../db/transaction.ts';
import type { Planner } from '../engine/planner/planner.ts';
import type { Execute } from '../engine/execute.ts';
import type { GitHub, GitHubFor } from '../github/port.ts';
import type { Log } from '../log.ts';

export type OperationName = Parameters<Execute>[0];

export type Jobs = {
  readonly db: Database;
  readonly execute: Execute;
  readonly github: GitHubFor;
  readonly log: Log;
  /** The model API that plans where no manager does. */
  readonly planner: Planner | null;
  readonly times: Times;
  /** ISO, with milliseconds. */
  readonly now: () => string;
};

export type Times = {
  /** Between two edits of one card. */
  cardSeconds: number;
  /** How long checks may take to appear before people decide without them. */
  checksMinutes: number;
};

/** One job at work. */
export type Work = Jobs & {
  readonly installation: number;
  readonly port: GitHub;
  /** `job:<id>`. */
  readonly cause: string;
  readonly name: string;
  /** Ends what takes long when the App stops; the job runs again. */
  readonly signal: AbortSignal | undefined;
};

export async function read<T>(work: Work, query: (tx: Transaction) => Promise<T>): Promise<T> {
  return await inTransaction(work.db, { installation: work.installation }, query);
}

export async function later(work: Pick<Work, 'db' | 'installation'>, job: Job): Promise<void> {
  await inTransaction(work.db, { installation: work.installation }, async (tx) => {
    await addJobs(tx, [job]);
  });
}

/** False when the command was refused: what it was about has changed meanwhile, and whoever changed it asked for new effects. */
export async function report(work: Work, operation: OperationName, input: object): Promise<boolean> {
  const result = await work.execute(operation, input, {
    actor: { kind: 'system', name: work.name },
    installation: work.installation,
    cause: work.cause,
  });
  if (!result.ok)
    work.log.info({ operation, rejected: result.rejection.rejected }, 'a job’s report was refused');
  return result.ok;
}

/** ISO instant `milliseconds` after another. */
export const after = (instant: string, milliseconds: number): string =>
  new Date(Date.parse(instant) + milliseconds).toISOString();
