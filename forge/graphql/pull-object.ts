/** Pull requests, threads, comments and merge queues as GraphQL objects, which show one another. Fields are functions: computed when asked for. */
import { headRepositoryOf, isCrossRepository } from '../forks.ts';
import type { Forge } from '../forge.ts';
import { nodeId } from '../ids.ts';
import { mergeableState, mergeStateStatus, reviewDecision } from '../merge-state.ts';
import { entriesOf, entryOf, queueRule, type Queue } from '../merge-entries.ts';
import { groupStanding, type GroupStanding } from '../merge-queue.ts';
import type { Pull, QueueEntry, ReviewComment, ReviewThread } from '../pull-rows.ts';
import { settleMergeable } from '../pulls.ts';
import { repositoryPage } from '../render/repository.ts';
import { branchRules } from '../rulesets.ts';
import { row, type Repository } from '../state.ts';
import { commentsOf, threadsOf } from '../review-threads.ts';
import { actorObject } from './actor-object.ts';
import { plainRepositoryObject } from './repository-object.ts';
import { connection, type ConnectionArguments } from './connection.ts';

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

function autoMergeObject(forge: Forge, pull: Pull): Record<string, unknown> | null {
  const { autoMerge } = pull;
  if (autoMerge === null) return null;
  return {
    __typename: 'AutoMergeRequest',
    enabledAt: autoMerge.enabledAt,
    enabledBy: () => actorObject(forge, row(forge.state.accounts, autoMerge.enabledById)),
    mergeMethod: autoMerge.method.toUpperCase(),
    commitHeadline: autoMerge.title,
    commitBody: autoMerge.message,
    pullRequest: () => pullObject(forge, pull),
  };
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
    isCrossRepository: isCrossRepository(pull),
    maintainerCanModify: pull.maintainerCanModify,
    headRepository: () => {
      const source = headRepositoryOf(forge, pull);
      return source === null ? null : plainRepositoryObject(forge, source);
    },
    headRepositoryOwner: () => {
      const source = headRepositoryOf(forge, pull);
      return source === null ? null : actorObject(forge, row(state.accounts, source.ownerId));
    },
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
    autoMergeRequest: () => autoMergeObject(forge, pull),
    isInMergeQueue: () => entryOf(forge, pull) !== null,
    isMergeQueueEnabled: () => queueRule(forge, pull) !== null,
    mergeQueueEntry: () => {
      const entry = entryOf(forge, pull);
      return entry === null ? null : entryObject(forge, entry);
    },
    mergeQueue: () => queueObject(forge, { repository, baseRef: pull.baseRef }),
    reviewThreads: (page: ConnectionArguments) =>
      connection('reviewThreads', {
        rows: threadsOf(forge, pull),
        page,
        render: (thread) => threadObject(forge, thread),
      }),
  };
}

const states: Record<GroupStanding, string> = {
  unbuilt: 'QUEUED',
  pending: 'AWAITING_CHECKS',
  passing: 'MERGEABLE',
  failing: 'UNMERGEABLE',
  timed_out: 'UNMERGEABLE',
};

const queueOf = (forge: Forge, entry: QueueEntry): Queue => ({
  repository: row(forge.state.repositories, entry.repositoryId),
  baseRef: entry.baseRef,
});

const ruleRef = ({ repository, baseRef }: Queue) => ({ repository, ref: `refs/heads/${baseRef}` });

function commitObject(forge: Forge, repository: Repository, oid: string): Record<string, unknown> {
  return {
    __typename: 'Commit',
    id: nodeId('Commit', `${repository.id}:${oid}`),
    oid,
    abbreviatedOid: oid.slice(0, 7),
    url: `${repositoryPage(forge, repository)}/commit/${oid}`,
  };
}

export function entryObject(forge: Forge, entry: QueueEntry): Record<string, unknown> {
  const queue = queueOf(forge, entry);
  const { group } = entry;
  return {
    __typename: 'MergeQueueEntry',
    id: nodeId('MergeQueueEntry', entry.id),
    position: () => entriesOf(forge, queue).findIndex(({ id }) => id === entry.id) + 1,
    state: () => states[groupStanding(forge, entry, branchRules(forge, ruleRef(queue)))],
    enqueuedAt: entry.enqueuedAt,
    enqueuer: () => actorObject(forge, row(forge.state.accounts, entry.enqueuedById)),
    jump: entry.jump,
    solo: false,
    baseCommit: () => (group === null ? null : commitObject(forge, queue.repository, group.baseSha)),
    headCommit: () => (group === null ? null : commitObject(forge, queue.repository, group.sha)),
    pullRequest: () => pullObject(forge, row(forge.state.pulls, entry.pullId)),
    mergeQueue: () => queueObject(forge, queue),
  };
}

/** Null where the branch has none. */
export function queueObject(forge: Forge, queue: Queue): Record<string, unknown> | null {
  const { queue: rule } = branchRules(forge, ruleRef(queue));
  if (rule === null) return null;
  const path = `${queue.repository.name}/queue/${queue.baseRef}`;
  return {
    __typename: 'MergeQueue',
    id: nodeId('MergeQueue', `${queue.repository.id}:${queue.baseRef}`),
    url: `${repositoryPage(forge, queue.repository)}/queue/${queue.baseRef}`,
    resourcePath: `/${path}`,
    configuration: {
      checkResponseTimeout: rule.check_response_timeout_minutes,
      maximumEntriesToBuild: rule.max_entries_to_build,
      maximumEntriesToMerge: rule.max_entries_to_merge,
      mergeMethod: rule.merge_method,
      mergingStrategy: rule.grouping_strategy,
      minimumEntriesToMerge: rule.min_entries_to_merge,
      minimumEntriesToMergeWaitTime: rule.min_entries_to_merge_wait_minutes,
    },
    entries: (page: ConnectionArguments) =>
      connection('entries', {
        rows: entriesOf(forge, queue),
        page,
        render: (entry) => entryObject(forge, entry),
      }),
  };
}
