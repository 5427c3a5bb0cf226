/** An installation sees its own rows, whatever a query forgets; and nothing where none was named. */
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withClient } from '../../db/client.ts';
import { connect, type Database } from '../../db/pool.ts';
import { inTransaction } from '../../db/transaction.ts';
import { createDatabase, type TestDatabase } from './database.ts';
import { seedInstallation } from './tenants-of.ts';

let database: TestDatabase;
let db: Database;
let tables: { name: string; column: string }[];

beforeAll(async () => {
  database = await createDatabase();
  db = connect(database.appUrl, { max: 1 });
  await seedInstallation(database.ownerUrl, 1);
  await seedInstallation(database.ownerUrl, 2);
  tables = await withClient(database.ownerUrl, async (client) => {
    const { rows } = await client.query<{ name: string; column: string }>(
      `select relname as name, attname as column from pg_class join pg_attribute on attrelid = pg_class.oid
       where relnamespace = 'public'::regnamespace and relkind = 'r' and not attisdropped
         and (attname = 'installation' or (relname = 'installation' and attname = 'id')) order by relname`,
    );
    return rows;
  });
});
afterAll(async () => {
  await db.close();
  await database.drop();
});

const installationsIn = async (scope: number | 'all', { name, column }: { name: string; column: string }) =>
  await inTransaction(db, { installation: scope }, async (tx) => {
    const { rows } = await sql<{ installation: number }>`
      select ${sql.ref(column)} as installation from ${sql.table(name)} order by 1`.execute(tx);
    return rows.map(({ installation }) => installation);
  });

describe('every table with an installation', () => {
  test('is known to this test: 20 of them', () => {
    expect(tables.map(({ name }) => name)).toHaveLength(20);
  });

  test('shows each installation its own row, and the system both', async () => {
    for (const table of tables) {
      expect([table.name, await installationsIn(1, table)]).toEqual([table.name, [1]]);
      expect([table.name, await installationsIn(2, table)]).toEqual([table.name, [2]]);
      expect([table.name, await installationsIn('all', table)]).toEqual([table.name, [1, 2]]);
    }
  });

  test('shows nothing where no installation was named, not even after a transaction that named one', async () => {
    for (const { name } of tables) {
      const { rows } = await sql`select 1 from ${sql.table(name)}`.execute(db.kysely);
      expect([name, rows]).toEqual([name, []]);
    }
    await using fresh = connect(database.appUrl);
    const { rows } = await sql`select 1 from run`.execute(fresh.kysely);
    expect(rows).toEqual([]);
  });

  test('lets nobody change or delete rows of another', async () => {
    for (const { name, column } of tables) {
      if (name === 'event' || name === 'ledger') continue;
      const changed = await inTransaction(db, { installation: 1 }, async (tx) => {
        const update =
          await sql`update ${sql.table(name)} set ${sql.ref(column)} = ${sql.ref(column)} where ${sql.ref(column)} = 2`.execute(
            tx,
          );
        const remove = await sql`delete from ${sql.table(name)} where ${sql.ref(column)} = 2`.execute(tx);
        return Number(update.numAffectedRows) + Number(remove.numAffectedRows);
      });
      expect([name, changed]).toEqual([name, 0]);
      expect([name, await installationsIn(2, { name, column })]).toEqual([name, [2]]);
    }
  });

  test('lets nobody hand a row to another, nor insert one there', async () => {
    const handOver = inTransaction(db, { installation: 1 }, async (tx) => {
      await sql`update run set installation = 2`.execute(tx);
    });
    await expect(handOver).rejects.toThrow(/row-level security/);
    const insert = inTransaction(db, { installation: 1 }, async (tx) => {
      await sql`insert into delivery (guid, installation, event, body) values ('x', 2, 'ping', '')`.execute(
        tx,
      );
    });
    await expect(insert).rejects.toThrow(/row-level security/);
  });

  test('a delivery of no installation is the system’s alone', async () => {
    await inTransaction(db, { installation: 'all' }, async (tx) => {
      await sql`insert into delivery (guid, installation, event, body) values ('none', null, 'ping', '')`.execute(
        tx,
      );
    });
    expect(await installationsIn(1, { name: 'delivery', column: 'installation' })).toEqual([1]);
  });
});

test('a table without an installation is one of three that belong to nobody', async () => {
  const names = await withClient(database.ownerUrl, async (client) => {
    const { rows } = await client.query<{ name: string }>(
      `select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' and not relforcerowsecurity order by 1`,
    );
    return rows.map(({ name }) => name);
  });
  expect(names).toEqual(['kysely_migration', 'kysely_migration_lock', 'worker_pool']);
});

test('a table owner who is no superuser is bound too', async () => {
  const seen = await withClient(database.ownerUrl, async (client) => {
    await client.query('create role tenant_owner_test nologin');
    try {
      await client.query(
        'alter table github_object owner to tenant_owner_test; grant usage on schema public to tenant_owner_test',
      );
      await client.query('set role tenant_owner_test');
      const nothing = await client.query('select from github_object');
      await client.query(`select set_config('entourage.installation', '2', false)`);
      const own = await client.query('select from github_object');
      return [nothing.rowCount, own.rowCount];
    } finally {
      await client.query('reset role');
      await client.query(
        'reassign owned by tenant_owner_test to current_user; drop owned by tenant_owner_test; drop role tenant_owner_test',
      );
    }
  });
  expect(seen).toEqual([0, 1]);
});
