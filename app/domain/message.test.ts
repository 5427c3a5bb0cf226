import { expect, it } from 'vitest';
import { exampleMessage, later, now } from './example.ts';
import { addressedTo, evolve } from './message.ts';

it('is seen once', () => {
  const seen = evolve(exampleMessage(), { type: 'message_seen', message: exampleMessage().id }, now);
  expect(seen.seenAt).toBe(now);
  expect(evolve(seen, { type: 'message_seen', message: seen.id }, later)).toBe(seen);
});

it('reaches an agent by task, role or name', () => {
  const session = { task: 2, role: 'engineer', agent: 'eng-1' };
  const to = (recipient: ReturnType<typeof exampleMessage>['to']): boolean =>
    addressedTo({ to: recipient }, session);
  expect([to({ kind: 'task', task: 2 }), to({ kind: 'task', task: 3 })]).toEqual([true, false]);
  expect([to({ kind: 'role', role: 'engineer' }), to({ kind: 'role', role: 'manager' })]).toEqual([
    true,
    false,
  ]);
  expect([to({ kind: 'agent', agent: 'eng-1' }), to({ kind: 'agent', agent: 'eng-2' })]).toEqual([
    true,
    false,
  ]);
});
