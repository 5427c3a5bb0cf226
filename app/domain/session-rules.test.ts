import { describe, expect, it } from 'vitest';
import { exampleSession, later, now } from './example.ts';
import { isRejection } from './rejection.ts';
import { decide, evolve, fence, type SessionCommand } from './session-rules.ts';
import { placeFor, Usage, waitsForJob, type Session } from './session.ts';

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

  it('AG-9 tells once that it is stuck, and once that it moves again', () => {
    const running = exampleSession({ state: 'running', startedAt: now });
    const evidence = 'no event for 10 minutes';
    const report = (condition: 'stuck' | 'idle') =>
      ({ type: 'report_condition', condition, evidence }) as const;
    expect(decide(running, report('idle'))).toEqual([]);
    const stuck = fold(running, report('stuck'));
    expect(stuck.stuck).toEqual({ since: later, evidence });
    expect(decide(stuck, report('stuck'))).toEqual([]);
    expect(fold(stuck, report('idle'))).toEqual(running);
    expect(fold(stuck, { type: 'end_session', outcome: 'failed', reason: 'x' }).stuck).toBeNull();
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
      { delta: 2_000, unpriced: 0 },
    ]);
    expect(decide(measured, { type: 'record_usage', usage: { ...usage, cached_tokens: 11 } })).toMatchObject([
      { delta: 0 },
    ]);
  });

  it('BU-1 counts tokens without a price apart, until their price is known', () => {
    const unknown = { ...usage, cost: null };
    let session = exampleSession({ state: 'running' });
    const report = (given: Usage) => {
      const events = decide(session, { type: 'record_usage', usage: given });
      if (isRejection(events)) throw new Error(events.message);
      session = events.reduce((state, event) => evolve(state, event, now), session);
      return events.map((event) => (event.type === 'usage_recorded' ? [event.delta, event.unpriced] : []));
    };
    expect(report({ input_tokens: 0, cached_tokens: 0, output_tokens: 0, cost: null })).toEqual([]);
    expect(report(unknown)).toEqual([[0, 130]]);
    expect(report(unknown)).toEqual([]);
    expect(session).toMatchObject({ usage: { cost: null }, unpriced: 130 });
    // The price of all is told after all.
    expect(report(usage)).toEqual([[3_000, -130]]);
    expect(session).toMatchObject({ usage: { cost: 3_000 }, unpriced: 0 });
    // From here on nobody knows: what was paid stays, what came since is apart.
    expect(report({ ...unknown, input_tokens: 150 })).toEqual([[0, 50]]);
    expect(session).toMatchObject({ usage: { cost: 3_000 }, unpriced: 50 });
    // An engine that began to count anew prices its own tokens, not those before.
    expect(report({ ...usage, input_tokens: 1, cost: 10 })).toEqual([]);
    expect(report({ ...usage, input_tokens: 160, cost: 4_000 })).toEqual([[1_000, -50]]);
  });

  it.each([
    { ...usage, input_tokens: -1 },
    { ...usage, cost: Number.NaN },
    { ...usage, cost: 0.5 },
    { ...usage, cost: -3 },
    { ...usage, output_tokens: Number.POSITIVE_INFINITY },
    { ...usage, cached_tokens: Number.MAX_SAFE_INTEGER },
    { ...usage, cost: 1e13 },
    { ...usage, cost: '3' },
  ])('BU-1 takes no usage that can’t be: %j', (given) => {
    expect(Usage.safeParse(given).success).toBe(false);
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

describe('a session on GitHub Actions', () => {
  const run = { id: 7001, attempt: 1, url: 'https://github.com/acme/shop/actions/runs/7001' };
  const waiting = exampleSession({ place: 'actions' });
  const launched = fold(waiting, { type: 'record_launch', workflowRun: run });
  const bound = fold(launched, { type: 'bind_session', workflowRun: run });

  it('AG-4 is dispatched, bound, started and ended by its own job', () => {
    expect(launched).toMatchObject({
      state: 'dispatched',
      runner: null,
      workflowRun: run,
      launches: 1,
      dispatchedAt: later,
      boundAt: null,
    });
    expect(waitsForJob(launched)).toBe(true);
    expect(bound).toMatchObject({ state: 'dispatched', boundAt: later });
    expect(waitsForJob(bound)).toBe(false);
    const started = fold(bound, { type: 'start_session', isolation: 'user' });
    const end = { type: 'end_session', outcome: 'completed', reason: 'done' } as const;
    expect(decide(started, { ...end, own: true })).toMatchObject([{ leftover: false, cancelled: false }]);
    expect(decide(started, end)).toMatchObject([{ leftover: true }]);
  });

  it('is no runner’s, and a runner’s is no job’s', () => {
    expect(decide(waiting, { type: 'dispatch_session', runner })).toMatchObject({ rejected: 'wrong_state' });
    expect(decide(exampleSession(), { type: 'bind_session', workflowRun: run })).toMatchObject({
      rejected: 'wrong_state',
    });
    expect(decide(exampleSession(), { type: 'record_launch', workflowRun: run })).toMatchObject({
      rejected: 'already_done',
    });
  });

  it('does not start before a job took it', () => {
    expect(decide(launched, { type: 'start_session', isolation: 'user' })).toMatchObject({
      rejected: 'wrong_state',
    });
  });

  it('G34: is taken once, by the run that was dispatched', () => {
    const again = { ...run, attempt: 2 };
    const other = { ...run, id: 7002 };
    expect(decide(bound, { type: 'bind_session', workflowRun: run })).toMatchObject({
      rejected: 'already_done',
    });
    expect(decide(launched, { type: 'bind_session', workflowRun: other })).toMatchObject({
      rejected: 'already_done',
    });
    expect(fold(launched, { type: 'bind_session', workflowRun: again }).workflowRun).toEqual(again);
  });

  it('KW-1 a job that is faster than the record of its dispatch takes it, and the record changes nothing', () => {
    const fast = fold(waiting, { type: 'bind_session', workflowRun: run });
    expect(fast).toMatchObject({ state: 'dispatched', launches: 1, workflowRun: run, boundAt: later });
    expect(decide(fast, { type: 'record_launch', workflowRun: run })).toEqual([]);
    expect(decide(fast, { type: 'record_launch', workflowRun: null })).toEqual([]);
    const second = { ...run, id: 7002 };
    expect(decide(fast, { type: 'record_launch', workflowRun: second })).toMatchObject({
      rejected: 'already_done',
    });
  });

  it('is queued again only while no job took it', () => {
    const command = { type: 'requeue_session', place: 'runner', reason: 'policy' } as const;
    expect(fold(launched, command)).toMatchObject({ state: 'queued', place: 'runner', workflowRun: null });
    expect(decide(bound, command)).toEqual([]);
  });

  it('leaves nothing behind that was never dispatched', () => {
    const end = { type: 'end_session', outcome: 'stopped', reason: 'x' } as const;
    expect(decide(waiting, end)).toMatchObject([{ leftover: false }]);
    expect(decide(exampleSession({ state: 'running', runner }), end)).toMatchObject([{ leftover: false }]);
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

it('policy’s dispatch says where: `actions`, or runners of any group', () => {
  expect(['actions', 'runner', 'gpu-room'].map(placeFor)).toEqual(['actions', 'runner', 'runner']);
});
