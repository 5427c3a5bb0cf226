/** The inbox of webhook deliveries: each stored once by its GUID, then worked on by a job. */
import { sql } from 'kysely';
import type { Transaction } from '../transaction.ts';

export type Delivery = {
  guid: string;
  installation: number | null;
  event: string;
  action: string | null;
  body: string;
};

/** False when the delivery was stored before: a redelivery keeps its GUID (G43). */
export async function storeDelivery(tx: Transaction, delivery: Delivery): Promise<boolean> {
  const { rows } = await sql<{ guid: string }>`
    insert into delivery (guid, installation, event, action, body)
    values (${delivery.guid}, ${delivery.installation}, ${delivery.event}, ${delivery.action}, ${delivery.body})
    on conflict (guid) do nothing returning guid`.execute(tx);
  return rows.length === 1;
}

export async function loadDelivery(
  tx: Transaction,
  guid: string,
): Promise<(Delivery & { handled: boolean }) | null> {
  const { rows } = await sql<Delivery & { handled: boolean }>`
    select guid, installation, event, action, body, handled_at is not null as handled from delivery where guid = ${guid}`.execute(
    tx,
  );
  return rows[0] ?? null;
}

/** Of these GUIDs, those that we have. */
export async function storedDeliveries(tx: Transaction, guids: readonly string[]): Promise<Set<string>> {
  const { rows } = await sql<{ guid: string }>`
    select guid from delivery where guid = any(${[...guids]}::text[])`.execute(tx);
  return new Set(rows.map(({ guid }) => guid));
}

/** When the last delivery arrived, as an ISO instant; null when none ever did. */
export async function newestDelivery(tx: Transaction): Promise<string | null> {
  const { rows } = await sql<{ at: string | null }>`select max(received_at) as at from delivery`.execute(tx);
  return rows[0]?.at ?? null;
}

export async function markHandled(tx: Transaction, guid: string, note: string): Promise<void> {
  await sql`update delivery set handled_at = now(), note = ${note} where guid = ${guid}`.execute(tx);
}
