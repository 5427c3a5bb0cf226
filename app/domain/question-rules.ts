/** How a question closes, once: by an answer, its deadline, or the end of who asked. */
import type { Event } from './event.ts';
import type { Question } from './question.ts';
import { reject, type Rejection } from './rejection.ts';
import type { Instant } from './words.ts';

export type QuestionCommand =
  | { type: 'answer_question'; text: string; by: string }
  | { type: 'expire_question' }
  | { type: 'withdraw_question' };

/** Each becomes a comment that calls people: an agent that asks without end is no question to them. */
export const mostOpen = 5;
export const mostAsked = 30;

/** Null when an agent may ask one more, about this task or (null) the run as a whole. `asked`: all questions of the run. */
export function mayAsk(asked: Iterable<Question>, task: number | null): Rejection | null {
  const same = [...asked].filter((question) => question.session !== null && question.task === task);
  const about = task === null ? 'the run as a whole' : `t${task}`;
  const open = same.filter(({ state }) => state === 'open');
  if (open.length >= mostOpen)
    return reject('too_large', `${open.length} questions about ${about} wait for people already.`, {
      help: `Wait for one by get_answer: ${open.map(({ number }) => `q${number}`).join(', ')}.`,
    });
  return same.length >= mostAsked
    ? reject('too_large', `People were asked ${same.length} questions about ${about}; that is enough.`, {
        help: 'Decide it yourself, and say what you took for granted.',
      })
    : null;
}

export function decide(question: Question, command: QuestionCommand): Event[] | Rejection {
  if (question.state !== 'open') {
    if (command.type !== 'answer_question') return [];
    const how =
      question.answeredBy === null
        ? question.state
        : `answered by @${question.answeredBy}: “${question.answer ?? ''}”`;
    return reject('question_closed', `Question q${question.number} is closed: ${how}.`, {
      help: '`/entourage tell` reaches the agent.',
      data: { state: question.state },
    });
  }
  switch (command.type) {
    case 'answer_question':
      return [
        {
          type: 'question_answered',
          question: question.number,
          task: question.task,
          text: command.text,
          by: command.by,
        },
      ];
    case 'expire_question':
      return [
        {
          type: 'question_expired',
          question: question.number,
          task: question.task,
          fallback: question.fallback,
        },
      ];
    case 'withdraw_question':
      return [{ type: 'question_withdrawn', question: question.number, task: question.task }];
  }
}

export function evolve(question: Question, event: Event, at: Instant): Question {
  switch (event.type) {
    case 'question_answered':
      return { ...question, state: 'answered', answer: event.text, answeredBy: event.by, answeredAt: at };
    case 'question_expired':
      return { ...question, state: 'expired', answer: event.fallback, answeredAt: at };
    case 'question_withdrawn':
      return { ...question, state: 'withdrawn', answeredAt: at };
    default:
      return question;
  }
}
