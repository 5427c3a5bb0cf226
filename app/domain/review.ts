/** A review that a person gave in GitHub's review screen, with its threads; each thread is answered once. */
import { z } from 'zod';
import { Instant, RunId, Sha } from './words.ts';

export const Thread = z.strictObject({
  /** GitHub's id of the thread's first comment: replies go to it (G16). */
  id: z.int(),
  path: z.string(),
  line: z.int().nullable(),
  side: z.enum(['LEFT', 'RIGHT']).nullable(),
  /** The diff lines the comment stands on, as GitHub quotes them. */
  code: z.string(),
  body: z.string(),
  state: z.enum(['open', 'fixed', 'kept']),
  commit: z.string().nullable(),
  why: z.string().nullable(),
});
export type Thread = z.infer<typeof Thread>;

export const Verdict = z.enum(['approve', 'request_changes', 'comment']);
export type Verdict = z.infer<typeof Verdict>;

export const Review = z.strictObject({
  /** GitHub's review id. */
  id: z.int(),
  run: RunId,
  installation: z.int(),
  task: z.int(),
  by: z.string(),
  verdict: Verdict,
  head: Sha,
  body: z.string(),
  threads: z.array(Thread),
  dismissed: z.boolean(),
  submittedAt: Instant,
});
export type Review = z.infer<typeof Review>;

/** Threads of reviews that asked for changes and nobody answered yet. */
export function openThreads(reviews: readonly Review[]): { review: Review; thread: Thread }[] {
  return reviews.flatMap((review) =>
    review.verdict === 'request_changes'
      ? review.threads.filter((thread) => thread.state === 'open').map((thread) => ({ review, thread }))
      : [],
  );
}
