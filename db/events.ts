/** The record of truth: events appended in the transaction that decided them, and read back in that order. */
import { sql } from 'kysely';
import type { Actor } from '../app/domain/actor.ts';
import { RecordedEvent, taskOf, type Event } from '../app/domain/event.ts';
import type { Instant, RunId } from '../app/domain/words.ts';
import { jsonOf } from './json.ts';
import type { Transaction } from './transaction.ts';

export type Append = {
  installation: number;
  run: RunId;
  actor: Actor;
  /** What led to it: `delivery:…`, `job:…`, `call:…`, `event:…`. */
  cause: string;
  at: Instant;
};

/** Appends all events in one statement and answers them as recorded, in the same order. */
export async function appendEvents(
  tx: Transaction,
  append: Append,
  events: readonly Event[],
): Promise<RecordedEvent[]> {
  if (events.length === 0) return [];
  const { rows } = await sql<{ id: number }>`
    insert into event (installation, run, task, type, data, actor, cause, at)
    select ${append.installation}, ${append.run}, given.task, given.type, given.data::jsonb, ${jsonOf(append.actor)}::jsonb, ${append.cause}, ${append.at}
    from unnest(${events.map(taskOf)}::integer[], ${events.map((event) => event.type)}::text[], ${events.map(dataOf)}::text[])
      with ordinality as given (task, type, data, position)
    order by given.position
    returning id`.execute(tx);
  return events.map((event, index) => ({
    id: String(rows[index]?.id),
    event,
    actor: append.actor,
    cause: append.cause,
    at: append.at,
  }));
}

const dataOf = (event: Event): string => jsonOf({ ...event, type: undefined });

export type EventsPage = {
  /** The id of the last event already seen. */
  after?: string;
  limit?: number;
  /** Only events about this task. */
  task?: number;
};

/** Reads a run's events, oldest first. Throws when a stored event is none that this version knows. */
export async function readEvents(
  tx: Transaction,
  run: RunId,
  page: EventsPage = {},
): Promise<RecordedEvent[]> {
  const { rows } = await sql<{
    id: number;
    type: string;
    data: object;
    actor: unknown;
    cause: string;
    at: string;
  }>`
    select id, type, data, actor, cause, at from event
    where run = ${run} and id > ${page.after ?? '0'}${page.task === undefined ? sql`` : sql` and task = ${page.task}`}
    order by id limit ${page.limit ?? null}`.execute(tx);
  return rows.map(({ id, type, data, ...rest }) =>
    RecordedEvent.parse({ id: String(id), event: { type, ...data }, ...rest }),
  );
}
