/** Rows of pull requests, reviews and merges. */

/** A pull request's own side; title, body, labels, state stand in the issue of the same id. */
export interface Pull {
  id: number;
  repositoryId: number;
  number: number;
  draft: boolean;
  /** The fork it comes from, or the repository itself; null once that is gone. */
  headRepositoryId: number | null;
  headRef: string;
  headSha: string;
  baseRef: string;
  baseSha: string;
  mergedAt: string | null;
  mergedById: number | null;
  mergeCommitSha: string | null;
  requestedReviewerIds: number[];
  /** Of the diff between merge base and head, kept up to date at every push to either side. */
  commits: number;
  additions: number;
  deletions: number;
  changedFiles: number;
  /** The base has commits that the head doesn't have. */
  behind: boolean;
  /** Who moved the head last. */
  pushedById: number;
  /** null until it is computed for the present head and base (G26). */
  mergeable: boolean | null;
  /** Of a fork: who may push here may push to its head as well. */
  maintainerCanModify: boolean;
  autoMerge: AutoMerge | null;
}

/** What was asked for when auto-merge was switched on (G22). */
export interface AutoMerge {
  enabledById: number;
  enabledAt: string;
  method: 'merge' | 'squash' | 'rebase';
  title: string | null;
  message: string | null;
  /** Set when a job's GITHUB_TOKEN asked (G32). */
  workflowRunId: number | null;
}

/** A pull request's place in a merge queue. */
export interface QueueEntry {
  id: number;
  repositoryId: number;
  baseRef: string;
  pullId: number;
  /** The head that was enqueued; another one leaves the queue. */
  headSha: string;
  /** Lower ones go first; jumpers get lower numbers. */
  order: number;
  jump: boolean;
  enqueuedById: number;
  enqueuedAt: string;
  /** Set when a job's GITHUB_TOKEN enqueued it: its merge_group starts no workflow (G23). */
  workflowRunId: number | null;
  /** Null while its commit isn't built. */
  group: MergeGroup | null;
}

/** The branch that a queue builds for an entry, on top of those before it (G24). */
export interface MergeGroup {
  ref: string;
  sha: string;
  baseSha: string;
  requestedAt: string;
}

export interface Review {
  id: number;
  pullId: number;
  authorId: number;
  state: 'PENDING' | 'COMMENTED' | 'APPROVED' | 'CHANGES_REQUESTED' | 'DISMISSED';
  body: string;
  commitSha: string;
  viaAppId: number | null;
  submittedAt: string | null;
  updatedAt: string;
}

export interface ReviewThread {
  id: number;
  pullId: number;
  resolvedById: number | null;
}

export interface ReviewComment {
  id: number;
  pullId: number;
  reviewId: number;
  threadId: number;
  inReplyToId: number | null;
  authorId: number;
  viaAppId: number | null;
  body: string;
  path: string;
  subjectType: 'line' | 'file';
  side: 'LEFT' | 'RIGHT';
  startSide: 'LEFT' | 'RIGHT' | null;
  line: number | null;
  startLine: number | null;
  originalLine: number | null;
  originalStartLine: number | null;
  commitSha: string;
  originalCommitSha: string;
  diffHunk: string;
  createdAt: string;
  updatedAt: string;
}

/** A merge-async request (G20), kept so that its uuid can be polled. */
export interface MergeRequest {
  id: number;
  uuid: string;
  pullId: number;
  result: Record<string, unknown>;
  /** Kept for a day from then (G20). */
  updatedAt: string;
}
