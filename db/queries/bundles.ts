/** Uploaded work: kept until it is pushed; a refused bundle is kept with the reason, never lost. */
import { sql } from 'kysely';
import type { Transaction } from '../transaction.ts';

export type Bundle = {
  id: string;
  run: string;
  task: number;
  session: string;
  head: string;
  state: 'pending' | 'pushed' | 'refused';
  reason: string;
};

export async function addBundle(
  tx: Transaction,
  bundle: {
    id: string;
    installation: number;
    run: string;
    task: number;
    session: string;
    head: string;
    data: Buffer;
  },
): Promise<void> {
  await sql`
    insert into bundle (id, installation, run, task, session, head, data, state)
    values (${bundle.id}, ${bundle.installation}, ${bundle.run}, ${bundle.task}, ${bundle.session}, ${bundle.head}, ${bundle.data}, 'pending')`.execute(
    tx,
  );
}

export async function bundleById(tx: Transaction, installation: number, id: string): Promise<Bundle | null> {
  const { rows } =
    await sql<Bundle>`select id, run, task, session, head, state, reason from bundle where installation = ${installation} and id = ${id}`.execute(
      tx,
    );
  return rows[0] ?? null;
}

export async function bundleData(tx: Transaction, installation: number, id: string): Promise<Buffer | null> {
  const { rows } = await sql<{
    data: Buffer | null;
  }>`select data from bundle where installation = ${installation} and id = ${id}`.execute(tx);
  return rows[0]?.data ?? null;
}

/** A pushed bundle's bytes are on GitHub now; a refused one's stay. */
export async function settleBundle(
  tx: Transaction,
  installation: number,
  bundle: { id: string; refused: string | null },
): Promise<void> {
  await sql`
    update bundle set state = ${bundle.refused === null ? 'pushed' : 'refused'}, reason = ${bundle.refused ?? ''}, data = case when ${bundle.refused === null} then null else data end
    where installation = ${installation} and id = ${bundle.id} and state = 'pending'`.execute(tx);
}

/** The newest refused work of a task that is still kept. */
export async function keptBundle(
  tx: Transaction,
  installation: number,
  at: { run: string; task: number },
): Promise<{ id: string; head: string; reason: string; data: Buffer } | null> {
  const { rows } = await sql<{ id: string; head: string; reason: string; data: Buffer }>`
    select id, head, reason, data from bundle
    where installation = ${installation} and run = ${at.run} and task = ${at.task} and state = 'refused' and data is not null
    order by created_at desc, id desc limit 1`.execute(tx);
  return rows[0] ?? null;
}

/** Refused work is kept until its run ends; the reasons stay. Answers with how many bundles went. */
export async function dropKeptBundles(tx: Transaction): Promise<number> {
  const { numAffectedRows } = await sql`
    update bundle set data = null
    where state = 'refused' and data is not null and run in (select id from run where state in ('done', 'cancelled'))`.execute(
    tx,
  );
  return Number(numAffectedRows ?? 0);
}
