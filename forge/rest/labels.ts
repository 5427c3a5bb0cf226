/** Labels of a repository and of its issues. */
import type { Caller } from '../caller.ts';
import type { Forge } from '../forge.ts';
import { notFound, validationFailed } from '../github-error.ts';
import { addLabel, dropLabel, ensureLabels, issueNumbered, labelNamed, setLabels } from '../issues.ts';
import { paginate } from '../page.ts';
import { renderLabel } from '../render/issue.ts';
import { reads, repositoryRoute, writes, type Route } from '../route.ts';
import { row, where, type Account, type Issue, type Label, type Repository } from '../state.ts';
import { labelNames } from './issues.ts';

const permissions = ['issues', 'pull_requests'];

function existing(forge: Forge, repository: Repository, name: string): Label {
  const label = labelNamed(forge, repository, name);
  if (label === null) throw notFound();
  return label;
}

interface LabelChange {
  repository: Repository;
  actor: Account;
  caller: Caller;
  label: Label;
  action: 'created' | 'edited' | 'deleted';
}

function emit(forge: Forge, { repository, actor, caller, label, action }: LabelChange): void {
  const payload = { label: renderLabel(forge, label), ...(action === 'edited' ? { changes: {} } : {}) };
  forge.webhooks.emit({ event: 'label', action, payload, sender: actor, repository, caller });
}

const labelsOf = (forge: Forge, issue: Issue): Label[] =>
  issue.labelIds.map((id) => row(forge.state.labels, id));
const render = (forge: Forge, issue: Issue) =>
  labelsOf(forge, issue).map((label) => renderLabel(forge, label));

const ofRepository: Route[] = [
  repositoryRoute('issues/list-labels-for-repo', reads(...permissions), (request) => {
    const { forge, repository } = request;
    const all = where(forge.state.labels, ({ repositoryId }) => repositoryId === repository.id);
    const { rows, headers } = paginate(request, all);
    return { status: 200, headers, body: rows.map((label) => renderLabel(forge, label)) };
  }),
  repositoryRoute(
    'issues/create-label',
    writes('write', ...permissions),
    ({ forge, repository, body, actor, caller }) => {
      if (labelNamed(forge, repository, body.name) !== null)
        throw validationFailed({ resource: 'Label', code: 'already_exists', field: 'name' });
      refuseColor(body.color);
      const label = addLabel(forge, repository, body);
      emit(forge, { repository, actor, caller, label, action: 'created' });
      return { status: 201, body: renderLabel(forge, label) };
    },
  ),
  repositoryRoute('issues/get-label', reads(...permissions), ({ forge, repository, params }) => ({
    status: 200,
    body: renderLabel(forge, existing(forge, repository, params.name)),
  })),
  repositoryRoute('issues/update-label', writes('write', ...permissions), (request) => {
    const { forge, repository, params, body, actor, caller } = request;
    const label = existing(forge, repository, params.name);
    refuseColor(body?.color);
    label.name = body?.new_name ?? label.name;
    label.color = body?.color ?? label.color;
    label.description = body?.description ?? label.description;
    emit(forge, { repository, actor, caller, label, action: 'edited' });
    return { status: 200, body: renderLabel(forge, label) };
  }),
  repositoryRoute('issues/delete-label', writes('write', ...permissions), (request) => {
    const { forge, repository, params, actor, caller } = request;
    const label = existing(forge, repository, params.name);
    dropLabel(forge, label);
    emit(forge, { repository, actor, caller, label, action: 'deleted' });
    return { status: 204 };
  }),
];

/** The body of add and set: `{ labels: [name or { name }] }`. */
function wished(body: unknown): string[] {
  const labels = typeof body === 'object' && body !== null && 'labels' in body ? body.labels : [];
  return labelNames(Array.isArray(labels) ? labels : []);
}

const ofIssue: Route[] = [
  repositoryRoute('issues/list-labels-on-issue', reads(...permissions), (request) => {
    const { forge, repository, params } = request;
    const issue = issueNumbered(forge, repository, params.issue_number);
    const { rows, headers } = paginate(request, render(forge, issue));
    return { status: 200, headers, body: rows };
  }),
  repositoryRoute('issues/add-labels', writes('triage', ...permissions), (request) => {
    const { forge, repository, params, body, actor, caller } = request;
    const issue = issueNumbered(forge, repository, params.issue_number);
    const added = ensureLabels(forge, repository, wished(body));
    setLabels(
      forge,
      { actor, caller },
      { issue, labels: [...new Set([...labelsOf(forge, issue), ...added])] },
    );
    return { status: 200, body: render(forge, issue) };
  }),
  repositoryRoute('issues/set-labels', writes('triage', ...permissions), (request) => {
    const { forge, repository, params, body, actor, caller } = request;
    const issue = issueNumbered(forge, repository, params.issue_number);
    setLabels(forge, { actor, caller }, { issue, labels: ensureLabels(forge, repository, wished(body)) });
    return { status: 200, body: render(forge, issue) };
  }),
  repositoryRoute('issues/remove-label', writes('triage', ...permissions), (request) => {
    const { forge, repository, params, actor, caller } = request;
    const issue = issueNumbered(forge, repository, params.issue_number);
    const label = existing(forge, repository, params.name);
    if (!issue.labelIds.includes(label.id)) throw notFound();
    const labels = labelsOf(forge, issue).filter(({ id }) => id !== label.id);
    setLabels(forge, { actor, caller }, { issue, labels });
    return { status: 200, body: render(forge, issue) };
  }),
  repositoryRoute('issues/remove-all-labels', writes('triage', ...permissions), (request) => {
    const { forge, repository, params, actor, caller } = request;
    const issue = issueNumbered(forge, repository, params.issue_number);
    setLabels(forge, { actor, caller }, { issue, labels: [] });
    return { status: 204 };
  }),
];

/** Six hex digits without the `#`. */
function refuseColor(color: string | undefined): void {
  if (color !== undefined && !/^[0-9a-f]{6}$/i.test(color))
    throw validationFailed({ resource: 'Label', code: 'invalid', field: 'color' });
}

export const labelRoutes: Route[] = [...ofRepository, ...ofIssue];
