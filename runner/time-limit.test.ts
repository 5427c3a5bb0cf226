import { expect, test } from 'vitest';
import { timeLimit } from './time-limit.ts';

test('AG-7: an hour leaves two minutes for the hand-over, and warns five minutes before that', () => {
  const minute = 60_000;
  expect(timeLimit(60)).toMatchObject({ warnMs: 53 * minute, stopMs: 58 * minute });
  expect(timeLimit(60).words).toMatch(/comes in 5 minutes/);
});

test('AG-7: a short session keeps most of its time', () => {
  const { warnMs, stopMs, words } = timeLimit(1);
  expect(stopMs).toBe(57_000);
  expect(warnMs).toBe(48_000);
  expect(words).toMatch(/about a minute/);
});
