/** What happens to issues (and to the issue side of pull requests), with the webhooks it causes. */
import type { Caller } from './caller.ts';
import type { Forge } from './forge.ts';
import { charactersIn, notFound, validationFailed } from './github-error.ts';
import { emitPullEvent } from './pulls.ts';
import { renderComment, renderIssue, renderLabel } from './render/issue.ts';
import {
  find,
  nextId,
  row,
  where,
  type Account,
  type Comment,
  type Issue,
  type Label,
  type Repository,
} from './state.ts';

/** Who does it: the account that is shown, and the token's owner. */
export interface Doer {
  actor: Account;
  caller: Caller;
}

/** An issue or pull request by its number. Throws 404. */
export function issueNumbered(forge: Forge, repository: Repository, number: number): Issue {
  const found = find(
    forge.state.issues,
    (issue) => issue.repositoryId === repository.id && issue.number === number,
  );
  if (found === undefined) throw notFound();
  return found;
}

/** The next number of a repository; issues and pull requests share the sequence. */
function nextNumber(repository: Repository): number {
  repository.lastNumber += 1;
  return repository.lastNumber;
}

/** Tells the world of a change: `issues`, or `pull_request` when the issue is one. */
export function emitIssueEvent(
  forge: Forge,
  { actor, caller }: Doer,
  { issue, action, extra = {} }: { issue: Issue; action: string; extra?: Record<string, unknown> },
): void {
  if (issue.isPull) {
    emitPullEvent(forge, { actor, caller }, { pull: row(forge.state.pulls, issue.id), action, extra });
    return;
  }
  forge.webhooks.emit({
    event: 'issues',
    action,
    payload: { issue: renderIssue(forge, issue), ...extra },
    sender: actor,
    repository: row(forge.state.repositories, issue.repositoryId),
    caller,
  });
}

export function emitCommentEvent(
  forge: Forge,
  { actor, caller }: Doer,
  { comment, action, extra = {} }: { comment: Comment; action: string; extra?: Record<string, unknown> },
): void {
  forge.webhooks.emit({
    event: 'issue_comment',
    action,
    payload: {
      comment: renderComment(forge, comment),
      issue: renderIssue(forge, row(forge.state.issues, comment.issueId)),
      ...extra,
    },
    sender: actor,
    repository: row(forge.state.repositories, comment.repositoryId),
    caller,
  });
}

/** A new issue row (also for a pull request's issue side); no webhook yet. */
export function plantIssue(
  forge: Forge,
  { actor, caller }: Doer,
  {
    repository,
    title,
    body,
    isPull,
  }: { repository: Repository; title: string; body: string | null; isPull: boolean },
): Issue {
  const now = forge.clock.timestamp();
  const issue: Issue = {
    id: nextId(forge.state),
    repositoryId: repository.id,
    number: nextNumber(repository),
    isPull,
    title,
    body,
    authorId: actor.id,
    viaAppId: caller.app?.id ?? null,
    state: 'open',
    stateReason: null,
    labelIds: [],
    assigneeIds: [],
    locked: false,
    createdAt: now,
    updatedAt: now,
    closedAt: null,
    closedById: null,
  };
  forge.state.issues.set(issue.id, issue);
  return issue;
}

export function labelNamed({ state }: Forge, repository: Repository, name: string): Label | null {
  const same = (label: Label): boolean =>
    label.repositoryId === repository.id && label.name.toLowerCase() === name.toLowerCase();
  return find(state.labels, same) ?? null;
}

/** The labels of these names; unknown ones are made, as GitHub does for people who may label. */
export function ensureLabels(forge: Forge, repository: Repository, names: string[]): Label[] {
  return [...new Set(names)].map(
    (name) => labelNamed(forge, repository, name) ?? addLabel(forge, repository, { name }),
  );
}

export function addLabel(
  { state }: Forge,
  repository: Repository,
  {
    name,
    color = 'ededed',
    description = null,
  }: { name: string; color?: string; description?: string | null },
): Label {
  if (name.trim() === '' || charactersIn(name) > 50)
    throw validationFailed({ resource: 'Label', code: 'invalid', field: 'name' });
  const label: Label = { id: nextId(state), repositoryId: repository.id, name, color, description };
  state.labels.set(label.id, label);
  return label;
}

/** Sets an issue's labels; one webhook for each that came or went. */
export function setLabels(
  forge: Forge,
  doer: Doer,
  { issue, labels }: { issue: Issue; labels: Label[] },
): void {
  const before = issue.labelIds;
  issue.labelIds = labels.map(({ id }) => id);
  const came = issue.labelIds.filter((id) => !before.includes(id));
  const went = before.filter((id) => !issue.labelIds.includes(id));
  if (came.length + went.length > 0) issue.updatedAt = forge.clock.timestamp();
  const tell = (action: string, id: number): void => {
    const label = renderLabel(forge, row(forge.state.labels, id));
    emitIssueEvent(forge, doer, { issue, action, extra: { label } });
  };
  for (const id of went) tell('unlabeled', id);
  for (const id of came) tell('labeled', id);
}

/** Removes a label from the repository and, without a word, from its issues. */
export function dropLabel({ state }: Forge, label: Label): void {
  for (const issue of where(state.issues, ({ labelIds }) => labelIds.includes(label.id)))
    issue.labelIds = issue.labelIds.filter((id) => id !== label.id);
  state.labels.delete(label.id);
}

/** Closes or reopens an issue; nothing happens when it is so already. For pull requests see pulls.ts. */
export function setIssueState(
  forge: Forge,
  doer: Doer,
  change: { issue: Issue; state: Issue['state']; reason?: Issue['stateReason'] },
): void {
  const { issue, state } = change;
  const now = forge.clock.timestamp();
  if (issue.state === state) return;
  issue.state = state;
  issue.stateReason =
    state === 'closed'
      ? (change.reason ?? (issue.isPull ? null : 'completed'))
      : issue.isPull
        ? null
        : 'reopened';
  issue.closedAt = state === 'closed' ? now : null;
  issue.closedById = state === 'closed' ? doer.actor.id : null;
  issue.updatedAt = now;
  emitIssueEvent(forge, doer, { issue, action: state === 'closed' ? 'closed' : 'reopened' });
}
