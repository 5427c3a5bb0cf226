/** A review that a person gave in GitHub's review screen, with its threads; each thread is answered once. */
import { z } from 'zod';
import type { Event } from './event.ts';
import { reject, type Rejection } from './rejection.ts';
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

export type ReviewCommand =
  | { type: 'answer_thread'; thread: number; outcome: 'fixed' | 'kept'; commit: string | null; why: string }
  | { type: 'dismiss_review' };

export function decide(review: Review, command: ReviewCommand): Event[] | Rejection {
  switch (command.type) {
    case 'dismiss_review':
      return review.dismissed
        ? []
        : [
            {
              type: 'review_dismissed',
              review: review.id,
              task: review.task,
              by: review.by,
              verdict: review.verdict,
            },
          ];
    case 'answer_thread': {
      const thread = review.threads.find((candidate) => candidate.id === command.thread);
      if (thread === undefined)
        return reject('not_found', `Review ${review.id} has no thread ${command.thread}.`, {
          help: 'get_review_feedback lists the open threads.',
        });
      if (thread.state !== 'open')
        return reject('already_done', `Thread ${thread.id} was answered already: ${thread.state}.`);
      if (command.outcome === 'fixed' && command.commit === null) {
        return reject('invalid_input', 'A thread that is fixed needs the commit that fixed it.', {
          help: 'Give `commit`, or outcome `kept` and why.',
        });
      }
      return [
        {
          type: 'thread_answered',
          review: review.id,
          task: review.task,
          thread: thread.id,
          outcome: command.outcome,
          commit: command.commit,
          why: command.why,
        },
      ];
    }
  }
}

export function evolve(review: Review, event: Event): Review {
  switch (event.type) {
    case 'thread_answered':
      return {
        ...review,
        threads: review.threads.map((thread) =>
          thread.id === event.thread
            ? { ...thread, state: event.outcome, commit: event.commit, why: event.why }
            : thread,
        ),
      };
    case 'review_dismissed':
      return { ...review, dismissed: true };
    default:
      return review;
  }
}

/** Threads of reviews that asked for changes and nobody answered yet. */
export function openThreads(reviews: readonly Review[]): { review: Review; thread: Thread }[] {
  return reviews.flatMap((review) =>
    review.verdict === 'request_changes'
      ? review.threads.filter((thread) => thread.state === 'open').map((thread) => ({ review, thread }))
      : [],
  );
}
