/** Conversations of suspended sessions, sealed: one for each task, or for the run's own sessions of a kind. */
import { sql } from 'kysely';
import type { Transaction } from '../transaction.ts';

/** Whose it is: what the next session of the same kind goes on with. */
export type ConversationOwner = { installation: number; run: string; task: number | null; kind: string };

/** In place of an older one. */
export async function keepConversation(
  tx: Transaction,
  conversation: ConversationOwner & { session: string; engine: string; data: Buffer },
): Promise<void> {
  const { installation, run, task, kind, session, engine, data } = conversation;
  await sql`
    insert into conversation (installation, run, task, kind, session, engine, data)
    values (${installation}, ${run}, ${task}, ${kind}, ${session}, ${engine}, ${data})
    on conflict (run, task, kind) do update
      set session = excluded.session, engine = excluded.engine, data = excluded.data, kept_at = now()`.execute(
    tx,
  );
}

/** Which session left one, and with which engine; null when there is none. */
export async function conversationOf(
  tx: Transaction,
  { installation, run, task, kind }: ConversationOwner,
): Promise<{ session: string; engine: string } | null> {
  const { rows } = await sql<{ session: string; engine: string }>`
    select session, engine from conversation
    where installation = ${installation} and run = ${run} and task is not distinct from ${task} and kind = ${kind}`.execute(
    tx,
  );
  return rows[0] ?? null;
}

export async function conversationData(
  tx: Transaction,
  { installation, run, task, kind }: ConversationOwner,
): Promise<{ session: string; data: Buffer } | null> {
  const { rows } = await sql<{ session: string; data: Buffer }>`
    select session, data from conversation
    where installation = ${installation} and run = ${run} and task is not distinct from ${task} and kind = ${kind}`.execute(
    tx,
  );
  return rows[0] ?? null;
}

/** `except`: the session whose conversation stays. */
export async function dropConversation(
  tx: Transaction,
  owner: ConversationOwner,
  except: string | null,
): Promise<void> {
  await sql`
    delete from conversation
    where installation = ${owner.installation} and run = ${owner.run} and task is not distinct from ${owner.task}
      and kind = ${owner.kind} and session is distinct from ${except}::uuid`.execute(tx);
}

export async function dropConversations(tx: Transaction, installation: number, run: string): Promise<void> {
  await sql`delete from conversation where installation = ${installation} and run = ${run}`.execute(tx);
}
