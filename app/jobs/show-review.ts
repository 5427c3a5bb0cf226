/** Posts the reviewer agent's review of a head, once, and reports what GitHub made of its comments. */
import { z } from 'zod';
import type { AgentReview } from '../domain/agent-review.ts';
import { wantsPosting } from '../domain/agent-review.ts';
import type { Thread } from '../domain/review.ts';
import { remarkBody, reviewText } from '../github/render/agent-review.ts';
import { reviewMarker } from '../github/render/markers.ts';
import { report, type Work } from './context.ts';
import { loadScene, taskOf } from './scene.ts';

const Payload = z.object({ run: z.uuid(), task: z.int().positive() });

export async function showReview(work: Work, payload: unknown): Promise<void> {
  const { run, task: number } = Payload.parse(payload);
  const scene = await loadScene(work, run);
  const task = taskOf(scene, number);
  const review = task?.agentReview ?? null;
  if (scene === null || task === undefined || task.pull === null || review === null) return;
  // Commits came meanwhile: nobody asks any more what was said of the old ones.
  if (review.head !== task.head || review.session === null || !wantsPosting(review)) return;
  const posted = await work.port.ensureReview(scene.repository, {
    pull: task.pull,
    head: review.head,
    marker: reviewMarker(review.session),
    ...reviewText(review, review.session),
    comments: review.remarks.map((remark) => ({
      path: remark.path,
      line: remark.line,
      side: remark.side,
      body: remarkBody(remark),
    })),
  });
  if (posted === null) return;
  await report(work, 'record_agent_review', {
    run,
    task: number,
    head: review.head,
    review: posted.id,
    body: asWritten(review, posted.threads),
    threads: posted.threads.map((thread) => ({
      ...thread,
      body: remarkOf(review, thread)?.body ?? thread.body,
    })),
  });
}

/** The agent's own words: what GitHub shows is made harmless for its pages, and the engineer reads code. */
const remarkOf = ({ remarks }: AgentReview, thread: Thread) =>
  remarks.find(
    (remark) => remark.path === thread.path && remarkBody(remark) === thread.body.replaceAll('\r\n', '\n'),
  );

/** Remarks that GitHub did not take as threads are in the body. */
function asWritten(review: AgentReview, threads: readonly Thread[]): string {
  const left = threads.length > 0 ? [] : review.remarks;
  return [review.summary, ...left.map(({ path, line, body }) => `${path} line ${line}: ${body}`)]
    .join('\n\n')
    .slice(0, 60_000);
}
