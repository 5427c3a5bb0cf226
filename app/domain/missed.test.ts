import { describe, expect, it } from 'vitest';
import { attemptsAllowed, missedDeliveries } from './missed.ts';

describe('missed deliveries', () => {
  it('KW-2 are those that we do not have, each by its last attempt, oldest first', () => {
    const attempts = [
      { id: 9, guid: 'b' },
      { id: 7, guid: 'a' },
      { id: 5, guid: 'here' },
      { id: 3, guid: 'a' },
    ];
    expect(missedDeliveries(attempts, new Set(['here']))).toEqual({ again: [7, 9], lost: [] });
  });
  it('KW-2 are given up after some attempts', () => {
    const attempts = Array.from({ length: attemptsAllowed }, (_, id) => ({ id, guid: 'a' }));
    expect(missedDeliveries(attempts, new Set())).toEqual({ again: [], lost: ['a'] });
    expect(missedDeliveries(attempts.slice(1), new Set())).toEqual({
      again: [attemptsAllowed - 1],
      lost: [],
    });
  });
  it('are none where everything arrived', () => {
    expect(missedDeliveries([{ id: 1, guid: 'a' }], new Set(['a']))).toEqual({ again: [], lost: [] });
  });
});
