/**
 * Tenants: a transaction sees the rows of the installation it named, or nothing. `all` is for jobs of the system. The
 * policies hold for table owners too, so that they also guard where the App has no role of its own; only superusers
 * pass by.
 */
import { sql, type Kysely } from 'kysely';

const setting = `current_setting('entourage.installation', true)`;
/** The setting is null when never set and empty after a transaction that set it: both show nothing. */
const sees = (column: string): string =>
  `${setting} = 'all' or ${column} = nullif(nullif(${setting}, 'all'), '')::bigint`;

const tables = [
  'repository',
  'run',
  'task',
  'session',
  'session_lease',
  'session_token',
  'agent_slot',
  'runner_token',
  'runner',
  'api_key',
  'question',
  'review',
  'message',
  'bundle',
  'conversation',
  'event',
  'delivery',
  'github_object',
];

export async function up(db: Kysely<unknown>): Promise<void> {
  await guard(db, 'installation', 'id');
  for (const table of tables) await guard(db, table, 'installation');
}

/** Row-level security of one table; `column` holds the installation. */
export async function guard(db: Kysely<unknown>, table: string, column: string): Promise<void> {
  await sql.raw(`alter table ${table} enable row level security, force row level security`).execute(db);
  await sql
    .raw(`create policy tenant on ${table} using (${sees(column)}) with check (${sees(column)})`)
    .execute(db);
}
