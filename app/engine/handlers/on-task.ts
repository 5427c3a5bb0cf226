/** A fact about one task, folded into its run; and the answer of operations that report facts: whether there was anything to fold it into. */
import type { Rejection } from '../../domain/rejection.ts';
import { decide, type TaskCommand } from '../../domain/task-rules.ts';
import type { Task } from '../../domain/task.ts';
import type { TaskAddress } from '../../../db/queries/runs.ts';
import { commit } from '../commit.ts';
import type { Context } from '../handler.ts';
import { openRun, type RunWork } from '../run-work.ts';

export type Found = Rejection | { output: { found: boolean } };
export const found = (value: boolean): Found => ({ output: { found: value } });

/** Not found: no such task, or a command of null, which says that this fact is none of its business. */
export async function onTask(
  context: Context,
  address: TaskAddress | null,
  command: (task: Task, work: RunWork) => TaskCommand | null | Promise<TaskCommand>,
): Promise<Found> {
  const work = address === null ? null : await openRun(context.tx, address.run, { now: context.now });
  const task = address === null ? undefined : work?.tasks.get(address.task);
  if (work === null || task === undefined) return found(false);
  const wanted = await command(task, work);
  if (wanted === null) return found(false);
  return (await commit(context, work, decide(task, wanted))) ?? found(true);
}
