/**
 * What Entourage wants of GitHub, as ensure-style verbs: each looks at what is there, writes only a difference, and can
 * be run twice or late without harm. One port serves one installation. Errors: `GitHubError` for anything that was
 * refused or broke; a refusal that the caller is expected to handle is a value in the result.
 */
import type { PushLimits } from '../domain/push.ts';
import type { PatchedFile } from '../domain/diff-lines.ts';
import type { Permission } from '../domain/permission.ts';
import type { AbsenceFacts } from '../domain/ci-absence.ts';
import type { Check } from '../domain/ci.ts';
import type { Thread, Verdict } from '../domain/review.ts';

/** What is known of a repository. `ownerId` survives renames of its owner, and tells who has a freed name now. */
export type KnownRepository = RepositoryRef & {
  readonly ownerId: number;
  readonly defaultBranch: string;
  readonly private: boolean;
};

/** A repository by its present name; `id` survives renames. */
export type RepositoryRef = { readonly id: number; readonly owner: string; readonly name: string };

export type PullState = {
  number: number;
  nodeId: string;
  url: string;
  title: string;
  body: string;
  state: 'open' | 'closed';
  merged: boolean;
  mergeCommit: string | null;
  /** ISO; null while it is open. */
  closedAt: string | null;
  draft: boolean;
  head: string;
  base: string;
  labels: string[];
  /** Null while GitHub computes it (G26), and where a list was read. */
  mergeable: boolean | null;
  /** G26's words in lower case. */
  mergeState: string;
};

export type MergeResult =
  | { result: 'merged'; commit: string }
  /** The head is not the one that was approved any more. */
  | { result: 'head_moved' }
  | { result: 'conflict'; reason: string }
  /** Not possible now; try again when something changes. */
  | { result: 'blocked'; reason: string };

/** What the rules of a branch say about merging into it. */
export type MergeRules = {
  queue: boolean;
  /** A head must be up to date with the branch. */
  strict: boolean;
  /**
   * An update of the branch would make people approve again: stale approvals are dismissed (G18), or the last push must
   * be approved by somebody else than who pushed.
   */
  updateAsksAgain: boolean;
  /** Required checks; `ours` are reported by this App. */
  required: { name: string; ours: boolean }[];
};

export type AsyncMerge =
  /** `head`: what the request, which may be somebody else's, is going to merge. */
  | { result: 'pending'; request: string; head: string | null }
  | { result: 'merged'; commit: string | null }
  | { result: 'enqueued' }
  | { result: 'failed'; reason: string }
  | { result: 'unsupported'; reason: string };

/** GitHub did what it was asked for, or its words why not. */
export type Asked<R extends string> = { result: R } | { result: 'refused'; reason: string };

export type CheckRunContent = {
  name: string;
  head: string;
  /** Our own key, so that the same check is found again. */
  externalId: string;
  status: 'queued' | 'in_progress' | 'completed';
  conclusion?: 'success' | 'failure' | 'neutral' | 'cancelled' | 'action_required';
  title: string;
  summary: string;
  detailsUrl?: string;
};

export type ReviewContent = {
  pull: number;
  head: string;
  marker: string;
  /** With the marker in it. */
  body: string;
  comments: readonly { path: string; line: number; side: 'LEFT' | 'RIGHT'; body: string }[];
  /** The body where the comments can't stand on their lines. */
  wholeBody: string;
};

export type GitHub = {
  /** The App's own login, e.g. `entourage[bot]`; only its comments carry our markers. */
  login(): Promise<string>;
  /** Every repository that this installation reaches. */
  repositories(): Promise<KnownRepository[]>;
  /** The repository as GitHub names it now: a former name leads there too. Null when it is gone, or the App is. */
  repository(repository: RepositoryRef): Promise<KnownRepository | null>;
  /** By `user.permissions.*` (G5). */
  permission(repository: RepositoryRef, login: string): Promise<Permission>;
  /** The file's text at `ref` (default branch when absent), or null. */
  readFile(repository: RepositoryRef, path: string, ref?: string): Promise<string | null>;
  /** Paths of all files at `ref`, as many as GitHub tells of; null when there is no such ref. */
  paths(repository: RepositoryRef, ref: string): Promise<{ paths: string[]; truncated: boolean } | null>;
  /** What `head` (a branch or a commit) has that `base` has not, as GitHub shows it; null when one of them is gone. */
  comparison(repository: RepositoryRef, between: { base: string; head: string }): Promise<Comparison | null>;
  /** The commit a branch points to, or null. */
  head(repository: RepositoryRef, branch: string): Promise<string | null>;

  /**
   * The branch with one empty first commit on top of `base`, because a pull request needs a commit (G10). A branch that is
   * gone comes back at `restore`, where it stood before: only then GitHub reopens its pull request.
   */
  ensureBranch(
    repository: RepositoryRef,
    branch: { name: string; base: string; message: string; restore: string | null },
  ): Promise<{ base: string; head: string }>;
  deleteBranch(repository: RepositoryRef, branch: string): Promise<void>;

  pull(repository: RepositoryRef, number: number): Promise<PullState | null>;
  /** Found by its branch; opened as a draft, or with a `[WIP]` title where drafts are refused (G11). */
  ensurePull(
    repository: RepositoryRef,
    pull: { branch: string; base: string; title: string; body: string; labels: readonly string[] },
  ): Promise<PullState>;
  /** Our part of the body, between our markers. People's text around it stays, and so does a title they gave (RE-8). */
  ensurePullBody(repository: RepositoryRef, pull: PullState, body: string): Promise<void>;
  /** Draft or ready for review (GraphQL only, G12). */
  ensureDraft(repository: RepositoryRef, pull: PullState, draft: boolean): Promise<void>;
  closePull(repository: RepositoryRef, number: number): Promise<void>;
  reopenPull(repository: RepositoryRef, number: number): Promise<void>;
  /** `title` and `message` are the commit's, for squash and merge. */
  merge(
    repository: RepositoryRef,
    pull: {
      number: number;
      head: string;
      method: 'squash' | 'rebase' | 'merge';
      title: string;
      message: string;
    },
  ): Promise<MergeResult>;

  mergeRules(repository: RepositoryRef, branch: string): Promise<MergeRules>;
  /** Merge-async (G20), which takes the queue where there is one. `method` null: as the queue does it. */
  requestMerge(
    repository: RepositoryRef,
    pull: {
      number: number;
      head: string;
      method: 'squash' | 'rebase' | 'merge' | null;
      title: string;
      message: string;
    },
  ): Promise<AsyncMerge>;
  /** Null when GitHub has forgotten it, after a day. */
  mergeRequest(
    repository: RepositoryRef,
    wanted: { number: number; request: string },
  ): Promise<AsyncMerge | null>;
  enqueue(
    repository: RepositoryRef,
    pull: { number: number; nodeId: string; head: string },
  ): Promise<Asked<'enqueued'>>;
  dequeue(repository: RepositoryRef, pull: { number: number; nodeId: string }): Promise<Asked<'dequeued'>>;
  queueEntry(repository: RepositoryRef, number: number): Promise<{ position: number; state: string } | null>;
  /** Merges the base into the branch; the new head comes a moment later. */
  updateBranch(repository: RepositoryRef, pull: { number: number; head: string }): Promise<Asked<'updating'>>;
  /** How many commits of the base the head does not have. */
  behind(repository: RepositoryRef, between: { base: string; head: string }): Promise<number>;
  /** Files that stand against a merge, by git's own look. */
  conflicts(repository: RepositoryRef, between: { base: string; branch: string }): Promise<readonly string[]>;
  /** Whether `after` changes against the base exactly what `before` changed against the base of its time. */
  changesSame(
    repository: RepositoryRef,
    heads: { base: string; branch: string; before: string; after: string },
  ): Promise<boolean>;

  /** `marker` identifies the comment among our App's own; `known` is the id stored from last time. Answers the id and what was there before. */
  ensureComment(
    repository: RepositoryRef,
    comment: { issue: number; marker: string; body: string; known: number | null },
  ): Promise<{ id: number; before: string | null }>;
  comment(repository: RepositoryRef, id: number): Promise<{ body: string; author: string } | null>;
  createComment(repository: RepositoryRef, issue: number, body: string): Promise<number>;
  ensureReaction(
    repository: RepositoryRef,
    target: { comment: number } | { issue: number },
    content: 'eyes' | 'rocket' | 'confused',
  ): Promise<void>;
  removeLabel(repository: RepositoryRef, issue: number, label: string): Promise<void>;
  closeIssue(repository: RepositoryRef, issue: number): Promise<void>;
  issue(
    repository: RepositoryRef,
    number: number,
  ): Promise<{
    title: string;
    body: string;
    state: 'open' | 'closed';
    labels: string[];
    author: string;
    isPull: boolean;
  }>;

  /** Creates or updates our check run of that name on that commit; found by the id of last time, else by external id. Answers its id. */
  ensureCheckRun(repository: RepositoryRef, check: CheckRunContent, known: number | null): Promise<number>;
  /**
   * Everybody's check runs and statuses on a commit but ours. `wanted`: which of them the proof needs, as the base's rules
   * have it, all, or by their names; what is needed and has not reported is in the list as queued, without a page.
   */
  checks(
    repository: RepositoryRef,
    head: string,
    proof: { base: string; wanted: 'required' | 'all' | readonly string[] },
  ): Promise<Check[]>;

  /** Starts the workflow file at `path` on branch `ref`. A refusal about the workflow is a value; a limit is a `GitHubError`. */
  dispatchWorkflow(
    repository: RepositoryRef,
    dispatch: { path: string; ref: string; inputs: Readonly<Record<string, string>> },
  ): Promise<DispatchResult>;
  workflowRun(repository: RepositoryRef, id: number): Promise<WorkflowRunState | null>;
  /** The run of `path` whose name has the session in it, made at `since` (ISO) or later: where the dispatch did not tell. */
  findWorkflowRun(
    repository: RepositoryRef,
    wanted: { path: string; session: string; since: string },
  ): Promise<WorkflowRunState | null>;
  /** Nothing happens when it is over already. */
  cancelWorkflowRun(repository: RepositoryRef, id: number): Promise<void>;
  workflowJobs(repository: RepositoryRef, run: number, attempt: number): Promise<WorkflowJob[]>;

  /** What can be seen of CI at a commit, for the words why checks are missing. */
  ciFacts(
    repository: RepositoryRef,
    of: { head: string; pull: number; base: string },
  ): Promise<Omit<AbsenceFacts, 'missing' | 'seen'>>;

  /** A review with its own comments as threads (ids of first comments). */
  review(
    repository: RepositoryRef,
    pull: number,
    review: number,
  ): Promise<{
    id: number;
    by: string;
    verdict: Verdict | 'pending' | 'dismissed';
    head: string;
    body: string;
    threads: Thread[];
  } | null>;
  /** What the pull request changes, with the patches that comments stand on; `head` says of which commit, and is remembered. */
  pullFiles(repository: RepositoryRef, at: { pull: number; head: string }): Promise<readonly PatchedFile[]>;
  /**
   * Our review of that head, found again by its marker; written once. GitHub takes all of its comments or none (G16): where
   * it refuses one, they stand in the body instead and there are no threads. Null when the pull request is gone.
   */
  ensureReview(
    repository: RepositoryRef,
    review: ReviewContent,
  ): Promise<{ id: number; body: string; threads: Thread[] } | null>;
  /** One reply to each thread's first comment (G16), found again by its marker; written once, never edited. */
  ensureThreadReplies(
    repository: RepositoryRef,
    pull: number,
    replies: readonly { comment: number; body: string; marker: string }[],
  ): Promise<void>;

  /** A token of at most an hour that reads this one repository's contents, for a runner's fetch. */
  readToken(repository: RepositoryRef): Promise<string>;
  /** Where git fetches it: no credentials in it. */
  cloneUrl(repository: RepositoryRef): string;
  /** Pushes a checked bundle's head to one branch. `expected` guards against a moved branch. */
  pushBundle(repository: RepositoryRef, push: BundlePush): Promise<PushResult>;
};

/**
 * Why GitHub starts no workflow: no such file on the branch, disabled by hand, of another shape than ours, Actions off for
 * the repository, the App may not, or the branch itself is gone.
 */
export type DispatchProblem =
  | 'missing'
  | 'disabled'
  | 'outdated'
  | 'actions_disabled'
  | 'permission'
  | 'no_branch';
export type DispatchResult =
  /** `run` is null on servers that don't tell it (G30). */
  | { result: 'accepted'; run: { id: number; url: string } | null }
  | { result: 'refused'; problem: DispatchProblem; reason: string };

/** `status` and `conclusion` in GitHub's words: queued, in_progress, completed, …; success, failure, cancelled, … */
export type WorkflowRunState = {
  id: number;
  attempt: number;
  url: string;
  status: string;
  conclusion: string | null;
  /** ISO. */
  createdAt: string;
};
export type WorkflowJob = {
  name: string;
  status: string;
  conclusion: string | null;
  /** ISO; GitHub gives a time for jobs that never started too. */
  startedAt: string | null;
  completedAt: string | null;
  url: string | null;
  steps: { name: string; conclusion: string | null }[];
};

export type BundlePush = {
  bundle: Uint8Array;
  branch: string;
  /** The branch that the pull request goes to: what comes from there by a merge is not the agent's work. */
  base: string;
  /** Where the branch stood when the work began; the bundle must build on it. */
  expected: string;
  head: string;
  limits: PushLimits;
};
export type PushResult = { pushed: string } | { refused: string };

/** At most 300 files and 250 commits, as many as GitHub tells of. */
export type Comparison = {
  /** `patch` is null where GitHub shows none: binary files, and very large differences. */
  files: { path: string; status: string; patch: string | null }[];
  /** Oldest first. */
  commits: { sha: string; message: string; at: string }[];
  /** There is more than is told here. */
  truncated: boolean;
};

/** Opens the port of an installation. */
export type GitHubFor = (installation: number) => GitHub;

/** GitHub refused or broke. `blockedUntil` (ISO) is set when a limit was met: wait, do not retry before. */
export class GitHubError extends Error {
  readonly status: number;
  readonly blockedUntil: string | null;
  constructor(message: string, options: { status: number; blockedUntil?: string; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.name = 'GitHubError';
    this.status = options.status;
    this.blockedUntil = options.blockedUntil ?? null;
  }
}
