/** Runs that are started again: whole, their failed jobs, or one job. */
import type { EarlierJob } from './actions/run-request.ts';
import type { WorkflowJob as JobFile } from './actions/workflow.ts';
import type { WorkflowJob, WorkflowRun } from './check-rows.ts';
import type { Forge } from './forge.ts';
import { GitHubError } from './github-error.ts';
import type { Doer } from './pulls.ts';
import { where } from './state.ts';
import { keptLaunch } from './workflow-runs.ts';

/** `failed` means also what was cancelled or skipped because of it; a number is a job's id. */
export type Which = 'all' | 'failed' | number;

/** The newest row of each job of a run. */
export function latestJobs(forge: Forge, run: WorkflowRun): WorkflowJob[] {
  const latest = new Map<string, WorkflowJob>();
  const jobs = where(forge.state.workflowJobs, (job) => job.runId === run.id);
  for (const job of jobs.toSorted((a, b) => a.attempt - b.attempt)) latest.set(job.key, job);
  return [...latest.values()];
}

/** Starts the next attempt of a run. Throws 403 while it goes on, and when there is nothing to run again. */
export async function runAgain(
  forge: Forge,
  doer: Doer,
  { run, which }: { run: WorkflowRun; which: Which },
): Promise<void> {
  if (run.status !== 'completed') throw new GitHubError(403, 'This workflow is already running');
  const jobs = latestJobs(forge, run);
  const wanted = jobs.filter((job) => isWanted(job, which)).map((job) => job.key);
  if (which !== 'all' && wanted.length === 0)
    throw new GitHubError(403, 'This workflow run cannot be retried');
  const again = which === 'all' ? null : withDependents(await jobFiles(forge, run), wanted);
  const earlier: Record<string, EarlierJob> = {};
  for (const { key, conclusion, outputs } of jobs)
    if (again?.has(key) === false && (conclusion === 'success' || conclusion === 'skipped'))
      earlier[key] = { conclusion, outputs };
  const now = forge.clock.timestamp();
  const { attempt, status, conclusion, startedAt, updatedAt, triggeringActorId } = run;
  run.earlierAttempts.push({ attempt, status, conclusion, startedAt, updatedAt, triggeringActorId });
  Object.assign(run, {
    attempt: attempt + 1,
    status: 'queued',
    conclusion: null,
    startedAt: now,
    updatedAt: now,
    triggeringActorId: doer.actor.id,
  });
  await forge.workflows.again(doer, run, earlier);
}

function isWanted(job: WorkflowJob, which: Which): boolean {
  if (typeof which === 'number') return job.id === which;
  return which === 'all' || (job.conclusion !== 'success' && job.conclusion !== 'skipped');
}

async function jobFiles(forge: Forge, run: WorkflowRun): Promise<JobFile[]> {
  const { workflow } = await keptLaunch(forge, run);
  return 'errors' in workflow ? [] : workflow.jobs;
}

/** Whoever needs a job that runs again runs again too. */
function withDependents(jobs: readonly JobFile[], wanted: readonly string[]): Set<string> {
  const again = new Set(wanted);
  for (const key of again) for (const job of jobs) if (job.needs.includes(key)) again.add(job.key);
  return again;
}
