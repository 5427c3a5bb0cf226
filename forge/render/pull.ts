/** Pull requests as GitHub shows them, to REST and in webhooks. */
import type { components } from '@octokit/openapi-types';
import type { Forge } from '../forge.ts';
import { nodeId } from '../ids.ts';
import { mergeMessage } from '../merge-message.ts';
import { mergeStateStatus } from '../merge-state.ts';
import type { Pull } from '../pull-rows.ts';
import { row, where, type Repository } from '../state.ts';
import { renderUser, renderUserById } from './account.ts';
import { association, renderLabel } from './issue.ts';
import { repositoryPage, repositoryUrl, renderRepository } from './repository.ts';

type Schemas = components['schemas'];

/** `…/repos/o/r/pulls/1` and its page. */
export function pullUrls(forge: Forge, pull: Pull): { url: string; page: string } {
  const repository = row(forge.state.repositories, pull.repositoryId);
  return {
    url: `${repositoryUrl(forge, repository)}/pulls/${pull.number}`,
    page: `${repositoryPage(forge, repository)}/pull/${pull.number}`,
  };
}

type Side = Schemas['pull-request']['head'];

// The description has no null here, so its type can't say what GitHub sends.
const lost: Record<string, unknown> = { repo: null, user: null };

function linksOf(forge: Forge, pull: Pull) {
  const repository = row(forge.state.repositories, pull.repositoryId);
  const { url, page } = pullUrls(forge, pull);
  const issue = `${repositoryUrl(forge, repository)}/issues/${pull.number}`;
  const comment = `${repositoryUrl(forge, repository)}/pulls/comments{/number}`;
  const statuses = `${repositoryUrl(forge, repository)}/statuses/${pull.headSha}`;
  return {
    url,
    html_url: page,
    diff_url: `${page}.diff`,
    patch_url: `${page}.patch`,
    issue_url: issue,
    commits_url: `${url}/commits`,
    review_comments_url: `${url}/comments`,
    review_comment_url: comment,
    comments_url: `${issue}/comments`,
    statuses_url: statuses,
    _links: {
      self: { href: url },
      html: { href: page },
      issue: { href: issue },
      comments: { href: `${issue}/comments` },
      review_comments: { href: `${url}/comments` },
      review_comment: { href: comment },
      commits: { href: `${url}/commits` },
      statuses: { href: statuses },
    },
  };
}

/** The head may lie in a fork, which may be gone: then GitHub shows no repository and nobody, against its description. */
function sideOf(forge: Forge, repositoryId: number | null, side: { ref: string; sha: string }): Side {
  if (repositoryId === null) return { label: `unknown:${side.ref}`, ...side, ...lost } as Side;
  const repository = row(forge.state.repositories, repositoryId);
  const owner = row(forge.state.accounts, repository.ownerId);
  return {
    label: `${owner.login}:${side.ref}`,
    ref: side.ref,
    sha: side.sha,
    user: renderUser(forge, owner),
    // The full shape has every key of the `repository` that is described here, and some more.
    repo: renderRepository(forge, repository) as Schemas['repository'],
  };
}

function renderAutoMerge(forge: Forge, pull: Pull): Schemas['auto-merge'] {
  const { autoMerge } = pull;
  if (autoMerge === null) return null;
  const [title = '', ...rest] = mergeMessage(forge, pull, autoMerge).split('\n\n');
  return {
    enabled_by: renderUserById(forge, autoMerge.enabledById),
    merge_method: autoMerge.method,
    commit_title: title,
    commit_message: rest.join('\n\n'),
  };
}

/** What a list of pull requests shows of each. */
export function renderPull(forge: Forge, pull: Pull): Schemas['pull-request-simple'] {
  const { state } = forge;
  const issue = row(state.issues, pull.id);
  const repository = row(state.repositories, pull.repositoryId);
  const author = row(state.accounts, issue.authorId);
  const assignees = issue.assigneeIds.map((id) => renderUserById(forge, id));
  return {
    ...linksOf(forge, pull),
    id: pull.id,
    node_id: nodeId('PullRequest', pull.id),
    number: pull.number,
    state: issue.state,
    locked: issue.locked,
    active_lock_reason: null,
    title: issue.title,
    body: issue.body,
    user: renderUser(forge, author),
    author_association: association(forge, repository, author),
    labels: issue.labelIds.map((id) => {
      const label = renderLabel(forge, row(state.labels, id));
      return { ...label, description: label.description ?? '' };
    }),
    milestone: null,
    assignee: assignees[0] ?? null,
    assignees,
    requested_reviewers: pull.requestedReviewerIds.map((id) => renderUserById(forge, id)),
    requested_teams: [],
    head: sideOf(forge, pull.headRepositoryId, { ref: pull.headRef, sha: pull.headSha }),
    base: sideOf(forge, pull.repositoryId, { ref: pull.baseRef, sha: pull.baseSha }),
    auto_merge: renderAutoMerge(forge, pull),
    draft: pull.draft,
    created_at: issue.createdAt,
    updated_at: issue.updatedAt,
    closed_at: issue.closedAt,
    merged_at: pull.mergedAt,
    merge_commit_sha: pull.mergeCommitSha,
  };
}

/** One pull request, whole. `mergeable` is null while nobody has computed it (G26). */
export function renderPullFull(forge: Forge, pull: Pull): Schemas['pull-request'] {
  const { state } = forge;
  const simple = renderPull(forge, pull);
  return {
    ...simple,
    state: row(state.issues, pull.id).state,
    user: renderUserById(forge, row(state.issues, pull.id).authorId),
    requested_teams: [],
    head: sideOf(forge, pull.headRepositoryId, { ref: pull.headRef, sha: pull.headSha }),
    base: sideOf(forge, pull.repositoryId, { ref: pull.baseRef, sha: pull.baseSha }),
    merged: pull.mergedAt !== null,
    merged_by: pull.mergedById === null ? null : renderUserById(forge, pull.mergedById),
    mergeable: pull.mergeable,
    rebaseable: pull.mergeable,
    mergeable_state: mergeStateStatus(forge, pull).toLowerCase(),
    comments: where(state.comments, (comment) => comment.issueId === pull.id).length,
    review_comments: where(state.reviewComments, (comment) => comment.pullId === pull.id).length,
    maintainer_can_modify: pull.maintainerCanModify,
    commits: pull.commits,
    additions: pull.additions,
    deletions: pull.deletions,
    changed_files: pull.changedFiles,
  };
}

/** `pull-request-minimal`, as checks and workflow runs carry it. */
export function renderPullMinimal(forge: Forge, pull: Pull): Schemas['pull-request-minimal'] {
  const repository = row(forge.state.repositories, pull.repositoryId);
  const source = row(forge.state.repositories, pull.headRepositoryId ?? pull.repositoryId);
  const shown = (one: Repository) => ({ id: one.id, url: repositoryUrl(forge, one), name: one.name });
  return {
    id: pull.id,
    number: pull.number,
    url: pullUrls(forge, pull).url,
    head: { ref: pull.headRef, sha: pull.headSha, repo: shown(source) },
    base: { ref: pull.baseRef, sha: pull.baseSha, repo: shown(repository) },
  };
}
