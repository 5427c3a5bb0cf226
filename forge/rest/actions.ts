/** Workflows, runs, jobs and logs of Actions. */
import type { Workflow, WorkflowJob, WorkflowRun } from '../check-rows.ts';
import type { Forge } from '../forge.ts';
import { GitHubError, notFound } from '../github-error.ts';
import { paginate } from '../page.ts';
import { repositoryPage, repositoryUrl } from '../render/repository.ts';
import { renderWorkflow, renderWorkflowJob, renderWorkflowRun } from '../render/workflow.ts';
import { reads, repositoryRoute, writes, type RepositoryRequest, type Route } from '../route.ts';
import { row, where, type Repository } from '../state.ts';
import { dispatch } from '../workflow-dispatch.ts';
import { findWorkflow, readWorkflows } from '../workflow-files.ts';

const permission = 'actions';

/** By id or file name. */
async function workflowOf(forge: Forge, repository: Repository, id: number | string): Promise<Workflow> {
  const found = await findWorkflow(forge, repository, id);
  if (found === null) throw notFound();
  return found;
}

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

type RunFilter = {
  actor?: string | undefined;
  branch?: string | undefined;
  event?: string | undefined;
  status?: string | undefined;
  head_sha?: string | undefined;
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
      wanted(filter.actor, row(forge.state.accounts, run.actorId).login),
  ).toSorted((a, b) => b.id - a.id);
}

const workflows: Route[] = [
  repositoryRoute('actions/list-repo-workflows', reads(permission), async (request) => {
    const { forge, repository } = request;
    await readWorkflows(forge, repository);
    const all = where(forge.state.workflows, (one) => one.repositoryId === repository.id);
    const { rows, headers } = paginate(request, all);
    const body = {
      total_count: all.length,
      workflows: rows.map((workflow) => renderWorkflow(forge, workflow)),
    };
    return { status: 200, headers, body };
  }),
  repositoryRoute('actions/get-workflow', reads(permission), async ({ forge, repository, params }) => ({
    status: 200,
    body: renderWorkflow(forge, await workflowOf(forge, repository, params.workflow_id)),
  })),
  {
    ...repositoryRoute('actions/create-workflow-dispatch', writes('write', permission), async (request) => {
      const { forge, repository, params, body, actor, caller, newer } = request;
      const { ref, inputs = {}, return_run_details: asked } = body;
      if (asked !== undefined && !forge.workflows.settings.runDetails && !newer)
        throw new GitHubError(400, 'Invalid request.\n\n"return_run_details" is not a permitted key.');
      const order = { repository, workflowId: params.workflow_id, ref, inputs };
      const run = await dispatch(forge, { actor, caller }, order);
      if (asked !== true && !newer) return { status: 204 };
      const path = `/actions/runs/${run.id}`;
      const run_url = `${repositoryUrl(forge, repository)}${path}`;
      const html_url = `${repositoryPage(forge, repository)}${path}`;
      return { status: 200, body: { workflow_run_id: run.id, run_url, html_url } };
    }),
    newer: true,
  },
];

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
    'actions/cancel-workflow-run',
    writes('write', permission),
    ({ forge, repository, params }) => {
      const run = runOf(forge, repository, params.run_id);
      if (!forge.workflows.cancel(run.id))
        throw new GitHubError(409, 'Cannot cancel a workflow run that is completed.');
      return { status: 202, body: {} };
    },
  ),
];

/** GitHub redirects to a storage; ours is the forge itself. */
const logs: Route = {
  id: 'actions/download-job-logs-for-workflow-run',
  access: reads(permission),
  handle: (request) => {
    const { forge, repository, params } =
      request as RepositoryRequest<'actions/download-job-logs-for-workflow-run'>;
    const job = jobOf(forge, repository, params.job_id);
    return { status: 302, headers: { location: `${forge.url}/_forge/logs/${job.id}` } };
  },
};

const jobs: Route[] = [
  repositoryRoute('actions/list-jobs-for-workflow-run', reads(permission), (request) => {
    const { forge, repository, params } = request;
    const run = runOf(forge, repository, params.run_id);
    const all = where(forge.state.workflowJobs, (job) => job.runId === run.id);
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
  logs,
];

export const actionRoutes: Route[] = [...workflows, ...runs, ...jobs];
