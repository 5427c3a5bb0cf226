/** Messages that nobody read yet: asked at every heartbeat, so only what addresses them is read. */
import { sql } from 'kysely';
import type { Message } from '../../app/domain/message.ts';
import type { Transaction } from '../transaction.ts';

/** Those sent after an instant, oldest first. */
export async function unseenMessages(
  tx: Transaction,
  run: string,
  after: string,
): Promise<Pick<Message, 'from' | 'to' | 'sentAt'>[]> {
  const { rows } = await sql<Pick<Message, 'from' | 'to' | 'sentAt'>>`
    select "from", "to", sent_at as "sentAt" from message
    where run = ${run} and sent_at > ${after} and seen_at is null order by sent_at, id`.execute(tx);
  return rows;
}
