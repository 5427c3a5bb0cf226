/** Everything a workflow run needs to know; the interpreter asks nobody else. */
import type { GitRepository } from '../git/repository.ts';
import type { Json } from './expression.ts';
import type { BrokenWorkflow, Workflow } from './workflow.ts';

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
  urls: { server: string; api: string; graphql: string };
  /** GITHUB_TOKEN. Masked in every log; a process sees it only where the workflow hands it on. */
  token: string;
  secrets: Readonly<Record<string, string>>;
  variables: Readonly<Record<string, string>>;
  inputs: Readonly<Record<string, Json>>;
  /** Set for each process of a job, such as where an OIDC token can be asked for. Values are masked. */
  environmentOf?: (jobKey: string) => Record<string, string>;
};
