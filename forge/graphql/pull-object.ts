/** Pull requests, threads and their comments as GraphQL objects. Fields are functions: computed when asked for. */
import type { Forge } from '../forge.ts';
import { nodeId } from '../ids.ts';
import { mergeableState, mergeStateStatus, reviewDecision } from '../merge-state.ts';
import type { Pull, ReviewComment, ReviewThread } from '../pull-rows.ts';
import { settleMergeable } from '../pulls.ts';
import { renderUserById } from '../render/account.ts';
import { repositoryPage } from '../render/repository.ts';
import { row, type Account } from '../state.ts';
import { commentsOf, threadsOf } from '../review-threads.ts';
import { connection, type ConnectionArguments } from './connection.ts';

/** A bot's login has no `[bot]` in GraphQL. */
export function actorObject(forge: Forge, account: Account): Record<string, unknown> {
  const { html_url, avatar_url } = renderUserById(forge, account.id);
  return {
    __typename: account.type,
    id: nodeId(account.type, account.id),
    databaseId: account.id,
    login: account.login.replace(/\[bot\]$/, ''),
    name: account.name,
    url: html_url,
    avatarUrl: avatar_url,
  };
}

function commentObject(forge: Forge, comment: ReviewComment): Record<string, unknown> {
  const pull = row(forge.state.pulls, comment.pullId);
  const page = repositoryPage(forge, row(forge.state.repositories, pull.repositoryId));
  return {
    __typename: 'PullRequestReviewComment',
    id: nodeId('PullRequestReviewComment', comment.id),
    databaseId: comment.id,
    fullDatabaseId: String(comment.id),
    body: comment.body,
    path: comment.path,
    line: comment.line,
    startLine: comment.startLine,
    originalLine: comment.originalLine,
    originalStartLine: comment.originalStartLine,
    diffHunk: comment.diffHunk,
    outdated: comment.line === null && comment.subjectType === 'line',
    author: () => actorObject(forge, row(forge.state.accounts, comment.authorId)),
    createdAt: comment.createdAt,
    updatedAt: comment.updatedAt,
    url: `${page}/pull/${pull.number}#discussion_r${comment.id}`,
  };
}

export function threadObject(forge: Forge, thread: ReviewThread): Record<string, unknown> {
  const comments = commentsOf(forge, thread);
  const [first] = comments;
  return {
    __typename: 'PullRequestReviewThread',
    id: nodeId('PullRequestReviewThread', thread.id),
    isResolved: thread.resolvedById !== null,
    isOutdated: first !== undefined && first.subjectType === 'line' && first.line === null,
    isCollapsed: thread.resolvedById !== null,
    path: first?.path ?? '',
    line: first?.line ?? null,
    originalLine: first?.originalLine ?? null,
    startLine: first?.startLine ?? null,
    diffSide: first?.side ?? 'RIGHT',
    subjectType: first?.subjectType === 'file' ? 'FILE' : 'LINE',
    resolvedBy: () =>
      thread.resolvedById === null
        ? null
        : actorObject(forge, row(forge.state.accounts, thread.resolvedById)),
    comments: (page: ConnectionArguments) =>
      connection('comments', { rows: comments, page, render: (comment) => commentObject(forge, comment) }),
    pullRequest: () => pullObject(forge, row(forge.state.pulls, thread.pullId)),
  };
}

function stateOf(forge: Forge, pull: Pull): 'OPEN' | 'CLOSED' | 'MERGED' {
  if (pull.mergedAt !== null) return 'MERGED';
  return row(forge.state.issues, pull.id).state === 'open' ? 'OPEN' : 'CLOSED';
}

export function pullObject(forge: Forge, pull: Pull): Record<string, unknown> {
  const { state } = forge;
  const issue = row(state.issues, pull.id);
  const repository = row(state.repositories, pull.repositoryId);
  return {
    __typename: 'PullRequest',
    id: nodeId('PullRequest', pull.id),
    databaseId: pull.id,
    fullDatabaseId: String(pull.id),
    number: pull.number,
    title: issue.title,
    body: issue.body ?? '',
    url: `${repositoryPage(forge, repository)}/pull/${pull.number}`,
    state: stateOf(forge, pull),
    closed: issue.state === 'closed',
    merged: pull.mergedAt !== null,
    mergedAt: pull.mergedAt,
    isDraft: pull.draft,
    createdAt: issue.createdAt,
    updatedAt: issue.updatedAt,
    closedAt: issue.closedAt,
    headRefName: pull.headRef,
    headRefOid: pull.headSha,
    baseRefName: pull.baseRef,
    baseRefOid: pull.baseSha,
    additions: pull.additions,
    deletions: pull.deletions,
    changedFiles: pull.changedFiles,
    author: () => actorObject(forge, row(state.accounts, issue.authorId)),
    reviewDecision: () => reviewDecision(forge, pull),
    mergeable: async () => {
      await settleMergeable(forge, pull);
      return mergeableState(pull);
    },
    mergeStateStatus: async () => {
      await settleMergeable(forge, pull);
      return mergeStateStatus(forge, pull);
    },
    reviewThreads: (page: ConnectionArguments) =>
      connection('reviewThreads', {
        rows: threadsOf(forge, pull),
        page,
        render: (thread) => threadObject(forge, thread),
      }),
  };
}
