/** A review as it stands on GitHub, a person's or our reviewer agent's, with its threads; each thread is answered once. */
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
  /** A person's login, or the agent's name. */
  by: z.string(),
  /** The reviewer agent gave it: it never approves (RE-4). */
  agent: z.boolean(),
  verdict: Verdict,
  head: Sha,
  body: z.string(),
  threads: z.array(Thread),
  dismissed: z.boolean(),
  submittedAt: Instant,
});
export type Review = z.infer<typeof Review>;

/** Who gave it, as people and agents read it: `@ana`, `reviewer`. */
export const byName = (review: Pick<Review, 'by' | 'agent'>): string =>
  review.agent ? review.by : `@${review.by}`;

/** Threads of reviews that asked for changes and nobody answered yet. */
export function openThreads(reviews: readonly Review[]): { review: Review; thread: Thread }[] {
  return reviews.flatMap((review) =>
    review.verdict === 'request_changes'
      ? review.threads.filter((thread) => thread.state === 'open').map((thread) => ({ review, thread }))
      : [],
  );
}
