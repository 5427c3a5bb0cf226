/** KW-4: what policy does about red CI, and what a person's answer means. */
import { describe, expect, it } from 'vitest';
import { noCi } from '../domain/ci.ts';
import type { EventOf } from '../domain/event.ts';
import {
  exampleCheck,
  exampleQuestion,
  exampleRun,
  exampleSession,
  later,
  sessionId,
  sha,
  workedTask,
} from '../domain/example.ts';
import { newMerging } from '../domain/merge.ts';
import { defaultPolicy } from '../domain/policy.ts';
import type { Question } from '../domain/question.ts';
import type { Task } from '../domain/task.ts';
import { afterAnswer, afterRed } from './reactions.ts';

const standing = (questions: Question[] = []) => ({
  run: exampleRun({ state: 'executing' }),
  installation: 1,
  now: later,
  questions: new Map(questions.map((question) => [question.number, question])),
  sessions: new Map([[sessionId, exampleSession({ state: 'running' })]]),
});

const failed = (where: 'branch' | 'merge_group'): EventOf<'ci_failed'> => ({
  type: 'ci_failed',
  task: 2,
  head: sha('b'),
  where,
  checks: where === 'branch' ? [exampleCheck({ conclusion: 'failure' })] : [],
  reason: 'Checks are red.',
});

function after(
  task: Task,
  then: 'escalate' | 'pause' | 'fail' = 'escalate',
  where: 'branch' | 'merge_group' = 'branch',
) {
  // oxlint-disable-next-line unicorn/no-thenable -- the policy file's own word; nobody awaits it
  const reactions = { ...defaultPolicy.reactions, ci_failed: { retry: 1, then } };
  return afterRed(standing(), task, { event: failed(where), rules: { reactions } });
}

const red = (failures: number, about: Partial<Task> = {}): Task =>
  workedTask({ reviewHead: sha('b'), ci: { ...noCi, failures, head: sha('b') }, session: null, ...about });
const moves = (events: readonly { type: string }[]): unknown[] =>
  events.map((event) => ('to' in event ? event.to : event.type));

describe('red CI', () => {
  it('KW-4 RE-6 goes back to work as often as policy says; a live agent is told by its own call', () => {
    expect(moves(after(red(1)))).toEqual(['ready']);
    expect(after(red(1, { session: sessionId }))).toEqual([]);
    expect(after(red(1, { state: 'in_review' }))).toEqual([]);
  });
  it('KW-4 then asks a person, and lets the agent go', () => {
    const events = after(red(2, { session: sessionId }));
    expect(events).toMatchObject([
      { type: 'question_asked', question: { session: null, agent: 'Entourage', task: 2, fallback: null } },
      { type: 'session_ended', outcome: 'suspended' },
    ]);
    expect(after(red(2))).toHaveLength(1);
  });
  it('KW-4 or pauses the run with the reason, or fails the task', () => {
    expect(after(red(2), 'pause')).toMatchObject([
      { type: 'run_paused', reason: 't2: CI was red 2 times: test' },
      { type: 'task_moved', to: 'ready' },
    ]);
    expect(moves(after(red(2, { session: sessionId }), 'pause'))).toEqual(['run_paused']);
    expect(after(red(2), 'fail')).toMatchObject([{ to: 'failed', reason: 'CI was red 2 times: test' }]);
  });
  it('RE-6 in the merge queue goes back, and stays with a person when it happened too often', () => {
    const merging = { state: 'merging', merge: newMerging(later) } as const;
    expect(moves(after(red(1, merging), 'escalate', 'merge_group'))).toEqual(['ready']);
    expect(after(red(2, merging), 'escalate', 'merge_group')).toMatchObject([
      { to: 'approved', reason: expect.stringMatching(/CI was red 2 times.*\/entourage merge/) },
    ]);
  });
});

describe('an answer', () => {
  const answered = (text: string, session: string | null): unknown[] =>
    moves(
      afterAnswer(standing([exampleQuestion({ session })]), red(2, { state: 'waiting' }), {
        type: 'question_answered',
        question: 1,
        task: 2,
        text,
        by: 'ana',
      }),
    );
  it('KW-4 to Entourage’s own question is a decision; to an agent’s it is only an answer', () => {
    expect(answered('Try again', null)).toEqual(['ready']);
    expect(answered('I take it over', null)).toEqual(['task_taken_over']);
    expect(answered('Drop the task', null)).toEqual(['cancelled']);
    expect(answered('Use the other port', null)).toEqual(['ready']);
    expect(answered('Drop the task', sessionId)).toEqual(['ready']);
  });
});
