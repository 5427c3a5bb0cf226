/** What stands between a pull request and its merge: reviews, required checks, conflicts. */
import { atLeast, roleOf } from './access.ts';
import type { CheckRun } from './check-rows.ts';
import type { Forge } from './forge.ts';
import type { Pull, Review } from './pull-rows.ts';
import { row, where, type Ruleset } from './state.ts';

export type ReviewDecision = 'APPROVED' | 'CHANGES_REQUESTED' | 'REVIEW_REQUIRED' | null;
export type MergeStateStatus = 'BLOCKED' | 'CLEAN' | 'DIRTY' | 'DRAFT' | 'UNKNOWN' | 'UNSTABLE';

const fine = new Set(['success', 'neutral', 'skipped']);

/** The rules that hold for the pull request's base branch. */
export function rulesetFor(forge: Forge, pull: Pull): Ruleset | null {
  const repository = row(forge.state.repositories, pull.repositoryId);
  return pull.baseRef === repository.defaultBranch ? repository.ruleset : null;
}

/** Latest opinion of everybody whose opinion counts: people with write; never an App (G14) or the author. */
function countingReviews(forge: Forge, pull: Pull): Review[] {
  const { state } = forge;
  const repository = row(state.repositories, pull.repositoryId);
  const author = row(state.issues, pull.id).authorId;
  const latest = new Map<number, Review>();
  const opinions = where(
    state.reviews,
    (review) => review.pullId === pull.id && !['PENDING', 'COMMENTED'].includes(review.state),
  );
  for (const review of opinions.toSorted((a, b) => a.id - b.id)) {
    const account = row(state.accounts, review.authorId);
    const counts = account.type === 'User' && account.id !== author;
    if (counts && atLeast(roleOf(state, repository, account), 'write')) latest.set(account.id, review);
  }
  return [...latest.values()];
}

export function reviewDecision(forge: Forge, pull: Pull): ReviewDecision {
  const reviews = countingReviews(forge, pull);
  if (reviews.some((review) => review.state === 'CHANGES_REQUESTED')) return 'CHANGES_REQUESTED';
  const approvals = reviews.filter((review) => review.state === 'APPROVED').length;
  const required = rulesetFor(forge, pull)?.requiredApprovals ?? 0;
  if (approvals > 0 && approvals >= required) return 'APPROVED';
  return required > 0 ? 'REVIEW_REQUIRED' : null;
}

/** The newest check run of each name and App at a commit. */
export function latestChecks(forge: Forge, repositoryId: number, sha: string): CheckRun[] {
  const latest = new Map<string, CheckRun>();
  const runs = where(
    forge.state.checkRuns,
    (run) => run.repositoryId === repositoryId && run.headSha === sha,
  );
  for (const run of runs.toSorted((a, b) => a.id - b.id)) latest.set(`${run.appId} ${run.name}`, run);
  return [...latest.values()];
}

/** Why the ruleset forbids the merge, one line a rule; empty when it doesn't. */
export function unmetRules(forge: Forge, pull: Pull): string[] {
  const ruleset = rulesetFor(forge, pull);
  if (ruleset === null) return [];
  const checks = latestChecks(forge, pull.repositoryId, pull.headSha);
  const unmet: string[] = [];
  for (const required of ruleset.requiredChecks) {
    const runs = checks.filter(
      (run) => run.name === required.context && (required.appId === null || run.appId === required.appId),
    );
    if (runs.length === 0) unmet.push(`Required status check "${required.context}" is expected.`);
    else if (!runs.every((run) => fine.has(run.conclusion ?? '')))
      unmet.push(
        runs.some((run) => run.status !== 'completed')
          ? `Required status check "${required.context}" is in progress.`
          : `Required status check "${required.context}" is failing.`,
      );
  }
  const decision = reviewDecision(forge, pull);
  if (decision === 'CHANGES_REQUESTED' && ruleset.requiredApprovals > 0)
    unmet.push('Changes have been requested by reviewers with write access.');
  if (decision === 'REVIEW_REQUIRED')
    unmet.push(
      `At least ${ruleset.requiredApprovals} approving review is required by reviewers with write access.`,
    );
  return unmet;
}

/** G26. UNKNOWN while mergeability isn't computed, and for what is closed. */
export function mergeStateStatus(forge: Forge, pull: Pull): MergeStateStatus {
  if (row(forge.state.issues, pull.id).state === 'closed') return 'UNKNOWN';
  if (pull.mergeable === null) return 'UNKNOWN';
  if (!pull.mergeable) return 'DIRTY';
  if (pull.draft) return 'DRAFT';
  if (unmetRules(forge, pull).length > 0) return 'BLOCKED';
  const checks = latestChecks(forge, pull.repositoryId, pull.headSha);
  return checks.every((run) => fine.has(run.conclusion ?? '')) ? 'CLEAN' : 'UNSTABLE';
}

/** As GraphQL names it. */
export function mergeableState(pull: Pull): 'MERGEABLE' | 'CONFLICTING' | 'UNKNOWN' {
  if (pull.mergeable === null) return 'UNKNOWN';
  return pull.mergeable ? 'MERGEABLE' : 'CONFLICTING';
}
