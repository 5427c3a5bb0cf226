/** Reviews: write, submit, dismiss, read. */
import type { Forge } from '../forge.ts';
import { GitHubError, limitBody, notFound, validationFailed } from '../github-error.ts';
import { paginate } from '../page.ts';
import type { Pull, Review } from '../pull-rows.ts';
import { dismissReview, type Doer, emitReviewEvent, pullNumbered } from '../pulls.ts';
import { renderReview, renderReviewComment } from '../render/review.ts';
import { addThread, type Anchor, emitReviewCommentEvent, reviewedFiles } from '../review-threads.ts';
import { reads, repositoryRoute, writes, type RepositoryRequest, type Route } from '../route.ts';
import { nextId, row, where, type Account } from '../state.ts';

const permission = 'pull_requests';

export type Verdict = 'APPROVE' | 'REQUEST_CHANGES' | 'COMMENT';

const states = { APPROVE: 'APPROVED', REQUEST_CHANGES: 'CHANGES_REQUESTED', COMMENT: 'COMMENTED' } as const;

/** Readers review too, so only sight is asked of people; installations need write on pull requests. */
const mayReview = {
  role: 'read',
  level: 'write',
  permissions: [permission],
} as const satisfies Route['access'];

/** G14: nobody approves or refuses his own; the App that opened it counts as its author. */
function refuseOwn(forge: Forge, doer: Doer, { pull, event }: { pull: Pull; event: Verdict }): void {
  if (event === 'COMMENT' || row(forge.state.issues, pull.id).authorId !== doer.actor.id) return;
  const what = event === 'APPROVE' ? 'approve' : 'request changes on';
  throw new GitHubError(422, 'Unprocessable Entity', { errors: [`Can not ${what} your own pull request`] });
}

/** G15: a body is needed to request changes, and for a comment that has no line comments. */
function refuseEmpty(event: Verdict, body: string, comments: number): void {
  if (event === 'APPROVE' || body.trim() !== '' || (event === 'COMMENT' && comments > 0)) return;
  throw validationFailed({ resource: 'PullRequestReview', code: 'missing_field', field: 'body' });
}

/** These routes list the errors of a 422 as sentences, all others as objects. */
async function inWords<Result>(work: () => Result | Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof GitHubError) || error.errors === null) throw error;
    const sentences = error.errors.map((one) =>
      typeof one === 'string' ? one : (one.message ?? `${one.field ?? one.resource} is ${one.code}`),
    );
    throw new GitHubError(error.status, 'Unprocessable Entity', { errors: sentences });
  }
}

/** A review nobody but its author sees yet. */
export function plantReview(
  forge: Forge,
  doer: Doer,
  { pull, body, commitSha }: { pull: Pull; body: string; commitSha: string },
): Review {
  const review: Review = {
    id: nextId(forge.state),
    pullId: pull.id,
    authorId: doer.actor.id,
    state: 'PENDING',
    body,
    commitSha,
    viaAppId: doer.caller.app?.id ?? null,
    submittedAt: null,
    updatedAt: forge.clock.timestamp(),
  };
  forge.state.reviews.set(review.id, review);
  return review;
}

/** Publishes a pending review with its comments, and takes the reviewer off the list of those asked. */
export function submit(
  forge: Forge,
  doer: Doer,
  { pull, review, event }: { pull: Pull; review: Review; event: Verdict },
): void {
  const now = forge.clock.timestamp();
  Object.assign(review, { state: states[event], submittedAt: now, updatedAt: now });
  pull.requestedReviewerIds = pull.requestedReviewerIds.filter((id) => id !== doer.actor.id);
  emitReviewEvent(forge, doer, { pull, review, action: 'submitted' });
  for (const comment of where(forge.state.reviewComments, (one) => one.reviewId === review.id))
    emitReviewCommentEvent(forge, doer, { comment, action: 'created' });
}

function pendingOf(forge: Forge, pull: Pull, actor: Account): Review | undefined {
  return where(
    forge.state.reviews,
    (review) => review.pullId === pull.id && review.authorId === actor.id && review.state === 'PENDING',
  )[0];
}

const create = repositoryRoute('pulls/create-review', mayReview, (request) =>
  inWords(() => createReview(request)),
);

async function createReview(request: RepositoryRequest<'pulls/create-review'>) {
  const { forge, repository, params, body, actor, caller } = request;
  const doer = { actor, caller };
  const pull = pullNumbered(forge, repository, params.pull_number);
  const text = body?.body ?? '';
  const comments = body?.comments ?? [];
  const event = body?.event;
  limitBody('PullRequestReview', text);
  for (const comment of comments) limitBody('PullRequestReviewComment', comment.body);
  if (event !== undefined) {
    refuseOwn(forge, doer, { pull, event });
    refuseEmpty(event, text, comments.length);
  }
  if (pendingOf(forge, pull, actor) !== undefined)
    throw new GitHubError(422, 'Unprocessable Entity', {
      errors: ['User can only have one pending review per pull request'],
    });
  const commitSha = body?.commit_id ?? pull.headSha;
  if (
    !(await forge
      .git(repository)
      .isAncestor(commitSha, pull.headSha)
      .catch(() => false))
  )
    throw new GitHubError(422, 'Unprocessable Entity', {
      errors: ['commit_id is not part of the pull request'],
    });
  const files = comments.length === 0 ? [] : await reviewedFiles(forge, pull);
  const review = plantReview(forge, doer, { pull, body: text, commitSha });
  try {
    for (const { body: words, ...anchor } of comments)
      addThread(forge, doer, { pull, review, body: words, anchor: anchor as Anchor, files });
  } catch (error) {
    // All or nothing: one comment beside the diff refuses the review (G16).
    drop(forge, review);
    throw error;
  }
  if (event !== undefined) submit(forge, doer, { pull, review, event });
  return { status: 200 as const, body: renderReview(forge, review) };
}

function drop(forge: Forge, review: Review): void {
  for (const comment of where(forge.state.reviewComments, (one) => one.reviewId === review.id)) {
    forge.state.reviewComments.delete(comment.id);
    if (comment.inReplyToId === null) forge.state.reviewThreads.delete(comment.threadId);
  }
  forge.state.reviews.delete(review.id);
}

/** Throws 404 also for somebody else's pending review. */
function reviewOf(forge: Forge, pull: Pull, { id, viewer }: { id: number; viewer: Account | null }): Review {
  const review = forge.state.reviews.get(id);
  if (review === undefined || review.pullId !== pull.id || !isVisible(review, viewer)) throw notFound();
  return review;
}

function isVisible(review: Review, viewer: Account | null): boolean {
  return review.state !== 'PENDING' || review.authorId === viewer?.id;
}

function submitReview(request: RepositoryRequest<'pulls/submit-review'>) {
  const { forge, repository, params, body, actor, caller } = request;
  const doer = { actor, caller };
  const pull = pullNumbered(forge, repository, params.pull_number);
  const review = reviewOf(forge, pull, { id: params.review_id, viewer: actor });
  if (review.state !== 'PENDING' || review.authorId !== actor.id)
    throw new GitHubError(422, 'Unprocessable Entity', {
      errors: ['Only a pending review of your own can be submitted'],
    });
  refuseOwn(forge, doer, { pull, event: body.event });
  const comments = where(forge.state.reviewComments, (one) => one.reviewId === review.id).length;
  const text = body.body ?? review.body;
  refuseEmpty(body.event, text, comments);
  limitBody('PullRequestReview', text);
  review.body = text;
  submit(forge, doer, { pull, review, event: body.event });
  return { status: 200 as const, body: renderReview(forge, review) };
}

const changing: Route[] = [
  repositoryRoute('pulls/submit-review', mayReview, (request) => inWords(() => submitReview(request))),
  repositoryRoute(
    'pulls/dismiss-review',
    writes('write', permission),
    ({ forge, repository, params, actor, caller }) => {
      const pull = pullNumbered(forge, repository, params.pull_number);
      const review = reviewOf(forge, pull, { id: params.review_id, viewer: actor });
      if (review.state !== 'APPROVED' && review.state !== 'CHANGES_REQUESTED')
        throw new GitHubError(422, 'Can not dismiss a commented or dismissed pull request review');
      dismissReview(forge, { actor, caller }, { pull, review });
      return { status: 200, body: renderReview(forge, review) };
    },
  ),
  repositoryRoute('pulls/update-review', mayReview, ({ forge, repository, params, body, actor, caller }) => {
    const pull = pullNumbered(forge, repository, params.pull_number);
    const review = reviewOf(forge, pull, { id: params.review_id, viewer: actor });
    if (review.authorId !== actor.id) throw new GitHubError(422, 'Only the author may change a review');
    limitBody('PullRequestReview', body.body);
    review.body = body.body;
    review.updatedAt = forge.clock.timestamp();
    if (review.state !== 'PENDING')
      emitReviewEvent(forge, { actor, caller }, { pull, review, action: 'edited' });
    return { status: 200, body: renderReview(forge, review) };
  }),
  repositoryRoute('pulls/delete-pending-review', mayReview, ({ forge, repository, params, actor }) => {
    const pull = pullNumbered(forge, repository, params.pull_number);
    const review = reviewOf(forge, pull, { id: params.review_id, viewer: actor });
    if (review.state !== 'PENDING')
      throw new GitHubError(422, 'Can not delete a non-pending pull request review');
    const body = renderReview(forge, review);
    drop(forge, review);
    return { status: 200, body };
  }),
];

const reading: Route[] = [
  repositoryRoute('pulls/list-reviews', reads(permission), (request) => {
    const { forge, repository, params, caller } = request;
    const pull = pullNumbered(forge, repository, params.pull_number);
    const reviews = where(
      forge.state.reviews,
      (review) => review.pullId === pull.id && isVisible(review, caller.account),
    );
    const { rows, headers } = paginate(
      request,
      reviews.toSorted((a, b) => a.id - b.id),
    );
    return { status: 200, headers, body: rows.map((review) => renderReview(forge, review)) };
  }),
  repositoryRoute('pulls/get-review', reads(permission), ({ forge, repository, params, caller }) => {
    const pull = pullNumbered(forge, repository, params.pull_number);
    const review = reviewOf(forge, pull, { id: params.review_id, viewer: caller.account });
    return { status: 200, body: renderReview(forge, review) };
  }),
  repositoryRoute('pulls/list-comments-for-review', reads(permission), (request) => {
    const { forge, repository, params, caller } = request;
    const pull = pullNumbered(forge, repository, params.pull_number);
    const review = reviewOf(forge, pull, { id: params.review_id, viewer: caller.account });
    const comments = where(forge.state.reviewComments, (comment) => comment.reviewId === review.id);
    const { rows, headers } = paginate(request, comments);
    const body = rows.map((comment) => ({
      position: null,
      original_position: 1,
      ...renderReviewComment(forge, comment),
    }));
    return { status: 200, headers, body };
  }),
];

export const reviewRoutes: Route[] = [create, ...changing, ...reading];
