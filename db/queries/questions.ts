/** Questions that time has run out for. */
import { sql } from 'kysely';
import type { Transaction } from '../transaction.ts';

/** Open questions whose deadline passed, over all installations. */
export async function overdueQuestions(
  tx: Transaction,
  now: string,
): Promise<{ run: string; question: number; installation: number }[]> {
  const { rows } = await sql<{ run: string; question: number; installation: number }>`
    select run, number as question, installation from question where state = 'open' and deadline < ${now} order by run, number limit 100`.execute(
    tx,
  );
  return rows;
}
