/** Everything a workflow run needs to know; the interpreter asks nobody else. */
import type { GitRepository } from '../git/repository.ts';
import type { Json } from './expression.ts';
import type { TokenPermissions } from './permissions.ts';
import type { BrokenWorkflow, Workflow } from './workflow.ts';

/** What a job holds while it runs, and nobody after it. */
export type JobGrant = {
  /** GITHUB_TOKEN. Masked in the log; a process sees it only where the workflow hands it on. */
  token: string;
  /** Set for each process of the job, such as where an OIDC token can be asked for. */
  environment: Readonly<Record<string, string>>;
  /** Set for JavaScript actions alone, such as the runner's own service and its token. */
  actionEnvironment: Readonly<Record<string, string>>;
  /** Values of both that no log may show. */
  secret: readonly string[];
  /** Makes what was granted useless. */
  end(): void;
};

/** The runner that a job runs on. */
export type JobRunner = { id: number; name: string; hosted: boolean };

export type GrantedJob = { key: string; permissions: TokenPermissions; runner: JobRunner };

/** An action's repository at a commit, or why it can't be had. */
export type ActionSource = { git: GitRepository; sha: string } | 'no repository' | 'no version';

/** How a job of an earlier attempt ended, for those that are not run again. */
export type EarlierJob = { conclusion: 'success' | 'skipped'; outputs: Record<string, string> };

export type RunRequest = {
  id: number;
  /** Counts per workflow, from 1. */
  number: number;
  attempt: number;
  workflow: Workflow | BrokenWorkflow;
  repository: { git: GitRepository; id: number; fullName: string; ownerId: number };
  /** The webhook's payload, as `github.event`. */
  event: { name: string; payload: Json };
  /** What is checked out; for pull requests the test merge commit. */
  sha: string;
  ref: string;
  /** Branch names of a pull request, else null. */
  headRef: string | null;
  baseRef: string | null;
  actor: { id: number; login: string };
  /** Who started this attempt; the actor, unless somebody else runs it again. */
  triggeringActor: string;
  urls: { server: string; api: string; graphql: string };
  secrets: Readonly<Record<string, string>>;
  variables: Readonly<Record<string, string>>;
  /** Of a dispatch, with defaults filled in. */
  inputs: Readonly<Record<string, Json>>;
  /** Asked when a job starts. */
  grant(job: GrantedJob): JobGrant;
  /** What a job without any `permissions:` gets. */
  defaultPermissions: TokenPermissions;
  /** The repository behind `uses: owner/name@ref`. */
  actionAt(repository: string, ref: string): Promise<ActionSource>;
  /** By job key; these are taken over instead of run. */
  earlier: Readonly<Record<string, EarlierJob>>;
};
