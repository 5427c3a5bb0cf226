/** TR-1: a run's rows are what its events fold to. */
import { isDeepStrictEqual } from 'node:util';
import { foldRun, type FoldedRun } from '../app/domain/fold.ts';
import type { RecordedEvent } from '../app/domain/event.ts';
import {
  loadLedger,
  loadMessages,
  loadQuestions,
  loadReviews,
  loadRun,
  loadSessions,
  loadTasks,
} from './entities.ts';
import { readEvents } from './events.ts';
import {
  columnsOf,
  ledger,
  messages,
  questions,
  reviews,
  runs,
  sessions,
  tasks,
  toRow,
  fromRow,
  type Entity,
} from './rows.ts';
import type { Transaction } from './transaction.ts';

/** `row` as `task 3`, values as JSON. A row that one side lacks has the one field `*`, `null` on that side. */
export type Difference = { row: string; field: string; folded: string; stored: string };

export type Comparison = { events: number; differences: Difference[] };

/** Folds all events of the run and compares with its rows, which stay unlocked: read it in a quiet moment or under the run's lock. */
export async function compareRun(tx: Transaction, run: string): Promise<Comparison> {
  const stored: FoldedRun = {
    run: await loadRun(tx, run),
    tasks: await loadTasks(tx, run),
    sessions: await loadSessions(tx, run),
    questions: await loadQuestions(tx, run),
    reviews: await loadReviews(tx, run),
    messages: await loadMessages(tx, run),
    ledger: await loadLedger(tx, run),
  };
  const events = await allEvents(tx, run);
  const folded = foldRun(events);
  const differences = [
    ...compare(runs, listed(folded.run), listed(stored.run)),
    ...compare(tasks, folded.tasks, stored.tasks),
    ...compare(sessions, folded.sessions, stored.sessions),
    ...compare(questions, folded.questions, stored.questions),
    ...compare(reviews, folded.reviews, stored.reviews),
    ...compare(messages, folded.messages, stored.messages),
    ...compare(ledger, folded.ledger, stored.ledger),
  ];
  return { events: events.length, differences };
}

const page = 1_000;

async function allEvents(tx: Transaction, run: string): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for (;;) {
    const last = events.at(-1)?.id;
    const next = await readEvents(tx, run, { limit: page, ...(last === undefined ? {} : { after: last }) });
    events.push(...next);
    if (next.length < page) return events;
  }
}

const listed = <T>(state: T | null): T[] => (state === null ? [] : [state]);

function compare<T extends object>(
  entity: Entity<T>,
  folded: readonly T[],
  stored: readonly T[],
): Difference[] {
  const [left, right] = [byName(entity, folded), byName(entity, stored)];
  const names = [...new Set([...left.keys(), ...right.keys()])];
  return names.flatMap((row): Difference[] => {
    const [one, other] = [left.get(row), right.get(row)];
    if (one === undefined || other === undefined) {
      return [{ row, field: '*', folded: text(one ?? null), stored: text(other ?? null) }];
    }
    return columnsOf(entity).flatMap(({ property: field }) =>
      isDeepStrictEqual(one[field], other[field])
        ? []
        : [{ row, field, folded: text(one[field]), stored: text(other[field]) }],
    );
  });
}

const text = (value: unknown): string => JSON.stringify(value) ?? 'null';

/** Through the row and back, so that an instant without milliseconds (as GitHub writes them) equals the one in the row. */
function byName<T>(entity: Entity<T>, states: readonly T[]): Map<string, T> {
  return new Map(
    states.map((state) => {
      const key = entity.key.map((property) => state[property]).at(-1);
      return [`${entity.table} ${String(key)}`, fromRow(entity, toRow(entity, state))];
    }),
  );
}
