/** Which workers live. A killed one's jobs and queues stay locked for four hours unless somebody gives them back. */
import pg from 'pg';
import { beatPool, deadPools, poolLockClass, unlockPools } from '../../db/queries/worker-pools.ts';
import { inTransaction } from '../../db/transaction.ts';
import type { Log } from '../log.ts';
import type { Jobs } from './context.ts';

/** Says that this pool lives, and gives back what dead ones held. */
export async function sweepPools(jobs: Pick<Jobs, 'db' | 'log'>, own: string): Promise<void> {
  const dead = await inTransaction(jobs.db, { installation: 'all' }, async (tx) => {
    await beatPool(tx, own);
    const ids = await deadPools(tx, own);
    await unlockPools(tx, ids);
    return ids;
  });
  if (dead.length > 0) jobs.log.warn({ pools: dead }, 'gave back the jobs of dead workers');
}

export type Life = { ensure(): Promise<void>; release(): Promise<void> };

/** Holds the pool's advisory lock on a connection of its own: Postgres drops it the moment this process dies. */
export async function holdLock(url: string, pool: string, log: Log): Promise<Life> {
  let client: pg.Client | null = null;
  const ensure = async (): Promise<void> => {
    if (client !== null) return;
    const next = new pg.Client({
      connectionString: url,
      application_name: 'entourage worker',
      keepAlive: true,
    });
    next.on('error', (error) => {
      log.warn({ err: error }, 'lost the connection that says this worker lives');
      if (client === next) client = null;
    });
    await next.connect();
    await next.query('select pg_advisory_lock($1, hashtext($2))', [poolLockClass, pool]);
    client = next;
  };
  await ensure();
  return {
    ensure,
    release: async () => {
      const held = client;
      client = null;
      await held?.end();
    },
  };
}
