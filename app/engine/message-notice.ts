/** What a working agent is told of messages that came since its prompt was written (TA-10). */
import { addressedTo } from '../domain/message.ts';
import type { Session } from '../domain/session.ts';
import { unseenMessages } from '../../db/queries/messages.ts';
import type { Transaction } from '../../db/transaction.ts';

/** Null when there is none. Other words for every new message: the runner tells the same words once. */
export async function messageNotice(tx: Transaction, run: string, session: Session): Promise<string | null> {
  const told = session.boundAt ?? session.dispatchedAt ?? session.queuedAt;
  const unseen = (await unseenMessages(tx, run, told)).filter((message) => addressedTo(message, session));
  const last = unseen.at(-1);
  if (last === undefined) return null;
  const many = unseen.length === 1 ? 'A message waits' : `${unseen.length} messages wait`;
  return `${many} for you, the last from ${last.from} at ${last.sentAt.slice(11, 19)} UTC: call get_inbox.`;
}
