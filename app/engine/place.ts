/** What doors need to know of where a person stands on GitHub: the run and task at hand, the plan they saw. */
import { addJobs } from '../../db/jobs.ts';
import { planVersionAt } from '../../db/queries/causes.ts';
import { newestRunOfIssue, repositoryById, taskByPull, tasksByHead } from '../../db/queries/runs.ts';
import { inTransaction } from '../../db/transaction.ts';
import type { Effect } from '../domain/effects.ts';
import { effectJob } from './effect-job.ts';
import type { Engine } from './handler.ts';
import { lookAtMerges } from './merge-turns.ts';
import { ensurePolicy } from './policy-source.ts';
import { policyOf } from './policy-of.ts';

export type Place = { run?: string; task?: number };

/** In a task's pull request that task; elsewhere the newest run of the issue. */
export async function placeOf(
  engine: Engine,
  installation: number,
  at: { repository: number; number: number },
): Promise<Place> {
  return await inTransaction(engine.db, { installation }, async (tx) => {
    const task = await taskByPull(tx, installation, { repository: at.repository, pull: at.number });
    if (task !== null) return { run: task.run, task: task.task };
    const run = await newestRunOfIssue(tx, installation, { repository: at.repository, issue: at.number });
    return run === null ? {} : { run };
  });
}

/** The version of the plan that somebody who wrote at that instant can have seen. */
export async function planSeen(
  engine: Engine,
  installation: number,
  seen: { run: string; at: string },
): Promise<number | null> {
  return await inTransaction(
    engine.db,
    { installation },
    async (tx) => await planVersionAt(tx, seen.run, seen.at),
  );
}

/** The label that starts a run here; null when the repository is not known. */
export async function triggerLabel(engine: Engine, installation: number, id: number): Promise<string | null> {
  const read = async () =>
    await inTransaction(
      engine.db,
      { installation },
      async (tx) => await repositoryById(tx, installation, id),
    );
  const repository = await read();
  if (repository === null) return null;
  await ensurePolicy(engine, repository);
  const current = await read();
  return current === null ? null : policyOf(current).trigger_label;
}

/** Somebody edited what we wrote, or something changed outside: bring it up to date again. */
export async function showAgain(
  engine: Engine,
  installation: number,
  effects: readonly Effect[],
): Promise<void> {
  await inTransaction(engine.db, { installation }, async (tx) => {
    await addJobs(
      tx,
      effects.map((effect) => effectJob(installation, effect)),
    );
  });
}

/** Checks of a commit changed: read them again for every task whose head it is. */
export async function checksChanged(
  engine: Engine,
  installation: number,
  at: { repository: number; head: string },
): Promise<void> {
  const tasks = await inTransaction(
    engine.db,
    { installation },
    async (tx) => await tasksByHead(tx, installation, at),
  );
  await showAgain(
    engine,
    installation,
    tasks.map((address): Effect => ({ type: 'read_checks', ...address })),
  );
}

/** Checks of ours on a merge group's head: without them the queue would wait for ever (G27). */
export async function groupFormed(
  engine: Engine,
  installation: number,
  group: { repository: number; head: string; ref: string; base: string },
): Promise<void> {
  await inTransaction(engine.db, { installation }, async (tx) => {
    await addJobs(tx, [
      { task: 'show_group', payload: { installation, ...group }, key: `show_group:${group.head}` },
    ]);
  });
}

/** Everything on its way into that branch looks again at how it stands. */
export async function mergesChanged(
  engine: Engine,
  installation: number,
  into: { repository: number; base: string },
): Promise<void> {
  await inTransaction(engine.db, { installation }, async (tx) => {
    await lookAtMerges(tx, installation, into);
  });
}
