/** Which tasks of a repository are on their way into one base branch. */
import { sql } from 'kysely';
import type { Merging } from '../../app/domain/merge.ts';
import type { Priority } from '../../app/domain/words.ts';
import type { Transaction } from '../transaction.ts';

export type MergingTask = {
  run: string;
  task: number;
  pull: number | null;
  priority: Priority;
  reason: string;
  merge: Merging | null;
};

/** In no order: whose turn it is, priorities decide. */
export async function mergingTasks(
  tx: Transaction,
  installation: number,
  into: { repository: number; base: string },
): Promise<MergingTask[]> {
  const { rows } = await sql<MergingTask>`
    select task.run, task.number as task, task.pull, task.priority, task.reason, task.merge from task join run on run.id = task.run
    where task.installation = ${installation} and task.state = 'merging' and run.repository = ${into.repository} and run.base = ${into.base}`.execute(
    tx,
  );
  return rows;
}
