import { expect, it } from 'vitest';
import { exampleReview, exampleThread, sha } from './example.ts';
import { isRejection } from './rejection.ts';
import { decide, evolve, type ReviewCommand } from './review-rules.ts';
import { openThreads, type Review } from './review.ts';

const asked = (about: Partial<Review> = {}): Review =>
  exampleReview({
    verdict: 'request_changes',
    threads: [exampleThread(), exampleThread({ id: 502 })],
    ...about,
  });

function fold(review: Review, command: ReviewCommand): Review {
  const events = decide(review, command);
  if (isRejection(events)) throw new Error(events.message);
  return events.reduce(evolve, review);
}

it('RE-3 answers each thread once: fixed in a commit, or kept with the reason', () => {
  const fixed = fold(asked(), {
    type: 'answer_thread',
    thread: 501,
    outcome: 'fixed',
    commit: sha('c'),
    why: 'Paged.',
  });
  expect(fixed.threads[0]).toMatchObject({ state: 'fixed', commit: sha('c'), why: 'Paged.' });
  expect(openThreads([fixed]).map(({ thread }) => thread.id)).toEqual([502]);
  const kept = fold(fixed, {
    type: 'answer_thread',
    thread: 502,
    outcome: 'kept',
    commit: null,
    why: 'By design.',
  });
  expect(openThreads([kept])).toEqual([]);
  expect(
    decide(kept, { type: 'answer_thread', thread: 502, outcome: 'kept', commit: null, why: 'x' }),
  ).toMatchObject({
    rejected: 'already_done',
    message: 'Thread 502 was answered already: kept.',
  });
});

it('RE-3 refuses a fix without its commit and a thread that is not there', () => {
  expect(
    decide(asked(), { type: 'answer_thread', thread: 501, outcome: 'fixed', commit: null, why: 'x' }),
  ).toMatchObject({
    rejected: 'invalid_input',
  });
  expect(
    decide(asked(), { type: 'answer_thread', thread: 9, outcome: 'kept', commit: null, why: 'x' }),
  ).toMatchObject({
    rejected: 'not_found',
  });
});

it('is dismissed once', () => {
  const dismissed = fold(asked(), { type: 'dismiss_review' });
  expect(dismissed.dismissed).toBe(true);
  expect(decide(dismissed, { type: 'dismiss_review' })).toEqual([]);
  expect(evolve(dismissed, { type: 'run_done' })).toBe(dismissed);
});
