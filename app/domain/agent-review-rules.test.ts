/** The reviewer agent's rules: when a head is opened to it, what its session may write, what its verdict comes to. */
import { describe, expect, it } from 'vitest';
import { mostRemarks, wantsPosting, type AgentReview, type Remark } from './agent-review.ts';
import {
  addRemark,
  closeReview,
  endReview,
  giveVerdict,
  openReview,
  receiveAgentReview,
} from './agent-review-rules.ts';
import type { Event, EventOf } from './event.ts';
import { exampleReview, exampleSession, later, sessionId, sha, workedTask } from './example.ts';
import { evolve } from './task-fold.ts';
import type { Task, TaskState } from './task.ts';

const rules = { agent: 'reviewer', rounds: 3 };
const inReview = (about: Partial<Task> = {}): Task =>
  workedTask({ state: 'in_review', session: null, ...about });
const fold = (task: Task, ...events: Event[]): Task =>
  events.reduce((state, event) => evolve(state, event, later), task);
const session = exampleSession({ kind: 'review', role: 'reviewer', fencing: 2 });
const queued: Event = { type: 'session_queued', session };
const moved = (from: TaskState, to: TaskState): Event => ({
  type: 'task_moved',
  task: 2,
  from,
  to,
  reason: 'x',
});
const ended = (about: Partial<EventOf<'session_ended'>> = {}): EventOf<'session_ended'> => ({
  type: 'session_ended',
  session: sessionId,
  task: 2,
  kind: 'review',
  outcome: 'completed',
  reason: 'it stopped',
  cancelled: false,
  leftover: false,
  ...about,
});
const head = (digit: string, unchanged = false): Event => ({
  type: 'head_moved',
  task: 2,
  head: sha(digit),
  by: '@ben',
  unchanged,
});
const remark: Remark = { path: 'src/a.ts', line: 3, side: 'RIGHT', body: 'Wrong.', suggestion: null };
const events = (decision: ReturnType<typeof addRemark>): Event[] => {
  if (!Array.isArray(decision)) throw new Error(decision.message);
  return decision;
};
const refusal = (decision: ReturnType<typeof addRemark>): string =>
  Array.isArray(decision) ? 'none' : decision.rejected;

const opened = fold(inReview(), ...openReview(inReview(), rules));
const running = fold(opened, queued);
const said = (verdict: 'approve' | 'request_changes' | 'reject', task = running): Task =>
  fold(task, ...events(giveVerdict(task, sessionId, { verdict, summary: 'Read.' })));
const posted = (about: Partial<Parameters<typeof exampleReview>[0]> = {}) =>
  exampleReview({ by: 'reviewer', agent: true, verdict: 'comment', ...about });

describe('RE-2 a head goes to the reviewer', () => {
  it('RE-2 once, while the task is in review', () => {
    expect(opened.agentReview).toMatchObject({
      head: sha('b'),
      agent: 'reviewer',
      state: 'waiting',
      round: 0,
    });
    expect(openReview(opened, rules)).toEqual([]);
    expect(openReview(workedTask(), rules)).toEqual([]);
    expect(openReview(inReview({ head: null }), rules)).toEqual([]);
  });
  it('RE-2 again when it is another one, as often as there may be verdicts', () => {
    let task = running;
    for (const digit of ['1', '2', '3']) {
      task = fold(said('request_changes', task), head(digit));
      const next = openReview(task, rules);
      expect(next.map(({ type }) => type)).toEqual([
        digit === '3' ? 'agent_review_closed' : 'agent_review_opened',
      ]);
      task = fold(task, ...next, ...(digit === '3' ? [] : [queued]));
    }
    expect(task.agentReview).toMatchObject({
      head: sha('3'),
      state: 'closed',
      round: 3,
      reason: 'reviewer has reviewed 3 times already, so people decide',
    });
    expect(openReview(task, rules), 'closed once').toEqual([]);
  });
  it('RE-2 heads without a verdict do not count, a person’s request and a retry begin anew', () => {
    const pushed = fold(running, head('c'));
    expect(fold(pushed, ...openReview(pushed, { ...rules, rounds: 1 })).agentReview?.state).toBe('waiting');
    const asked = exampleReview({ by: 'ana', verdict: 'request_changes' });
    expect(fold(said('request_changes'), { type: 'review_received', review: asked }).agentReview?.round).toBe(
      0,
    );
    expect(
      fold(said('reject'), moved('in_review', 'failed'), moved('failed', 'ready')).agentReview?.round,
    ).toBe(0);
  });
  it('RE-2 what was said holds for the same change on a newer base, and for no older head', () => {
    expect(fold(said('approve'), head('c', true)).agentReview).toMatchObject({
      head: sha('c'),
      verdict: 'approve',
    });
    const stale = fold(said('approve'), head('c'), head('d', true));
    expect(stale.agentReview?.head).toBe(sha('b'));
  });
});

describe('RE-2 its session', () => {
  it('RE-2 that ends without a verdict is tried once more, with a clean sheet', () => {
    const remarked = fold(running, ...events(addRemark(running, sessionId, remark)));
    const once = fold(remarked, ended());
    expect(once.agentReview).toMatchObject({ state: 'waiting', session: null, failures: 1, remarks: [] });
    expect(endReview(once, ended())).toEqual([]);
    const twice = fold(once, queued, ended({ outcome: 'failed' }));
    expect(fold(twice, ...endReview(twice, ended())).agentReview).toMatchObject({
      state: 'closed',
      reason: 'reviewer ended twice without one, at last: it stopped',
    });
  });
  it('RE-2 that a person cancelled is not tried again', () => {
    const cancelled = fold(running, ended({ cancelled: true, reason: 'cancelled by hand' }));
    expect(endReview(cancelled, ended({ cancelled: true, reason: 'cancelled by hand' }))).toMatchObject([
      { type: 'agent_review_closed', reason: 'cancelled by hand' },
    ]);
  });
  it('RE-2 that ends after its verdict changes nothing', () => {
    const given = said('approve');
    expect(fold(given, ended())).toEqual({ ...given });
    expect(endReview(given, ended())).toEqual([]);
    expect(closeReview(given, 'x')).toEqual([]);
  });
  it('RE-4 is needed no more once a person approved; back in review it is not asked again for that head', () => {
    const approved = fold(running, moved('in_review', 'approved'));
    expect(approved.agentReview).toMatchObject({
      state: 'closed',
      reason: 'a person approved it before there was a verdict',
    });
    const back = fold(approved, ended({ outcome: 'stopped' }), moved('approved', 'in_review'));
    expect(back.agentReview?.state).toBe('closed');
    expect(openReview(back, rules)).toEqual([]);
    expect(fold(running, moved('in_review', 'ready')).agentReview).toMatchObject({
      state: 'waiting',
      session: null,
    });
  });
});

describe('RE-2 what a session may write', () => {
  it('RE-2 only of the head it reads, only before its verdict, each remark once', () => {
    const one = fold(running, ...events(addRemark(running, sessionId, remark)));
    expect(one.agentReview?.remarks).toEqual([remark]);
    expect(addRemark(one, sessionId, { ...remark })).toEqual([]);
    const other = '00000000-0000-4000-8000-000000000009';
    expect(refusal(addRemark(one, other, remark))).toBe('superseded_session');
    expect(refusal(addRemark(fold(one, head('c')), sessionId, remark))).toBe('superseded_session');
    expect(refusal(addRemark(fold(one, moved('in_review', 'approved')), sessionId, remark))).toBe(
      'superseded_session',
    );
    expect(refusal(addRemark(said('approve', one), sessionId, remark))).toBe('already_done');
    expect(refusal(giveVerdict(said('approve', one), sessionId, { verdict: 'reject', summary: 'x' }))).toBe(
      'already_done',
    );
    expect(refusal(giveVerdict(inReview(), sessionId, { verdict: 'reject', summary: 'x' }))).toBe(
      'superseded_session',
    );
  });
  it('RE-2 at most fifty remarks', () => {
    const full: AgentReview = {
      ...running.agentReview!,
      remarks: Array.from({ length: mostRemarks }, (_, index) => ({ ...remark, line: index + 1 })),
    };
    expect(refusal(addRemark({ ...running, agentReview: full }, sessionId, { ...remark, line: 99 }))).toBe(
      'too_large',
    );
  });
});

describe('RE-2 RE-4 what a verdict comes to', () => {
  const received = (task: Task, about = {}) =>
    receiveAgentReview(task, posted(about)).map((event) =>
      event.type === 'review_received'
        ? event.review.verdict
        : event.type === 'task_moved'
          ? event.to
          : event.type,
    );
  it('RE-2 changes go back to the engineer, a rejection fails the task, an approval moves nothing', () => {
    expect(received(said('request_changes'))).toEqual(['request_changes', 'ready']);
    expect(received(said('reject'))).toEqual(['request_changes', 'failed']);
    const remarked = fold(running, ...events(addRemark(running, sessionId, remark)));
    expect(received(said('approve', remarked))).toEqual(['comment']);
  });
  it('RE-4 no verdict approves: not the head, not in a person’s name', () => {
    const approved = fold(said('approve'), { type: 'review_received', review: posted() });
    expect(approved).toMatchObject({ state: 'in_review', approvedHead: null, approvedBy: null });
  });
  it('RE-2 once, and of an old head or after a person’s decision it is an opinion or nothing', () => {
    const given = said('request_changes');
    expect(received(fold(given, { type: 'review_received', review: posted() }))).toEqual([]);
    expect(received(fold(given, head('c')))).toEqual(['comment']);
    expect(received(given, { head: sha('a') })).toEqual([]);
    expect(received(fold(given, moved('in_review', 'approved')))).toEqual(['comment']);
    expect(received(inReview())).toEqual([]);
  });
  it('RE-2 SE-1 a plain approval is a check run, not one more review', () => {
    expect(wantsPosting(said('approve').agentReview!)).toBe(false);
    expect(wantsPosting(said('request_changes').agentReview!)).toBe(true);
    expect(said('approve').agentReview?.givenAt).toBe(later);
  });
});
