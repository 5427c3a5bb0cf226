import { expect, it } from 'vitest';
import { addressedTo, type Recipient } from './message.ts';

it('reaches an agent by task, role or name', () => {
  const session = { task: 2, role: 'engineer', agent: 'eng-1' };
  const to = (recipient: Recipient): boolean => addressedTo({ to: recipient }, session);
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
