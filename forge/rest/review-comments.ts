/** Line comments of pull requests, one at a time, and their replies. */
import { may } from '../access.ts';
import type { Forge } from '../forge.ts';
import { limitBody, notAdmin, notByIntegration, notFound, validationFailed } from '../github-error.ts';
import { paginate } from '../page.ts';
import type { Pull, ReviewComment } from '../pull-rows.ts';
import { type Doer, pullNumbered } from '../pulls.ts';
import { renderReviewComment } from '../render/review.ts';
import { addReply, addThread, emitReviewCommentEvent, reviewedFiles } from '../review-threads.ts';
import { reads, repositoryRoute, writes, type RepositoryRequest, type Route } from '../route.ts';
import { row, where, type Repository } from '../state.ts';
import { plantReview, submit } from './reviews.ts';

const permission = 'pull_requests';
const mayComment = {
  role: 'read',
  level: 'write',
  permissions: [permission],
} as const satisfies Route['access'];

function commentOf(forge: Forge, repository: Repository, id: number): ReviewComment {
  const comment = forge.state.reviewComments.get(id);
  const pull = comment === undefined ? undefined : forge.state.pulls.get(comment.pullId);
  if (comment === undefined || pull?.repositoryId !== repository.id) throw notFound();
  if (row(forge.state.reviews, comment.reviewId).state === 'PENDING') throw notFound();
  return comment;
}

/** G16: replies go to a thread's first comment only. Each comment has a review of its own around it. */
function reply(
  forge: Forge,
  doer: Doer,
  { pull, to, body }: { pull: Pull; to: ReviewComment; body: string },
): ReviewComment {
  if (to.inReplyToId !== null)
    throw validationFailed({
      resource: 'PullRequestReviewComment',
      code: 'custom',
      field: 'in_reply_to',
      message: 'in_reply_to can only be set to a top-level review comment',
    });
  const review = plantReview(forge, doer, { pull, body: '', commitSha: pull.headSha });
  const comment = addReply(forge, doer, { pull, review, body, to });
  submit(forge, doer, { pull, review, event: 'COMMENT' });
  return comment;
}

const writing: Route[] = [
  repositoryRoute(
    'pulls/create-review-comment',
    mayComment,
    async ({ forge, repository, params, body, actor, caller }) => {
      const doer = { actor, caller };
      const pull = pullNumbered(forge, repository, params.pull_number);
      limitBody('PullRequestReviewComment', body.body);
      if (body.in_reply_to !== undefined) {
        const to = commentOf(forge, repository, body.in_reply_to);
        return {
          status: 201,
          body: renderReviewComment(forge, reply(forge, doer, { pull, to, body: body.body })),
        };
      }
      const files = await reviewedFiles(forge, pull);
      const review = plantReview(forge, doer, { pull, body: '', commitSha: body.commit_id });
      try {
        const comment = addThread(forge, doer, { pull, review, body: body.body, anchor: body, files });
        submit(forge, doer, { pull, review, event: 'COMMENT' });
        return { status: 201, body: renderReviewComment(forge, comment) };
      } catch (error) {
        if (review.state === 'PENDING') forge.state.reviews.delete(review.id);
        throw error;
      }
    },
  ),
  repositoryRoute(
    'pulls/create-reply-for-review-comment',
    mayComment,
    ({ forge, repository, params, body, actor, caller }) => {
      const pull = pullNumbered(forge, repository, params.pull_number);
      const to = commentOf(forge, repository, params.comment_id);
      if (to.pullId !== pull.id) throw notFound();
      limitBody('PullRequestReviewComment', body.body);
      const comment = reply(forge, { actor, caller }, { pull, to, body: body.body });
      return { status: 201, body: renderReviewComment(forge, comment) };
    },
  ),
];

type Changing = Pick<
  RepositoryRequest<'pulls/update-review-comment'>,
  'forge' | 'repository' | 'caller' | 'actor'
>;

function mayChange({ forge, repository, caller, actor }: Changing, comment: ReviewComment): void {
  if (comment.authorId === actor.id) return;
  if (may(forge.state, caller, { repository, access: writes('write', permission) })) return;
  throw caller.kind === 'installation' ? notByIntegration() : notAdmin();
}

const changing: Route[] = [
  repositoryRoute('pulls/update-review-comment', mayComment, (request) => {
    const { forge, repository, params, body, actor, caller } = request;
    const comment = commentOf(forge, repository, params.comment_id);
    mayChange(request, comment);
    limitBody('PullRequestReviewComment', body.body);
    const changes = { body: { from: comment.body } };
    comment.body = body.body;
    comment.updatedAt = forge.clock.timestamp();
    emitReviewCommentEvent(forge, { actor, caller }, { comment, action: 'edited', extra: { changes } });
    return { status: 200, body: renderReviewComment(forge, comment) };
  }),
  repositoryRoute('pulls/delete-review-comment', mayComment, (request) => {
    const { forge, repository, params, actor, caller } = request;
    const comment = commentOf(forge, repository, params.comment_id);
    mayChange(request, comment);
    emitReviewCommentEvent(forge, { actor, caller }, { comment, action: 'deleted' });
    forge.state.reviewComments.delete(comment.id);
    const others = where(forge.state.reviewComments, (one) => one.threadId === comment.threadId);
    if (others.length === 0) forge.state.reviewThreads.delete(comment.threadId);
    return { status: 204 };
  }),
];

type ListOrder = { sort?: string | undefined; direction?: string | undefined; since?: string | undefined };

function listed(forge: Forge, fits: (comment: ReviewComment) => boolean, order: ListOrder): ReviewComment[] {
  const since = order.since === undefined ? -Infinity : Date.parse(order.since);
  const seen = where(
    forge.state.reviewComments,
    (comment) =>
      fits(comment) &&
      row(forge.state.reviews, comment.reviewId).state !== 'PENDING' &&
      Date.parse(comment.updatedAt) >= since,
  );
  const key = (comment: ReviewComment) => (order.sort === 'updated' ? comment.updatedAt : comment.createdAt);
  const ascending = order.direction === 'desc' ? -1 : 1;
  return seen.toSorted((a, b) => ascending * (key(a).localeCompare(key(b)) || a.id - b.id));
}

const reading: Route[] = [
  repositoryRoute('pulls/list-review-comments', reads(permission), (request) => {
    const { forge, repository, params } = request;
    const pull = pullNumbered(forge, repository, params.pull_number);
    const { rows, headers } = paginate(
      request,
      listed(forge, (comment) => comment.pullId === pull.id, params),
    );
    return { status: 200, headers, body: rows.map((comment) => renderReviewComment(forge, comment)) };
  }),
  repositoryRoute('pulls/list-review-comments-for-repo', reads(permission), (request) => {
    const { forge, repository, params } = request;
    const inside = (comment: ReviewComment) =>
      row(forge.state.pulls, comment.pullId).repositoryId === repository.id;
    const { rows, headers } = paginate(request, listed(forge, inside, params));
    return { status: 200, headers, body: rows.map((comment) => renderReviewComment(forge, comment)) };
  }),
  repositoryRoute('pulls/get-review-comment', reads(permission), ({ forge, repository, params }) => ({
    status: 200,
    body: renderReviewComment(forge, commentOf(forge, repository, params.comment_id)),
  })),
];

export const reviewCommentRoutes: Route[] = [...writing, ...changing, ...reading];
