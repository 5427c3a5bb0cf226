/** What happens to pull requests, with the webhooks it causes. */
import type { Caller } from './caller.ts';
import type { Forge } from './forge.ts';
import { isMergeable } from './git/merge.ts';
import { notFound } from './github-error.ts';
import type { Pull, Review } from './pull-rows.ts';
import { renderPullFull } from './render/pull.ts';
import { renderReview } from './render/review.ts';
import { find, row, where, type Account, type Repository } from './state.ts';

/** Who does it: the account that is shown, and the token's owner. */
export type Doer = { actor: Account; caller: Caller };

/** Tells the world of a change of a pull request: `labeled`, `edited`, `closed`, `synchronize`… */
export function emitPullEvent(
  forge: Forge,
  { actor, caller }: Doer,
  { pull, action, extra = {} }: { pull: Pull; action: string; extra?: Record<string, unknown> },
): void {
  forge.webhooks.emit({
    event: 'pull_request',
    action,
    payload: { number: pull.number, pull_request: renderPullFull(forge, pull), ...extra },
    sender: actor,
    repository: row(forge.state.repositories, pull.repositoryId),
    caller,
  });
}

/** A pull request by its number. Throws 404, also for the number of an issue. */
export function pullNumbered(forge: Forge, repository: Repository, number: number): Pull {
  const found = find(
    forge.state.pulls,
    (pull) => pull.repositoryId === repository.id && pull.number === number,
  );
  if (found === undefined) throw notFound();
  return found;
}

export function isOpen(forge: Forge, pull: Pull): boolean {
  return row(forge.state.issues, pull.id).state === 'open';
}

export function repositoryOf(forge: Forge, pull: Pull): Repository {
  return row(forge.state.repositories, pull.repositoryId);
}

/** The commit both sides come from; the base itself should they have none. */
export async function forkPoint(forge: Forge, pull: Pull): Promise<string> {
  const git = forge.git(repositoryOf(forge, pull));
  return (await git.mergeBase(pull.baseSha, pull.headSha)) ?? pull.baseSha;
}

/** Counts commits and lines anew; mergeability is unknown again until somebody looks (G26). */
export async function measure(forge: Forge, pull: Pull): Promise<void> {
  const comparison = await forge.git(repositoryOf(forge, pull)).compare(pull.baseSha, pull.headSha);
  const files = comparison?.files ?? [];
  pull.commits = comparison?.ahead ?? 0;
  pull.additions = files.reduce((sum, file) => sum + file.additions, 0);
  pull.deletions = files.reduce((sum, file) => sum + file.deletions, 0);
  pull.changedFiles = files.length;
  pull.behind = (comparison?.behind ?? 1) > 0;
  pull.mergeable = null;
}

/** Computes mergeability when it isn't known for the present head and base. */
export async function settleMergeable(forge: Forge, pull: Pull): Promise<boolean> {
  if (pull.mergeable !== null) return pull.mergeable;
  const { baseSha, headSha } = pull;
  const mergeable = await isMergeable(forge.git(repositoryOf(forge, pull)).git, baseSha, headSha);
  // A push in the meantime asks for a new answer.
  if (pull.baseSha === baseSha && pull.headSha === headSha) pull.mergeable = mergeable;
  return mergeable;
}

/** GraphQL's markPullRequestReadyForReview (G12); nothing happens when it is ready. */
export function markReady(forge: Forge, doer: Doer, pull: Pull): void {
  if (!pull.draft) return;
  pull.draft = false;
  touch(forge, pull);
  emitPullEvent(forge, doer, { pull, action: 'ready_for_review' });
}

/** GraphQL's convertPullRequestToDraft (G12). */
export function convertToDraft(forge: Forge, doer: Doer, pull: Pull): void {
  if (pull.draft) return;
  pull.draft = true;
  touch(forge, pull);
  emitPullEvent(forge, doer, { pull, action: 'converted_to_draft' });
}

/** The pull request changed just now. */
export function touch(forge: Forge, pull: Pull): void {
  row(forge.state.issues, pull.id).updatedAt = forge.clock.timestamp();
}

/** Closes it, unmerged; nothing happens when it is closed. */
export function closePull(forge: Forge, doer: Doer, pull: Pull): void {
  if (!isOpen(forge, pull)) return;
  close(forge, doer, pull);
  emitPullEvent(forge, doer, { pull, action: 'closed' });
}

/** Records a merge that has reached the base branch. */
export function markMerged(forge: Forge, doer: Doer, { pull, sha }: { pull: Pull; sha: string }): void {
  if (!isOpen(forge, pull)) return;
  close(forge, doer, pull);
  pull.mergedAt = forge.clock.timestamp();
  pull.mergedById = doer.actor.id;
  pull.mergeCommitSha = sha;
  emitPullEvent(forge, doer, { pull, action: 'closed' });
}

function close(forge: Forge, doer: Doer, pull: Pull): void {
  const issue = row(forge.state.issues, pull.id);
  const now = forge.clock.timestamp();
  Object.assign(issue, { state: 'closed', closedAt: now, closedById: doer.actor.id, updatedAt: now });
}

/** Takes back approvals, and tells of each (G18). */
export function dismissApprovals(forge: Forge, doer: Doer, pull: Pull): void {
  for (const review of where(
    forge.state.reviews,
    (one) => one.pullId === pull.id && one.state === 'APPROVED',
  ))
    dismissReview(forge, doer, { pull, review });
}

export function dismissReview(
  forge: Forge,
  doer: Doer,
  { pull, review }: { pull: Pull; review: Review },
): void {
  review.state = 'DISMISSED';
  review.updatedAt = forge.clock.timestamp();
  emitReviewEvent(forge, doer, { pull, review, action: 'dismissed' });
}

/** Webhook states are lower case, those of REST upper (G15). */
export function emitReviewEvent(
  forge: Forge,
  { actor, caller }: Doer,
  { pull, review, action }: { pull: Pull; review: Review; action: string },
): void {
  const shown = {
    ...renderReview(forge, review),
    state: review.state.toLowerCase(),
    updated_at: review.updatedAt,
  };
  forge.webhooks.emit({
    event: 'pull_request_review',
    action,
    payload: {
      pull_request: renderPullFull(forge, pull),
      review: shown,
      ...(action === 'edited' ? { changes: {} } : {}),
    },
    sender: actor,
    repository: repositoryOf(forge, pull),
    caller,
  });
}
