/** The rules of a seed's default branch, as the ruleset that GitHub would have of them. */
import { type MergeQueueRule, type Rule, usualQueue } from './rule-rows.ts';
import type { SeedRepository } from './seed-file.ts';
import { nextId, row, type Repository, type State } from './state.ts';

type SeedRules = NonNullable<SeedRepository['ruleset']>;

/** The seed's short form as a ruleset of the default branch. */
export function plantRuleset(
  { state, now }: { state: State; now: string },
  repository: Repository,
  ruleset: SeedRules | undefined,
): void {
  if (ruleset === undefined) return;
  if (ruleset.mergeQueue !== undefined && row(state.accounts, repository.ownerId).type === 'User')
    throw new Error(
      `The seed gives ${repository.name} a merge queue; only organisations' repositories have one`,
    );
  const id = nextId(state);
  state.rulesets.set(id, {
    id,
    repositoryId: repository.id,
    name: 'default branch',
    enforcement: 'active',
    include: ['~DEFAULT_BRANCH'],
    exclude: [],
    bypassActors:
      ruleset.adminsBypass === true
        ? [{ actor_id: 5, actor_type: 'RepositoryRole', bypass_mode: 'always' }]
        : [],
    rules: rulesOf(state, ruleset),
    createdAt: now,
    updatedAt: now,
  });
}

function rulesOf(state: State, ruleset: SeedRules): Rule[] {
  const { requiredApprovals = 0, dismissStaleReviews = false, requiredChecks = [], mergeQueue } = ruleset;
  const checks = requiredChecks.map((check) => {
    if (typeof check === 'string') return { context: check };
    const app = [...state.apps.values()].find(({ slug }) => slug === check.app);
    return { context: check.context, ...(app === undefined ? {} : { integration_id: app.id }) };
  });
  const rules: Rule[] = [];
  if (requiredApprovals > 0 || dismissStaleReviews || ruleset.requireLastPushApproval === true)
    rules.push({
      type: 'pull_request',
      parameters: {
        allowed_merge_methods: ['merge', 'squash', 'rebase'],
        dismiss_stale_reviews_on_push: dismissStaleReviews,
        require_code_owner_review: false,
        require_last_push_approval: ruleset.requireLastPushApproval ?? false,
        required_approving_review_count: requiredApprovals,
        required_review_thread_resolution: false,
      },
    });
  if (checks.length > 0)
    rules.push({
      type: 'required_status_checks',
      parameters: {
        required_status_checks: checks,
        strict_required_status_checks_policy: ruleset.strict ?? false,
      },
    });
  if (mergeQueue !== undefined)
    rules.push({ type: 'merge_queue', parameters: mergeQueueParameters(mergeQueue) });
  return rules;
}

/** What the seed leaves out is as GitHub's page proposes it. */
function mergeQueueParameters(given: NonNullable<SeedRules['mergeQueue']>): MergeQueueRule {
  const set = Object.entries(given).filter(([, value]) => value !== undefined);
  return { ...usualQueue, ...Object.fromEntries(set) };
}
