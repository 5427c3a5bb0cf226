/** Commit statuses. */
import type { components } from '@octokit/openapi-types';
import type { Forge } from '../forge.ts';
import { charactersIn, GitHubError, validationFailed } from '../github-error.ts';
import { paginate } from '../page.ts';
import { renderUserById } from '../render/account.ts';
import { renderRepository, repositoryUrl } from '../render/repository.ts';
import { reads, repositoryRoute, writes, type Route } from '../route.ts';
import type { Repository } from '../state.ts';
import { addStatus, combinedState, latestStatuses, renderStatus, statusesOf } from '../statuses.ts';

async function commitOf(forge: Forge, repository: Repository, name: string): Promise<string> {
  const sha = await forge.git(repository).resolve(name);
  if (sha === null) throw new GitHubError(422, `No commit found for SHA: ${name}`);
  return sha;
}

const mostOfContext = 1000;
const longestDescription = 140;

const create = repositoryRoute('repos/create-commit-status', writes('write', 'statuses'), async (request) => {
  const { forge, repository, params, body, actor, caller } = request;
  const sha = await commitOf(forge, repository, params.sha);
  const { context = 'default', description = null, target_url: targetUrl = null, state } = body;
  const refuse = (message: string, field?: string) =>
    validationFailed({
      resource: 'Status',
      code: 'custom',
      message,
      ...(field === undefined ? {} : { field }),
    });
  if (charactersIn(description ?? '') > longestDescription)
    throw refuse(`description is too long (maximum is ${longestDescription} characters)`, 'description');
  const same = statusesOf(forge, repository.id, sha).filter((status) => status.context === context);
  if (same.length >= mostOfContext)
    throw refuse('This SHA and context has reached the maximum number of statuses.');
  const given = { sha, state, context, description, targetUrl };
  const status = await addStatus(forge, { actor, caller }, { repository, given });
  return {
    status: 201,
    body: { ...renderStatus(forge, status), creator: renderUserById(forge, status.creatorId) },
  };
});

const combined = repositoryRoute('repos/get-combined-status-for-ref', reads('statuses'), async (request) => {
  const { forge, repository, params } = request;
  const sha = await commitOf(forge, repository, params.ref);
  const url = repositoryUrl(forge, repository);
  const latest = latestStatuses(forge, repository.id, sha);
  const { rows, headers } = paginate(request, latest);
  const minimal = renderRepository(forge, repository) as components['schemas']['minimal-repository'];
  // Check runs never appear among statuses.
  return {
    status: 200,
    headers,
    body: {
      state: combinedState(latest),
      statuses: rows.map((status) => renderStatus(forge, status)),
      sha,
      total_count: latest.length,
      repository: minimal,
      commit_url: `${url}/commits/${sha}`,
      url: `${url}/commits/${sha}/status`,
    },
  };
});

const list = repositoryRoute('repos/list-commit-statuses-for-ref', reads('statuses'), async (request) => {
  const { forge, repository, params } = request;
  const sha = await commitOf(forge, repository, params.ref);
  const { rows, headers } = paginate(request, statusesOf(forge, repository.id, sha));
  const body = rows.map((status) => ({
    ...renderStatus(forge, status),
    creator: renderUserById(forge, status.creatorId),
  }));
  return { status: 200, headers, body };
});

export const statusRoutes: Route[] = [create, combined, list];
