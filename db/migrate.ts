/** Brings a database to this version: our tables, graphile-worker's, the App's role. Safe to run by many at once. */
import { runMigrations } from 'graphile-worker';
import { Kysely, PostgresDialect } from 'kysely';
import { Migrator, type Migration } from 'kysely/migration';
import pg from 'pg';
import { ensureAppRole, grantToApp } from './app-role.ts';
import { withClient } from './client.ts';
import { DatabaseError, wordsOf } from './database-error.ts';
import * as initial from './migrations/0001-initial.ts';
import * as tenants from './migrations/0002-tenants.ts';
import * as limits from './migrations/0003-limits.ts';
import * as ledger from './migrations/0004-ledger.ts';

/** In order; a released one is never edited. Listed here, because a bundled program has no folder to scan. */
export const migrations: Readonly<Record<string, Migration>> = {
  '0001-initial': initial,
  '0002-tenants': tenants,
  '0003-limits': limits,
  '0004-ledger': ledger,
};

/** Any number will do, as long as nobody else's advisory locks use it: "ent" in ASCII. */
const lockId = 0x65_6e_74;

/** Runs what is missing, as the database's owner. Answers whether the App has a role of its own. */
export async function migrate(ownerUrl: string): Promise<{ appRole: boolean; applied: string[] }> {
  return await withClient(ownerUrl, async (client) => {
    await client.query('select pg_advisory_lock($1)', [lockId]);
    await refuseNewer(client);
    const applied = await migrateTables(ownerUrl);
    await runMigrations({ connectionString: ownerUrl });
    const appRole = await ensureAppRole(ownerUrl);
    if (appRole) await grantToApp(client);
    return { appRole, applied };
  });
}

/** An older program on a newer database would write rows that the newer one misreads. */
async function refuseNewer(client: pg.Client): Promise<void> {
  const { rows: found } = await client.query<{ found: boolean }>(
    `select to_regclass('kysely_migration') is not null as found`,
  );
  if (found[0]?.found !== true) return;
  const { rows } = await client.query<{ name: string }>('select name from kysely_migration order by name');
  const unknown = rows.map(({ name }) => name).filter((name) => !(name in migrations));
  if (unknown.length === 0) return;
  throw new DatabaseError(
    'newer_schema',
    `The database was migrated by a newer Entourage (it has ${unknown.join(', ')}; this version ends at ${Object.keys(migrations).at(-1)}). Start that version or a later one.`,
  );
}

async function migrateTables(ownerUrl: string): Promise<string[]> {
  const pool = new pg.Pool({ connectionString: ownerUrl, max: 2 });
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) });
  try {
    const migrator = new Migrator({
      db,
      provider: { getMigrations: () => Promise.resolve({ ...migrations }) },
    });
    const { error, results = [] } = await migrator.migrateToLatest();
    if (error !== undefined) {
      const name = results.find(({ status }) => status === 'Error')?.migrationName ?? 'before the first step';
      throw new DatabaseError(
        'migration_stopped',
        `The migration ${name} stopped and was rolled back: ${wordsOf(error)}`,
        { cause: error },
      );
    }
    return results.map(({ migrationName }) => migrationName);
  } finally {
    await db.destroy();
  }
}
