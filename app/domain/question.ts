/** A question that an agent asked a person: open until somebody who may answers, or its deadline takes the fallback. */
import { z } from 'zod';
import { Instant, RunId, SessionId } from './words.ts';

export const QuestionState = z.enum(['open', 'answered', 'expired', 'withdrawn']);
export const Question = z.strictObject({
  run: RunId,
  installation: z.int(),
  /** Counts per run; people say q1. */
  number: z.int().positive(),
  task: z.int().nullable(),
  /** Null: Entourage itself asks, because work came to nothing. */
  session: SessionId.nullable(),
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
