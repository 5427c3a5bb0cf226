/** What stands between a pull request and its merge: reviews, required checks, conflicts. */
import { atLeast, roleOf } from './access.ts';
import type { CheckRun } from './check-rows.ts';
import type { Forge } from './forge.ts';
import type { Pull, Review } from './pull-rows.ts';
import { branchRules, type BranchRules, type RequiredCheck, type RuledAct } from './rulesets.ts';
import { find, row, where } from './state.ts';
import type { CommitStatus } from './status-rows.ts';
import { latestStatuses } from './statuses.ts';

export type ReviewDecision = 'APPROVED' | 'CHANGES_REQUESTED' | 'REVIEW_REQUIRED' | null;
export type MergeStateStatus = 'BEHIND' | 'BLOCKED' | 'CLEAN' | 'DIRTY' | 'DRAFT' | 'UNKNOWN' | 'UNSTABLE';

const fine = new Set(['success', 'neutral', 'skipped']);

/** The rules that hold for the pull request's base branch, without those that `as` may bypass. */
export function baseRules(forge: Forge, pull: Pull, as?: RuledAct): BranchRules {
  const repository = row(forge.state.repositories, pull.repositoryId);
  return branchRules(forge, { repository, ref: `refs/heads/${pull.baseRef}` }, as);
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
  return decisionOf(countingReviews(forge, pull), baseRules(forge, pull));
}

function decisionOf(reviews: Review[], rules: BranchRules): ReviewDecision {
  if (reviews.some((review) => review.state === 'CHANGES_REQUESTED')) return 'CHANGES_REQUESTED';
  const approvals = reviews.filter((review) => review.state === 'APPROVED').length;
  const required = rules.pull?.required_approving_review_count ?? 0;
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

export type CheckStanding = 'missing' | 'pending' | 'failing' | 'passing';

/** How a required check stands at a commit; everybody's runs and statuses of that name count, unless the rule names an App. */
export function standingOf(
  forge: Forge,
  { repositoryId, sha }: { repositoryId: number; sha: string },
  required: RequiredCheck,
): CheckStanding {
  const fits = (name: string, appId: number | null): boolean =>
    name === required.context && (required.appId === null || appId === required.appId);
  const standings = [
    ...latestChecks(forge, repositoryId, sha)
      .filter((run) => fits(run.name, run.appId))
      .map(standingOfRun),
    ...latestStatuses(forge, repositoryId, sha)
      .filter((status) => fits(status.context, status.appId))
      .map(standingOfStatus),
  ];
  if (standings.length === 0) return 'missing';
  if (standings.includes('pending')) return 'pending';
  return standings.includes('failing') ? 'failing' : 'passing';
}

function standingOfRun(run: CheckRun): CheckStanding {
  if (run.status !== 'completed') return 'pending';
  return fine.has(run.conclusion ?? '') ? 'passing' : 'failing';
}

function standingOfStatus({ state }: CommitStatus): CheckStanding {
  if (state === 'pending') return 'pending';
  return state === 'success' ? 'passing' : 'failing';
}

const checkWords: Record<Exclude<CheckStanding, 'passing'>, string> = {
  missing: 'is expected',
  pending: 'is in progress',
  failing: 'is failing',
};

function unmetChecks(forge: Forge, pull: Pull, rules: BranchRules): string[] {
  return rules.checks.flatMap((required) => {
    const standing = standingOf(forge, { repositoryId: pull.repositoryId, sha: pull.headSha }, required);
    return standing === 'passing'
      ? []
      : [`Required status check "${required.context}" ${checkWords[standing]}.`];
  });
}

/** What reviewers still have to do; a queue looks at it again before it merges. */
export function unmetReviews(forge: Forge, pull: Pull, rules: BranchRules): string[] {
  const { pull: demanded } = rules;
  if (demanded === null) return [];
  const reviews = countingReviews(forge, pull);
  const decision = decisionOf(reviews, rules);
  const count = demanded.required_approving_review_count;
  const unmet: string[] = [];
  if (decision === 'CHANGES_REQUESTED' && count > 0)
    unmet.push('Changes have been requested by reviewers with write access.');
  if (decision === 'REVIEW_REQUIRED')
    unmet.push(`At least ${count} approving review is required by reviewers with write access.`);
  const fresh = reviews.some(
    (review) =>
      review.state === 'APPROVED' && review.authorId !== pull.pushedById && review.commitSha === pull.headSha,
  );
  if (demanded.require_last_push_approval && !fresh)
    unmet.push('New changes require approval from someone other than the last pusher.');
  const open = find(
    forge.state.reviewThreads,
    (thread) => thread.pullId === pull.id && thread.resolvedById === null,
  );
  if (demanded.required_review_thread_resolution && open !== undefined)
    unmet.push('A conversation must be resolved before this pull request can be merged.');
  return unmet;
}

/** Why the rules forbid the merge, one line a rule; empty when they don't. The queue itself is not among them. */
export function unmetRules(forge: Forge, pull: Pull, as?: RuledAct): string[] {
  const rules = baseRules(forge, pull, as);
  return [...unmetChecks(forge, pull, rules), ...unmetReviews(forge, pull, rules)];
}

/** The rules want the base in the head, and it isn't. A queue tests on the newest base anyway. */
export function isBehind(pull: Pull, rules: BranchRules): boolean {
  return rules.strict && rules.queue === null && pull.behind;
}

/** G26. UNKNOWN while mergeability isn't computed, and for what is closed. A queue doesn't show here. */
export function mergeStateStatus(forge: Forge, pull: Pull): MergeStateStatus {
  if (row(forge.state.issues, pull.id).state === 'closed') return 'UNKNOWN';
  if (pull.mergeable === null) return 'UNKNOWN';
  if (!pull.mergeable) return 'DIRTY';
  if (pull.draft) return 'DRAFT';
  if (unmetRules(forge, pull).length > 0) return 'BLOCKED';
  if (isBehind(pull, baseRules(forge, pull))) return 'BEHIND';
  const standings = [
    ...latestChecks(forge, pull.repositoryId, pull.headSha).map(standingOfRun),
    ...latestStatuses(forge, pull.repositoryId, pull.headSha).map(standingOfStatus),
  ];
  return standings.every((standing) => standing === 'passing') ? 'CLEAN' : 'UNSTABLE';
}

/** As GraphQL names it. */
export function mergeableState(pull: Pull): 'MERGEABLE' | 'CONFLICTING' | 'UNKNOWN' {
  if (pull.mergeable === null) return 'UNKNOWN';
  return pull.mergeable ? 'MERGEABLE' : 'CONFLICTING';
}
