import { expect, it } from 'vitest';
import { pickAgent, type Candidate } from './agent-match.ts';
import { exampleTask } from './example.ts';

const agent = (name: string, about: Partial<Candidate> = {}): Candidate => ({
  name,
  role: 'engineer',
  capabilities: [],
  slots: 1,
  busy: 0,
  engine: 'command',
  ...about,
});
const team = [
  agent('manager', { role: 'manager' }),
  agent('back', { capabilities: ['TypeScript', 'postgres'], slots: 2 }),
  agent('front', { capabilities: ['react'] }),
];

it('TA-4 takes the policy’s first free agent of the role', () => {
  expect(pickAgent(exampleTask(), team)).toEqual({ agent: 'back' });
  expect(pickAgent(exampleTask({ role: 'manager' }), team)).toEqual({ agent: 'manager' });
});

it('TA-4 needs every capability, in any case', () => {
  expect(pickAgent(exampleTask({ capabilities: ['React'] }), team)).toEqual({ agent: 'front' });
  expect(pickAgent(exampleTask({ capabilities: ['typescript', 'Postgres'] }), team)).toEqual({
    agent: 'back',
  });
  expect(pickAgent(exampleTask({ capabilities: ['react', 'postgres'] }), team)).toEqual({
    waits: 't2 needs react, postgres; no engineer of the policy has that',
  });
});

it('TA-4 takes the least loaded, by the part of its slots that is busy', () => {
  const loaded = [
    agent('a', { slots: 2, busy: 1 }),
    agent('b', { slots: 4, busy: 1 }),
    agent('c', { slots: 4, busy: 1 }),
  ];
  expect(pickAgent(exampleTask(), loaded)).toEqual({ agent: 'b' });
});

it('TA-4 lets an explicit assignee win, even a busy one', () => {
  expect(pickAgent(exampleTask({ agent: 'front', capabilities: ['postgres'] }), team)).toEqual({
    agent: 'front',
  });
  expect(pickAgent(exampleTask({ agent: 'front' }), [agent('back'), agent('front', { busy: 1 })])).toEqual({
    waits: 'waits for its assignee: front is busy (1 of 1)',
  });
  expect(pickAgent(exampleTask({ agent: 'gone' }), team)).toEqual({
    waits: 't2 is assigned to gone; the policy has no such agent',
  });
});

it('TA-4 says who is busy, and when nobody has the role', () => {
  expect(pickAgent(exampleTask(), [agent('a', { busy: 1 }), agent('b', { slots: 2, busy: 2 })])).toEqual({
    waits: 'waits for a free agent: a is busy (1 of 1), b is busy (2 of 2)',
  });
  expect(pickAgent(exampleTask({ role: 'reviewer' }), team)).toEqual({
    waits: 't2 needs an agent of role reviewer; the policy has none',
  });
  // No slots at all is not free.
  expect(pickAgent(exampleTask(), [agent('a', { slots: 0 })])).toHaveProperty('waits');
});
