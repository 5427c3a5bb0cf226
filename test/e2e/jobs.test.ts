/** The jobs' frame on a real worker: GitHub's limits are waited for, the dead are no obstacle, cards are not edited too often. */
import { generateKeyPairSync } from 'node:crypto';
import { tmpdir } from 'node:os';
import nock from 'nock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createGitHub } from '../../app/github/app.ts';
import { GitHubError, type GitHubFor } from '../../app/github/port.ts';
import { startWorker, type Worker } from '../../app/jobs/worker.ts';
import { addJobs } from '../../db/jobs.ts';
import { saveGitHubObject } from '../../db/queries/effects.ts';
import { inTransaction } from '../../db/transaction.ts';
import { engineWorld, installation, type EngineWorld } from '../db/engine-world.ts';
import { eventually } from './eventually.ts';

let world: EngineWorld;
let worker: Worker | null = null;
beforeEach(async () => {
  nock.disableNetConnect();
  world = await engineWorld();
});
afterEach(async () => {
  await worker?.stop();
  worker = null;
  nock.cleanAll();
  nock.enableNetConnect();
  await world.close();
});

const silent = () => undefined;
const log = { debug: silent, info: silent, warn: silent, error: silent };
const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});
const gitHub = createGitHub({ appId: 1, privateKey, cacheDir: tmpdir() });
const { deliveries } = gitHub;
const github: GitHubFor = (id) => gitHub.github(id);

const start = async (
  handleDelivery: (guid: string) => Promise<void> = async () => undefined,
): Promise<void> => {
  worker = await startWorker({
    db: world.db,
    execute: world.execute,
    github,
    log,
    planner: null,
    config: { checksMinutes: 5, planQueueSeconds: 600, startMinutes: 5, cardSeconds: 5 },
    handleDelivery,
    deliveries,
  });
};
const deliver = async (guid: string): Promise<void> =>
  await inTransaction(
    world.db,
    { installation: 'all' },
    async (tx) =>
      await addJobs(tx, [{ task: 'handle_delivery', payload: { guid }, key: `delivery:${guid}` }]),
  );
type JobRow = { task: string; runAt: Date; attempts: number };
const jobs = async (): Promise<JobRow[]> => {
  const { rows } = await world.db.pool.query<{ task: string; run_at: string; attempts: number }>(
    `select identifier as task, run_at, attempts from graphile_worker._private_jobs job join graphile_worker._private_tasks task on task.id = job.task_id`,
  );
  return rows.map((row) => ({ task: row.task, runAt: new Date(row.run_at), attempts: row.attempts }));
};
const createRun = async (): Promise<string> => {
  await world.must('create_run', { issue: 7, title: 'X', intent: 'X' }, world.person('ana'));
  const { rows } = await world.db.pool.connect().then(async (client) => {
    try {
      await client.query(`select set_config('entourage.installation', 'all', false)`);
      return await client.query<{ id: string }>('select id from run');
    } finally {
      client.release(true);
    }
  });
  return rows[0]!.id;
};

describe('GitHub’s limits', () => {
  it('KW-3 an effect that meets one waits for it, and so do all others of the installation', async () => {
    const scope = nock('https://api.github.com')
      .get('/app')
      .reply(429, { message: 'slow down' }, { 'retry-after': '600' });
    await createRun();
    await start();
    await eventually({ what: 'the card’s job to wait' }, jobs, (rows) =>
      rows.some((row) => row.task === 'show_card' && row.runAt.getTime() > Date.now() + 500_000),
    );
    expect(scope.isDone()).toBe(true);
    // Nothing is mocked any more: a second call to GitHub would fail its job.
    await world.must('cancel_run', { run: 1 }, world.person('ana'));
    await inTransaction(
      world.db,
      { installation },
      async (tx) =>
        await addJobs(tx, [
          { task: 'push_bundle', payload: { installation, bundle: '00000000-0000-4000-8000-000000000000' } },
        ]),
    );
    await eventually({ what: 'the other job to wait too' }, jobs, (rows) =>
      rows.some((row) => row.task === 'push_bundle' && row.runAt.getTime() > Date.now() + 500_000),
    );
    expect((await jobs()).every((row) => row.attempts === 0)).toBe(true);
  });
  it('KW-3 a delivery that meets one is worked on again after it', async () => {
    const tried: number[] = [];
    await deliver('a');
    await start(async () => {
      tried.push(Date.now());
      if (tried.length === 1)
        throw new GitHubError('slow down', {
          status: 429,
          blockedUntil: new Date(Date.now() + 1_500).toISOString(),
        });
    });
    await eventually(
      { what: 'a second try' },
      () => tried.length,
      (count) => count === 2,
    );
    expect(tried[1]! - tried[0]!).toBeGreaterThanOrEqual(1_400);
  });
});

describe('workers that died', () => {
  it('KW-1 their jobs are done within seconds of a restart, by whoever is there', async () => {
    await deliver('lost');
    await world.db.pool.query(`insert into worker_pool (id) values ('pool-dead')`);
    await world.db.pool.query(
      `update graphile_worker._private_jobs set locked_by = 'pool-dead', locked_at = now(), attempts = 1`,
    );
    const done: string[] = [];
    const began = Date.now();
    await start(async (guid) => {
      done.push(guid);
    });
    await eventually(
      { what: 'the lost job to be done' },
      () => done,
      (guids) => guids.includes('lost'),
    );
    expect(Date.now() - began).toBeLessThan(5_000);
  });
  it('KW-1 a worker that lives keeps what it holds', async () => {
    let release = silent as () => void;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const tried: string[] = [];
    await deliver('held');
    await start(async (guid) => {
      tried.push(guid);
      await held;
    });
    await eventually(
      { what: 'the job to begin' },
      () => tried.length,
      (count) => count === 1,
    );
    const second = await startWorker({
      db: world.db,
      execute: world.execute,
      github,
      log,
      planner: null,
      config: { checksMinutes: 5, planQueueSeconds: 600, startMinutes: 5, cardSeconds: 5 },
      handleDelivery: async (guid) => void tried.push(`second ${guid}`),
      deliveries,
    });
    // Longer than a sweep, and than the grace of pools that are not recorded.
    await new Promise((resolve) => setTimeout(resolve, 8_000));
    release();
    await second.stop();
    expect(tried).toEqual(['held']);
  });
});

describe('the card', () => {
  it('SE-1 is not edited within five seconds of its last edit, but afterwards', async () => {
    const run = await createRun();
    const at = new Date().toISOString();
    await inTransaction(
      world.db,
      { installation },
      async (tx) =>
        await saveGitHubObject(tx, { installation, kind: 'card', key: run, id: 1, digest: '', at }),
    );
    await start();
    const due = Date.parse(at) + 5_000;
    await eventually({ what: 'the card’s job to be put off' }, jobs, (rows) =>
      rows.some((row) => row.task === 'show_card' && row.runAt.getTime() === due),
    );
    const scope = nock('https://api.github.com')
      .post(`/app/installations/${installation}/access_tokens`)
      .reply(429, { message: 'it came' }, { 'retry-after': '600' });
    await eventually(
      { what: 'the card to be drawn', within: 15 },
      () => scope.isDone(),
      (done) => done,
    );
    expect(Date.now()).toBeGreaterThanOrEqual(due);
  });
});
