/** The one way to a transaction: bound to one installation, repeated when Postgres asks for it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { sql, type Transaction as KyselyTransaction } from 'kysely';
import type { Database } from './pool.ts';
import type { Tables } from './tables.ts';

export type Transaction = KyselyTransaction<Tables>;

/** `all` sees every installation: for jobs of the system itself and for finding out whose a token is. */
export type Scope = {
  installation: number | 'all';
  /**
   * The work may be done twice: then it also runs again when Postgres went away in the middle of it, when nobody knows
   * whether it was committed.
   */
  idempotent?: true;
};

const attempts = 6;
/** How long a call waits for a Postgres that is away before it is refused. */
const reconnectMilliseconds = 10_000;
/** 40P01 deadlock, met rarely even with rows locked in id order; 40001 serialisation failure. Both mean: nothing was done. */
const repeatable = new Set(['40P01', '40001']);

/**
 * Runs `work` in one READ COMMITTED transaction in which row-level security shows `scope` alone. After a deadlock it
 * runs again, so `work` must touch nothing but `tx`. Throws what `work` throws, after a rollback.
 */
export async function inTransaction<T>(
  db: Database,
  scope: Scope,
  work: (tx: Transaction) => Promise<T>,
): Promise<T> {
  const patience = Date.now() + reconnectMilliseconds;
  for (let attempt = 1; ; attempt += 1) {
    let begun = false;
    try {
      return await db.kysely
        .transaction()
        .setIsolationLevel('read committed')
        .execute(async (tx) => {
          begun = true;
          await sql`select set_config('entourage.installation', ${String(scope.installation)}, true)`.execute(
            tx,
          );
          return await work(tx);
        });
    } catch (error) {
      // Postgres restarts. Where nothing was begun nothing can be done twice; else the caller has to know.
      if (isAway(error) && (scope.idempotent === true || !begun) && Date.now() < patience) {
        await sleep(200);
        continue;
      }
      if (attempt >= attempts || !repeatable.has(codeOf(error))) throw error;
      // Jitter, or the same transactions meet again.
      await sleep(Math.random() * 10 * 2 ** attempt);
    }
  }
}

/**
 * Postgres is not there, not yet, or not any more: its classes 08 and 57P (PostgreSQL manual, appendix A), 53300 (all
 * connections taken), the system's errors, and those of `pg` itself, which have no code. A wrong password is none of them.
 */
export function isAway(error: unknown): boolean {
  return (
    /^(08|57P0|53300|ECONN|EPIPE|ENOENT|ETIMEDOUT)/.test(codeOf(error)) ||
    (error instanceof Error &&
      /^(Connection terminated|timeout exceeded when trying to connect)/.test(error.message))
  );
}

/** Postgres' five-character code of an error (`23505`), or an empty string. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
