/** Migrations: again, by many at once, and never backwards. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withClient } from '../../db/client.ts';
import { connect } from '../../db/pool.ts';
import { actingAsApp, appRole } from '../../db/app-role.ts';
import { dumpSchema } from '../../db/dump-schema.ts';
import { migrate, migrations } from '../../db/migrate.ts';
import { createDatabase, type TestDatabase } from './database.ts';

let database: TestDatabase;
beforeEach(async () => {
  database = await createDatabase({ empty: true });
});
afterEach(() => database.drop());

test('an empty database gets everything; a second time nothing changes', async () => {
  expect(await migrate(database.ownerUrl)).toEqual({ appRole: true, applied: Object.keys(migrations) });
  const schema = await dumpSchema(database.ownerUrl);
  expect(await migrate(database.ownerUrl)).toEqual({ appRole: true, applied: [] });
  expect(await dumpSchema(database.ownerUrl)).toBe(schema);
});

test('five replicas at once: one applies, all succeed', async () => {
  const results = await Promise.all(Array.from({ length: 5 }, () => migrate(database.ownerUrl)));
  expect(results.flatMap(({ applied }) => applied)).toEqual(Object.keys(migrations));
});

test('a database of a newer version is refused, by name, and left alone', async () => {
  await migrate(database.ownerUrl);
  await withClient(database.ownerUrl, (client) =>
    client.query(`insert into kysely_migration (name, timestamp) values ('9999-future', 'x')`),
  );
  await expect(migrate(database.ownerUrl)).rejects.toMatchObject({
    code: 'newer_schema',
    message: expect.stringMatching(/newer Entourage.*9999-future/) as string,
  });
});

test('the owner’s URL can act as the App’s role, and then only adds events', async () => {
  await migrate(database.ownerUrl);
  await using db = connect(actingAsApp(database.ownerUrl));
  const { rows } = await db.pool.query<{ role: string }>('select current_user as role');
  expect(rows).toEqual([{ role: appRole }]);
  await expect(db.pool.query('delete from event')).rejects.toThrow(/permission denied/);
});
