import { describe, expect, it } from 'vitest';
import { exampleSession, later, now } from './example.ts';
import { isRejection } from './rejection.ts';
import { decide, evolve, fence, type SessionCommand } from './session-rules.ts';
import type { Session } from './session.ts';

const runner = '00000000-0000-4000-8000-000000000009';
const usage = { input_tokens: 100, cached_tokens: 10, output_tokens: 20, cost: 3_000 };

function fold(session: Session, command: SessionCommand): Session {
  const events = decide(session, command);
  if (isRejection(events)) throw new Error(events.message);
  return events.reduce((state, event) => evolve(state, event, later), session);
}

describe('a session', () => {
  it('is taken, started, measured and ended', () => {
    const taken = fold(exampleSession(), { type: 'dispatch_session', runner });
    expect(taken).toMatchObject({ state: 'dispatched', runner });
    const started = fold(taken, { type: 'start_session', isolation: 'user' });
    expect(started).toMatchObject({ state: 'running', isolation: 'user', startedAt: later });
    expect(decide(started, { type: 'start_session', isolation: 'user' })).toEqual([]);
    const measured = fold(started, { type: 'record_usage', usage });
    expect(measured.usage).toEqual(usage);
    const over = fold(measured, { type: 'end_session', outcome: 'completed', reason: 'done' });
    expect(over).toMatchObject({ state: 'ended', outcome: 'completed', reason: 'done', endedAt: later });
  });

  it('TA-5 is taken by one runner only', () => {
    const taken = exampleSession({ state: 'dispatched', runner });
    expect(decide(taken, { type: 'dispatch_session', runner })).toMatchObject({ rejected: 'already_done' });
  });

  it('starts only after it was claimed', () => {
    expect(decide(exampleSession(), { type: 'start_session', isolation: 'none' })).toMatchObject({
      rejected: 'wrong_state',
    });
  });

  it('counts totals: a repeated or older report changes nothing', () => {
    const measured = exampleSession({ state: 'running', usage });
    expect(decide(measured, { type: 'record_usage', usage })).toEqual([]);
    expect(decide(measured, { type: 'record_usage', usage: { ...usage, cost: 1, input_tokens: 1 } })).toEqual(
      [],
    );
    expect(decide(measured, { type: 'record_usage', usage: { ...usage, cost: 5_000 } })).toMatchObject([
      { delta: 2_000 },
    ]);
    expect(decide(measured, { type: 'record_usage', usage: { ...usage, cached_tokens: 11 } })).toMatchObject([
      { delta: 0 },
    ]);
  });

  it('TA-5 takes no write once it is over, but may end twice', () => {
    const over = exampleSession({
      state: 'ended',
      outcome: 'lost',
      reason: 'its lease ran out',
      endedAt: now,
    });
    expect(decide(over, { type: 'record_usage', usage })).toMatchObject({
      rejected: 'session_ended',
      message: 'This session ended: its lease ran out. Nothing more can be written by it.',
    });
    expect(decide(over, { type: 'end_session', outcome: 'completed', reason: '' })).toEqual([]);
  });

  it('leaves other events alone', () => {
    const session = exampleSession();
    expect(evolve(session, { type: 'run_done' }, later)).toBe(session);
  });
});

describe('the fence', () => {
  it('TA-5 lets the task’s live session through and refuses a superseded one', () => {
    const session = exampleSession({ state: 'running' });
    expect(fence(session, session.id)).toBeNull();
    expect(fence(session, null)).toMatchObject({ rejected: 'superseded_session' });
    expect(fence(session, runner)).toMatchObject({ rejected: 'superseded_session' });
  });
  it('TA-5 refuses an ended session', () => {
    const over = exampleSession({ state: 'ended', outcome: 'stopped' });
    expect(fence(over, over.id)).toMatchObject({
      rejected: 'session_ended',
      message: expect.stringContaining('stopped'),
    });
    expect(fence({ ...over, outcome: null }, null)).toMatchObject({
      message: expect.stringContaining('ended: ended'),
    });
  });
  it('lets sessions of the run through: they have no task', () => {
    expect(fence(exampleSession({ kind: 'plan', task: null, state: 'running' }), null)).toBeNull();
  });
});
