/** Threads of line comments: where they stand in the diff, whether they are resolved. */
import { hunkAt, movedLine } from './diff-lines.ts';
import type { Forge } from './forge.ts';
import type { ChangedFile } from './git/repository.ts';
import { validationFailed } from './github-error.ts';
import { nodeId } from './ids.ts';
import type { Pull, Review, ReviewComment, ReviewThread } from './pull-rows.ts';
import { type Doer, forkPoint, repositoryOf } from './pulls.ts';
import { renderPull } from './render/pull.ts';
import { renderReviewComment } from './render/review.ts';
import { nextId, row, where } from './state.ts';

/** What a comment is anchored to, as REST takes it. */
export type Anchor = {
  path: string;
  line?: number | undefined;
  side?: string | undefined;
  start_line?: number | undefined;
  start_side?: string | undefined;
  subject_type?: 'line' | 'file' | undefined;
};

export type NewComment = {
  pull: Pull;
  review: Review;
  body: string;
  anchor: Anchor;
  files: readonly ChangedFile[];
};

/** Files of the diff that reviewers see: from the fork point to the head. */
export async function reviewedFiles(forge: Forge, pull: Pull): Promise<ChangedFile[]> {
  return forge.git(repositoryOf(forge, pull)).changedFiles(await forkPoint(forge, pull), pull.headSha);
}

const sideOf = (side: string | undefined): 'LEFT' | 'RIGHT' =>
  side?.toUpperCase() === 'LEFT' ? 'LEFT' : 'RIGHT';

const unresolvable = (field: string) =>
  validationFailed({
    resource: 'PullRequestReviewComment',
    code: 'custom',
    field,
    message: `${field} could not be resolved`,
  });

/** Puts a comment that starts a thread into the state; throws 422 when its line isn't in the diff (G16). */
export function addThread(forge: Forge, doer: Doer, comment: NewComment): ReviewComment {
  const { anchor, files, pull } = comment;
  const file = files.find((one) => one.filename === anchor.path);
  if (file === undefined) throw unresolvable('pull_request_review_thread.path');
  const isFile = anchor.subject_type === 'file';
  const side = sideOf(anchor.side);
  const first =
    anchor.start_line === undefined
      ? undefined
      : { line: anchor.start_line, side: sideOf(anchor.start_side ?? anchor.side) };
  const hunk = isFile
    ? ''
    : anchor.line === undefined
      ? null
      : hunkAt(file.patch ?? '', { line: anchor.line, side }, first);
  if (hunk === null) throw unresolvable('pull_request_review_thread.line');
  const thread: ReviewThread = { id: nextId(forge.state), pullId: pull.id, resolvedById: null };
  forge.state.reviewThreads.set(thread.id, thread);
  return plantComment(forge, doer, {
    ...comment,
    threadId: thread.id,
    inReplyToId: null,
    place: {
      path: anchor.path,
      subjectType: isFile ? 'file' : 'line',
      side,
      startSide: first?.side ?? null,
      line: isFile ? null : (anchor.line ?? null),
      startLine: first?.line ?? null,
      diffHunk: hunk,
    },
  });
}

/** A reply: it stands where the thread's first comment stands. */
export function addReply(
  forge: Forge,
  doer: Doer,
  reply: { pull: Pull; review: Review; body: string; to: ReviewComment },
): ReviewComment {
  const { path, subjectType, side, startSide, line, startLine, diffHunk } = reply.to;
  // A reply in an outdated thread is outdated from the start: it keeps the lines where the thread began (G16).
  const { originalLine, originalStartLine } = reply.to;
  return plantComment(forge, doer, {
    ...reply,
    threadId: reply.to.threadId,
    inReplyToId: reply.to.id,
    place: { path, subjectType, side, startSide, line, startLine, diffHunk },
    began: { originalLine, originalStartLine },
  });
}

type Planting = {
  pull: Pull;
  review: Review;
  body: string;
  threadId: number;
  inReplyToId: number | null;
  place: Pick<
    ReviewComment,
    'path' | 'subjectType' | 'side' | 'startSide' | 'line' | 'startLine' | 'diffHunk'
  >;
  /** Where the thread began, for a reply; a first comment begins where it stands. */
  began?: Pick<ReviewComment, 'originalLine' | 'originalStartLine'>;
};

function plantComment(forge: Forge, doer: Doer, planting: Planting): ReviewComment {
  const { pull, review, body, threadId, inReplyToId, place, began } = planting;
  const now = forge.clock.timestamp();
  const comment: ReviewComment = {
    ...place,
    id: nextId(forge.state),
    pullId: pull.id,
    reviewId: review.id,
    threadId,
    inReplyToId,
    authorId: doer.actor.id,
    viaAppId: doer.caller.app?.id ?? null,
    body,
    originalLine: began?.originalLine ?? place.line,
    originalStartLine: began?.originalStartLine ?? place.startLine,
    commitSha: pull.headSha,
    originalCommitSha: pull.headSha,
    createdAt: now,
    updatedAt: now,
  };
  forge.state.reviewComments.set(comment.id, comment);
  return comment;
}

export function emitReviewCommentEvent(
  forge: Forge,
  { actor, caller }: Doer,
  event: { comment: ReviewComment; action: string; extra?: Record<string, unknown> },
): void {
  const { comment, action, extra = {} } = event;
  const pull = row(forge.state.pulls, comment.pullId);
  forge.webhooks.emit({
    event: 'pull_request_review_comment',
    action,
    payload: {
      comment: renderReviewComment(forge, comment),
      pull_request: renderPull(forge, pull),
      ...extra,
    },
    sender: actor,
    repository: repositoryOf(forge, pull),
    caller,
  });
}

/** Comments of a thread, oldest first, without those of reviews not submitted yet. */
export function commentsOf(forge: Forge, thread: ReviewThread): ReviewComment[] {
  const { state } = forge;
  return where(
    state.reviewComments,
    (comment) => comment.threadId === thread.id && row(state.reviews, comment.reviewId).state !== 'PENDING',
  ).toSorted((a, b) => a.id - b.id);
}

/** Threads of a pull request that everybody sees, oldest first. */
export function threadsOf(forge: Forge, pull: Pull): ReviewThread[] {
  return where(
    forge.state.reviewThreads,
    (thread) => thread.pullId === pull.id && commentsOf(forge, thread).length > 0,
  ).toSorted((a, b) => a.id - b.id);
}

/** GraphQL's resolveReviewThread and unresolveReviewThread; nothing happens when it is so already. */
export function resolveThread(
  forge: Forge,
  doer: Doer,
  { thread, resolved }: { thread: ReviewThread; resolved: boolean },
): void {
  if ((thread.resolvedById !== null) === resolved) return;
  thread.resolvedById = resolved ? doer.actor.id : null;
  const pull = row(forge.state.pulls, thread.pullId);
  const comments = commentsOf(forge, thread).map((comment) => renderReviewComment(forge, comment));
  forge.webhooks.emit({
    event: 'pull_request_review_thread',
    action: resolved ? 'resolved' : 'unresolved',
    payload: {
      pull_request: renderPull(forge, pull),
      thread: { node_id: nodeId('PullRequestReviewThread', thread.id), comments },
      updated_at: forge.clock.timestamp(),
    },
    sender: doer.actor,
    repository: repositoryOf(forge, pull),
    caller: doer.caller,
  });
}

/** After a push: comments follow their lines; those whose line changed or left the diff are outdated (G16). */
export async function followLines(forge: Forge, pull: Pull, beforeSha: string): Promise<void> {
  const comments = where(
    forge.state.reviewComments,
    (comment) => comment.pullId === pull.id && comment.subjectType === 'line' && comment.line !== null,
  );
  if (comments.length === 0) return;
  const git = forge.git(repositoryOf(forge, pull));
  const between = new Map(
    (await git.changedFiles(beforeSha, pull.headSha)).map((file) => [file.filename, file]),
  );
  const reviewed = new Map((await reviewedFiles(forge, pull)).map((file) => [file.filename, file]));
  for (const comment of comments) {
    const moved = (line: number | null): number | null => {
      const patch = between.get(comment.path)?.patch;
      return line === null || comment.side === 'LEFT' || patch === undefined ? line : movedLine(patch, line);
    };
    const line = moved(comment.line);
    const patch = reviewed.get(comment.path)?.patch ?? '';
    const stays = line !== null && hunkAt(patch, { line, side: comment.side }) !== null;
    comment.startLine = stays ? moved(comment.startLine) : null;
    comment.line = stays ? line : null;
    if (stays) comment.commitSha = pull.headSha;
  }
}
