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

/** How many messages of one sender nobody has read. */
export async function unreadFrom(tx: Transaction, run: string, from: string): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from message where run = ${run} and "from" = ${from} and seen_at is null`.execute(
    tx,
  );
  return rows[0]?.count ?? 0;
}
