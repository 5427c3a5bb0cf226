/** Posts our required checks on a merge group's head, truthfully: what it brings was approved, or it is none of ours (G27). */
import { z } from 'zod';
import { loadTasks } from '../../db/entities.ts';
import { repositoryById, taskByPull } from '../../db/queries/runs.ts';
import { ownCheck } from '../domain/proof.ts';
import type { Task } from '../domain/task.ts';
import { groupCheck } from '../github/render/check-run.ts';
import { read, report, type Work } from './context.ts';

const Payload = z.object({ repository: z.int(), head: z.string(), ref: z.string(), base: z.string() });

/** GitHub's name for a group's branch says which pull request is its last (G24). */
const pullOf = (ref: string): number | null => {
  const number = /\/pr-(\d+)-[0-9a-f]+$/.exec(ref)?.[1];
  return number === undefined ? null : Number(number);
};

export async function showGroup(work: Work, payload: unknown): Promise<void> {
  const { repository: id, head, ref, base } = Payload.parse(payload);
  const pull = pullOf(ref);
  const { repository, task } = await read(work, async (tx) => {
    const repository = await repositoryById(tx, work.installation, id);
    const address = pull === null ? null : await taskByPull(tx, work.installation, { repository: id, pull });
    const tasks = address === null ? [] : await loadTasks(tx, address.run);
    return { repository, task: tasks.find((row: Task) => row.number === address?.task) ?? null };
  });
  if (repository === null) return;
  const now = task === null || task.pull === null ? null : await work.port.pull(repository, task.pull);
  const pullHead = now?.head ?? null;
  const { required } = await work.port.mergeRules(repository, base);
  const names = new Set([ownCheck, ...required.filter(({ ours }) => ours).map(({ name }) => name)]);
  for (const name of names)
    await work.port.ensureCheckRun(repository, groupCheck({ name, head, pull, task, pullHead }), null);
  if (task !== null && task.head !== null)
    await report(work, 'record_merge_step', {
      run: task.run,
      task: task.number,
      head: task.head,
      change: { group: head },
    });
}
