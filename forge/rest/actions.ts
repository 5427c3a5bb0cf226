/** Runs, jobs and logs of Actions. */
import type { WorkflowAttempt, WorkflowJob, WorkflowRun } from '../check-rows.ts';
import type { Forge } from '../forge.ts';
import { GitHubError, notFound } from '../github-error.ts';
import { paginate } from '../page.ts';
import { renderWorkflowJob, renderWorkflowRun } from '../render/workflow.ts';
import {
  type OperationId,
  reads,
  repositoryRoute,
  writes,
  type RepositoryRequest,
  type Route,
} from '../route.ts';
import { row, where, type Repository } from '../state.ts';
import { latestJobs, runAgain, type Which } from '../workflow-reruns.ts';
import { workflowOf } from './workflows.ts';

const permission = 'actions';

function runOf(forge: Forge, repository: Repository, id: number): WorkflowRun {
  const run = forge.state.workflowRuns.get(id);
  if (run === undefined || run.repositoryId !== repository.id) throw notFound();
  return run;
}

function jobOf(forge: Forge, repository: Repository, id: number): WorkflowJob {
  const job = forge.state.workflowJobs.get(id);
  if (job === undefined || job.repositoryId !== repository.id) throw notFound();
  return job;
}

/** The run as it was in an attempt. */
function attemptOf(run: WorkflowRun, attempt: number): WorkflowRun {
  if (attempt === run.attempt) return run;
  const earlier: WorkflowAttempt | undefined = run.earlierAttempts.find((one) => one.attempt === attempt);
  if (earlier === undefined) throw notFound();
  return { ...run, ...earlier };
}

type RunFilter = {
  actor?: string | undefined;
  branch?: string | undefined;
  event?: string | undefined;
  status?: string | undefined;
  head_sha?: string | undefined;
  created?: string | undefined;
};

/** Newest first; `status` takes a conclusion too. */
function runsLike(forge: Forge, filter: RunFilter, fits: (run: WorkflowRun) => boolean): WorkflowRun[] {
  const wanted = (asked: string | undefined, ...values: (string | null)[]) =>
    asked === undefined || values.includes(asked);
  return where(
    forge.state.workflowRuns,
    (run) =>
      fits(run) &&
      wanted(filter.branch, run.headBranch) &&
      wanted(filter.event, run.event) &&
      wanted(filter.status, run.status, run.conclusion) &&
      wanted(filter.head_sha, run.headSha) &&
      wanted(filter.actor, row(forge.state.accounts, run.actorId).login) &&
      isWithin(filter.created, run.createdAt),
  ).toSorted((a, b) => b.id - a.id);
}

/** GitHub's search syntax for dates: `>=2026-01-01`, `2026-01-01..2026-02-01`, `*` for an open end. */
function isWithin(range: string | undefined, at: string): boolean {
  if (range === undefined) return true;
  const time = Date.parse(at);
  const [, sign, date = ''] = /^(>=|<=|>|<)(.+)$/.exec(range) ?? [];
  const edge = Date.parse(date);
  if (sign === '>=') return time >= edge;
  if (sign === '<=') return time <= edge;
  if (sign === '>') return time > edge;
  if (sign === '<') return time < edge;
  const [from = '*', to = from] = range.split('..');
  const end = to.includes('T') ? Date.parse(to) : Date.parse(to) + 86_399_999;
  return (from === '*' || time >= Date.parse(from)) && (to === '*' || time <= end);
}

const runs: Route[] = [
  repositoryRoute('actions/list-workflow-runs-for-repo', reads(permission), async (request) => {
    const { forge, repository, params } = request;
    const all = runsLike(forge, params, (run) => run.repositoryId === repository.id);
    const { rows, headers } = paginate(request, all);
    const workflow_runs = await Promise.all(rows.map((run) => renderWorkflowRun(forge, run)));
    return { status: 200, headers, body: { total_count: all.length, workflow_runs } };
  }),
  repositoryRoute('actions/list-workflow-runs', reads(permission), async (request) => {
    const { forge, repository, params } = request;
    const workflow = await workflowOf(forge, repository, params.workflow_id);
    const all = runsLike(forge, params, (run) => run.workflowId === workflow.id);
    const { rows, headers } = paginate(request, all);
    const workflow_runs = await Promise.all(rows.map((run) => renderWorkflowRun(forge, run)));
    return { status: 200, headers, body: { total_count: all.length, workflow_runs } };
  }),
  repositoryRoute('actions/get-workflow-run', reads(permission), async ({ forge, repository, params }) => ({
    status: 200,
    body: await renderWorkflowRun(forge, runOf(forge, repository, params.run_id)),
  })),
  repositoryRoute(
    'actions/get-workflow-run-attempt',
    reads(permission),
    async ({ forge, repository, params }) => {
      const run = attemptOf(runOf(forge, repository, params.run_id), params.attempt_number);
      return { status: 200, body: await renderWorkflowRun(forge, run) };
    },
  ),
];

const cancels = (id: 'actions/cancel-workflow-run' | 'actions/force-cancel-workflow-run', force: boolean) =>
  repositoryRoute(id, writes('write', permission), ({ forge, repository, params }) => {
    const run = runOf(forge, repository, params.run_id);
    if (!forge.workflows.cancel(run.id, force))
      throw new GitHubError(409, 'Cannot cancel a workflow run that is completed.');
    return { status: 202, body: {} };
  });

const again = (id: 'actions/re-run-workflow' | 'actions/re-run-workflow-failed-jobs', which: Which) =>
  repositoryRoute(id, writes('write', permission), async (request) => {
    const { forge, repository, params, actor, caller } = request;
    const run = runOf(forge, repository, params.run_id);
    await runAgain(forge, { actor, caller }, { run, which });
    return { status: 201, body: {} };
  });

const changes: Route[] = [
  cancels('actions/cancel-workflow-run', false),
  cancels('actions/force-cancel-workflow-run', true),
  again('actions/re-run-workflow', 'all'),
  again('actions/re-run-workflow-failed-jobs', 'failed'),
  repositoryRoute('actions/re-run-job-for-workflow-run', writes('write', permission), async (request) => {
    const { forge, repository, params, actor, caller } = request;
    const job = jobOf(forge, repository, params.job_id);
    const run = row(forge.state.workflowRuns, job.runId);
    await runAgain(forge, { actor, caller }, { run, which: job.id });
    return { status: 201, body: {} };
  }),
  repositoryRoute('actions/approve-workflow-run', writes('write', permission), async (request) => {
    const { forge, repository, params, actor, caller } = request;
    const run = runOf(forge, repository, params.run_id);
    if (run.conclusion !== 'action_required')
      throw new GitHubError(403, 'This run is not from a fork pull request or queued for approval.');
    Object.assign(run, { status: 'queued', conclusion: null, updatedAt: forge.clock.timestamp() });
    await forge.workflows.again({ actor, caller }, run, {});
    return { status: 201, body: {} };
  }),
];

type LogOperation = Extract<OperationId, `actions/download-${string}-logs${string}`>;

/** GitHub redirects to a storage; ours is the forge itself, and gives text where GitHub packs a zip. */
const logs = <Id extends LogOperation>(id: Id, path: (request: RepositoryRequest<Id>) => string): Route => ({
  id,
  access: reads(permission),
  handle: (routed) => {
    const request = routed as RepositoryRequest<Id>;
    return {
      status: 302,
      headers: { location: `${request.forge.url}/_forge/actions/logs/${path(request)}` },
    };
  },
});

const jobs: Route[] = [
  repositoryRoute('actions/list-jobs-for-workflow-run', reads(permission), (request) => {
    const { forge, repository, params } = request;
    const run = runOf(forge, repository, params.run_id);
    const every = where(forge.state.workflowJobs, (job) => job.runId === run.id);
    const all = params.filter === 'all' ? every : latestJobs(forge, run);
    const { rows, headers } = paginate(request, all);
    return {
      status: 200,
      headers,
      body: { total_count: all.length, jobs: rows.map((job) => renderWorkflowJob(forge, job)) },
    };
  }),
  repositoryRoute('actions/list-jobs-for-workflow-run-attempt', reads(permission), (request) => {
    const { forge, repository, params } = request;
    const run = attemptOf(runOf(forge, repository, params.run_id), params.attempt_number);
    const all = where(
      forge.state.workflowJobs,
      (job) => job.runId === run.id && job.attempt === params.attempt_number,
    );
    const { rows, headers } = paginate(request, all);
    return {
      status: 200,
      headers,
      body: { total_count: all.length, jobs: rows.map((job) => renderWorkflowJob(forge, job)) },
    };
  }),
  repositoryRoute('actions/get-job-for-workflow-run', reads(permission), ({ forge, repository, params }) => ({
    status: 200,
    body: renderWorkflowJob(forge, jobOf(forge, repository, params.job_id)),
  })),
  logs('actions/download-job-logs-for-workflow-run', ({ forge, repository, params }) => {
    const job = jobOf(forge, repository, params.job_id);
    return String(job.id);
  }),
  logs('actions/download-workflow-run-logs', ({ forge, repository, params }) => {
    const run = runOf(forge, repository, params.run_id);
    return `${run.id}/${run.attempt}`;
  }),
  logs('actions/download-workflow-run-attempt-logs', ({ forge, repository, params }) => {
    const run = attemptOf(runOf(forge, repository, params.run_id), params.attempt_number);
    return `${run.id}/${run.attempt}`;
  }),
];

export const actionRoutes: Route[] = [...runs, ...changes, ...jobs];
