/** Whether a cause had its effect already, and what was shown when. */
import { sql } from 'kysely';
import type { Transaction } from '../transaction.ts';

/** True when events of this delivery's command are recorded: a job that runs again must not do it twice. */
export async function causeIsRecorded(
  tx: Transaction,
  installation: number,
  cause: string,
): Promise<boolean> {
  const { rows } = await sql<{ found: boolean }>`
    select exists (select 1 from event where installation = ${installation} and cause = ${cause} and cause like 'delivery:%') as found`.execute(
    tx,
  );
  return rows[0]?.found === true;
}

/** The newest plan version that was proposed by that instant. GitHub's times are whole seconds, so ours are cut too. */
export async function planVersionAt(tx: Transaction, run: string, at: string): Promise<number | null> {
  const { rows } = await sql<{ version: number | null }>`
    select max((data ->> 'version')::int) as version from event
    where run = ${run} and type = 'plan_proposed' and date_trunc('second', at) <= ${at}::timestamptz`.execute(
    tx,
  );
  return rows[0]?.version ?? null;
}
