/** Loading and saving the domain's states. Saves write every column of many rows in one statement; loads come in id order. */
import { sql } from 'kysely';
import type { LedgerEntry } from '../app/domain/ledger.ts';
import type { Message } from '../app/domain/message.ts';
import type { Question } from '../app/domain/question.ts';
import type { Review } from '../app/domain/review.ts';
import type { Run } from '../app/domain/run.ts';
import type { Session } from '../app/domain/session.ts';
import type { Task } from '../app/domain/task.ts';
import {
  columnsOf,
  fromRow,
  ledger,
  messages,
  questions,
  reviews,
  runs,
  sessions,
  tasks,
  toRow,
} from './rows.ts';
import type { ColumnType, Entity, Row } from './rows.ts';
import type { Transaction } from './transaction.ts';

export const saveRun = (tx: Transaction, run: Run): Promise<void> => save(tx, runs, [run]);
export const saveTasks = (tx: Transaction, states: readonly Task[]): Promise<void> => save(tx, tasks, states);
export const saveSessions = (tx: Transaction, states: readonly Session[]): Promise<void> =>
  save(tx, sessions, states);
export const saveQuestions = (tx: Transaction, states: readonly Question[]): Promise<void> =>
  save(tx, questions, states);
export const saveReviews = (tx: Transaction, states: readonly Review[]): Promise<void> =>
  save(tx, reviews, states);
export const saveMessages = (tx: Transaction, states: readonly Message[]): Promise<void> =>
  save(tx, messages, states);

export const saveLedger = (tx: Transaction, entries: readonly LedgerEntry[]): Promise<void> =>
  save(tx, ledger, entries);

/** The lock of a run serialises everything about it: `wait` takes it, `skip` answers null when another transaction has it. */
export async function loadRun(
  tx: Transaction,
  id: string,
  { lock = 'none' }: { lock?: keyof typeof locks } = {},
): Promise<Run | null> {
  const [run] = await load(tx, runs, { where: sql`id = ${id}`, order: sql`id`, lock: locks[lock] });
  return run ?? null;
}

/** The tasks of a run, by number. */
export async function loadTasks(tx: Transaction, run: string): Promise<Task[]> {
  return await load(tx, tasks, { where: sql`run = ${run}`, order: sql`number` });
}

/** All sessions of a run, ended ones too. */
export async function loadSessions(tx: Transaction, run: string): Promise<Session[]> {
  return await load(tx, sessions, { where: sql`run = ${run}`, order: sql`id` });
}

/** The sessions of a run that have not ended. */
export async function loadLiveSessions(tx: Transaction, run: string): Promise<Session[]> {
  return await load(tx, sessions, { where: sql`run = ${run} and state <> 'ended'`, order: sql`id` });
}

/** The questions of a run, by number. */
export async function loadQuestions(tx: Transaction, run: string): Promise<Question[]> {
  return await load(tx, questions, { where: sql`run = ${run}`, order: sql`number` });
}

/** The reviews of a run in the order GitHub numbered them; with `task` those of that task. */
export async function loadReviews(
  tx: Transaction,
  run: string,
  { task }: { task?: number } = {},
): Promise<Review[]> {
  const some = task === undefined ? sql`` : sql` and task = ${task}`;
  return await load(tx, reviews, { where: sql`run = ${run}${some}`, order: sql`id` });
}

/** The messages of a run, oldest first. */
export async function loadMessages(tx: Transaction, run: string): Promise<Message[]> {
  return await load(tx, messages, { where: sql`run = ${run}`, order: sql`sent_at, id` });
}

/** The ledger's entries of a run, oldest first. */
export async function loadLedger(tx: Transaction, run: string): Promise<LedgerEntry[]> {
  return await load(tx, ledger, { where: sql`run = ${run}`, order: sql`event` });
}

const locks = { wait: sql` for update`, skip: sql` for update skip locked`, none: sql`` } as const;

type Fragment = ReturnType<typeof sql>;
type Selection = { where: Fragment; order: Fragment; lock?: Fragment };

async function load<T>(
  tx: Transaction,
  entity: Entity<T>,
  { where, order, lock = locks.none }: Selection,
): Promise<T[]> {
  const names = sql.join(columnsOf(entity).map(({ name }) => sql.ref(name)));
  const { rows } = await sql<Row>`
    select ${names} from ${sql.table(entity.table)} where ${where} order by ${order}${lock}`.execute(tx);
  return rows.map((row) => fromRow(entity, row));
}

/** One array for each column, so the statement's text never depends on the number of rows (a multi-row VALUES does, and is half as fast). */
async function save<T>(tx: Transaction, entity: Entity<T>, states: readonly T[]): Promise<void> {
  if (states.length === 0) return;
  const columns = columnsOf(entity);
  const rows = states.map((state) => toRow(entity, state));
  const names = sql.join(columns.map(({ name }) => sql.ref(name)));
  const values = sql.join(
    columns.map(
      ({ name, type }) => sql`${rows.map((row) => element(type, row[name]))}::${sql.raw(carrier(type))}[]`,
    ),
  );
  const casts = sql.join(columns.map(({ name, type }) => sql`given.${sql.ref(name)}::${sql.raw(type)}`));
  const key = entity.key.map((property) => property as string);
  const changes = sql.join(
    columns
      .filter(({ property }) => !key.includes(property))
      .map(({ name }) => sql`${sql.ref(name)} = excluded.${sql.ref(name)}`),
  );
  const again = sql` on conflict (${sql.join(key.map((property) => sql.ref(property)))}) do update set ${changes}`;
  await sql`
    insert into ${sql.table(entity.table)} (${names})
    select ${casts} from unnest(${values}) as given (${names})${entity.appendOnly === true ? sql`` : again}`.execute(
    tx,
  );
}

/** What travels as text inside an array: unnest would flatten arrays of arrays, and `pg` quotes jsonb text right. */
const carrier = (type: ColumnType): string => (type === 'integer[]' || type === 'jsonb' ? 'text' : type);

function element(type: ColumnType, value: unknown): unknown {
  return type === 'integer[]' && Array.isArray(value) ? `{${value.join(',')}}` : value;
}
