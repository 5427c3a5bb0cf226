/** Operations of the reviewer agent: comments on lines, then one verdict. */
import { z } from 'zod';
import { AgentVerdict } from '../domain/agent-review.ts';
import { Thread } from '../domain/review.ts';
import { RunId, Sha } from '../domain/words.ts';
import { operation } from './operation.ts';
import { taskRef, Text } from './refs.ts';

export const addReviewComment = operation({
  name: 'add_review_comment',
  summary: 'Comment on one line of the diff; all comments are shown together with your verdict.',
  http: 'POST /repos/{repository}/runs/{run}/tasks/{task}/review/comments',
  doors: ['mcp'],
  runs: 'app',
  allow: { agent: ['reviewer'] },
  input: z.strictObject({
    ...taskRef,
    path: Text(500).describe('a path from the repository’s root'),
    line: z.int().positive().describe('a line that the diff shows'),
    side: z
      .enum(['RIGHT', 'LEFT'])
      .default('RIGHT')
      .describe('RIGHT: the new file; LEFT: the old one, for lines that are removed'),
    body: Text(3_000).describe('what is wrong, and what would be right'),
    suggestion: z
      .string()
      .max(2_000)
      .optional()
      .describe('what the line should say instead, exactly, with its indentation; RIGHT only'),
  }),
  output: z.object({ comments: z.int() }),
});

export const submitReviewVerdict = operation({
  name: 'submit_review_verdict',
  summary: 'Your verdict on the task’s work: approve, request_changes or reject. It ends your review.',
  http: 'POST /repos/{repository}/runs/{run}/tasks/{task}/review/verdict',
  doors: ['mcp'],
  runs: 'app',
  allow: { agent: ['reviewer'] },
  input: z.strictObject({
    ...taskRef,
    verdict: AgentVerdict,
    summary: Text(4_000).describe('what you looked at and what you found, for the people who decide'),
  }),
  output: z.object({ verdict: AgentVerdict, comments: z.int(), next: z.string() }),
});

export const recordAgentReview = operation({
  doors: [],
  runs: 'app',
  allow: { system: true },
  name: 'record_agent_review',
  summary: 'The reviewer agent’s review stands on GitHub.',
  input: z.strictObject({
    run: RunId,
    task: z.int().positive(),
    head: Sha,
    review: z.int(),
    body: z.string().max(70_000),
    threads: z.array(Thread).max(100),
  }),
  output: z.object({ found: z.boolean() }),
});
