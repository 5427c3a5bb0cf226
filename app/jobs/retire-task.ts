/** Removes the branch of a task that landed, where policy says so; and of one that will not land, with its pull request. Its commits stay known: a retry brings both back. */
import { z } from 'zod';
import type { Work } from './context.ts';
import { loadScene, taskOf } from './scene.ts';

const Payload = z.object({ run: z.uuid(), task: z.int().positive() });

export async function retireTask(work: Work, payload: unknown): Promise<void> {
  const { run, task: number } = Payload.parse(payload);
  const scene = await loadScene(work, run);
  const task = taskOf(scene, number);
  if (scene === null || task === undefined) return;
  if (task.state === 'done' && task.branch !== null && scene.policy.merge.delete_branch) {
    // Whoever pushed after the merge still needs it.
    const tip = await work.port.head(scene.repository, task.branch);
    if (tip === task.head) await work.port.deleteBranch(scene.repository, task.branch);
  }
  if (task.state !== 'cancelled') return;
  if (task.pull !== null) await work.port.closePull(scene.repository, task.pull);
  if (task.branch !== null) await work.port.deleteBranch(scene.repository, task.branch);
}
