/** Worker pools: who is alive, and what the dead held. A killed worker's jobs and queues stay locked for 4 hours otherwise. */
import { sql } from 'kysely';
import type { Transaction } from '../transaction.ts';

/** With the hash of a pool's id the advisory lock that its process holds as long as it lives. */
export const poolLockClass = 0x65_6e_74;

export async function beatPool(tx: Transaction, id: string): Promise<void> {
  await sql`insert into worker_pool (id) values (${id}) on conflict (id) do update set beat_at = now()`.execute(
    tx,
  );
}

/**
 * Pools that hold jobs or queues, or are recorded, and are dead: nobody holds their advisory lock, which Postgres drops
 * with the connection at once, or they were silent for 30 seconds, which a cut network needs. A pool records itself only
 * after it took its lock; one that is not recorded yet may be about to, so its jobs are given two seconds.
 */
export async function deadPools(tx: Transaction, own: string): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    with known as (
      select id from worker_pool
      union select locked_by from graphile_worker._private_jobs where locked_at < now() - interval '2 seconds'
      union select locked_by from graphile_worker._private_job_queues where locked_at < now() - interval '2 seconds'
    )
    select known.id from known left join worker_pool on worker_pool.id = known.id
    where known.id <> ${own}
      and (worker_pool.beat_at < now() - interval '30 seconds' or pg_try_advisory_xact_lock(${poolLockClass}, hashtext(known.id)))`.execute(
    tx,
  );
  return rows.map((row) => row.id);
}

/** Gives back what they held; the jobs run again. */
export async function unlockPools(tx: Transaction, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  const list = [...ids];
  await sql`select graphile_worker.force_unlock_workers(${list}::text[])`.execute(tx);
  await sql`delete from worker_pool where id = any(${list}::text[])`.execute(tx);
}
