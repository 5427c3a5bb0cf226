/** The one way to a transaction: bound to one installation, repeated when Postgres asks for it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { sql, type Transaction as KyselyTransaction } from 'kysely';
import type { Database } from './pool.ts';
import type { Tables } from './tables.ts';

export type Transaction = KyselyTransaction<Tables>;

/** `all` sees every installation: for jobs of the system itself and for finding out whose a token is. */
export type Scope = { installation: number | 'all' };

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
      // Postgres restarts: nothing was begun, so nothing can be done twice. Later than that the caller has to know.
      if (!begun && Date.now() < patience) {
        await sleep(200);
        continue;
      }
      if (attempt >= attempts || !repeatable.has(codeOf(error))) throw error;
      // Jitter, or the same transactions meet again.
      await sleep(Math.random() * 10 * 2 ** attempt);
    }
  }
}

/** Postgres' five-character code of an error (`23505`), or an empty string. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
