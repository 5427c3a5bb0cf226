/** Takes a pull request out of GitHub's merge queue when its approval holds no more: the queue itself asks nobody again (G24). */
import { z } from 'zod';
import { effectJob } from '../engine/effect-job.ts';
import { after, later, type Work } from './context.ts';
import { loadScene, taskOf } from './scene.ts';

const Payload = z.object({ run: z.uuid(), task: z.int().positive() });

const milliseconds = 5_000;

export async function withdrawMerge(work: Work, payload: unknown): Promise<void> {
  const { run, task: number } = Payload.parse(payload);
  const scene = await loadScene(work, run);
  const task = taskOf(scene, number);
  // Approved again meanwhile, or over: then whoever is in the queue is right there.
  if (scene === null || task === undefined || task.pull === null || standing.has(task.state)) return;
  // Servers without queues don't know the question.
  if (!(await work.port.mergeRules(scene.repository, scene.run.base)).queue) return;
  const pull = await work.port.pull(scene.repository, task.pull);
  if (pull === null || pull.state !== 'open') return;
  if ((await work.port.queueEntry(scene.repository, pull.number)) === null) return;
  const answer = await work.port.dequeue(scene.repository, pull);
  if (answer.result === 'dequeued') return;
  work.log.warn(
    { run, task: number, pull: pull.number, reason: answer.reason },
    'a pull request whose approval holds no more could not be taken out of the merge queue',
  );
  await later(work, {
    ...effectJob(work.installation, { type: 'withdraw_merge', run, task: number }),
    // Not the effect's own key: the next withdrawal must not wait for this one's time.
    key: `withdraw_merge_again:${run}:${number}`,
    runAt: after(work.now(), milliseconds),
  });
}

const standing: ReadonlySet<string> = new Set(['merging', 'done', 'cancelled']);
