/** How a review's threads are answered, each once, and how it is dismissed. */
import type { Event } from './event.ts';
import { reject, type Rejection } from './rejection.ts';
import type { Review } from './review.ts';

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
