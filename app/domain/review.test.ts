import { expect, it } from 'vitest';
import { exampleReview, exampleThread } from './example.ts';
import { openThreads, Verdict } from './review.ts';

it('asks for answers only where changes were requested', () => {
  const threads = [exampleThread(), exampleThread({ id: 502, state: 'fixed' })];
  const reviews = Verdict.options.map((verdict) => exampleReview({ verdict, threads }));
  expect(openThreads(reviews).map(({ review, thread }) => [review.verdict, thread.id])).toEqual([
    ['request_changes', 501],
  ]);
});
