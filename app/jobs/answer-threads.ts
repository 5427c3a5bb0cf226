/** Replies once in every review thread that the agent answered. */
import { z } from 'zod';
import { loadReviews } from '../../db/entities.ts';
import { gitHubObject, saveGitHubObject } from '../../db/queries/effects.ts';
import { threadMarker } from '../github/render/markers.ts';
import { renderThreadReply } from '../github/render/thread.ts';
import { read, type Work } from './context.ts';
import { digest } from './digest.ts';
import { loadScene, taskOf } from './scene.ts';

const Payload = z.object({ run: z.uuid(), task: z.int().positive() });

export async function answerThreads(work: Work, payload: unknown): Promise<void> {
  const { run, task: number } = Payload.parse(payload);
  const scene = await loadScene(work, run);
  const task = taskOf(scene, number);
  if (scene === null || task === undefined || task.pull === null) return;
  const open = await read(work, async (tx) => {
    const reviews = await loadReviews(tx, run, { task: number });
    const threads = reviews.flatMap((review) => review.threads);
    const missing = [];
    for (const thread of threads) {
      const body = renderThreadReply(thread);
      if (body === null) continue;
      const known = await gitHubObject(tx, {
        installation: work.installation,
        kind: 'thread',
        key: String(thread.id),
      });
      if (known === null) missing.push({ comment: thread.id, body, marker: threadMarker(thread.id) });
    }
    return missing;
  });
  await work.port.ensureThreadReplies(scene.repository, task.pull, open);
  await read(work, async (tx) => {
    for (const { comment, body } of open) {
      const key = { installation: work.installation, kind: 'thread', key: String(comment) } as const;
      await saveGitHubObject(tx, { ...key, id: comment, digest: digest(body), at: work.now() });
    }
  });
}
