/** States come back from rows as they went in. */
import fc from 'fast-check';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import * as entities from '../../db/entities.ts';
import { connect, type Database } from '../../db/pool.ts';
import * as rows from '../../db/rows.ts';
import type { Entity } from '../../db/rows.ts';
import { inTransaction, type Transaction } from '../../db/transaction.ts';
import { createDatabase, type TestDatabase } from './database.ts';
import * as states from './states.ts';
import { sampleRun } from './states.ts';

const id = sampleRun.id;

describe('in memory, toRow then fromRow changes nothing', () => {
  const holds = <T>(name: string, entity: Entity<T>, arbitrary: fc.Arbitrary<T>) =>
    test(name, () => {
      fc.assert(
        fc.property(arbitrary, (state) => {
          expect(rows.fromRow(entity, rows.toRow(entity, state))).toEqual(state);
        }),
      );
    });
  holds('run', rows.runs, states.run);
  holds('task', rows.tasks, states.taskOf(id));
  holds('session', rows.sessions, states.sessionOf(id));
  holds('question', rows.questions, states.questionOf(id));
  holds('review', rows.reviews, states.reviewOf(id));
  holds('message', rows.messages, states.messageOf(id));
});

test('an instant without milliseconds is the same instant', () => {
  const row = rows.toRow(rows.runs, { ...sampleRun, createdAt: '2026-11-21T10:00:00Z' });
  expect(row['created_at']).toBe('2026-11-21T10:00:00.000Z');
});

describe('in Postgres', () => {
  let database: TestDatabase;
  let db: Database;
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
    });
  });
  afterAll(async () => {
    await db.close();
    await database.drop();
  });
  beforeEach(async () => {
    await transact(async (tx) => {
      for (const table of ['message', 'review', 'question', 'session', 'task', 'run']) {
        await sql`delete from ${sql.table(table)}`.execute(tx);
      }
      await entities.saveRun(tx, sampleRun);
    });
  });

  test('a run', async () => {
    await fc.assert(
      fc.asyncProperty(states.run, async (state) => {
        const read = await transact(async (tx) => {
          await sql`delete from run where id <> ${id}`.execute(tx);
          const own = { ...state, number: state.number === 1 ? 2 : state.number };
          await entities.saveRun(tx, own);
          return [own, await entities.loadRun(tx, own.id)];
        });
        expect(read[1]).toEqual(read[0]);
      }),
      { numRuns: 50 },
    );
  });

  type Kind<T> = {
    entity: Entity<T>;
    arbitrary: fc.Arbitrary<T>;
    key: (state: T) => string | number;
    save: (tx: Transaction, states: T[]) => Promise<void>;
    load: (tx: Transaction, run: string) => Promise<T[]>;
  };
  const roundTrips = <T>(kind: Kind<T>): void => {
    const many = fc.uniqueArray(kind.arbitrary, { selector: kind.key, maxLength: 4 });
    test(`many of table ${kind.entity.table} at once`, async () => {
      await fc.assert(
        fc.asyncProperty(many, async (given) => {
          const read = await transact(async (tx) => {
            await sql`delete from ${sql.table(kind.entity.table)}`.execute(tx);
            await kind.save(tx, given);
            return await kind.load(tx, id);
          });
          const byKey = (list: T[]) => new Map(list.map((state) => [kind.key(state), state]));
          expect(byKey(read)).toEqual(byKey(given));
        }),
        { numRuns: 50 },
      );
    });
    test(`a second save of table ${kind.entity.table} changes every column`, async () => {
      await fc.assert(
        fc.asyncProperty(kind.arbitrary, kind.arbitrary, async (first, second) => {
          const merged = {
            ...second,
            ...Object.fromEntries(kind.entity.key.map((name) => [name, first[name]])),
          };
          const read = await transact(async (tx) => {
            await sql`delete from ${sql.table(kind.entity.table)}`.execute(tx);
            await kind.save(tx, [first]);
            await kind.save(tx, [merged]);
            return await kind.load(tx, id);
          });
          expect(read).toEqual([merged]);
        }),
        { numRuns: 30 },
      );
    });
  };
  roundTrips({
    entity: rows.tasks,
    arbitrary: states.taskOf(id),
    key: (task) => task.number,
    save: entities.saveTasks,
    load: entities.loadTasks,
  });
  roundTrips({
    entity: rows.questions,
    arbitrary: states.questionOf(id),
    key: (question) => question.number,
    save: entities.saveQuestions,
    load: entities.loadQuestions,
  });
  roundTrips({
    entity: rows.reviews,
    arbitrary: states.reviewOf(id),
    key: (review) => review.id,
    save: entities.saveReviews,
    load: entities.loadReviews,
  });
  roundTrips({
    entity: rows.messages,
    arbitrary: states.messageOf(id),
    key: (message) => message.id,
    save: entities.saveMessages,
    load: entities.loadMessages,
  });
  // One live session per task is an index of its own: these have ended.
  roundTrips({
    entity: rows.sessions,
    arbitrary: states.sessionOf(id).map((session) => ({ ...session, state: 'ended' as const })),
    key: (session) => session.id,
    save: entities.saveSessions,
    load: entities.loadSessions,
  });

  test('a second live work session of one task is refused', async () => {
    const [first, second] = fc.sample(states.sessionOf(id), { numRuns: 2, seed: 1 });
    const live = { kind: 'work', state: 'queued', task: 3 } as const;
    const both = transact((tx) =>
      entities.saveSessions(tx, [
        { ...first!, ...live },
        { ...second!, ...live },
      ]),
    );
    await expect(both).rejects.toThrow(/session_one_live_per_task/);
  });

  test('tasks come in number order', async () => {
    const [task] = fc.sample(states.taskOf(id), { numRuns: 1, seed: 1 });
    const given = [3, 1, 10, 2].map((number) => ({ ...task!, number }));
    const read = await transact(async (tx) => {
      await entities.saveTasks(tx, given);
      return await entities.loadTasks(tx, id);
    });
    expect(read.map(({ number }) => number)).toEqual([1, 2, 3, 10]);
  });

  test('a locked run is left out with skip and waited for with wait', async () => {
    const order: string[] = [];
    let release = (): void => undefined;
    const holding = new Promise<void>((resolve) => (release = resolve));
    let held = (): void => undefined;
    const locked = new Promise<void>((resolve) => (held = resolve));
    const first = transact(async (tx) => {
      await entities.loadRun(tx, id, { lock: 'wait' });
      held();
      await holding;
      order.push('first');
    });
    await locked;
    expect(await transact((tx) => entities.loadRun(tx, id, { lock: 'skip' }))).toBeNull();
    expect(await transact((tx) => entities.loadRun(tx, id))).toEqual(sampleRun);
    const second = transact(async (tx) => {
      await entities.loadRun(tx, id, { lock: 'wait' });
      order.push('second');
    });
    release();
    await Promise.all([first, second]);
    expect(order).toEqual(['first', 'second']);
  });

  test('what is not there is null or nothing', async () => {
    const nowhere = '00000000-0000-4000-8000-00000000ffff';
    await transact(async (tx) => {
      expect(await entities.loadRun(tx, nowhere)).toBeNull();
      expect(await entities.loadLiveSessions(tx, nowhere)).toEqual([]);
    });
  });
});
