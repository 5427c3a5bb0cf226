/** Questions to people: asked by agents, answered by whoever may write. */
import { z } from 'zod';
import { operation } from './operation.ts';
import { QuestionRef, runRef, TaskRef, Text, wait } from './refs.ts';
import { QuestionView } from './views.ts';

export const askHuman = operation({
  name: 'ask_human',
  summary: 'Ask a person instead of guessing. Returns the answer, or pending with what to call again.',
  http: 'POST /repos/{repository}/runs/{run}/questions',
  doors: ['mcp'],
  runs: 'app',
  allow: { agent: ['manager', 'engineer'] },
  waitsFor: 'a person’s answer',
  input: z.strictObject({
    ...runRef,
    question: Text(2_000).describe('one question that a person can answer without reading your code'),
    kind: z.enum(['question', 'approval', 'review']).default('question'),
    options: z.array(Text(200)).max(6).default([]),
    default: Text(200)
      .optional()
      .describe('taken when nobody answers in time; must be one of the options where there are some'),
    timeout_minutes: z
      .int()
      .min(1)
      .max(7 * 24 * 60)
      .default(24 * 60),
    wait,
  }),
  output: z.object({ question: QuestionView, pending: z.boolean(), next: z.string() }),
});

export const getAnswer = operation({
  name: 'get_answer',
  summary: 'The answer to your question, waiting a while for it.',
  http: 'GET /repos/{repository}/runs/{run}/questions/{question}',
  doors: ['mcp', 'http'],
  runs: 'app',
  allow: { person: 'read', agent: ['manager', 'engineer'] },
  reads: true,
  waitsFor: 'a person’s answer',
  input: z.strictObject({ ...runRef, question: QuestionRef, wait }),
  output: z.object({ question: QuestionView, pending: z.boolean(), next: z.string() }),
});

export const getPendingRequests = operation({
  name: 'get_pending_requests',
  summary: 'Open questions of a run.',
  http: 'GET /repos/{repository}/runs/{run}/questions',
  doors: ['http', 'mcp', 'cli'],
  runs: 'app',
  allow: { person: 'read', agent: ['manager', 'engineer', 'reviewer'] },
  reads: true,
  input: z.strictObject({ ...runRef }),
  output: z.object({ questions: z.array(QuestionView) }),
});

export const respondToRequest = operation({
  name: 'respond_to_request',
  summary: 'Answer a question that an agent asked.',
  http: 'POST /repos/{repository}/runs/{run}/questions/{question}/answer',
  doors: ['http', 'mcp', 'cli', 'comment'],
  runs: 'app',
  allow: { person: 'write' },
  input: z.strictObject({
    ...runRef,
    task: TaskRef.optional(),
    question: QuestionRef.optional().describe('without it the one open question'),
    text: Text(4_000).optional(),
    option: z.coerce
      .number()
      .int()
      .positive()
      .describe('instead of text: which of the options, from 1')
      .optional(),
  }),
  output: z.object({ question: QuestionView }),
});
