/** Operations on tasks: read, notes, the proof and the review's answers. */
import { z } from 'zod';
import { operation } from './operation.ts';
import { runRef, TaskRef, taskRef, Text, wait } from './refs.ts';
import { FeedbackView, TaskView } from './views.ts';

export const getTask = operation({
  name: 'get_task',
  summary: 'One task: what, why, state, dependencies, acceptance.',
  http: 'GET /repos/{repository}/runs/{run}/tasks/{task}',
  doors: ['http', 'mcp', 'cli'],
  runs: 'app',
  allow: { person: 'read', agent: ['manager', 'engineer', 'reviewer'] },
  reads: true,
  input: z.strictObject(taskRef),
  output: z.object({ task: TaskView }),
});

export const saveContext = operation({
  name: 'save_context',
  summary: 'Keep a note with your task; it comes back in its next session’s prompt.',
  http: 'PUT /repos/{repository}/runs/{run}/tasks/{task}/context',
  doors: ['mcp'],
  runs: 'app',
  allow: { agent: ['engineer'] },
  repeats: true,
  input: z.strictObject({ ...taskRef, key: Text(60), value: Text(8_000) }),
  output: z.object({ saved: z.literal(true) }),
});

export const getContext = operation({
  name: 'get_context',
  summary: 'The notes kept with your task.',
  doors: ['mcp'],
  runs: 'app',
  allow: { agent: ['engineer'] },
  reads: true,
  http: 'GET /repos/{repository}/runs/{run}/tasks/{task}/context',
  input: z.strictObject(taskRef),
  output: z.object({ context: z.record(z.string(), z.string()) }),
});

export const requestReview = operation({
  name: 'request_review',
  summary: 'Give your pushed work to review. The proof runs first and says exactly what is missing.',
  http: 'POST /repos/{repository}/runs/{run}/tasks/{task}/review',
  doors: ['mcp'],
  runs: 'app',
  allow: { agent: ['engineer'] },
  waitsFor: 'the proof: checks at your commit',
  input: z.strictObject({
    ...taskRef,
    summary: Text(4_000).describe('what you did and why, for the reviewer'),
    acceptance: z
      .array(z.strictObject({ item: z.int().positive(), evidence: Text(500) }))
      .max(20)
      .default([])
      .describe('evidence for each acceptance item, by its number'),
    wait,
  }),
  output: z.object({ state: z.enum(['in_review', 'pending']), words: z.string(), next: z.string() }),
});

export const getReviewFeedback = operation({
  name: 'get_review_feedback',
  summary: 'What reviewers asked for: open threads with file, line and code; each is to be answered.',
  http: 'GET /repos/{repository}/runs/{run}/tasks/{task}/feedback',
  doors: ['mcp', 'http'],
  runs: 'app',
  allow: { person: 'read', agent: ['manager', 'engineer', 'reviewer'] },
  reads: true,
  input: z.strictObject(taskRef),
  output: z.object({ reviews: z.array(FeedbackView) }),
});

export const answerThread = operation({
  name: 'answer_thread',
  summary: 'Answer one review thread: fixed in which commit, or kept and why.',
  http: 'POST /repos/{repository}/runs/{run}/tasks/{task}/threads/{thread}',
  doors: ['mcp'],
  runs: 'app',
  allow: { agent: ['engineer'] },
  input: z.strictObject({
    ...taskRef,
    thread: z.coerce.number().int().positive(),
    outcome: z.enum(['fixed', 'kept']),
    commit: z
      .string()
      .regex(/^[0-9a-f]{7,64}$/)
      .optional(),
    why: Text(2_000),
  }),
  output: z.object({ answered: z.literal(true), open: z.int() }),
});

export const getRefusedBundle = operation({
  name: 'get_refused_bundle',
  summary: 'A task’s work whose push was refused, as a git bundle, with the reason; kept until the run ends.',
  http: 'GET /repos/{repository}/runs/{run}/tasks/{task}/refused-bundle',
  doors: ['http', 'cli'],
  runs: 'app',
  allow: { person: 'write' },
  reads: true,
  input: z.strictObject({ ...runRef, task: TaskRef }),
  output: z.object({
    run: z.int(),
    task: z.string(),
    branch: z.string().nullable(),
    head: z.string(),
    reason: z.string(),
    /** Base64; its one ref is HEAD. */
    bundle: z.string(),
  }),
});

export const sendMessage = operation({
  name: 'send_message',
  summary: 'Send a message to a task’s agent, a role or an agent by name.',
  http: 'POST /repos/{repository}/runs/{run}/messages',
  doors: ['http', 'mcp', 'cli', 'comment'],
  runs: 'app',
  allow: { person: 'write', agent: ['manager', 'engineer', 'reviewer'] },
  input: z.strictObject({
    ...runRef,
    to: z.string().min(1).max(60).describe('t3, run or manager, engineer, reviewer, or an agent’s name'),
    text: Text(4_000),
  }),
  output: z.object({ message: z.uuid() }),
});

export const getInbox = operation({
  name: 'get_inbox',
  summary: 'Messages to you; reading marks them as seen.',
  http: 'GET /repos/{repository}/runs/{run}/inbox',
  doors: ['mcp'],
  runs: 'app',
  allow: { agent: ['manager', 'engineer', 'reviewer'] },
  input: z.strictObject({ ...runRef }),
  output: z.object({
    messages: z.array(z.object({ message: z.uuid(), from: z.string(), text: z.string(), at: z.string() })),
  }),
});
