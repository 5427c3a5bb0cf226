/** Every few seconds: what ran out of time, and what a lost notification left lying. Correctness never depends on a wake-up. */
import { dropKeptBundles } from '../../db/queries/bundles.ts';
import { runsToSweep } from '../../db/queries/runs.ts';
import { overdueQuestions } from '../../db/queries/questions.ts';
import { expiredSessions } from '../../db/queries/sessions.ts';
import type { Database } from '../../db/pool.ts';
import { inTransaction } from '../../db/transaction.ts';
import type { Execute } from '../engine/execute.ts';
import type { Log } from '../log.ts';

export type Sweep = {
  db: Database;
  execute: Execute;
  log: Log;
  /** ISO instant. */
  now(): string;
  /** How long a plan session may wait for a runner. */
  planQueueSeconds: number;
  /** How long a session for GitHub Actions may wait for its dispatch, and a dispatched one for a GitHub runner. */
  startMinutes: number;
};

type Chore = { operation: Parameters<Execute>[0]; input: object; installation: number };

/** One pass. Each chore is a command of its own: it looks again under the lock, so a pass that comes late does no harm. */
export async function sweep(parts: Sweep): Promise<number> {
  const now = parts.now();
  const chores = await inTransaction(parts.db, { installation: 'all' }, async (tx): Promise<Chore[]> => {
    const before = (seconds: number): string => new Date(Date.parse(now) - seconds * 1000).toISOString();
    const sessions = await expiredSessions(tx, now, {
      queued: before(parts.planQueueSeconds),
      undispatched: before(parts.startMinutes * 60),
    });
    const questions = await overdueQuestions(tx, now);
    const runs = await runsToSweep(tx);
    await dropKeptBundles(tx);
    return [
      ...sessions.map(({ session, installation }): Chore => ({
        operation: 'expire_lease',
        input: { session },
        installation,
      })),
      ...questions.map(({ run, question, installation }): Chore => ({
        operation: 'expire_question',
        input: { run, question },
        installation,
      })),
      ...runs.map(({ id, installation }): Chore => ({
        operation: 'sweep_run',
        input: { run: id },
        installation,
      })),
    ];
  });
  for (const { operation, input, installation } of chores) {
    const result = await parts.execute(operation, input, {
      actor: { kind: 'system', name: 'sweep' },
      installation,
      cause: 'sweep',
    });
    if (!result.ok)
      parts.log.warn(
        { operation, installation, code: result.rejection.rejected },
        'a chore of the sweep was refused',
      );
  }
  return chores.length;
}
