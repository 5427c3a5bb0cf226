/** Rows of pull requests, reviews and merges. */

/** A pull request's own side; title, body, labels, state stand in the issue of the same id. */
export interface Pull {
  id: number;
  repositoryId: number;
  number: number;
  draft: boolean;
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
  /** null until it is computed for the present head and base (G26). */
  mergeable: boolean | null;
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
  createdAt: string;
}
