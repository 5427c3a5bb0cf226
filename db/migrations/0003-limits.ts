/** Until when GitHub wants no call of an installation: kept where every replica sees it. */
import { sql, type Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table installation add column blocked_until timestamptz`.execute(db);
}
