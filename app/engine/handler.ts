/** What a handler is given and what it may answer. */
import type { InputOf, OutputOf } from '../catalog/operation.ts';
import type { AppOperation } from '../catalog/catalog.ts';
import type { PatchedFile } from '../domain/diff-lines.ts';
import type { Permission } from '../domain/permission.ts';
import type { Rejection } from '../domain/rejection.ts';
import type { Instant } from '../domain/words.ts';
import type { RepositoryRow } from '../../db/queries/runs.ts';
import type { Database } from '../../db/pool.ts';
import type { Transaction } from '../../db/transaction.ts';
import type { Bell } from './bell.ts';
import type { Caller } from './caller.ts';
import type { Sealing } from './sealing.ts';

/** Facts of GitHub that an operation needs before its transaction or after its commit; never inside it. */
export type GitHubFacts = {
  permission(installation: number, repository: RepositoryRow, login: string): Promise<Permission>;
  /** As GitHub names it now; null when it is gone. */
  repository(
    installation: number,
    repository: RepositoryRow,
  ): Promise<{
    owner: string;
    ownerId: number;
    name: string;
    defaultBranch: string;
    private: boolean;
  } | null>;
  /** ENTOURAGE.md of the default branch, or null. */
  policyText(installation: number, repository: RepositoryRow): Promise<string | null>;
  /** The commit a branch points to, or null. */
  head(installation: number, repository: RepositoryRow, branch: string): Promise<string | null>;
  /** An issue's own words, or null when there is no such issue. */
  issue(
    installation: number,
    repository: RepositoryRow,
    number: number,
  ): Promise<{ title: string; body: string; labels: string[] } | null>;
  /** Whether `after` changes against the base exactly what `before` changed. */
  changesSame(
    installation: number,
    repository: RepositoryRow,
    heads: { base: string; branch: string; before: string; after: string },
  ): Promise<boolean>;
  /** The App's own account, `entourage[bot]`. */
  login(): Promise<string>;
  /** What the pull request changes, as GitHub shows it at that head. */
  pullFiles(
    installation: number,
    repository: RepositoryRow,
    at: { pull: number; head: string },
  ): Promise<readonly PatchedFile[]>;
  /** The file's text at a branch or commit, or null. */
  file(
    installation: number,
    repository: RepositoryRow,
    at: { path: string; ref: string },
  ): Promise<string | null>;
  /** What `head` has that `base` has not; null when one of them is gone. */
  comparison(
    installation: number,
    repository: RepositoryRow,
    between: { base: string; head: string },
  ): Promise<{
    files: { path: string; status: string; patch: string | null }[];
    commits: { sha: string; message: string; at: string }[];
    truncated: boolean;
  } | null>;
  readToken(installation: number, repository: RepositoryRow): Promise<string | null>;
  cloneUrl(repository: RepositoryRow): string;
};

/** Server-side ceilings over every policy, and the engine's own times. Money in millionths of a dollar, times in seconds. */
export type Ceilings = {
  sessions: number;
  taskBudget: number;
  runBudget: number;
  teamDayBudget: number;
  leaseSeconds: number;
  heartbeatSeconds: number;
  planQueueSeconds: number;
  /** How long a dispatched workflow may wait for a GitHub runner before it is looked at. */
  startSeconds: number;
};

export type Engine = {
  readonly db: Database;
  readonly bell: Bell;
  readonly github: GitHubFacts;
  readonly ceilings: Ceilings;
  /** The model API that plans where no manager does, as `provider/model`; null: there is none. */
  readonly planner: string | null;
  readonly version: string;
  now(): Instant;
  uuid(): string;
  readonly sealing: Sealing;
  /** A secret of 256 random bits with a prefix that says what it is. */
  secret(prefix: string): string;
};

export type Context = {
  readonly engine: Engine;
  readonly tx: Transaction;
  readonly now: Instant;
  readonly caller: Caller;
  /** Where the call points, resolved and authorised before the handler runs; null for calls that name no repository. */
  readonly repository: RepositoryRow | null;
  /** Keys to ring after the commit. */
  readonly rings: Set<string>;
};

/** `pending` answers now, or again when one of `until` rings and the caller still waits. */
export type Answer<O> = { output: O } | { pending: O; until: readonly string[] } | Rejection;

export type Handler<T extends AppOperation> = Transacted<T> | Outside<T>;

/** What asks GitHub for its answer and changes nothing: it opens short transactions of its own. */
type Outside<T extends AppOperation> = {
  look(engine: Engine, scope: Place, input: InputOf<T>): Promise<Rejection | { output: OutputOf<T> }>;
};
export type Place = { caller: Caller; repository: RepositoryRow | null };

type Transacted<T extends AppOperation> = {
  /** Runs in the transaction. May run again: after a serialisation failure, or when a wait was woken. */
  handle(context: Context, input: InputOf<T>): Promise<Answer<OutputOf<T>>>;
  /** Before the transaction: what has to be read from GitHub first. It may refuse, or complete the input. */
  prepare?(
    engine: Engine,
    scope: { caller: Caller; repository: RepositoryRow | null },
    input: InputOf<T>,
  ): Promise<Rejection | { input: InputOf<T> }>;
  /** After the commit: what has to be asked of GitHub to complete the answer. */
  finish?(engine: Engine, caller: Caller, output: OutputOf<T>): Promise<OutputOf<T>>;
};

/** Every operation that the App answers has a handler, or this does not compile. */
export type Handlers = { [T in AppOperation as T['name']]: Handler<T> };
