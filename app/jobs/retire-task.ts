/** Closes the pull request and removes the branch of a task that will not land. Its commits stay known: a retry brings both back. */
import { z } from 'zod';
import type { Work } from './context.ts';
import { loadScene, taskOf } from './scene.ts';

const Payload = z.object({ run: z.uuid(), task: z.int().positive() });

export async function retireTask(work: Work, payload: unknown): Promise<void> {
  const { run, task: number } = Payload.parse(payload);
  const scene = await loadScene(work, run);
  const task = taskOf(scene, number);
  if (scene === null || task === undefined || task.state !== 'cancelled') return;
  if (task.pull !== null) await work.port.closePull(scene.repository, task.pull);
  if (task.branch !== null) await work.port.deleteBranch(scene.repository, task.branch);
}
