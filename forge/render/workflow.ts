/** Workflows, their runs and jobs as GitHub shows them, to REST and in webhooks. */
import type { components } from '@octokit/openapi-types';
import type { Workflow, WorkflowJob, WorkflowRun } from '../check-rows.ts';
import type { Forge } from '../forge.ts';
import { nodeId } from '../ids.ts';
import { row } from '../state.ts';
import { renderUserById } from './account.ts';
import { renderSimpleCommit } from './commit.ts';
import { renderPullMinimal } from './pull.ts';
import { renderRepository, repositoryPage, repositoryUrl } from './repository.ts';

type Schemas = components['schemas'];

export function renderWorkflow(forge: Forge, workflow: Workflow): Schemas['workflow'] {
  const repository = row(forge.state.repositories, workflow.repositoryId);
  const page = repositoryPage(forge, repository);
  return {
    id: workflow.id,
    node_id: nodeId('Workflow', workflow.id),
    name: workflow.name,
    path: workflow.path,
    state: workflow.state,
    created_at: workflow.createdAt,
    updated_at: workflow.updatedAt,
    url: `${repositoryUrl(forge, repository)}/actions/workflows/${workflow.id}`,
    html_url: `${page}/blob/${repository.defaultBranch}/${workflow.path}`,
    badge_url: `${page}/workflows/${encodeURIComponent(workflow.name)}/badge.svg`,
  };
}

export async function renderWorkflowRun(forge: Forge, run: WorkflowRun): Promise<Schemas['workflow-run']> {
  const { state } = forge;
  const repository = row(state.repositories, run.repositoryId);
  const workflow = row(state.workflows, run.workflowId);
  const api = repositoryUrl(forge, repository);
  const url = `${api}/actions/runs/${run.id}`;
  const commit = await forge.git(repository).readCommit(run.headSha);
  const actor = renderUserById(forge, run.actorId);
  const minimal = renderRepository(forge, repository) as Schemas['minimal-repository'];
  return {
    id: run.id,
    node_id: nodeId('WorkflowRun', run.id),
    name: workflow.name,
    display_title: run.displayTitle,
    check_suite_id: run.suiteId,
    check_suite_node_id: nodeId('CheckSuite', run.suiteId),
    head_branch: run.headBranch,
    head_sha: run.headSha,
    path: workflow.path,
    run_number: run.runNumber,
    run_attempt: run.attempt,
    referenced_workflows: [],
    event: run.event,
    status: run.status,
    conclusion: run.conclusion,
    workflow_id: run.workflowId,
    url,
    html_url: `${repositoryPage(forge, repository)}/actions/runs/${run.id}`,
    pull_requests: run.pullIds.map((id) => renderPullMinimal(forge, row(state.pulls, id))),
    created_at: run.createdAt,
    updated_at: run.updatedAt,
    run_started_at: run.startedAt,
    actor,
    triggering_actor: renderUserById(forge, run.triggeringActorId),
    jobs_url: `${url}/jobs`,
    logs_url: `${url}/logs`,
    check_suite_url: `${api}/check-suites/${run.suiteId}`,
    artifacts_url: `${url}/artifacts`,
    cancel_url: `${url}/cancel`,
    rerun_url: `${url}/rerun`,
    previous_attempt_url: run.attempt === 1 ? null : `${url}/attempts/${run.attempt - 1}`,
    workflow_url: `${api}/actions/workflows/${run.workflowId}`,
    head_commit: commit === null ? null : renderSimpleCommit(commit),
    repository: minimal,
    head_repository: minimal,
  };
}

export function renderWorkflowJob(forge: Forge, job: WorkflowJob): Schemas['job'] {
  const { state } = forge;
  const repository = row(state.repositories, job.repositoryId);
  const run = row(state.workflowRuns, job.runId);
  const api = repositoryUrl(forge, repository);
  const page = repositoryPage(forge, repository);
  return {
    id: job.id,
    node_id: nodeId('WorkflowJob', job.id),
    run_id: run.id,
    run_url: `${api}/actions/runs/${run.id}`,
    run_attempt: job.attempt,
    head_sha: run.headSha,
    head_branch: run.headBranch,
    url: `${api}/actions/jobs/${job.id}`,
    html_url: `${page}/actions/runs/${run.id}/job/${job.id}`,
    check_run_url: `${api}/check-runs/${job.checkRunId}`,
    status: job.status,
    conclusion: job.conclusion as Schemas['job']['conclusion'],
    created_at: job.createdAt,
    started_at: job.startedAt ?? job.createdAt,
    completed_at: job.completedAt,
    name: job.name,
    workflow_name: row(state.workflows, run.workflowId).name,
    labels: job.labels,
    steps: job.steps.map((step) => ({
      name: step.name,
      number: step.number,
      status: step.status,
      conclusion: step.conclusion,
      started_at: step.startedAt,
      completed_at: step.completedAt,
    })),
    runner_id: job.runner?.id ?? null,
    runner_name: job.runner?.name ?? null,
    runner_group_id: job.runner === null ? null : 1,
    runner_group_name: job.runner === null ? null : 'Default',
  };
}
