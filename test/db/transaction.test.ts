/** Transactions are repeated where Postgres asks for it, and only there; values come as the domain writes them. */
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect, type Database } from '../../db/pool.ts';
import { inTransaction, type Transaction } from '../../db/transaction.ts';
import { createDatabase, type TestDatabase } from './database.ts';

let database: TestDatabase;
let db: Database;
beforeAll(async () => {
  database = await createDatabase();
  db = connect(database.appUrl);
});
afterAll(async () => {
  await db.close();
  await database.drop();
});

const all = { installation: 'all' } as const;

test('two transactions that lock in opposite order both end', async () => {
  await inTransaction(db, all, async (tx) => {
    await sql`insert into worker_pool (id) values ('a'), ('b')`.execute(tx);
  });
  let tries = 0;
  let waiting = 0;
  let go = (): void => undefined;
  const both = new Promise<void>((resolve) => (go = resolve));
  const lock = (tx: Transaction, id: string) =>
    sql`select id from worker_pool where id = ${id} for update`.execute(tx);
  const crossing = (first: string, second: string) =>
    inTransaction(db, all, async (tx) => {
      tries += 1;
      await lock(tx, first);
      waiting += 1;
      if (waiting === 2) go();
      await both;
      await lock(tx, second);
      return first + second;
    });
  expect(await Promise.all([crossing('a', 'b'), crossing('b', 'a')])).toEqual(['ab', 'ba']);
  expect(tries).toBeGreaterThan(2);
});

test('any other error is thrown at once, and nothing stays', async () => {
  let tries = 0;
  const failing = inTransaction(db, all, async (tx) => {
    tries += 1;
    await sql`insert into worker_pool (id) values ('gone')`.execute(tx);
    throw new Error('stop here');
  });
  await expect(failing).rejects.toThrow('stop here');
  expect(tries).toBe(1);
  const { rows } = await sql`select from worker_pool where id = 'gone'`.execute(db.kysely);
  expect(rows).toEqual([]);
});

/** Ends its own connection in the middle, as a Postgres that is killed does. */
async function cutOnce(tries: number, tx: Transaction): Promise<void> {
  await sql`insert into worker_pool (id) values (${`cut-${tries}`})`.execute(tx);
  if (tries === 1) await sql`select pg_terminate_backend(pg_backend_pid())`.execute(tx);
}

test('KW-1: cut off in the middle, it runs again where it may be done twice', async () => {
  let tries = 0;
  await inTransaction(db, { ...all, idempotent: true }, async (tx) => {
    tries += 1;
    await cutOnce(tries, tx);
  });
  const { rows } = await sql`select id from worker_pool where id like 'cut-%'`.execute(db.kysely);
  expect(rows).toEqual([{ id: 'cut-2' }]);
});

test('cut off in the middle, the caller is told where it may not', async () => {
  let tries = 0;
  const cut = inTransaction(db, all, async (tx) => {
    tries += 1;
    await cutOnce(tries, tx);
  });
  await expect(cut).rejects.toThrow(/terminat/);
  expect(tries).toBe(1);
});

test('a wrong password is no outage: it is told at once', async () => {
  const url = new URL(database.appUrl);
  url.password = 'wrong';
  await using other = connect(url.href);
  await expect(inTransaction(other, all, async () => {})).rejects.toMatchObject({ code: '28P01' });
  // Half of what an outage is waited for.
}, 5_000);

test('bigints are numbers while they can be, instants are ISO text in UTC', async () => {
  const { rows } = await sql`
    select 9007199254740991::bigint as big, '2026-11-21 12:00:00.5+02'::timestamptz as at, 1.50::numeric as money,
      null::bigint as none, '{1,2}'::integer[] as list`.execute(db.kysely);
  expect(rows).toEqual([
    { big: 9007199254740991, at: '2026-11-21T10:00:00.500Z', money: '1.50', none: null, list: [1, 2] },
  ]);
  await expect(sql`select 9007199254740993::bigint as big`.execute(db.kysely)).rejects.toThrow(
    /beyond 2\^53/,
  );
  await expect(sql`select 'infinity'::timestamptz as at`.execute(db.kysely)).rejects.toThrow(/no instant/);
});
