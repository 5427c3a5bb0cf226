/** Whether a new head changes against its base what a person approved: then the approval stays (RE-4). Asked of git, so before the transaction. */
import { loadRun, loadTasks } from '../../db/entities.ts';
import { repositoryById, taskByBranch, type TaskAddress } from '../../db/queries/runs.ts';
import { inTransaction, type Transaction } from '../../db/transaction.ts';
import { terminal } from '../domain/task.ts';
import type { Engine } from './handler.ts';

export async function sameChange(
  engine: Engine,
  installation: number,
  { head, ...where }: { head: string } & ({ repository: number; branch: string } | TaskAddress),
): Promise<boolean> {
  const found = await inTransaction(engine.db, { installation }, async (tx) => {
    const address = 'branch' in where ? await taskByBranch(tx, installation, where) : where;
    return address === null ? null : await approved(tx, installation, address);
  });
  if (found === null || found.task.head === head || found.before === head) return false;
  return await engine.github.changesSame(installation, found.repository, {
    base: found.run.base,
    branch: found.branch,
    before: found.before,
    after: head,
  });
}

async function approved(tx: Transaction, installation: number, address: TaskAddress) {
  const run = await loadRun(tx, address.run);
  const repository = run === null ? null : await repositoryById(tx, installation, run.repository);
  const task = (await loadTasks(tx, address.run)).find((row) => row.number === address.task);
  if (run === null || repository === null || task === undefined || terminal(task)) return null;
  const { branch, approvedHead: before } = task;
  return branch === null || before === null ? null : { run, repository, task, branch, before };
}
