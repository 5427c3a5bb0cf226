import { expect, it } from 'vitest';
import { priorityOf } from './priority.ts';

it.each([
  [['critical'], 'critical'],
  [['Urgent'], 'critical'],
  [['P0', 'low'], 'critical'],
  [['important'], 'high'],
  [['priority: high'], 'high'],
  [['p1'], 'high'],
  [['minor'], 'low'],
  [['priority/p3'], 'low'],
  [['bug', 'entourage'], 'medium'],
  [[], 'medium'],
] as const)('IN-2 labels %j mean %s', (labels, priority) => expect(priorityOf(labels)).toBe(priority));
