/** Issues below issues, and issues that block others (G6). */
import type { Forge } from './forge.ts';
import { GitHubError } from './github-error.ts';
import type { Doer } from './issues.ts';
import { renderIssue } from './render/issue.ts';
import { renderRepository } from './render/repository.ts';
import { find, nextId, row, where, type Issue, type IssueLink } from './state.ts';

/** `sub_issue`: `from` is the parent; `blocked_by`: `from` is what waits. */
export type LinkKind = IssueLink['kind'];

/** The issues at the other end, in the order they were linked. */
export function linked(
  forge: Forge,
  issue: Issue,
  { kind, side }: { kind: LinkKind; side: 'from' | 'to' },
): Issue[] {
  return where(
    forge.state.issueLinks,
    (link) => link.kind === kind && (side === 'to' ? link.fromId : link.toId) === issue.id,
  ).map((link) => row(forge.state.issues, side === 'to' ? link.toId : link.fromId));
}

export const parentOf = (forge: Forge, issue: Issue): Issue | null =>
  linked(forge, issue, { kind: 'sub_issue', side: 'from' })[0] ?? null;

/** Whether following the links from an issue leads to another. */
function leads(forge: Forge, from: Issue, { to, kind }: { to: Issue; kind: LinkKind }): boolean {
  if (from.id === to.id) return true;
  return linked(forge, from, { kind, side: 'to' }).some((next) => leads(forge, next, { to, kind }));
}

const mostSubIssues = 100;
const deepest = 8;
const mostDependencies = 50;

const unprocessable = (message: string): GitHubError => new GitHubError(422, message);
const refuseSubIssue = (reason: string): GitHubError =>
  unprocessable(`An error occurred while adding the sub-issue to the parent issue. ${reason}`);

function depthOf(forge: Forge, issue: Issue): number {
  const parent = parentOf(forge, issue);
  return parent === null ? 1 : 1 + depthOf(forge, parent);
}

function heightOf(forge: Forge, issue: Issue): number {
  const below = linked(forge, issue, { kind: 'sub_issue', side: 'to' });
  return 1 + Math.max(0, ...below.map((one) => heightOf(forge, one)));
}

/** Throws GitHub's 422 where the tree would stop being one. */
export function addSubIssue(
  forge: Forge,
  doer: Doer,
  { parent, child, replaceParent }: { parent: Issue; child: Issue; replaceParent: boolean },
): void {
  const ownerOf = (issue: Issue): number => row(forge.state.repositories, issue.repositoryId).ownerId;
  if (ownerOf(parent) !== ownerOf(child))
    throw refuseSubIssue('Sub-issue must belong to the same repository owner as the parent issue');
  const present = parentOf(forge, child);
  if (present?.id === parent.id || (present !== null && !replaceParent))
    throw refuseSubIssue('Issue may not contain duplicate sub-issues and Sub issue may only have one parent');
  if (leads(forge, child, { to: parent, kind: 'sub_issue' }))
    throw refuseSubIssue('Sub issue may not create a circular dependency');
  if (linked(forge, parent, { kind: 'sub_issue', side: 'to' }).length >= mostSubIssues)
    throw refuseSubIssue(`Parent cannot have more than ${mostSubIssues} sub-issues`);
  if (depthOf(forge, parent) + heightOf(forge, child) > deepest)
    throw refuseSubIssue(`Parent cannot have more than ${deepest} layers of sub-issues`);
  if (present !== null) removeSubIssue(forge, doer, { parent: present, child });
  link(forge, { kind: 'sub_issue', fromId: parent.id, toId: child.id });
  emitSubIssue(forge, doer, { parent, child, done: 'added' });
}

/** Throws 404 when it isn't one. */
export function removeSubIssue(
  forge: Forge,
  doer: Doer,
  { parent, child }: { parent: Issue; child: Issue },
): void {
  if (!unlink(forge, { kind: 'sub_issue', fromId: parent.id, toId: child.id }))
    throw new GitHubError(404, 'The provided sub-issue does not exist');
  emitSubIssue(forge, doer, { parent, child, done: 'removed' });
}

/** Throws GitHub's 422 for what would wait for itself. */
export function addBlocker(
  forge: Forge,
  doer: Doer,
  { issue, blocker }: { issue: Issue; blocker: Issue },
): void {
  const blockers = linked(forge, issue, { kind: 'blocked_by', side: 'to' });
  if (blockers.some(({ id }) => id === blocker.id))
    throw unprocessable('Validation failed: Target issue has already been taken');
  if (leads(forge, blocker, { to: issue, kind: 'blocked_by' }))
    throw unprocessable('Validation failed: Dependencies may not be circular');
  if (blockers.length >= mostDependencies)
    throw unprocessable(
      `Validation failed: Issue may not be blocked by more than ${mostDependencies} issues`,
    );
  link(forge, { kind: 'blocked_by', fromId: issue.id, toId: blocker.id });
  emitDependency(forge, doer, { issue, blocker, done: 'added' });
}

/** Throws 404 when it doesn't block. */
export function removeBlocker(
  forge: Forge,
  doer: Doer,
  { issue, blocker }: { issue: Issue; blocker: Issue },
): void {
  if (!unlink(forge, { kind: 'blocked_by', fromId: issue.id, toId: blocker.id }))
    throw new GitHubError(404, 'Not Found');
  emitDependency(forge, doer, { issue, blocker, done: 'removed' });
}

function link(forge: Forge, ends: Omit<IssueLink, 'id'>): void {
  const id = nextId(forge.state);
  forge.state.issueLinks.set(id, { ...ends, id });
}

function unlink(forge: Forge, { kind, fromId, toId }: Omit<IssueLink, 'id'>): boolean {
  const found = find(
    forge.state.issueLinks,
    (one) => one.kind === kind && one.fromId === fromId && one.toId === toId,
  );
  return found !== undefined && forge.state.issueLinks.delete(found.id);
}

/** Drops links to issues that are gone with their repository. */
export function forgetLinks({ state }: Forge): void {
  for (const { id, fromId, toId } of state.issueLinks.values())
    if (!state.issues.has(fromId) || !state.issues.has(toId)) state.issueLinks.delete(id);
}

/** Told on both sides, each in its own repository. */
function emitSubIssue(
  forge: Forge,
  { actor, caller }: Doer,
  { parent, child, done }: { parent: Issue; child: Issue; done: 'added' | 'removed' },
): void {
  const repositoryOf = (issue: Issue) => row(forge.state.repositories, issue.repositoryId);
  const both = {
    sub_issue_id: child.id,
    sub_issue: renderIssue(forge, child),
    parent_issue_id: parent.id,
    parent_issue: renderIssue(forge, parent),
  };
  const emit = (action: string, at: Issue, other: Record<string, unknown>): void =>
    forge.webhooks.emit({
      event: 'sub_issues',
      action,
      payload: { ...both, ...other },
      sender: actor,
      repository: repositoryOf(at),
      caller,
    });
  emit(`sub_issue_${done}`, parent, { sub_issue_repo: renderRepository(forge, repositoryOf(child)) });
  emit(`parent_issue_${done}`, child, { parent_issue_repo: renderRepository(forge, repositoryOf(parent)) });
}

function emitDependency(
  forge: Forge,
  { actor, caller }: Doer,
  { issue, blocker, done }: { issue: Issue; blocker: Issue; done: 'added' | 'removed' },
): void {
  const repositoryOf = (one: Issue) => row(forge.state.repositories, one.repositoryId);
  const both = {
    blocked_issue_id: issue.id,
    blocked_issue: renderIssue(forge, issue),
    blocking_issue_id: blocker.id,
    blocking_issue: renderIssue(forge, blocker),
  };
  const emit = (action: string, at: Issue, other: Record<string, unknown>): void =>
    forge.webhooks.emit({
      event: 'issue_dependencies',
      action,
      payload: { ...both, ...other },
      sender: actor,
      repository: repositoryOf(at),
      caller,
    });
  emit(`blocked_by_${done}`, issue, { blocking_issue_repo: renderRepository(forge, repositoryOf(blocker)) });
  emit(`blocking_${done}`, blocker, { blocked_issue_repo: renderRepository(forge, repositoryOf(issue)) });
}
