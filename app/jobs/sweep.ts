/** Every few seconds: what a lost notification, a dead runner or a dead replica left behind. Correctness rests on it, speed does not. */
import { runsToSweep } from '../../db/queries/runs.ts';
import { expiredSessions } from '../../db/queries/sessions.ts';
import { deadPools, dueQuestions, beatPool, unlockPools } from '../../db/queries/worker-pools.ts';
import { inTransaction } from '../../db/transaction.ts';
import { after, type Jobs, type OperationName } from './context.ts';

const everywhere = { installation: 'all' } as const;

/** Says that this pool lives, and gives back what dead ones held. */
export async function sweepPools(jobs: Pick<Jobs, 'db' | 'log'>, own: string): Promise<void> {
  const dead = await inTransaction(jobs.db, everywhere, async (tx) => {
    await beatPool(tx, own);
    const ids = await deadPools(tx, own);
    await unlockPools(tx, ids);
    return ids;
  });
  if (dead.length > 0) jobs.log.warn({ pools: dead }, 'gave back the jobs of dead workers');
}

/** Expired leases, questions past their deadline, and runs with something to do that nobody does. */
export async function sweepWork(jobs: Jobs): Promise<void> {
  const now = jobs.now();
  const found = await inTransaction(jobs.db, everywhere, async (tx) => ({
    sessions: await expiredSessions(tx, now, after(now, -jobs.times.planQueueSeconds * 1000)),
    questions: await dueQuestions(tx, now),
    runs: await runsToSweep(tx),
  }));
  const command = async (installation: number, operation: OperationName, input: object): Promise<void> => {
    await jobs.execute(operation, input, {
      actor: { kind: 'system', name: 'sweep' },
      installation,
      cause: `sweep:${now}`,
    });
  };
  for (const { session, installation } of found.sessions)
    await command(installation, 'expire_lease', { session });
  for (const { run, number, installation } of found.questions)
    await command(installation, 'expire_question', { run, question: number });
  for (const { id, installation } of found.runs) await command(installation, 'sweep_run', { run: id });
}
