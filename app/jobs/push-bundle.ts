/** Pushes an uploaded bundle to its task's branch, or refuses it with the reason; a refused bundle is kept (AG-6). */
import { z } from 'zod';
import { bundleById, bundleData } from '../../db/queries/bundles.ts';
import type { PushResult } from '../github/port.ts';
import { read, report, type Work } from './context.ts';
import { loadScene, taskOf } from './scene.ts';

const Payload = z.object({ bundle: z.uuid() });

export async function pushBundle(work: Work, payload: unknown): Promise<void> {
  const { bundle: id } = Payload.parse(payload);
  const { bundle, data } = await read(work, async (tx) => ({
    bundle: await bundleById(tx, work.installation, id),
    data: await bundleData(tx, work.installation, id),
  }));
  if (bundle === null || bundle.state !== 'pending') return;
  const result =
    data === null ? { refused: 'The upload holds no data.' } : await push(work, { ...bundle, data });
  await report(work, 'record_push', {
    run: bundle.run,
    task: bundle.task,
    bundle: id,
    head: bundle.head,
    refused: 'refused' in result ? result.refused.slice(0, 4_000) : null,
  });
}

type Upload = { run: string; task: number; head: string; data: Buffer };

async function push(work: Work, upload: Upload): Promise<PushResult> {
  const scene = await loadScene(work, upload.run);
  const task = taskOf(scene, upload.task);
  if (scene === null || task === undefined || task.branch === null || task.head === null)
    return { refused: 'Its task has no branch.' };
  if (task.state === 'done' || task.state === 'cancelled')
    return { refused: `Its task is ${task.state}; nothing more is pushed to it.` };
  const { policy } = scene;
  return await work.port.pushBundle(scene.repository, {
    bundle: upload.data,
    branch: task.branch,
    base: scene.run.base,
    expected: task.head,
    head: upload.head,
    limits: {
      protectedPaths: policy.protected_paths,
      maxFiles: policy.push.max_files,
      maxBytes: policy.push.max_kib * 1024,
      secretsAllowedIn: policy.push.secrets_allowed_in,
    },
  });
}
