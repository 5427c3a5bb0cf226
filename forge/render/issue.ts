/** Issues, comments, labels and reactions as GitHub shows them, to REST and in webhooks. */
import type { components } from '@octokit/openapi-types';
import { roleOf } from '../access.ts';
import type { Forge } from '../forge.ts';
import { nodeId } from '../ids.ts';
import {
  find,
  reactionContents,
  row,
  where,
  type Account,
  type Comment,
  type Issue,
  type IssueLink,
  type Label,
  type Reaction,
  type Repository,
} from '../state.ts';
import { renderUser, renderUserById, renderVia } from './account.ts';
import { repositoryPage, repositoryUrl } from './repository.ts';

type Schemas = components['schemas'];

/** How an account belongs to a repository. GitHub's is unreliable (G5): decide nothing by it. */
export function association(
  forge: Forge,
  repository: Repository,
  account: Account,
): Schemas['author-association'] {
  const { state } = forge;
  if (repository.ownerId === account.id) return 'OWNER';
  if (state.owners.get(repository.ownerId)?.includes(account.id) === true) return 'MEMBER';
  const collaborates = find(
    state.collaborators,
    ({ repositoryId, accountId }) => repositoryId === repository.id && accountId === account.id,
  );
  if (collaborates === undefined || roleOf(state, repository, account) === null) return 'NONE';
  return row(state.accounts, repository.ownerId).type === 'Organization' ? 'MEMBER' : 'COLLABORATOR';
}

export function renderLabel(forge: Forge, label: Label): Schemas['label'] {
  const repository = row(forge.state.repositories, label.repositoryId);
  return {
    id: label.id,
    node_id: nodeId('Label', label.id),
    url: `${repositoryUrl(forge, repository)}/labels/${encodeURIComponent(label.name)}`,
    name: label.name,
    description: label.description,
    color: label.color,
    default: false,
  };
}

/** The counts under an issue or comment. */
export function renderReactions(
  forge: Forge,
  subject: { id: number; url: string },
): Schemas['reaction-rollup'] {
  const given = where(forge.state.reactions, ({ subjectId }) => subjectId === subject.id);
  const counts = Object.fromEntries(
    reactionContents.map((content) => [
      content,
      given.filter((reaction) => reaction.content === content).length,
    ]),
  ) as Record<(typeof reactionContents)[number], number>;
  return { url: `${subject.url}/reactions`, total_count: given.length, ...counts };
}

export function renderReaction(forge: Forge, reaction: Reaction): Schemas['reaction'] {
  return {
    id: reaction.id,
    node_id: nodeId('Reaction', reaction.id),
    user: renderUserById(forge, reaction.accountId),
    content: reaction.content,
    created_at: reaction.createdAt,
  };
}

function pullLinks(forge: Forge, issue: Issue): Partial<Schemas['issue']> {
  if (!issue.isPull) return {};
  const repository = row(forge.state.repositories, issue.repositoryId);
  const pull = row(forge.state.pulls, issue.id);
  const page = `${repositoryPage(forge, repository)}/pull/${issue.number}`;
  return {
    draft: pull.draft,
    pull_request: {
      url: `${repositoryUrl(forge, repository)}/pulls/${issue.number}`,
      html_url: page,
      diff_url: `${page}.diff`,
      patch_url: `${page}.patch`,
      merged_at: pull.mergedAt,
    },
  };
}

/** An issue, or the issue side of a pull request (then with `pull_request`). */
export function renderIssue(
  forge: Forge,
  issue: Issue,
): Schemas['issue'] & { assignees: Schemas['simple-user'][] } {
  const { state } = forge;
  const repository = row(state.repositories, issue.repositoryId);
  const url = `${repositoryUrl(forge, repository)}/issues/${issue.number}`;
  const author = row(state.accounts, issue.authorId);
  const assignees = issue.assigneeIds.map((id) => renderUserById(forge, id));
  return {
    id: issue.id,
    node_id: nodeId(issue.isPull ? 'PullRequest' : 'Issue', issue.id),
    url,
    repository_url: repositoryUrl(forge, repository),
    labels_url: `${url}/labels{/name}`,
    comments_url: `${url}/comments`,
    events_url: `${url}/events`,
    timeline_url: `${url}/timeline`,
    html_url: `${repositoryPage(forge, repository)}/${issue.isPull ? 'pull' : 'issues'}/${issue.number}`,
    number: issue.number,
    title: issue.title,
    body: issue.body,
    user: renderUser(forge, author),
    author_association: association(forge, repository, author),
    performed_via_github_app: renderVia(forge, issue.viaAppId),
    state: issue.state,
    state_reason: issue.stateReason,
    labels: issue.labelIds.map((id) => renderLabel(forge, row(state.labels, id))),
    assignee: assignees[0] ?? null,
    assignees,
    milestone: null,
    locked: issue.locked,
    active_lock_reason: null,
    comments: where(state.comments, ({ issueId }) => issueId === issue.id).length,
    created_at: issue.createdAt,
    updated_at: issue.updatedAt,
    closed_at: issue.closedAt,
    closed_by: issue.closedById === null ? null : renderUserById(forge, issue.closedById),
    reactions: renderReactions(forge, { id: issue.id, url }),
    ...pullLinks(forge, issue),
    ...linkCounts(forge, issue),
  };
}

/** Sub-issues and dependencies, counted; pull requests have none. */
function linkCounts(forge: Forge, issue: Issue): Partial<Schemas['issue']> {
  if (issue.isPull) return {};
  const ends = (kind: IssueLink['kind'], side: 'fromId' | 'toId'): Issue[] =>
    where(forge.state.issueLinks, (link) => link.kind === kind && link[side] === issue.id).map((link) =>
      row(forge.state.issues, side === 'fromId' ? link.toId : link.fromId),
    );
  const openIn = (issues: Issue[]): number => issues.filter(({ state }) => state === 'open').length;
  const children = ends('sub_issue', 'fromId');
  const completed = children.length - openIn(children);
  const [parent] = ends('sub_issue', 'toId');
  const [blockers, blocked] = [ends('blocked_by', 'fromId'), ends('blocked_by', 'toId')];
  return {
    sub_issues_summary: {
      total: children.length,
      completed,
      percent_completed: children.length === 0 ? 0 : Math.floor((completed * 100) / children.length),
    },
    issue_dependencies_summary: {
      blocked_by: openIn(blockers),
      total_blocked_by: blockers.length,
      blocking: openIn(blocked),
      total_blocking: blocked.length,
    },
    ...(parent === undefined ? {} : { parent_issue_url: issueUrl(forge, parent) }),
  };
}

function issueUrl(forge: Forge, issue: Issue): string {
  const repository = row(forge.state.repositories, issue.repositoryId);
  return `${repositoryUrl(forge, repository)}/issues/${issue.number}`;
}

export function renderComment(forge: Forge, comment: Comment): Schemas['issue-comment'] {
  const { state } = forge;
  const repository = row(state.repositories, comment.repositoryId);
  const issue = row(state.issues, comment.issueId);
  const author = row(state.accounts, comment.authorId);
  const url = `${repositoryUrl(forge, repository)}/issues/comments/${comment.id}`;
  const page = `${repositoryPage(forge, repository)}/${issue.isPull ? 'pull' : 'issues'}/${issue.number}`;
  return {
    id: comment.id,
    node_id: nodeId('IssueComment', comment.id),
    url,
    html_url: `${page}#issuecomment-${comment.id}`,
    issue_url: `${repositoryUrl(forge, repository)}/issues/${issue.number}`,
    body: comment.body,
    user: renderUser(forge, author),
    author_association: association(forge, repository, author),
    performed_via_github_app: renderVia(forge, comment.viaAppId),
    created_at: comment.createdAt,
    updated_at: comment.updatedAt,
    reactions: renderReactions(forge, { id: comment.id, url }),
  };
}
