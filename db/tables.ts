/** Every table as Kysely sees it. The six that mirror domain states take their columns from the domain's types. */
import type { ColumnType, Generated } from 'kysely';
import type { Actor } from '../app/domain/actor.ts';
import type { EventType } from '../app/domain/event.ts';
import type { LedgerEntry } from '../app/domain/ledger.ts';
import type { Message } from '../app/domain/message.ts';
import type { Question } from '../app/domain/question.ts';
import type { Review } from '../app/domain/review.ts';
import type { Run } from '../app/domain/run.ts';
import type { Session } from '../app/domain/session.ts';
import type { Task } from '../app/domain/task.ts';

/** Filled by the database when it is left out. ISO text. */
type Now = ColumnType<string, string | undefined, string>;

type Snake<S extends string> = S extends `${infer Head}${infer Tail}`
  ? `${Head extends Lowercase<Head> ? Head : `_${Lowercase<Head>}`}${Snake<Tail>}`
  : S;
type Column<T> = [NonNullable<T>] extends [string | number | boolean | number[]]
  ? T
  : ColumnType<T, string | null, string | null>;
type RowOf<T> = { [K in keyof T & string as Snake<K>]: Column<T[K]> };

export type Tables = {
  installation: {
    id: number;
    account: string;
    account_type: Generated<string>;
    created_at: Now;
    deleted_at: string | null;
    blocked_until: string | null;
  };
  repository: {
    id: number;
    installation: number;
    owner: string;
    owner_id: number | null;
    name: string;
    default_branch: Generated<string>;
    private: Generated<boolean>;
    next_run: Generated<number>;
    policy: ColumnType<unknown, string | null, string | null>;
    policy_problem: string | null;
    removed_at: string | null;
  };
  run: RowOf<Run>;
  task: RowOf<Task>;
  session: RowOf<Session>;
  question: RowOf<Question>;
  review: RowOf<Review>;
  message: RowOf<Message>;
  session_lease: {
    session: string;
    installation: number;
    until: string;
    activity: Generated<string>;
    condition: Generated<string>;
    warned: Generated<boolean>;
    looked: Generated<boolean>;
  };
  session_token: {
    hash: Buffer;
    installation: number;
    session: string;
    kind: 'runner' | 'agent';
    created_at: Now;
  };
  agent_slot: {
    installation: number;
    repository: number;
    agent: string;
    slot: number;
    session: string | null;
  };
  runner_token: {
    hash: Buffer;
    installation: number;
    group_name: string;
    created_by: string;
    expires_at: string;
  };
  runner: {
    id: string;
    installation: number;
    name: string;
    group_name: string;
    token_hash: Buffer;
    registered_at: Now;
    seen_at: string | null;
    revoked_at: string | null;
  };
  api_key: {
    hash: Buffer;
    installation: number;
    name: string;
    login: string;
    user_id: number;
    created_at: Now;
    expires_at: string;
    revoked_at: string | null;
  };
  bundle: {
    id: string;
    installation: number;
    run: string;
    task: number;
    session: string;
    head: string;
    data: Buffer | null;
    state: 'pending' | 'pushed' | 'refused';
    reason: Generated<string>;
    created_at: Now;
  };
  conversation: {
    installation: number;
    run: string;
    task: number | null;
    kind: string;
    session: string;
    engine: string;
    data: Buffer;
    kept_at: Now;
  };
  event: {
    id: ColumnType<number, never, never>;
    installation: ColumnType<number, number, never>;
    run: ColumnType<string, string, never>;
    task: ColumnType<number | null, number | null, never>;
    type: ColumnType<EventType, EventType, never>;
    data: ColumnType<object, string, never>;
    actor: ColumnType<Actor, string, never>;
    cause: ColumnType<string, string, never>;
    at: ColumnType<string, string, never>;
  };
  ledger: RowOf<LedgerEntry>;
  delivery: {
    guid: string;
    installation: number | null;
    event: string;
    action: string | null;
    body: string;
    received_at: Now;
    handled_at: string | null;
    note: Generated<string>;
  };
  github_object: {
    kind: string;
    key: string;
    installation: number;
    github_id: number;
    digest: Generated<string>;
    edited_at: Now;
  };
  worker_pool: { id: string; beat_at: Now };
};
