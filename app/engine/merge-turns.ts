/** Merges into one branch wait for each other: whatever changes there makes each of them look again. */
import { addJobs } from '../../db/jobs.ts';
import { mergingTasks } from '../../db/queries/merges.ts';
import type { Transaction } from '../../db/transaction.ts';
import { effectJob } from './effect-job.ts';

export async function lookAtMerges(
  tx: Transaction,
  installation: number,
  into: { repository: number; base: string },
): Promise<void> {
  const tasks = await mergingTasks(tx, installation, into);
  await addJobs(
    tx,
    tasks.map(({ run, task }) => effectJob(installation, { type: 'merge_task', run, task })),
  );
}
