/** The words for a session that goes on with an earlier one's conversation: only what is new since then (AG-7, AG-11). */
import type { Message } from '../message.ts';
import type { Question } from '../question.ts';
import { ref, type Task } from '../task.ts';
import { answersTo } from './answers.ts';
import { inbox } from './inbox.ts';
import { assemble } from './part.ts';

export type ResumeInput = {
  /** Null for sessions of the run as a whole. */
  readonly task: Task | null;
  /** Those that the earlier session asked. */
  readonly questions: readonly Question[];
  /** Unseen ones to this agent. */
  readonly messages: readonly Message[];
};

/** About 10,000 characters at most: the engine holds the rest. */
export const resumePrompt = ({ task, questions, messages }: ResumeInput): string =>
  assemble([
    { heading: 'You go on', text: goOn(task), budget: 2_000 },
    { heading: 'Answers to your questions', text: answersTo(questions), budget: 5_000 },
    {
      heading: 'Messages to you',
      text: inbox(messages),
      budget: 3_000,
      more: 'get_inbox shows all',
    },
  ]);

const goOn = (task: Task | null): string =>
  [
    'Your session was suspended and continues now; a tool call that was on its way then has no result.',
    task === null
      ? 'What was wanted of you has not changed.'
      : `Your task is ${ref(task)} as before. What you had done is committed on your branch ${task.branch ?? ''}, also what you had not committed yourself.`,
    'The same rules hold as at the beginning of this conversation.',
  ].join('\n');
