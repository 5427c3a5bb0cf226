/** A job while it runs, as its steps see and change it. */
import type { LoadedAction } from './action-source.ts';
import { githubContext, type JobDirectories, runnerContext } from './context.ts';
import { hashFilesIn, holds, type Json, type Scope } from './expression.ts';
import type { JobLog } from './job-log.ts';
import type { Patience } from './process-group.ts';
import type { JobGrant, JobRunner, RunRequest } from './run-request.ts';
import type { JobState } from './run-state.ts';
import type { WorkflowJob, WorkflowStep } from './workflow.ts';

export type StepResult = { outputs: Record<string, string>; outcome: string; conclusion: string };

/** The action whose steps run: for `github.action_path` and its like. */
export type ActionPlace = { path: string; repository: string; ref: string };

/** What an action does after all steps of the job, in reverse order. */
export type PostStep = { name: string; condition: string; run: (signal: AbortSignal) => Promise<boolean> };

export type RunningJob = {
  request: RunRequest;
  job: WorkflowJob;
  state: JobState;
  log: JobLog;
  directories: JobDirectories;
  grant: JobGrant;
  runner: JobRunner;
  base: Record<string, string>;
  /** `env` of workflow and job, and what steps wrote to GITHUB_ENV. */
  env: Record<string, string>;
  path: string[];
  needs: Record<string, Json>;
  actions: Map<string, LoadedAction>;
  posts: PostStep[];
  /** Numbers the files of steps, and counts the summaries they wrote. */
  count: { steps: number; summaries: number };
  groups: Set<number>;
  patience: Patience;
  /** Ends whatever runs at once. */
  kill: AbortSignal;
  defaults: { shell: string | null; workingDirectory: string | null };
  // What a composite action has of its own:
  steps: Record<string, StepResult>;
  inputs: Readonly<Record<string, Json>>;
  /** `env` of the step that uses the action. */
  inherited: Record<string, string>;
  action: ActionPlace | null;
  status: 'success' | 'failure' | 'cancelled';
};

/** Contexts of the expressions of a job's steps; `step` is the id of the one that is evaluated. */
export function stepScope(running: RunningJob, env: Record<string, string>, step = ''): Scope {
  const { request, directories, status, grant, job } = running;
  const { workspace } = directories;
  const place = running.action;
  const own =
    place === null
      ? {}
      : { action_path: place.path, action_repository: place.repository, action_ref: place.ref };
  return {
    contexts: {
      github: {
        ...githubContext(request, { key: job.key, workspace, token: grant.token }),
        ...own,
        action: step,
      },
      env,
      vars: { ...request.variables },
      secrets: { ...request.secrets, GITHUB_TOKEN: grant.token },
      inputs: { ...running.inputs },
      needs: running.needs,
      steps: running.steps,
      runner: runnerContext(directories, running.runner),
      job: { status },
      strategy: { 'fail-fast': true, 'job-index': 0, 'job-total': 1, 'max-parallel': 1 },
    },
    status: {
      success: status === 'success',
      failure: status === 'failure',
      cancelled: status === 'cancelled',
    },
    hashFiles: (patterns) => hashFilesIn(workspace, patterns),
  };
}

/** Environment of every step: that of the workflow, the job, GITHUB_ENV and the surrounding action. */
export function commonEnvironment(running: RunningJob): Record<string, string> {
  return { ...running.env, ...running.inherited };
}

/** What a step's process starts with. `env` overrides all but the runner's own variables, as GitHub documents. */
export function processEnvironment(running: RunningJob, env: Record<string, string>): Record<string, string> {
  const given = Object.entries(env).filter(
    ([name]) => !(name in running.base && /^(GITHUB|RUNNER|ACTIONS)_/.test(name)),
  );
  return { ...running.base, ...Object.fromEntries(given) };
}

/** How a step ended; `outcome` is before `continue-on-error`, `conclusion` after it. */
export type StepEnd = {
  outcome: 'success' | 'failure' | 'cancelled';
  conclusion: 'success' | 'failure' | 'cancelled';
};

/** A step that is on: its environment and contexts evaluated, its outputs to be filled. */
export type Performance = {
  step: WorkflowStep;
  env: Record<string, string>;
  scope: Scope;
  outputs: Record<string, string>;
  signal: AbortSignal;
  /** For the steps of a composite action. */
  runStep: (running: RunningJob, step: WorkflowStep, signal: AbortSignal) => Promise<StepEnd>;
};

export function isWanted(running: RunningJob, step: WorkflowStep): boolean {
  return holds(step.condition, stepScope(running, commonEnvironment(running), step.id));
}
