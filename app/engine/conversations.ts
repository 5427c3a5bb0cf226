/** Conversations that suspended sessions left: who goes on with one, and until when it is kept (AG-7, AG-11). */
import type { Event } from '../domain/event.ts';
import { resumePrompt } from '../domain/prompt/resume.ts';
import type { Message } from '../domain/message.ts';
import type { Session } from '../domain/session.ts';
import {
  conversationOf,
  dropConversation,
  dropConversations,
  type ConversationOwner,
} from '../../db/queries/conversations.ts';
import type { Transaction } from '../../db/transaction.ts';
import type { RunWork } from './run-work.ts';

type Whose = Pick<Session, 'task' | 'kind'>;

export const ownerOf = (work: Pick<RunWork, 'installation' | 'run'>, whose: Whose): ConversationOwner => ({
  installation: work.installation,
  run: work.run.id,
  task: whose.task,
  kind: whose.kind,
});

/** What a sealed conversation is bound to. */
export const purposeOf = (session: string): string => `conversation of session ${session}`;

/** How a session goes on with a conversation of its engine; null: it begins anew, with the whole prompt. */
export async function resumption(
  tx: Transaction,
  work: RunWork,
  { session, messages }: { session: Session; messages: readonly Message[] },
): Promise<{ prompt: string } | null> {
  const kept = await conversationOf(tx, ownerOf(work, session));
  if (kept === null || kept.engine !== session.engine) return null;
  const task = session.task === null ? null : (work.tasks.get(session.task) ?? null);
  return {
    prompt: resumePrompt({
      task,
      messages,
      questions: [...work.questions.values()].filter((question) => question.session === kept.session),
    }),
  };
}

const over: readonly Event['type'][] = ['run_done', 'run_failed', 'run_cancelled'];

/**
 * A conversation is kept while a session of the same task and kind may go on with it: until one ended in another way
 * than by suspension or with its runner, and at the run's end in any case.
 */
export async function forgetConversations(tx: Transaction, work: RunWork): Promise<void> {
  for (const event of work.events) {
    if (event.type !== 'session_ended' || event.outcome === 'lost') continue;
    const except = event.outcome === 'suspended' ? event.session : null;
    await dropConversation(tx, ownerOf(work, event), except);
  }
  if (work.events.some(({ type }) => over.includes(type)))
    await dropConversations(tx, work.installation, work.run.id);
}
