/** Rows of commit statuses, the older way to say what a check run says. */

export interface CommitStatus {
  id: number;
  repositoryId: number;
  sha: string;
  state: 'pending' | 'success' | 'failure' | 'error';
  context: string;
  description: string | null;
  targetUrl: string | null;
  creatorId: number;
  /** The App whose token made it. */
  appId: number | null;
  createdAt: string;
}
