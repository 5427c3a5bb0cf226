/** The domain's states as rows: camelCase ⇄ snake_case, objects ⇄ jsonb text. Each column's type is said here, once. */
import type { LedgerEntry } from '../app/domain/ledger.ts';
import type { Message } from '../app/domain/message.ts';
import type { Question } from '../app/domain/question.ts';
import type { Review } from '../app/domain/review.ts';
import type { Run } from '../app/domain/run.ts';
import type { Session } from '../app/domain/session.ts';
import type { Task } from '../app/domain/task.ts';
import { jsonOf } from './json.ts';

export type ColumnType =
  | 'uuid'
  | 'bigint'
  | 'integer'
  | 'integer[]'
  | 'text'
  | 'boolean'
  | 'timestamptz'
  | 'jsonb';

/** A kind of state that has a table of its own. `key` is the primary key. */
export type Entity<T> = {
  readonly table: string;
  readonly key: readonly (keyof T & string)[];
  readonly columns: Readonly<Record<keyof T & string, ColumnType>>;
  /** Rows are added and never changed; the App's role may do no more. */
  readonly appendOnly?: true;
};

export type Row = Record<string, unknown>;

export const runs: Entity<Run> = {
  table: 'run',
  key: ['id'],
  columns: {
    id: 'uuid',
    installation: 'bigint',
    repository: 'bigint',
    number: 'integer',
    issue: 'integer',
    intent: 'text',
    title: 'text',
    template: 'text',
    priority: 'text',
    state: 'text',
    requester: 'text',
    base: 'text',
    budget: 'bigint',
    maxParallel: 'integer',
    autoApprove: 'boolean',
    plan: 'jsonb',
    planVersion: 'integer',
    feedback: 'text',
    planner: 'jsonb',
    contracts: 'jsonb',
    approvedBy: 'text',
    approvedAt: 'timestamptz',
    tasks: 'jsonb',
    cost: 'bigint',
    unpriced: 'bigint',
    managing: 'jsonb',
    summary: 'text',
    reason: 'text',
    createdAt: 'timestamptz',
    endedAt: 'timestamptz',
  },
};

export const tasks: Entity<Task> = {
  table: 'task',
  key: ['run', 'number'],
  columns: {
    run: 'uuid',
    installation: 'bigint',
    number: 'integer',
    title: 'text',
    why: 'text',
    description: 'text',
    acceptance: 'jsonb',
    size: 'text',
    priority: 'text',
    role: 'text',
    capabilities: 'jsonb',
    files: 'jsonb',
    agent: 'text',
    dependsOn: 'integer[]',
    unmet: 'integer[]',
    addedBy: 'text',
    state: 'text',
    reason: 'text',
    attempts: 'integer',
    suspensions: 'integer',
    fencing: 'integer',
    session: 'uuid',
    branch: 'text',
    base: 'text',
    head: 'text',
    startHead: 'text',
    pull: 'integer',
    pullUrl: 'text',
    reviewHead: 'text',
    summary: 'text',
    checksHead: 'text',
    checks: 'jsonb',
    ci: 'jsonb',
    agentReview: 'jsonb',
    approvedHead: 'text',
    approvedBy: 'text',
    mergedCommit: 'text',
    merge: 'jsonb',
    refused: 'jsonb',
    context: 'jsonb',
    budget: 'bigint',
    held: 'text',
    cost: 'bigint',
    unpriced: 'bigint',
    addedAt: 'timestamptz',
    readyAt: 'timestamptz',
    endedAt: 'timestamptz',
  },
};

export const sessions: Entity<Session> = {
  table: 'session',
  key: ['id'],
  columns: {
    id: 'uuid',
    installation: 'bigint',
    run: 'uuid',
    task: 'integer',
    kind: 'text',
    agent: 'text',
    team: 'text',
    role: 'text',
    engine: 'text',
    model: 'text',
    fencing: 'integer',
    state: 'text',
    outcome: 'text',
    reason: 'text',
    place: 'text',
    runner: 'uuid',
    workflowRun: 'jsonb',
    launches: 'integer',
    isolation: 'text',
    usage: 'jsonb',
    stuck: 'jsonb',
    unpriced: 'bigint',
    reserved: 'bigint',
    queuedAt: 'timestamptz',
    dispatchedAt: 'timestamptz',
    boundAt: 'timestamptz',
    startedAt: 'timestamptz',
    endedAt: 'timestamptz',
  },
};

export const questions: Entity<Question> = {
  table: 'question',
  key: ['run', 'number'],
  columns: {
    run: 'uuid',
    installation: 'bigint',
    number: 'integer',
    task: 'integer',
    session: 'uuid',
    agent: 'text',
    kind: 'text',
    text: 'text',
    options: 'jsonb',
    fallback: 'text',
    deadline: 'timestamptz',
    state: 'text',
    answer: 'text',
    answeredBy: 'text',
    askedAt: 'timestamptz',
    answeredAt: 'timestamptz',
  },
};

export const reviews: Entity<Review> = {
  table: 'review',
  key: ['id'],
  columns: {
    id: 'bigint',
    run: 'uuid',
    installation: 'bigint',
    task: 'integer',
    by: 'text',
    agent: 'boolean',
    verdict: 'text',
    head: 'text',
    body: 'text',
    threads: 'jsonb',
    dismissed: 'boolean',
    submittedAt: 'timestamptz',
  },
};

export const messages: Entity<Message> = {
  table: 'message',
  key: ['id'],
  columns: {
    id: 'uuid',
    run: 'uuid',
    installation: 'bigint',
    from: 'text',
    to: 'jsonb',
    text: 'text',
    sentAt: 'timestamptz',
    seenAt: 'timestamptz',
  },
};

export const ledger: Entity<LedgerEntry> = {
  table: 'ledger',
  key: ['event'],
  appendOnly: true,
  columns: {
    event: 'bigint',
    installation: 'bigint',
    repository: 'bigint',
    run: 'uuid',
    task: 'integer',
    session: 'uuid',
    agent: 'text',
    model: 'text',
    team: 'text',
    day: 'text',
    tokens: 'bigint',
    cost: 'bigint',
    unpriced: 'bigint',
  },
};

/** `pullUrl` → `pull_url`. */
const columnName = (property: string): string =>
  property.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** The entity's properties with their column names and types, in the table's order. */
export function columnsOf<T>(
  entity: Entity<T>,
): { property: keyof T & string; name: string; type: ColumnType }[] {
  return (Object.keys(entity.columns) as (keyof T & string)[]).map((property) => ({
    property,
    name: columnName(property),
    type: entity.columns[property],
  }));
}

/** Instants come out in UTC with milliseconds, as they are read back; jsonb as text. */
export function toRow<T>(entity: Entity<T>, state: T): Row {
  return Object.fromEntries(
    columnsOf(entity).map(({ property, name, type }) => [name, toColumn(type, state[property])]),
  );
}

function toColumn(type: ColumnType, value: unknown): unknown {
  if (value === null || value === undefined) return null;
  if (type === 'jsonb' && typeof value === 'object') return jsonOf(value);
  if (type === 'timestamptz' && typeof value === 'string') return new Date(value).toISOString();
  return value;
}

/** The other way, from a row as `toRow` makes it or as the database answers it (jsonb parsed). */
export function fromRow<T>(entity: Entity<T>, row: Row): T {
  return Object.fromEntries(
    columnsOf(entity).map(({ property, name, type }) => {
      const value = row[name];
      // Our jsonb columns hold objects and arrays only, so a string here is always their text.
      return [property, type === 'jsonb' && typeof value === 'string' ? JSON.parse(value) : value];
    }),
  ) as T;
}
