import { expect, it } from 'vitest';
import { exampleQuestion, later } from './example.ts';
import { isRejection } from './rejection.ts';
import { decide, evolve, mayAsk, mostAsked, mostOpen, type QuestionCommand } from './question-rules.ts';
import type { Question } from './question.ts';

function fold(question: Question, command: QuestionCommand): Question {
  const events = decide(question, command);
  if (isRejection(events)) throw new Error(events.message);
  return events.reduce((state, event) => evolve(state, event, later), question);
}

it('AG-7 is answered once, and says by whom when somebody answers again', () => {
  const answered = fold(exampleQuestion(), { type: 'answer_question', text: '204', by: 'ana' });
  expect(answered).toMatchObject({ state: 'answered', answer: '204', answeredBy: 'ana', answeredAt: later });
  expect(decide(answered, { type: 'answer_question', text: '200', by: 'ben' })).toMatchObject({
    rejected: 'question_closed',
    message: 'Question q1 is closed: answered by @ana: “204”.',
  });
});

it('AG-7 takes its fallback when nobody answers in time', () => {
  const expired = fold(exampleQuestion(), { type: 'expire_question' });
  expect(expired).toMatchObject({ state: 'expired', answer: '200 with an empty list', answeredBy: null });
  expect(decide(expired, { type: 'answer_question', text: 'x', by: 'ana' })).toMatchObject({
    message: 'Question q1 is closed: expired.',
  });
});

it('is withdrawn with its session, and timers that come late change nothing', () => {
  const withdrawn = fold(exampleQuestion(), { type: 'withdraw_question' });
  expect(withdrawn).toMatchObject({ state: 'withdrawn', answer: null });
  expect(decide(withdrawn, { type: 'expire_question' })).toEqual([]);
  expect(decide(withdrawn, { type: 'withdraw_question' })).toEqual([]);
  expect(evolve(withdrawn, { type: 'run_done' }, later)).toBe(withdrawn);
});

it('AG-7 an agent that asks without end is told to stop, for each task alone', () => {
  const several = (count: number, more: Partial<Question>): Question[] =>
    Array.from({ length: count }, (_, index) => exampleQuestion({ number: index + 1, task: 2, ...more }));
  expect(mayAsk(several(mostOpen - 1, {}), 2)).toBeNull();
  expect(mayAsk(several(mostOpen, {}), 2)).toMatchObject({
    rejected: 'too_large',
    message: '5 questions about t2 wait for people already.',
  });
  expect(mayAsk(several(mostOpen, {}), 3)).toBeNull();
  expect(mayAsk(several(mostAsked - 1, { state: 'answered' }), 2)).toBeNull();
  expect(mayAsk(several(mostAsked, { state: 'expired', task: null }), null)).toMatchObject({
    rejected: 'too_large',
    message: 'People were asked 30 questions about the run as a whole; that is enough.',
  });
  // What Entourage asks by itself is not the agent's.
  expect(mayAsk(several(mostAsked, { session: null }), 2)).toBeNull();
});
