/** Sub-issues and dependencies of issues (G6). */
import type { Forge } from '../forge.ts';
import { GitHubError } from '../github-error.ts';
import {
  addBlocker,
  addSubIssue,
  linked,
  removeBlocker,
  removeSubIssue,
  type LinkKind,
} from '../issue-links.ts';
import { issueNumbered } from '../issues.ts';
import { paginate } from '../page.ts';
import { renderIssue } from '../render/issue.ts';
import { reads, repositoryRoute, writes, type RepositoryRequest, type Route } from '../route.ts';
import type { Issue } from '../state.ts';

const permission = 'issues';

/** An issue by its id, which is not its number. */
function issueOf(forge: Forge, id: number, message: string): Issue {
  const found = forge.state.issues.get(id);
  if (found === undefined || found.isPull) throw new GitHubError(404, message);
  return found;
}

type ListId =
  | 'issues/list-sub-issues'
  | 'issues/list-dependencies-blocked-by'
  | 'issues/list-dependencies-blocking';

function page(request: RepositoryRequest<ListId>, link: { kind: LinkKind; side: 'from' | 'to' }) {
  const { forge, repository, params } = request;
  const issue = issueNumbered(forge, repository, params.issue_number);
  const { rows, headers } = paginate(request, linked(forge, issue, link));
  return { status: 200 as const, headers, body: rows.map((one) => renderIssue(forge, one)) };
}

const noSubIssue = 'The provided sub-issue does not exist';

const changing: Route[] = [
  repositoryRoute('issues/add-sub-issue', writes('triage', permission), (request) => {
    const { forge, repository, params, body, actor, caller } = request;
    const parent = issueNumbered(forge, repository, params.issue_number);
    const child = issueOf(forge, body.sub_issue_id, noSubIssue);
    const replaceParent = body.replace_parent ?? false;
    addSubIssue(forge, { actor, caller }, { parent, child, replaceParent });
    return { status: 201, body: renderIssue(forge, parent) };
  }),
  repositoryRoute('issues/remove-sub-issue', writes('triage', permission), (request) => {
    const { forge, repository, params, body, actor, caller } = request;
    const parent = issueNumbered(forge, repository, params.issue_number);
    const child = issueOf(forge, body.sub_issue_id, noSubIssue);
    removeSubIssue(forge, { actor, caller }, { parent, child });
    return { status: 200, body: renderIssue(forge, parent) };
  }),
  repositoryRoute('issues/add-blocked-by-dependency', writes('triage', permission), (request) => {
    const { forge, repository, params, body, actor, caller } = request;
    const issue = issueNumbered(forge, repository, params.issue_number);
    const blocker = issueOf(forge, body.issue_id, 'Not Found');
    addBlocker(forge, { actor, caller }, { issue, blocker });
    return { status: 201, body: renderIssue(forge, issue) };
  }),
  repositoryRoute('issues/remove-dependency-blocked-by', writes('triage', permission), (request) => {
    const { forge, repository, params, actor, caller } = request;
    const issue = issueNumbered(forge, repository, params.issue_number);
    const blocker = issueOf(forge, params.issue_id, 'Not Found');
    removeBlocker(forge, { actor, caller }, { issue, blocker });
    return { status: 200, body: renderIssue(forge, issue) };
  }),
];

export const subIssueRoutes: Route[] = [
  ...changing,
  repositoryRoute('issues/list-sub-issues', reads(permission), (request) =>
    page(request, { kind: 'sub_issue', side: 'to' }),
  ),
  repositoryRoute('issues/list-dependencies-blocked-by', reads(permission), (request) =>
    page(request, { kind: 'blocked_by', side: 'to' }),
  ),
  repositoryRoute('issues/list-dependencies-blocking', reads(permission), (request) =>
    page(request, { kind: 'blocked_by', side: 'from' }),
  ),
];
