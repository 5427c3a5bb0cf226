/** Check runs and suites as GitHub shows them, to REST and in webhooks. */
import type { components } from '@octokit/openapi-types';
import type { CheckRun, CheckSuite } from '../check-rows.ts';
import type { Forge } from '../forge.ts';
import { nodeId } from '../ids.ts';
import { row, where, type Repository } from '../state.ts';
import { renderApp } from './account.ts';
import { renderSimpleCommit } from './commit.ts';
import { renderPullMinimal } from './pull.ts';
import { renderRepository, repositoryPage, repositoryUrl } from './repository.ts';

type Schemas = components['schemas'];

/** Open pull requests whose head is the commit; GitHub leaves out those of forks. */
function pullsAt(forge: Forge, repository: Repository, sha: string): Schemas['pull-request-minimal'][] {
  const { state } = forge;
  return where(
    state.pulls,
    (pull) =>
      pull.repositoryId === repository.id &&
      pull.headRepositoryId === repository.id &&
      pull.headSha === sha &&
      row(state.issues, pull.id).state === 'open',
  ).map((pull) => renderPullMinimal(forge, pull));
}

/** Fits REST and the webhooks' `check-run-with-simple-check-suite` alike. */
export function renderCheckRun(forge: Forge, run: CheckRun) {
  const repository = row(forge.state.repositories, run.repositoryId);
  const suite = row(forge.state.checkSuites, run.suiteId);
  const url = `${repositoryUrl(forge, repository)}/check-runs/${run.id}`;
  const html = `${repositoryPage(forge, repository)}/runs/${run.id}`;
  const app = renderApp(forge, row(forge.state.apps, run.appId));
  const pulls = pullsAt(forge, repository, run.headSha);
  return {
    id: run.id,
    node_id: nodeId('CheckRun', run.id),
    name: run.name,
    head_sha: run.headSha,
    external_id: run.externalId,
    url,
    html_url: html,
    details_url: run.detailsUrl ?? html,
    status: run.status,
    conclusion: run.conclusion as Schemas['check-run']['conclusion'],
    started_at: run.startedAt,
    completed_at: run.completedAt,
    output: {
      title: run.title,
      summary: run.summary,
      text: run.text,
      annotations_count: run.annotations.length,
      annotations_url: `${url}/annotations`,
    },
    check_suite: {
      id: suite.id,
      node_id: nodeId('CheckSuite', suite.id),
      head_branch: suite.headBranch,
      head_sha: suite.headSha,
      status: suite.status,
      conclusion: suite.conclusion,
      url: `${repositoryUrl(forge, repository)}/check-suites/${suite.id}`,
      before: suite.before,
      after: suite.headSha,
      pull_requests: pulls,
      app,
      created_at: suite.createdAt,
      updated_at: suite.updatedAt,
    },
    app,
    pull_requests: pulls,
  };
}

export async function renderCheckSuite(forge: Forge, suite: CheckSuite): Promise<Schemas['check-suite']> {
  const repository = row(forge.state.repositories, suite.repositoryId);
  const url = `${repositoryUrl(forge, repository)}/check-suites/${suite.id}`;
  const commit = await forge.git(repository).readCommit(suite.headSha);
  if (commit === null)
    throw new Error(`the check suite ${suite.id} is about ${suite.headSha}, which git doesn't have`);
  return {
    id: suite.id,
    node_id: nodeId('CheckSuite', suite.id),
    head_branch: suite.headBranch,
    head_sha: suite.headSha,
    status: suite.status,
    conclusion: suite.conclusion as Schemas['check-suite']['conclusion'],
    url,
    before: suite.before,
    after: suite.headSha,
    pull_requests: pullsAt(forge, repository, suite.headSha),
    app: renderApp(forge, row(forge.state.apps, suite.appId)),
    repository: renderRepository(forge, repository) as Schemas['minimal-repository'],
    created_at: suite.createdAt,
    updated_at: suite.updatedAt,
    head_commit: renderSimpleCommit(commit),
    latest_check_runs_count: where(forge.state.checkRuns, (run) => run.suiteId === suite.id).length,
    check_runs_url: `${url}/check-runs`,
    rerequestable: true,
    runs_rerequestable: true,
  };
}
