/**
 * What the forge knows, in memory. Plain data only (no functions, dates as GitHub's text), so that the journal can
 * write it as JSON. Every table is a Map by numeric id; ids are unique over all tables.
 */

import type {
  CheckRun,
  CheckSuite,
  RepositoryActions,
  Workflow,
  WorkflowJob,
  WorkflowRun,
} from './check-rows.ts';
import type { MergeRequest, Pull, QueueEntry, Review, ReviewComment, ReviewThread } from './pull-rows.ts';
import type { Ruleset } from './rule-rows.ts';
import type { CommitStatus } from './status-rows.ts';

export type Role = 'read' | 'triage' | 'write' | 'maintain' | 'admin';
export type PermissionLevel = 'read' | 'write' | 'admin';
/** A GitHub App's permissions, by the names of the description's `app-permissions`. */
export type Permissions = Record<string, PermissionLevel>;

export interface Account {
  id: number;
  login: string;
  type: 'User' | 'Organization' | 'Bot';
  name: string | null;
  email: string | null;
  createdAt: string;
}

export interface App {
  id: number;
  slug: string;
  name: string;
  description: string | null;
  /** Its own page; null for one that a seed planted. */
  externalUrl: string | null;
  ownerId: number;
  /** The bot account that acts for it. */
  botId: number;
  clientId: string;
  publicKey: string;
  permissions: Permissions;
  events: string[];
  hookId: number;
  webhookUrl: string | null;
  webhookSecret: string;
  createdAt: string;
}

/** What a manifest was answered with: a code that buys the App's secrets once. Stored by hash. */
export interface ManifestCode {
  id: number;
  hash: string;
  appId: number;
  expiresAt: string;
}

export interface Installation {
  id: number;
  appId: number;
  accountId: number;
  /** null: all repositories of the account. */
  repositoryIds: number[] | null;
  permissions: Permissions;
  events: string[];
  suspendedAt: string | null;
  createdAt: string;
}

export interface Repository {
  id: number;
  ownerId: number;
  name: string;
  private: boolean;
  description: string | null;
  defaultBranch: string;
  /** The last number given to an issue or pull request; they share one sequence. */
  lastNumber: number;
  /** How pull requests may be merged; at least one way. */
  mergeMethods: ('merge' | 'squash' | 'rebase')[];
  allowAutoMerge: boolean;
  deleteBranchOnMerge: boolean;
  /** Whether its plan knows drafts (G11). */
  drafts: boolean;
  /** `owner/name` as it was, in small letters: what asks there is sent on. */
  formerNames: string[];
  /** The repository this one was forked from. */
  parentId: number | null;
  createdAt: string;
  updatedAt: string;
  pushedAt: string;
}

export interface Collaborator {
  id: number;
  repositoryId: number;
  accountId: number;
  role: Role;
}

export interface Label {
  id: number;
  repositoryId: number;
  name: string;
  color: string;
  description: string | null;
}

/** An issue, or the issue side of a pull request (then `isPull`, and `pulls` has an entry of the same id). */
export interface Issue {
  id: number;
  repositoryId: number;
  number: number;
  isPull: boolean;
  title: string;
  body: string | null;
  authorId: number;
  /** The App through which it was made. */
  viaAppId: number | null;
  state: 'open' | 'closed';
  stateReason: 'completed' | 'reopened' | 'not_planned' | 'duplicate' | null;
  labelIds: number[];
  assigneeIds: number[];
  locked: boolean;
  createdAt: string;
  updatedAt: string;
  closedAt: string | null;
  closedById: number | null;
}

/** Sub-issue: `from` is the parent. Dependency: `from` waits for `to`. */
export interface IssueLink {
  id: number;
  kind: 'sub_issue' | 'blocked_by';
  fromId: number;
  toId: number;
}

export interface Comment {
  id: number;
  repositoryId: number;
  issueId: number;
  body: string;
  authorId: number;
  viaAppId: number | null;
  createdAt: string;
  updatedAt: string;
}

export const reactionContents = [
  '+1',
  '-1',
  'laugh',
  'confused',
  'heart',
  'hooray',
  'rocket',
  'eyes',
] as const;
export type ReactionContent = (typeof reactionContents)[number];

export interface Reaction {
  id: number;
  /** The id of the issue, pull request, comment or review comment: ids are unique over tables. */
  subjectId: number;
  accountId: number;
  content: ReactionContent;
  createdAt: string;
}

/** Stored by hash: the journal on disk holds no token that works. */
export type Token = TokenOfUser | TokenOfInstallation;

interface TokenOfUser {
  id: number;
  hash: string;
  kind: 'user';
  accountId: number;
}

interface TokenOfInstallation {
  id: number;
  hash: string;
  kind: 'installation';
  installationId: number;
  /** null: all repositories of the installation. */
  repositoryIds: number[] | null;
  permissions: Permissions;
  expiresAt: string;
  /** Set on a job's GITHUB_TOKEN: what it causes starts no workflow (G32). */
  workflowRunId: number | null;
}

export interface Delivery {
  id: number;
  appId: number;
  guid: string;
  event: string;
  action: string | null;
  installationId: number | null;
  repositoryId: number | null;
  deliveredAt: string;
  redelivery: boolean;
  /** Seconds. */
  duration: number;
  status: string;
  statusCode: number;
  request: { headers: Record<string, string>; payload: Record<string, unknown> };
  response: { headers: Record<string, string>; payload: string };
}

type Table<Row> = Map<number, Row>;

export interface State {
  lastId: number;
  accounts: Table<Account>;
  apps: Table<App>;
  manifestCodes: Table<ManifestCode>;
  installations: Table<Installation>;
  /** Organisation id → ids of the accounts that own it. */
  owners: Table<number[]>;
  repositories: Table<Repository>;
  /** Repository id → where each branch and tag stood when it was told last. */
  refs: Table<Record<string, string>>;
  collaborators: Table<Collaborator>;
  labels: Table<Label>;
  issues: Table<Issue>;
  issueLinks: Table<IssueLink>;
  comments: Table<Comment>;
  reactions: Table<Reaction>;
  pulls: Table<Pull>;
  reviews: Table<Review>;
  reviewThreads: Table<ReviewThread>;
  reviewComments: Table<ReviewComment>;
  checkSuites: Table<CheckSuite>;
  checkRuns: Table<CheckRun>;
  repositoryActions: Table<RepositoryActions>;
  workflows: Table<Workflow>;
  workflowRuns: Table<WorkflowRun>;
  workflowJobs: Table<WorkflowJob>;
  mergeRequests: Table<MergeRequest>;
  queueEntries: Table<QueueEntry>;
  rulesets: Table<Ruleset>;
  statuses: Table<CommitStatus>;
  tokens: Table<Token>;
  deliveries: Table<Delivery>;
}

export function emptyState(): State {
  return {
    lastId: 1000,
    accounts: new Map(),
    apps: new Map(),
    manifestCodes: new Map(),
    installations: new Map(),
    owners: new Map(),
    repositories: new Map(),
    refs: new Map(),
    collaborators: new Map(),
    labels: new Map(),
    issues: new Map(),
    issueLinks: new Map(),
    comments: new Map(),
    reactions: new Map(),
    pulls: new Map(),
    reviews: new Map(),
    reviewThreads: new Map(),
    reviewComments: new Map(),
    checkSuites: new Map(),
    checkRuns: new Map(),
    repositoryActions: new Map(),
    workflows: new Map(),
    workflowRuns: new Map(),
    workflowJobs: new Map(),
    mergeRequests: new Map(),
    queueEntries: new Map(),
    rulesets: new Map(),
    statuses: new Map(),
    tokens: new Map(),
    deliveries: new Map(),
  };
}

export function nextId(state: State): number {
  state.lastId += 1;
  return state.lastId;
}

/** The one row that fits, or undefined. */
export function find<Row>(table: Table<Row>, fits: (row: Row) => boolean): Row | undefined {
  for (const row of table.values()) if (fits(row)) return row;
  return undefined;
}

export function where<Row>(table: Table<Row>, fits: (row: Row) => boolean): Row[] {
  return [...table.values()].filter(fits);
}

/** A row that another row points to: its absence is a bug of the forge. */
export function row<Row>(table: Table<Row>, id: number): Row {
  const found = table.get(id);
  if (found === undefined) throw new Error(`the forge's state points to ${id}, which no row has`);
  return found;
}
