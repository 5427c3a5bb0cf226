import { describe, expect, it } from 'vitest';
import { left, setAside, spend, type Cap } from './budget.ts';
import { micros } from './words.ts';

const cap = (about: Partial<Cap> = {}): Cap => ({
  of: 'run',
  name: 'run 12',
  cap: micros(15),
  spent: 0,
  unpriced: 0,
  held: 0,
  ...about,
});
const task = (about: Partial<Cap> = {}): Cap => cap({ of: 'task', name: 't2', cap: micros(5), ...about });
const judge = (caps: Cap[], beyond = false) => spend(caps, { warnAt: 0.8, beyond });

describe('while a session works', () => {
  it('BU-1 warns from warn_at on, with what is not known of it', () => {
    expect(judge([task({ spent: micros(3.99) }), cap()])).toEqual({ warn: null, stop: null });
    expect(judge([task({ spent: micros(4) })]).warn).toBe('t2 has spent $4.00 of $5.00');
    expect(judge([task(), cap({ spent: micros(12), unpriced: 9_000 })]).warn).toBe(
      'run 12 has spent $12.00 + 9k tokens of unknown price of $15.00',
    );
  });
  it('BU-1 stops at the cap, whichever is met', () => {
    expect(judge([task({ spent: micros(5) }), cap({ spent: micros(6) })])).toEqual({
      warn: null,
      stop: 't2 has spent $5.00 of $5.00; nothing more may be spent on it',
    });
    const day = cap({ of: 'team_day', name: 'team platform today', cap: micros(50), spent: micros(50) });
    expect(judge([task(), cap(), day]).stop).toMatch(/^team platform today has spent \$50\.00 of \$50\.00/);
  });
  it('BU-1 what is set aside for others is not its own: it stops once it has spent its own share', () => {
    const shared = [task({ spent: micros(1) }), cap({ spent: micros(11), held: micros(4) })];
    expect(judge(shared).stop).toBeNull();
    expect(judge(shared, true).stop).toBe(
      'run 12 has spent $11.00 of $15.00, and the rest is set aside for other sessions',
    );
    expect(judge([cap({ spent: micros(10), held: micros(4) })], true).stop).toBeNull();
  });
});

describe('before a session starts', () => {
  it('BU-1 sets aside what is wanted, or the smaller rest', () => {
    expect(setAside([task(), cap()], micros(2))).toEqual({ reserved: micros(2) });
    expect(setAside([task({ spent: micros(4.5) }), cap()], micros(2))).toEqual({ reserved: micros(0.5) });
    expect(left([task({ spent: micros(7) }), cap()])).toBe(0);
  });
  it('BU-1 waits when a budget is used up, or what is left is set aside for others', () => {
    expect(setAside([task(), cap({ spent: micros(15) })], 1)).toEqual({
      waits: 'the budget of run 12 ($15.00) is used up',
      usedUp: true,
    });
    const aside = {
      waits: 'the rest of the budget of run 12 ($15.00) is set aside for sessions at work',
      usedUp: false,
    };
    expect(setAside([cap({ spent: micros(10), held: micros(5) })], 1)).toEqual(aside);
    expect(setAside([cap({ spent: micros(10), held: micros(4) })], micros(2))).toEqual(aside);
  });
});
