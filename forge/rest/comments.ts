/** Comments on issues and pull requests. */
import type { Caller } from '../caller.ts';
import type { Forge } from '../forge.ts';
import { limitBody, notAdmin, notByIntegration, notFound, validationFailed } from '../github-error.ts';
import { emitCommentEvent, issueNumbered } from '../issues.ts';
import { paginate } from '../page.ts';
import { renderComment } from '../render/issue.ts';
import { reads, repositoryRoute, type Route } from '../route.ts';
import { nextId, row, where, type Comment, type Repository } from '../state.ts';
import { locked, mayAs } from './issues.ts';

const permissions = ['issues', 'pull_requests'];
/** Everybody who sees an issue may comment on it. */
const comments = { role: 'read', level: 'write', permissions } as const;

function commentOf(forge: Forge, repository: Repository, id: number): Comment {
  const comment = forge.state.comments.get(id);
  if (comment === undefined || comment.repositoryId !== repository.id) throw notFound();
  return comment;
}

function checkText(body: string): void {
  if (body.trim() === '')
    throw validationFailed({ resource: 'IssueComment', code: 'missing_field', field: 'body' });
  limitBody('IssueComment', body);
}

/** One's own comments always; other people's from write up: triage can't (G5). */
function mustBeEditor(
  forge: Forge,
  caller: Caller,
  { comment, repository }: { comment: Comment; repository: Repository },
): void {
  if (comment.authorId === caller.account?.id || mayAs(forge, caller, { repository, role: 'write' })) return;
  throw caller.kind === 'installation' ? notByIntegration('issues=write') : notAdmin();
}

const create = repositoryRoute('issues/create-comment', comments, (request) => {
  const { forge, repository, body, actor, caller, params } = request;
  const issue = issueNumbered(forge, repository, params.issue_number);
  if (issue.locked && !mayAs(forge, caller, { repository, role: 'write' })) throw locked();
  checkText(body.body);
  const now = forge.clock.timestamp();
  const comment: Comment = {
    id: nextId(forge.state),
    repositoryId: repository.id,
    issueId: issue.id,
    body: body.body,
    authorId: actor.id,
    viaAppId: caller.app?.id ?? null,
    createdAt: now,
    updatedAt: now,
  };
  forge.state.comments.set(comment.id, comment);
  issue.updatedAt = now;
  emitCommentEvent(forge, { actor, caller }, { comment, action: 'created' });
  const rendered = renderComment(forge, comment);
  return { status: 201, headers: { location: rendered.url }, body: rendered };
});

const update = repositoryRoute('issues/update-comment', comments, (request) => {
  const { forge, repository, body, actor, caller, params } = request;
  const comment = commentOf(forge, repository, params.comment_id);
  mustBeEditor(forge, caller, { comment, repository });
  checkText(body.body);
  const from = comment.body;
  if (from !== body.body) {
    comment.body = body.body;
    comment.updatedAt = forge.clock.timestamp();
    row(forge.state.issues, comment.issueId).updatedAt = comment.updatedAt;
    emitCommentEvent(
      forge,
      { actor, caller },
      { comment, action: 'edited', extra: { changes: { body: { from } } } },
    );
  }
  return { status: 200, body: renderComment(forge, comment) };
});

const remove = repositoryRoute('issues/delete-comment', comments, (request) => {
  const { forge, repository, actor, caller, params } = request;
  const comment = commentOf(forge, repository, params.comment_id);
  mustBeEditor(forge, caller, { comment, repository });
  forge.state.comments.delete(comment.id);
  emitCommentEvent(forge, { actor, caller }, { comment, action: 'deleted' });
  return { status: 204 };
});

const since =
  (since: string | undefined) =>
  (comment: Comment): boolean =>
    since === undefined || Date.parse(comment.updatedAt) >= Date.parse(since);

export const commentRoutes: Route[] = [
  create,
  update,
  remove,
  repositoryRoute('issues/get-comment', reads(...permissions), ({ forge, repository, params }) => ({
    status: 200,
    body: renderComment(forge, commentOf(forge, repository, params.comment_id)),
  })),
  repositoryRoute('issues/list-comments', reads(...permissions), (request) => {
    const { forge, repository, params } = request;
    const issue = issueNumbered(forge, repository, params.issue_number);
    const all = where(forge.state.comments, ({ issueId }) => issueId === issue.id).filter(
      since(params.since),
    );
    const { rows, headers } = paginate(request, all);
    return { status: 200, headers, body: rows.map((comment) => renderComment(forge, comment)) };
  }),
  repositoryRoute('issues/list-comments-for-repo', reads(...permissions), (request) => {
    const { forge, repository, params } = request;
    const all = where(forge.state.comments, ({ repositoryId }) => repositoryId === repository.id).filter(
      since(params.since),
    );
    const { rows, headers } = paginate(request, params.direction === 'desc' ? all.toReversed() : all);
    return { status: 200, headers, body: rows.map((comment) => renderComment(forge, comment)) };
  }),
];
