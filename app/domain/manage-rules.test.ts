import { describe, expect, it } from 'vitest';
import type { Event } from './event.ts';
import { exampleMessage, exampleQuestion, exampleRun, exampleSession, sessionId } from './example.ts';
import { givenUp, maxManageSessions, wakes, wantsManager, type Surroundings } from './manage-rules.ts';
import { evolve } from './managing-fold.ts';
import { notManaged, reasonWords, type Managing, type WakeReason } from './managing.ts';
import { defaultPolicy } from './policy.ts';
import type { Run } from './run.ts';

const around = (about: Partial<Surroundings> = {}): Surroundings => ({
  rules: defaultPolicy,
  byHand: false,
  question: null,
  ...about,
});
const failed: Event = { type: 'task_moved', task: 2, from: 'in_progress', to: 'failed', reason: 'x' };
const run = (about: Partial<Managing> = {}, more: Partial<Run> = {}): Run =>
  exampleRun({ managing: { ...notManaged, ...about }, ...more });
const words = (events: readonly Event[]): string[] =>
  events.flatMap((event) => (event.type === 'manager_wanted' ? [reasonWords([event.reason])] : [event.type]));
const sent = (about: Parameters<typeof exampleMessage>[0]): Event => ({
  type: 'message_sent',
  message: exampleMessage(about),
});

describe('what wakes the manager', () => {
  it.each<[string, Event, Partial<Surroundings>, string[]]>([
    ['a task that failed for good', failed, {}, ['t2 failed']],
    ['not one that goes on', { ...failed, to: 'ready' }, {}, []],
    ['not one that a person stopped', failed, { byHand: true }, []],
    ['the run’s end', { type: 'run_done' }, {}, ['the run is done']],
    ['its failure', { type: 'run_failed', reason: 'x' }, {}, ['the run is failed']],
    ['not its cancellation', { type: 'run_cancelled', reason: 'x' }, {}, []],
    ['a message to its role', sent({ to: { kind: 'role', role: 'manager' } }), {}, ['a message from @ana']],
    ['a message to its name', sent({ to: { kind: 'agent', agent: 'manager' } }), {}, ['a message from @ana']],
    ['not one to others', sent({ to: { kind: 'role', role: 'engineer' } }), {}, []],
    ['not its own', sent({ from: 'manager', to: { kind: 'role', role: 'manager' } }), {}, []],
    [
      'the answer to what it asked',
      { type: 'question_answered', question: 1, task: null, text: 'yes', by: 'ana' },
      { question: exampleQuestion({ task: null }) },
      ['q1 was answered'],
    ],
    [
      'or that there is none',
      { type: 'question_expired', question: 1, task: null, fallback: null },
      { question: exampleQuestion({ task: null }) },
      ['q1 was answered'],
    ],
    [
      'not the answer of a task',
      { type: 'question_answered', question: 1, task: 2, text: 'yes', by: 'ana' },
      { question: exampleQuestion() },
      [],
    ],
  ])('TA-14 %s', (_, ...[event, about, expected]) => {
    expect(words(wakes(run(), event, around(about)))).toEqual(expected);
  });

  it('TA-14 a live session hears its answer itself', () => {
    const answered: Event = { type: 'question_answered', question: 1, task: null, text: 'yes', by: 'ana' };
    const asked = around({ question: exampleQuestion({ task: null, session: sessionId }) });
    expect(wakes(run({ session: sessionId }), answered, asked)).toEqual([]);
    expect(wakes(run({}, { state: 'planning' }), answered, asked)).toEqual([]);
  });

  it('TA-14 nothing where policy has no manager, or wakes it for something else', () => {
    const engineers = {
      ...defaultPolicy,
      agents: defaultPolicy.agents.filter(({ role }) => role !== 'manager'),
    };
    expect(wakes(run(), failed, around({ rules: engineers }))).toEqual([]);
    const end = { ...defaultPolicy, manage: { woken_by: ['end' as const] } };
    expect(wakes(run(), failed, around({ rules: end }))).toEqual([]);
    expect(wakes(run(), sent({ to: { kind: 'role', role: 'manager' } }), around({ rules: end }))).toEqual([]);
    expect(wakes(run(), { type: 'run_done' }, around({ rules: end }))).toHaveLength(1);
  });

  it.each(['draft', 'planning', 'awaiting_approval', 'paused', 'cancelled'] as const)(
    'TA-14 a run that is %s lets it wait',
    (state) => {
      expect(wantsManager(run({ reasons: [{ kind: 'task_failed', task: 1 }] }, { state }))).toBe(false);
    },
  );
});

describe('reasons', () => {
  const t1: WakeReason = { kind: 'task_failed', task: 1 };
  const said: WakeReason = { kind: 'message', message: exampleMessage().id, from: '@ana', person: true };
  const ended: WakeReason = { kind: 'run_ended', state: 'failed' };
  const after = (start: Partial<Managing>, ...events: Event[]): Managing =>
    events.reduce(evolve, { ...notManaged, ...start });
  const queued: Event = {
    type: 'session_queued',
    session: exampleSession({ kind: 'manage', task: null, role: 'manager' }),
  };
  const taken: Event = {
    type: 'session_dispatched',
    session: sessionId,
    task: null,
    runner: null,
    workflow_run: null,
  };
  const over = (outcome: 'completed' | 'failed' | 'lost' | 'stopped' | 'suspended'): Event => ({
    type: 'session_ended',
    session: sessionId,
    task: null,
    kind: 'manage',
    outcome,
    reason: 'x',
    cancelled: false,
    leftover: false,
  });
  const wanted = (reason: WakeReason): Event => ({ type: 'manager_wanted', reason });

  it('TA-14 of the same thing are one', () => {
    expect(after({}, wanted(t1), wanted(t1), wanted(ended), wanted(ended)).reasons).toEqual([t1, ended]);
  });

  it('TA-14 that came before the prompt was written belong to the session, later ones to the next', () => {
    const managing = after({ reasons: [t1] }, queued, wanted(said), taken, wanted(ended));
    expect(managing).toMatchObject({ taken: [t1, said], reasons: [ended], session: sessionId, sessions: 1 });
    expect(evolve(managing, over('completed'))).toMatchObject({
      taken: [],
      reasons: [ended],
      session: null,
      attempts: 0,
    });
  });

  it.each(['failed', 'lost', 'stopped'] as const)('TA-14 come back from a session that %s', (outcome) => {
    const managing = after({ reasons: [t1] }, queued, taken, wanted(ended), over(outcome));
    expect(managing).toMatchObject({ taken: [], reasons: [t1, ended], attempts: 1, session: null });
  });

  it('TA-14 of a session that waits for an answer don’t: the answer is one', () => {
    expect(after({ reasons: [t1] }, queued, taken, over('suspended'))).toMatchObject({
      taken: [],
      reasons: [],
      attempts: 0,
    });
  });

  it('TA-14 are gone when what they were about is', () => {
    const all = { reasons: [t1, said, ended] };
    const left = (event: Event): WakeReason[] => after(all, event).reasons;
    expect(left({ type: 'task_moved', task: 1, from: 'failed', to: 'ready', reason: '' })).toEqual([
      said,
      ended,
    ]);
    expect(left({ type: 'message_seen', message: exampleMessage().id })).toEqual([t1, ended]);
    expect(left({ type: 'run_reopened' })).toEqual([t1, said]);
    expect(left({ type: 'run_summarized', text: 'x', by: 'manager' })).toEqual([t1, said]);
    expect(left({ type: 'run_cancelled', reason: 'x' })).toEqual([]);
    expect(left({ type: 'manager_given_up', reason: 'x' })).toEqual([]);
  });

  it('TA-14 end after so many attempts, and so many sessions of a run; a person’s message begins anew', () => {
    expect(givenUp(run({ reasons: [t1], attempts: 1 }), 2, null)).toBeNull();
    expect(givenUp(run({ reasons: [t1], attempts: 1 }), 1, 'no key')).toBe(
      "the manager's session failed once: no key",
    );
    const often = { reasons: [t1], sessions: maxManageSessions };
    expect(givenUp(run(often), 3, null)).toMatch(/woken 30 times already; a message to it from a person/);
    expect(givenUp(run({ ...often, reasons: [t1, said] }), 3, null)).toBeNull();
    expect(after({ gaveUp: 'x' }, wanted(said)).gaveUp).toBeNull();
  });
});
