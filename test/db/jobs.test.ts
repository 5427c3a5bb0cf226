/** Jobs: one waiting job per key, with the latest payload and the earliest time; graphile-worker runs as the App's role. */
import { run as startWorker, Logger, type Runner } from 'graphile-worker';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { withClient } from '../../db/client.ts';
import { addJobs, type Job } from '../../db/jobs.ts';
import { connect, type Database } from '../../db/pool.ts';
import { inTransaction } from '../../db/transaction.ts';
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
beforeEach(async () => {
  await withClient(database.ownerUrl, (client) => client.query('delete from graphile_worker._private_jobs'));
});

const add = (...jobs: Job[]): Promise<void> =>
  inTransaction(db, { installation: 1 }, (tx) => addJobs(tx, jobs));

type Stored = {
  task: string;
  payload: unknown;
  key: string | null;
  runAt: string;
  queue: string | null;
  maxAttempts: number;
};

const stored = (): Promise<Stored[]> =>
  withClient(database.ownerUrl, async (client) => {
    const { rows } = await client.query<Omit<Stored, 'runAt'> & { runAt: Date }>(
      `select identifier as task, payload, key, run_at as "runAt", queue_name as queue, max_attempts as "maxAttempts"
       from graphile_worker._private_jobs job join graphile_worker._private_tasks task on task.id = job.task_id
       left join graphile_worker._private_job_queues queue on queue.id = job.job_queue_id order by job.id`,
    );
    return rows.map((row) => ({ ...row, runAt: row.runAt.toISOString() }));
  });

const at = (second: number): string => `2030-01-01T00:00:${String(second).padStart(2, '0')}.000Z`;

test('everything about a job is kept, and what is left out has its default', async () => {
  await add(
    {
      task: 'show_card',
      payload: { run: 'x', text: '"é\\' },
      key: 'card:x',
      runAt: at(5),
      queue: 'cards',
      maxAttempts: 3,
    },
    { task: 'sweep', payload: {} },
  );
  const [first, second] = await stored();
  expect(first).toEqual({
    task: 'show_card',
    payload: { run: 'x', text: '"é\\' },
    key: 'card:x',
    runAt: at(5),
    queue: 'cards',
    maxAttempts: 3,
  });
  expect(second).toMatchObject({ task: 'sweep', payload: {}, key: null, queue: null, maxAttempts: 25 });
  expect(Math.abs(Date.parse(second!.runAt) - Date.now())).toBeLessThan(60_000);
});

test('the same key again: the payload is the last, the time the first', async () => {
  await add({ task: 'show_card', payload: { n: 1 }, key: 'card:x', runAt: at(5) });
  await add({ task: 'show_card', payload: { n: 2 }, key: 'card:x', runAt: at(30) });
  await add({ task: 'show_card', payload: { n: 3 }, key: 'card:x' });
  expect(await stored()).toMatchObject([{ payload: { n: 3 }, runAt: at(5) }]);
});

test('the same key twice in one call is one job with the last payload; jobs without a key stay apart', async () => {
  await add(
    { task: 'show_card', payload: { n: 1 }, key: 'card:x' },
    { task: 'sweep', payload: { n: 1 } },
    { task: 'show_card', payload: { n: 2 }, key: 'card:x' },
    { task: 'sweep', payload: { n: 2 } },
  );
  const payloads = (await stored()).map(({ task, payload }) => [task, payload]);
  expect(payloads).toHaveLength(3);
  expect(payloads).toContainEqual(['show_card', { n: 2 }]);
});

test('a transaction that is rolled back adds nothing; no jobs are no call', async () => {
  const failing = inTransaction(db, { installation: 1 }, async (tx) => {
    await addJobs(tx, [{ task: 'sweep', payload: {} }]);
    throw new Error('no');
  });
  await expect(failing).rejects.toThrow('no');
  await add();
  expect(await stored()).toEqual([]);
});

test('a worker with the App’s role alone does the jobs; a key added while its job runs makes one more run', async () => {
  const seen: unknown[] = [];
  let worker: Runner | undefined;
  const finished = new Promise<void>((resolve) => {
    const later = async (): Promise<void> => {
      worker = await startWorker({
        pgPool: db.pool,
        logger: new Logger(() => () => undefined),
        noHandleSignals: true,
        pollInterval: 100,
        taskList: {
          show_card: async (payload) => {
            seen.push(payload);
            if (seen.length === 1) await add({ task: 'show_card', payload: { n: 2 }, key: 'card:x' });
            if (seen.length === 2) resolve();
          },
        },
      });
    };
    void later();
  });
  await add({ task: 'show_card', payload: { n: 1 }, key: 'card:x', queue: 'cards' });
  await finished;
  await worker?.stop();
  expect(seen).toEqual([{ n: 1 }, { n: 2 }]);
  expect(await stored()).toEqual([]);
});

test('the App’s role may unlock what a killed worker held', async () => {
  await add({ task: 'sweep', payload: {} });
  await withClient(database.ownerUrl, (client) =>
    client.query(`update graphile_worker._private_jobs set locked_at = now(), locked_by = 'dead'`),
  );
  await db.pool.query(`select graphile_worker.force_unlock_workers(array['dead'])`);
  const { rows } = await db.pool.query<{ free: number }>(
    'select count(*) as free from graphile_worker._private_jobs where is_available',
  );
  expect(rows).toEqual([{ free: 1 }]);
});
