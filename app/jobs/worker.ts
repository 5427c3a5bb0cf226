/** graphile-worker with our tasks, a beat that says it lives, and the sweeps. Any number of replicas, no leader. */
import { EventEmitter, once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger, run, type JobHelpers, type Runner, type TaskList, type WorkerEvents } from 'graphile-worker';
import { z } from 'zod';
import { addJobs } from '../../db/jobs.ts';
import type { Database } from '../../db/pool.ts';
import { inTransaction } from '../../db/transaction.ts';
import type { Planner } from '../engine/planner/planner.ts';
import type { Execute } from '../engine/execute.ts';
import type { Deliveries } from '../github/deliveries.ts';
import { GitHubError, type GitHubFor } from '../github/port.ts';
import type { Log } from '../log.ts';
import type { Jobs } from './context.ts';
import { findMissed, lookForMissed } from './find-missed.ts';
import { effectJobs, runEffect, type EffectName, type RunningJob } from './effects.ts';
import { holdLock, sweepPools, type Life } from './pools.ts';
import { sweep } from './sweep.ts';

export type WorkerOptions = {
  db: Database;
  execute: Execute;
  github: GitHubFor;
  log: Log;
  planner: Planner | null;
  config: { checksMinutes: number; planQueueSeconds: number; startMinutes: number; cardSeconds: number };
  /** Works on one stored delivery. */
  handleDelivery: (guid: string) => Promise<void>;
  deliveries: Deliveries;
  now?: () => string;
};

export type Worker = AsyncDisposable & {
  /** Looks for webhooks that were sent while nobody listened. To be called once something listens. */
  lookForMissed(): Promise<void>;
  /** Stops taking jobs and waits for those that run. */
  stop(): Promise<void>;
};

const beat = 5_000;
const concurrency = 6;
/** A lost notification costs at most this. */
const pollInterval = 1_000;

/** Starts working at once. What dead workers held is given back first, so that a restart goes on within seconds. */
export async function startWorker(options: WorkerOptions): Promise<Worker> {
  const { db, execute, github, log, planner, config } = options;
  const jobs: Jobs = {
    db,
    execute,
    github,
    log,
    planner,
    times: {
      cardSeconds: config.cardSeconds,
      checksMinutes: config.checksMinutes,
    },
    now: options.now ?? (() => new Date().toISOString()),
  };
  const team = await keepWorking(jobs, options);
  const sweeps = repeat(async () => {
    await team.beat();
    await sweep({
      db,
      execute,
      log,
      now: jobs.now,
      planQueueSeconds: config.planQueueSeconds,
      startMinutes: config.startMinutes,
    });
  }, log);
  const stop = async (): Promise<void> => {
    await sweeps.stop();
    await team.stop();
  };
  return { stop, lookForMissed: async () => await lookForMissed(jobs), [Symbol.asyncDispose]: stop };
}

type Team = { beat(): Promise<void>; stop(): Promise<void> };
type Working = { runner: Runner; pool: string; life: Life };

/**
 * graphile-worker gives up when Postgres goes away while it reports a job's end: its promise rejects, and nobody else
 * would start it again. Here a broken one is followed by a new one, with a new pool, until we are asked to stop.
 */
async function keepWorking(jobs: Jobs, options: WorkerOptions): Promise<Team> {
  const begin = async (): Promise<Working> => {
    const { runner, pool } = await start(jobs, options);
    try {
      const life = await holdLock(jobs.db.url, pool, jobs.log);
      await sweepPools(jobs, pool);
      return { runner, pool, life };
    } catch (error) {
      await runner.stop();
      throw error;
    }
  };
  const stopping = new AbortController();
  let working: Working | null = await begin();
  const watch = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      try {
        working ??= await begin();
        await working.runner.promise;
      } catch (error) {
        jobs.log.error({ err: error }, 'the worker broke');
      }
      if (stopping.signal.aborted) return;
      // A pool that gave up ends its promise either way.
      jobs.log.warn({}, 'another worker starts');
      await working?.life.release();
      working = null;
      await Promise.race([sleep(1_000), once(stopping.signal, 'abort')]);
    }
  };
  const watching = watch();
  return {
    beat: async () => {
      if (working === null) return;
      await working.life.ensure();
      await sweepPools(jobs, working.pool);
    },
    stop: async () => {
      stopping.abort();
      await working?.runner.stop();
      await watching;
      await working?.life.release();
    },
  };
}

async function start(
  jobs: Jobs,
  { handleDelivery, deliveries }: WorkerOptions,
): Promise<{ runner: Runner; pool: string }> {
  const events: WorkerEvents = new EventEmitter();
  const named = new Promise<string>((resolve) => {
    events.once('pool:create', ({ workerPool }) => resolve(workerPool.id));
  });
  const names = Object.keys(effectJobs) as EffectName[];
  const taskList: TaskList = {
    ...Object.fromEntries(
      names.map((name) => [
        name,
        async (payload: unknown, { job, abortSignal }: JobHelpers) =>
          await runEffect(jobs, name, { job: { ...running(job), signal: abortSignal }, payload }),
      ]),
    ),
    handle_delivery: async (payload, { job }) =>
      await deliver(jobs, { payload, job: running(job), handleDelivery }),
    find_missed: async (payload) => await findMissed(jobs, deliveries, payload),
  };
  const runner = await run({
    // Without batching a job's end is reported by a promise that nobody awaits: a Postgres that goes away at that moment
    // would end the whole process. A batch's failure ends the pool instead, and another one starts.
    preset: {
      worker: {
        connectionString: jobs.db.url,
        maxPoolSize: concurrency + 2,
        concurrentJobs: concurrency,
        pollInterval,
        completeJobBatchDelay: 0,
        failJobBatchDelay: 0,
      },
    },
    noHandleSignals: true,
    taskList,
    events,
    logger: loggerOf(jobs.log),
  });
  return { runner, pool: await named };
}

const running = (job: JobHelpers['job']): RunningJob => ({ id: String(job.id), key: job.key });

const Delivery = z.object({ guid: z.string() });

/** As effects: a limit is waited for. Which installation it is, only the delivery knows; its effects find out themselves. */
async function deliver(
  jobs: Jobs,
  {
    payload,
    job,
    handleDelivery,
  }: { payload: unknown; job: RunningJob; handleDelivery: (guid: string) => Promise<void> },
): Promise<void> {
  const { guid } = Delivery.parse(payload);
  try {
    await handleDelivery(guid);
  } catch (error) {
    if (!(error instanceof GitHubError) || error.blockedUntil === null) throw error;
    const runAt = error.blockedUntil;
    jobs.log.info({ guid, until: runAt }, 'GitHub wants us to wait');
    await inTransaction(jobs.db, { installation: 'all' }, async (tx) => {
      await addJobs(tx, [
        { task: 'handle_delivery', payload: { guid }, runAt, ...(job.key === null ? {} : { key: job.key }) },
      ]);
    });
  }
}

/** One round after the other, each `beat` after the last ended; a round that breaks is logged and the next one comes. */
function repeat(round: () => Promise<void>, log: Log): { stop(): Promise<void> } {
  let stopped = false;
  let wake: (() => void) | undefined;
  const loop = async (): Promise<void> => {
    while (!stopped) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, beat);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      if (stopped) return;
      try {
        await round();
      } catch (error) {
        log.error({ err: error }, 'a sweep broke');
      }
    }
  };
  const done = loop();
  return {
    stop: async () => {
      stopped = true;
      wake?.();
      await done;
    },
  };
}

/** Job failures are worth an error line; the worker's own chatter is not. */
function loggerOf(log: Log): Logger {
  return new Logger((scope) => (level, message, meta) => {
    const fields = { ...scope, ...(meta?.['error'] instanceof Error ? { err: meta['error'] } : {}) };
    if (level === 'error') log.error(fields, message);
    else if (level === 'warning') log.warn(fields, message);
    else log.debug(fields, message);
  });
}
