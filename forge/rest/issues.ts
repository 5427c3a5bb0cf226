/** Issues: open, read, list, change. */
import { may } from '../access.ts';
import type { Caller } from '../caller.ts';
import type { Forge } from '../forge.ts';
import {
  charactersIn,
  GitHubError,
  limitBody,
  notAdmin,
  notByIntegration,
  validationFailed,
} from '../github-error.ts';
import {
  emitIssueEvent,
  ensureLabels,
  issueNumbered,
  plantIssue,
  setIssueState,
  setLabels,
  type Doer,
} from '../issues.ts';
import { paginate } from '../page.ts';
import { renderUserById } from '../render/account.ts';
import { renderIssue } from '../render/issue.ts';
import { reads, repositoryRoute, writes, type Route } from '../route.ts';
import { find, where, type Issue, type Repository, type Role } from '../state.ts';

const permissions = ['issues', 'pull_requests'];

/** Whether the caller has a role (or the installation its write permission) here. */
export function mayAs(
  forge: Forge,
  caller: Caller,
  { repository, role }: { repository: Repository; role: Role },
): boolean {
  return may(forge.state, caller, { repository, access: writes(role, ...permissions) });
}

function refuse(caller: Caller): never {
  throw caller.kind === 'installation' ? notByIntegration('issues=write') : notAdmin();
}

type LabelWish = string | { name?: string | null | undefined };
export const labelNames = (labels: readonly LabelWish[]): string[] =>
  labels
    .map((label) => (typeof label === 'string' ? label : (label.name ?? '')))
    .filter((name) => name !== '');

const logins = (assignees: readonly (string | { login?: string })[]): string[] =>
  assignees.map((assignee) => (typeof assignee === 'string' ? assignee : (assignee.login ?? '')));

/** Accounts of these logins that may be assigned: those with write. Others are dropped in silence, as GitHub does. */
function assignable(forge: Forge, repository: Repository, wantedLogins: string[]): number[] {
  const wanted = new Set(wantedLogins.map((login) => login.toLowerCase()));
  return where(forge.state.accounts, ({ login }) => wanted.has(login.toLowerCase()))
    .filter((account) => mayAs(forge, { kind: 'user', account, app: null }, { repository, role: 'write' }))
    .map(({ id }) => id);
}

function setAssignees(forge: Forge, doer: Doer, { issue, ids }: { issue: Issue; ids: number[] }): void {
  const before = issue.assigneeIds;
  issue.assigneeIds = ids;
  const tell = (action: string, id: number): void =>
    emitIssueEvent(forge, doer, { issue, action, extra: { assignee: renderUserById(forge, id) } });
  for (const id of before.filter((old) => !ids.includes(old))) tell('unassigned', id);
  for (const id of ids.filter((fresh) => !before.includes(fresh))) tell('assigned', id);
}

const create = repositoryRoute(
  'issues/create',
  { role: 'read', level: 'write', permissions: ['issues'] },
  (request) => {
    const { forge, repository, body, actor, caller } = request;
    const title = String(body.title).trim();
    if (title === '') throw validationFailed({ resource: 'Issue', code: 'missing_field', field: 'title' });
    if (charactersIn(title) > 256)
      throw validationFailed({
        resource: 'Issue',
        code: 'custom',
        field: 'title',
        message: 'title is too long (maximum is 256 characters)',
      });
    limitBody('Issue', body.body);
    const doer = { actor, caller };
    const issue = plantIssue(forge, doer, { repository, title, body: body.body ?? null, isPull: false });
    // Who may not triage can open issues, but his labels and assignees are dropped in silence.
    const triages = mayAs(forge, caller, { repository, role: 'triage' });
    const labels = triages ? ensureLabels(forge, repository, labelNames(body.labels ?? [])) : [];
    const assignees = triages ? assignable(forge, repository, body.assignees ?? []) : [];
    issue.labelIds = labels.map(({ id }) => id);
    emitIssueEvent(forge, doer, { issue, action: 'opened' });
    issue.labelIds = [];
    setLabels(forge, doer, { issue, labels });
    setAssignees(forge, doer, { issue, ids: assignees });
    return { status: 201, body: renderIssue(forge, issue) };
  },
);

function selected(forge: Forge, repository: Repository, params: ListParams): Issue[] {
  const wanted = params.labels?.split(',').map((name) => name.trim().toLowerCase()) ?? [];
  const creator = params.creator?.toLowerCase();
  const loginOf = (id: number): string => forge.state.accounts.get(id)?.login.toLowerCase() ?? '';
  const labelsOf = (issue: Issue): string[] =>
    issue.labelIds.map((id) => forge.state.labels.get(id)?.name.toLowerCase() ?? '');
  return where(forge.state.issues, (issue) => {
    if (issue.repositoryId !== repository.id) return false;
    if ((params.state ?? 'open') !== 'all' && issue.state !== (params.state ?? 'open')) return false;
    if (params.since !== undefined && Date.parse(issue.updatedAt) < Date.parse(params.since)) return false;
    if (creator !== undefined && loginOf(issue.authorId) !== creator) return false;
    return wanted.every((name) => labelsOf(issue).includes(name));
  });
}

interface ListParams {
  labels?: string | undefined;
  creator?: string | undefined;
  state?: 'open' | 'closed' | 'all' | undefined;
  since?: string | undefined;
}

const list = repositoryRoute('issues/list-for-repo', reads('issues', 'pull_requests'), (request) => {
  const { forge, repository, params } = request;
  const key = (issue: Issue): string => (params.sort === 'updated' ? issue.updatedAt : issue.createdAt);
  const ascending = params.direction === 'asc' ? 1 : -1;
  const sorted = selected(forge, repository, params).toSorted(
    (a, b) => ascending * (key(a).localeCompare(key(b)) || a.number - b.number),
  );
  const { rows, headers } = paginate(request, sorted);
  return { status: 200, headers, body: rows.map((issue) => renderIssue(forge, issue)) };
});

interface TextChange {
  title?: string | number | null | undefined;
  body?: string | null | undefined;
}

/** Title and body; one `edited` webhook with what they were. */
function editIssue(forge: Forge, doer: Doer, { issue, change }: { issue: Issue; change: TextChange }): void {
  const changes: Record<string, { from: string }> = {};
  const title = change.title === undefined || change.title === null ? issue.title : String(change.title);
  const body = change.body === undefined ? issue.body : change.body;
  limitBody(issue.isPull ? 'PullRequest' : 'Issue', body);
  if (title.trim() === '')
    throw validationFailed({ resource: 'Issue', code: 'missing_field', field: 'title' });
  if (title !== issue.title) changes['title'] = { from: issue.title };
  if (body !== issue.body) changes['body'] = { from: issue.body ?? '' };
  issue.title = title;
  issue.body = body;
  if (Object.keys(changes).length === 0) return;
  issue.updatedAt = forge.clock.timestamp();
  emitIssueEvent(forge, doer, { issue, action: 'edited', extra: { changes } });
}

const update = repositoryRoute('issues/update', { role: 'read', level: 'write', permissions }, (request) => {
  const { forge, repository, body, actor, caller, params } = request;
  const issue = issueNumbered(forge, repository, params.issue_number);
  const doer = { actor, caller };
  const isAuthor = issue.authorId === actor.id;
  const allowed = (role: Role): boolean => mayAs(forge, caller, { repository, role });
  if ((body?.title !== undefined || body?.body !== undefined) && !isAuthor && !allowed('write'))
    refuse(caller);
  if (body?.state !== undefined && !isAuthor && !allowed('triage')) refuse(caller);
  if ((body?.labels !== undefined || body?.assignees !== undefined) && !allowed('triage')) refuse(caller);
  editIssue(forge, doer, { issue, change: { title: body?.title, body: body?.body } });
  if (body?.labels !== undefined)
    setLabels(forge, doer, { issue, labels: ensureLabels(forge, repository, labelNames(body.labels)) });
  if (body?.assignees !== undefined) {
    setAssignees(forge, doer, { issue, ids: assignable(forge, repository, logins(body.assignees)) });
  }
  if (body?.state !== undefined) {
    const merged = issue.isPull && forge.state.pulls.get(issue.id)?.mergedAt !== null;
    if (merged && body.state === 'open')
      throw validationFailed({ resource: 'Issue', code: 'invalid', field: 'state' });
    setIssueState(forge, doer, { issue, state: body.state, reason: body.state_reason ?? null });
  }
  return { status: 200, body: renderIssue(forge, issue) };
});

const addAssignees = repositoryRoute('issues/add-assignees', writes('triage', ...permissions), (request) => {
  const { forge, repository, body, actor, caller, params } = request;
  const issue = issueNumbered(forge, repository, params.issue_number);
  const added = assignable(forge, repository, logins(body?.assignees ?? []));
  setAssignees(forge, { actor, caller }, { issue, ids: [...new Set([...issue.assigneeIds, ...added])] });
  return { status: 201, body: renderIssue(forge, issue) };
});

const removeAssignees = repositoryRoute(
  'issues/remove-assignees',
  writes('triage', ...permissions),
  (request) => {
    const { forge, repository, body, actor, caller, params } = request;
    const issue = issueNumbered(forge, repository, params.issue_number);
    const removed = new Set(logins(body?.assignees ?? []).map((login) => login.toLowerCase()));
    const keep = issue.assigneeIds.filter(
      (id) =>
        find(
          forge.state.accounts,
          (account) => account.id === id && removed.has(account.login.toLowerCase()),
        ) === undefined,
    );
    setAssignees(forge, { actor, caller }, { issue, ids: keep });
    return { status: 200, body: renderIssue(forge, issue) };
  },
);

export const issueRoutes: Route[] = [
  create,
  list,
  repositoryRoute('issues/get', reads(...permissions), ({ forge, repository, params }) => {
    const issue = issueNumbered(forge, repository, params.issue_number);
    return { status: 200, body: renderIssue(forge, issue) };
  }),
  update,
  addAssignees,
  removeAssignees,
];

/** Thrown where an issue is locked and the caller has no write. */
export const locked = (): GitHubError =>
  new GitHubError(403, 'Unable to create comment because issue is locked.');
