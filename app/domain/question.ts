/** A question that an agent asked a person: open until somebody who may answers, or its deadline takes the fallback. */
import { z } from 'zod';
import type { Event } from './event.ts';
import { reject, type Rejection } from './rejection.ts';
import { Instant, RunId, SessionId } from './words.ts';

export const QuestionState = z.enum(['open', 'answered', 'expired', 'withdrawn']);
export const Question = z.strictObject({
  run: RunId,
  installation: z.int(),
  /** Counts per run; people say q1. */
  number: z.int().positive(),
  task: z.int().nullable(),
  session: SessionId,
  agent: z.string(),
  kind: z.enum(['question', 'approval', 'review']),
  text: z.string(),
  options: z.array(z.string()),
  /** What is taken when the deadline passes; null: the task fails then. */
  fallback: z.string().nullable(),
  deadline: Instant.nullable(),
  state: QuestionState,
  answer: z.string().nullable(),
  answeredBy: z.string().nullable(),
  askedAt: Instant,
  answeredAt: Instant.nullable(),
});
export type Question = z.infer<typeof Question>;

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
