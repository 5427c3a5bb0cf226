/** The record of truth: kept in order, never changed, readable as events again. */
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Event } from '../../app/domain/event.ts';
import { withClient } from '../../db/client.ts';
import { saveRun } from '../../db/entities.ts';
import { appendEvents, readEvents } from '../../db/events.ts';
import { connect, type Database } from '../../db/pool.ts';
import { inTransaction, type Transaction } from '../../db/transaction.ts';
import { createDatabase, type TestDatabase } from './database.ts';
import { sampleRun } from './states.ts';

let database: TestDatabase;
let db: Database;
const run = sampleRun.id;
const record = {
  installation: 1,
  run,
  actor: { kind: 'person', login: 'ana', id: 5 },
  cause: 'call:1',
  at: '2026-11-21T10:00:00.123Z',
} as const;
const given: Event[] = [
  { type: 'run_created', run: sampleRun },
  { type: 'planning_started' },
  { type: 'context_saved', task: 2, key: 'a "quoted" key', value: '{,}\\ \n é🎉' },
  { type: 'dependency_met', task: 3, dependency: 2 },
  { type: 'run_cancelled', reason: 'enough' },
];

const transact = <T>(work: (tx: Transaction) => Promise<T>): Promise<T> =>
  inTransaction(db, { installation: 1 }, work);

beforeAll(async () => {
  database = await createDatabase();
  db = connect(database.appUrl);
  await transact(async (tx) => {
    await sql`insert into installation (id, account) values (1, 'acme')`.execute(tx);
    await sql`insert into repository (id, installation, owner, name) values (10, 1, 'acme', 'shop')`.execute(
      tx,
    );
    await saveRun(tx, sampleRun);
  });
});
afterAll(async () => {
  await db.close();
  await database.drop();
});

test('events are read back as they were appended, in order, by page and by task', async () => {
  const recorded = await transact((tx) => appendEvents(tx, record, given));
  const { actor, cause, at } = record;
  expect(recorded).toEqual(
    given.map((event) => ({ id: expect.stringMatching(/^\d+$/) as string, event, actor, cause, at })),
  );
  await transact(async (tx) => {
    expect(await readEvents(tx, run)).toEqual(recorded);
    expect(await readEvents(tx, run, { after: recorded[1]!.id, limit: 2 })).toEqual(recorded.slice(2, 4));
    expect(await readEvents(tx, run, { task: 3 })).toEqual([recorded[3]]);
    expect(await readEvents(tx, run, { after: recorded.at(-1)!.id })).toEqual([]);
    expect(await appendEvents(tx, record, [])).toEqual([]);
  });
});

test.each(['update event set cause = cause', 'delete from event', 'truncate event cascade'])(
  'the owner is refused: %s',
  async (statement) => {
    await expect(
      withClient(database.ownerUrl, (client) =>
        client.query(`set entourage.installation = 'all'; ${statement}`),
      ),
    ).rejects.toThrow(/append-only/);
  },
);

test.each([
  'update event set cause = cause',
  'delete from event',
  'truncate event',
  'alter table event disable trigger all',
])('the App’s role is refused before any trigger: %s', async (statement) => {
  const refused = transact((tx) => sql.raw(statement).execute(tx));
  await expect(refused).rejects.toThrow(/permission denied|must be owner/);
});

test('an event that this version does not know is an error, not a gap', async () => {
  const reading = transact(async (tx) => {
    await sql`insert into event (installation, run, type, data, actor, cause, at)
      values (1, ${run}, 'moon_landed', '{}', '{"kind":"github"}', 'call:2', now())`.execute(tx);
    return await readEvents(tx, run);
  });
  await expect(reading).rejects.toThrow(/moon_landed|Invalid|discriminator/i);
});
