import { expect, it } from 'vitest';
import { spend } from './budget.ts';
import { exampleRun, exampleTask } from './example.ts';
import { defaultPolicy } from './policy.ts';
import { micros } from './words.ts';

const spent = (run: number, task: number | null): ReturnType<typeof spend> =>
  spend(
    exampleRun({ cost: micros(run) }),
    task === null ? null : exampleTask({ cost: micros(task) }),
    defaultPolicy,
  );

it('BU-1 leaves what the smaller rest is', () => {
  expect(spent(1, 1)).toEqual({ warn: null, stop: null, left: micros(4) });
  expect(spent(13, null)).toMatchObject({ stop: null, left: micros(2) });
  expect(spent(11, 0)).toMatchObject({ left: micros(4) });
});
it('BU-1 warns from warn_at on', () => {
  expect(spent(1, 3.99).warn).toBeNull();
  expect(spent(1, 4).warn).toBe('t2 has spent $4.00 of $5.00');
  expect(spent(12, 0).warn).toBe('run 12 has spent $12.00 of $15.00');
});
it('BU-1 stops at the cap, of the task or of the run, and never leaves less than nothing', () => {
  expect(spent(6, 5)).toEqual({
    warn: null,
    stop: 't2 has spent $5.00 of $5.00; nothing more may be spent on it',
    left: 0,
  });
  expect(spent(20, null)).toMatchObject({
    stop: 'run 12 has spent $20.00 of $15.00; nothing more may be spent on it',
    left: 0,
  });
});
