/** How a question closes, once: by an answer, its deadline, or the end of who asked. */
import type { Event } from './event.ts';
import type { Question } from './question.ts';
import { reject, type Rejection } from './rejection.ts';
import type { Instant } from './words.ts';

export type QuestionCommand =
  | { type: 'answer_question'; text: string; by: string }
  | { type: 'expire_question' }
  | { type: 'withdraw_question' };

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
