/** What can be seen of a workflow run, its jobs and steps while they go on. */

import type { JobRunner } from './run-request.ts';

export type Status = 'queued' | 'in_progress' | 'completed';
export type Conclusion = 'success' | 'failure' | 'cancelled' | 'skipped' | 'startup_failure';

export type Annotation = {
  level: 'notice' | 'warning' | 'failure';
  message: string;
  title: string | null;
  path: string;
  line: number;
  endLine: number;
  column: number | null;
};

export type StepState = {
  /** From 1. */
  number: number;
  name: string;
  status: Status;
  conclusion: Conclusion | null;
  startedAt: string | null;
  completedAt: string | null;
};

export type JobState = {
  /** Key in the workflow file. */
  key: string;
  name: string;
  labels: string[];
  runner: JobRunner | null;
  /** It ended in an earlier attempt and was taken over from there. */
  earlier: boolean;
  status: Status;
  conclusion: Conclusion | null;
  startedAt: string | null;
  completedAt: string | null;
  steps: StepState[];
  annotations: Annotation[];
  /** Markdown that steps wrote to GITHUB_STEP_SUMMARY, masked, 1 MiB a step (G35). */
  summary: string;
  outputs: Record<string, string>;
  /** Masked; grows while the job runs. */
  log: string;
};

export type RunState = {
  id: number;
  /** Pending while it waits for others of its concurrency group. */
  status: Status | 'pending';
  conclusion: Conclusion | null;
  /** `run-name` with its expressions evaluated; empty where the file has none. */
  name: string;
  /** Why GitHub's parser refused the file, with `startup_failure`. */
  errors: string[];
  jobs: JobState[];
};
