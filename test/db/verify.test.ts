/** TR-1 on the database: rows written with their events agree; any other change is found and named. */
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Event } from '../../app/domain/event.ts';
import { foldRun } from '../../app/domain/fold.ts';
import type { Review } from '../../app/domain/review.ts';
import type { Run } from '../../app/domain/run.ts';
import { saveReviews, saveRun } from '../../db/entities.ts';
import { appendEvents } from '../../db/events.ts';
import { connect, type Database } from '../../db/pool.ts';
import { inTransaction, type Transaction } from '../../db/transaction.ts';
import { compareRun } from '../../db/verify.ts';
import { createDatabase, type TestDatabase } from './database.ts';
import { sampleRun } from './states.ts';

let database: TestDatabase;
let db: Database;
const transact = <T>(work: (tx: Transaction) => Promise<T>): Promise<T> =>
  inTransaction(db, { installation: 1 }, work);
const run: Run = { ...sampleRun, createdAt: '2026-11-21T10:00:00Z' };
const review: Review = {
  id: 2 ** 40,
  run: run.id,
  installation: 1,
  task: 1,
  by: 'ana',
  verdict: 'comment',
  head: 'a'.repeat(40),
  body: 'fine',
  threads: [],
  agent: false,
  dismissed: false,
  submittedAt: '2026-11-21T10:00:00Z',
};
/** More than one page of them. */
const events: Event[] = [
  { type: 'run_created', run },
  { type: 'planning_started' },
  { type: 'review_received', review },
  ...Array.from({ length: 2100 }, (): Event => ({
    type: 'plan_revision_requested',
    feedback: 'again',
    by: 'ana',
  })),
];

beforeAll(async () => {
  database = await createDatabase();
  db = connect(database.appUrl);
  await transact(async (tx) => {
    await sql`insert into installation (id, account) values (1, 'acme')`.execute(tx);
    await sql`insert into repository (id, installation, owner, name) values (10, 1, 'acme', 'shop')`.execute(
      tx,
    );
    const at = '2026-11-21T10:00:00.000Z';
    const recorded = await appendEvents(
      tx,
      { installation: 1, run: run.id, actor: { kind: 'github' }, cause: 'call:1', at },
      events,
    );
    const folded = foldRun(recorded);
    await saveRun(tx, folded.run!);
    await saveReviews(tx, folded.reviews);
  });
});
afterAll(async () => {
  await db.close();
  await database.drop();
});

test('rows written with their events do not differ, over all pages', async () => {
  expect(await transact((tx) => compareRun(tx, run.id))).toEqual({ events: events.length, differences: [] });
});

const undone = new Error('rolled back');
const afterwards = async (change: (tx: Transaction) => Promise<unknown>) => {
  let found: Awaited<ReturnType<typeof compareRun>> | undefined;
  const changed = transact(async (tx) => {
    await change(tx);
    found = await compareRun(tx, run.id);
    throw undone;
  });
  await expect(changed).rejects.toBe(undone);
  return found?.differences;
};

test('a changed column, a missing row and a row that no event made are each named', async () => {
  expect(await afterwards((tx) => sql`update run set title = 'Found'`.execute(tx))).toEqual([
    {
      row: 'run 00000000-0000-4000-8000-000000000001',
      field: 'title',
      folded: '"Search"',
      stored: '"Found"',
    },
  ]);
  expect(await afterwards((tx) => sql`delete from review`.execute(tx))).toMatchObject([
    { row: `review ${2 ** 40}`, field: '*', stored: 'null' },
  ]);
  expect(await afterwards((tx) => saveReviews(tx, [{ ...review, id: 5 }]))).toMatchObject([
    { row: 'review 5', field: '*', folded: 'null' },
  ]);
});
