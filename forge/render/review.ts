/** Reviews and their comments as GitHub shows them, to REST and in webhooks. */
import type { components } from '@octokit/openapi-types';
import type { Forge } from '../forge.ts';
import { nodeId } from '../ids.ts';
import type { Review, ReviewComment } from '../pull-rows.ts';
import { row } from '../state.ts';
import { renderUser } from './account.ts';
import { association, renderReactions } from './issue.ts';
import { pullUrls } from './pull.ts';
import { repositoryUrl } from './repository.ts';

type Schemas = components['schemas'];

export function renderReview(forge: Forge, review: Review): Schemas['pull-request-review'] {
  const pull = row(forge.state.pulls, review.pullId);
  const repository = row(forge.state.repositories, pull.repositoryId);
  const author = row(forge.state.accounts, review.authorId);
  const { url, page } = pullUrls(forge, pull);
  const html = `${page}#pullrequestreview-${review.id}`;
  return {
    id: review.id,
    node_id: nodeId('PullRequestReview', review.id),
    user: renderUser(forge, author),
    body: review.body,
    state: review.state,
    html_url: html,
    pull_request_url: url,
    _links: { html: { href: html }, pull_request: { href: url } },
    ...(review.submittedAt === null ? {} : { submitted_at: review.submittedAt }),
    commit_id: review.commitSha,
    author_association: association(forge, repository, author),
  };
}

/**
 * A line comment. Of an outdated one `line` is null and `original_line` stays (G16); the description of one of the
 * routes forgets that it may be null, GitHub sends it all the same.
 */
export function renderReviewComment(
  forge: Forge,
  comment: ReviewComment,
): Schemas['pull-request-review-comment'] {
  const pull = row(forge.state.pulls, comment.pullId);
  const repository = row(forge.state.repositories, pull.repositoryId);
  const author = row(forge.state.accounts, comment.authorId);
  const { url: pullUrl, page } = pullUrls(forge, pull);
  const url = `${repositoryUrl(forge, repository)}/pulls/comments/${comment.id}`;
  const html = `${page}#discussion_r${comment.id}`;
  return {
    id: comment.id,
    node_id: nodeId('PullRequestReviewComment', comment.id),
    url,
    html_url: html,
    pull_request_url: pullUrl,
    pull_request_review_id: comment.reviewId,
    diff_hunk: comment.diffHunk,
    path: comment.path,
    commit_id: comment.commitSha,
    original_commit_id: comment.originalCommitSha,
    ...(comment.inReplyToId === null ? {} : { in_reply_to_id: comment.inReplyToId }),
    user: renderUser(forge, author),
    body: comment.body,
    created_at: comment.createdAt,
    updated_at: comment.updatedAt,
    author_association: association(forge, repository, author),
    _links: { self: { href: url }, html: { href: html }, pull_request: { href: pullUrl } },
    subject_type: comment.subjectType,
    ...(comment.subjectType === 'file' ? {} : linesOf(comment)),
    reactions: renderReactions(forge, { id: comment.id, url }),
  };
}

function linesOf(comment: ReviewComment) {
  return {
    line: comment.line as number,
    original_line: comment.originalLine as number,
    side: comment.side,
    start_line: comment.startLine,
    original_start_line: comment.originalStartLine,
    start_side: comment.startSide,
    position: (comment.line === null ? null : 1) as number,
    original_position: 1,
  };
}
