import { describe, expect, it } from 'vitest';
import { exampleRun } from './example.ts';
import type { Event, EventOf } from './event.ts';
import { decide, evolve, type ContractCommand } from './contract-rules.ts';
import { isRejection } from './rejection.ts';
import { evolve as evolveRun } from './run-rules.ts';
import type { Run } from './run.ts';

const at = '2026-11-21T10:00:00.000Z';
const run = exampleRun({
  state: 'executing',
  tasks: { total: 2, done: 0, cancelled: 0, failed: 0, moving: 2 },
});
const set = (more: Partial<Extract<ContractCommand, { type: 'set_contract' }>> = {}): ContractCommand => ({
  type: 'set_contract',
  name: 'api',
  text: 'GET /notifications → 200',
  tasks: [1, 2],
  by: 'eng-1',
  ...more,
});
const lock: ContractCommand = { type: 'lock_contract', name: 'api', by: 'manager' };

function after(state: Run, ...commands: ContractCommand[]): Run {
  return commands.reduce((now, command) => {
    const decision = decide(now, command);
    if (isRejection(decision)) throw new Error(decision.message);
    return decision.reduce((folded: Run, event: Event) => evolveRun(folded, event, at), now);
  }, state);
}
const refusal = (state: Run, command: ContractCommand): string => {
  const decision = decide(state, command);
  return isRejection(decision) ? decision.rejected : 'accepted';
};

describe('TA-12: contracts', () => {
  it('are written, changed and locked; each change counts', () => {
    const written = after(run, set(), set({ text: 'GET /notifications → 204', by: 'eng-2' }), lock);
    expect(written.contracts).toEqual([
      { name: 'api', text: 'GET /notifications → 204', tasks: [1, 2], version: 2, by: 'eng-2', locked: true },
    ]);
  });

  it('say the same twice without an event', () => {
    const locked = after(run, set(), lock);
    expect(decide(after(run, set()), set())).toEqual([]);
    expect(decide(locked, set())).toEqual([]);
    expect(decide(locked, lock)).toEqual([]);
  });

  it('are refused when locked, unknown, of unknown tasks, too many, or of a run that is over', () => {
    const locked = after(run, set(), lock);
    expect(refusal(locked, set({ text: 'Another.' }))).toBe('wrong_state');
    expect(refusal(run, lock)).toBe('not_found');
    expect(refusal(run, set({ tasks: [3] }))).toBe('not_found');
    expect(refusal({ ...run, state: 'done' }, set())).toBe('wrong_state');
    const full = after(run, ...Array.from({ length: 50 }, (_, index) => set({ name: `c${index}` })));
    expect(refusal(full, set({ name: 'one-more' }))).toBe('too_large');
    expect(refusal(full, set({ name: 'c7', text: 'Next version.' }))).toBe('accepted');
  });

  it('leave the others alone', () => {
    const two = after(run, set({ name: 'a' }), set({ name: 'b' }));
    const event: EventOf<'contract_locked'> = { type: 'contract_locked', contract: 'b', by: 'manager' };
    expect(evolve(two.contracts, event).map(({ name, locked }) => [name, locked])).toEqual([
      ['a', false],
      ['b', true],
    ]);
  });
});
