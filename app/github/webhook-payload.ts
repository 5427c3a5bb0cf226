/** What we read of GitHub's webhooks, and nothing else: unknown fields are ignored, missing ones named. */
import { z } from 'zod';

const Account = z.object({ login: z.string(), id: z.int(), type: z.string() });
export type Account = z.infer<typeof Account>;

const Repository = z.object({
  id: z.int(),
  name: z.string(),
  private: z.boolean(),
  default_branch: z.string(),
  owner: z.object({ login: z.string(), id: z.int(), type: z.string() }),
});
export type Repository = z.infer<typeof Repository>;

/** Every event of a repository has these two. */
const common = { repository: Repository, sender: Account };
const Issue = z.object({
  number: z.int().positive(),
  title: z.string(),
  body: z.string().nullish(),
  labels: z.array(z.object({ name: z.string() })).default([]),
  /** Set when the issue is a pull request (G45). */
  pull_request: z.object({}).nullish(),
});
const Comment = z.object({
  id: z.int(),
  body: z.string(),
  created_at: z.iso.datetime({ offset: true }),
  /** Null once the account is gone. */
  user: Account.nullable(),
  performed_via_github_app: z.object({ id: z.int(), slug: z.string().nullish() }).nullish(),
});
/** A fork that was deleted leaves null. */
const Head = z.object({ ref: z.string(), sha: z.string(), repo: z.object({ id: z.int() }).nullable() });
const Pull = z.object({
  number: z.int().positive(),
  merged: z.boolean().nullish(),
  merge_commit_sha: z.string().nullish(),
  merged_by: Account.nullish(),
  head: Head,
});
const Check = z.object({ head_sha: z.string(), app: z.object({ id: z.int() }).nullish() });
const NamedRepository = z.object({ id: z.int(), full_name: z.string(), private: z.boolean().nullish() });
const Installation = z.object({
  // An enterprise has a slug where accounts have a login.
  account: z.object({
    login: z.string().optional(),
    slug: z.string().optional(),
    type: z.string().default('Enterprise'),
  }),
});

export const IssueComment = z.object({
  ...common,
  issue: Issue,
  comment: Comment,
  changes: z.object({ body: z.object({ from: z.string() }).nullish() }).nullish(),
});
export const Issues = z.object({ ...common, issue: Issue, label: z.object({ name: z.string() }) });
export const PullRequest = z.object({ ...common, pull_request: Pull });
/** Unknown reasons are kept as text: GitHub adds some (G24). */
export const PullRequestDequeued = z.object({ ...common, pull_request: Pull, reason: z.string() });
export const MergeGroup = z.object({
  ...common,
  sender: Account.nullish(),
  merge_group: z.object({ head_sha: z.string(), head_ref: z.string(), base_ref: z.string() }),
});
/** A commit status (the older way to report); `sha` is its commit. */
export const Status = z.object({ ...common, sha: z.string() });
export const PullRequestReview = z.object({
  ...common,
  pull_request: z.object({ number: z.int().positive() }),
  review: z.object({ id: z.int(), user: Account.nullable() }),
});
export const CheckRun = z.object({ ...common, check_run: Check });
export const CheckSuite = z.object({ ...common, check_suite: Check });
export const WorkflowRun = z.object({
  ...common,
  workflow_run: z.object({
    id: z.int(),
    event: z.string(),
    /** The file, with `@` and a ref after it at times. */
    path: z.string(),
    /** The run's name, which has the session's id in it. */
    display_title: z.string(),
  }),
});
const paths = z.array(z.string()).default([]);
export const Push = z.object({
  ...common,
  ref: z.string(),
  after: z.string(),
  deleted: z.boolean(),
  forced: z.boolean(),
  commits: z.array(z.object({ added: paths, modified: paths, removed: paths })).default([]),
});
export const Delete = z.object({ ...common, ref: z.string(), ref_type: z.string() });
export const RepositoryChange = z.object(common);
export const InstallationChange = z.object({
  installation: Installation,
  repositories: z.array(NamedRepository).default([]),
});
export const InstallationRepositories = z.object({
  installation: Installation,
  repositories_added: z.array(NamedRepository).default([]),
  repositories_removed: z.array(NamedRepository).default([]),
});
