import { expect, it } from 'vitest';
import { exampleMessage, later, now } from './example.ts';
import { evolve } from './message-rules.ts';

it('is seen once', () => {
  const seen = evolve(exampleMessage(), { type: 'message_seen', message: exampleMessage().id }, now);
  expect(seen.seenAt).toBe(now);
  expect(evolve(seen, { type: 'message_seen', message: seen.id }, later)).toBe(seen);
});
