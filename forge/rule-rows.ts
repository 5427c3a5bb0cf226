/** Rulesets and their rules, as GitHub's API writes them. */

export interface StatusCheckRule {
  required_status_checks: { context: string; integration_id?: number }[];
  /** The head must contain the base. */
  strict_required_status_checks_policy: boolean;
  do_not_enforce_on_create?: boolean;
}

export interface PullRequestRule {
  allowed_merge_methods?: ('merge' | 'squash' | 'rebase')[];
  dismiss_stale_reviews_on_push: boolean;
  require_code_owner_review: boolean;
  require_last_push_approval: boolean;
  required_approving_review_count: number;
  required_review_thread_resolution: boolean;
}

export interface MergeQueueRule {
  merge_method: 'MERGE' | 'SQUASH' | 'REBASE';
  /** ALLGREEN: each entry's own commit must be green; HEADGREEN: that of the group's last is enough. */
  grouping_strategy: 'ALLGREEN' | 'HEADGREEN';
  /** How many entries have their checks run at the same time. */
  max_entries_to_build: number;
  min_entries_to_merge: number;
  max_entries_to_merge: number;
  /** After these minutes fewer than `min_entries_to_merge` will do. */
  min_entries_to_merge_wait_minutes: number;
  /** Checks that are silent for so long have failed. */
  check_response_timeout_minutes: number;
}

export type Rule =
  | { type: 'pull_request'; parameters: PullRequestRule }
  | { type: 'required_status_checks'; parameters: StatusCheckRule }
  | { type: 'merge_queue'; parameters: MergeQueueRule }
  | { type: 'update'; parameters: { update_allows_fetch_and_merge: boolean } }
  | { type: 'creation' | 'deletion' | 'non_fast_forward' | 'required_linear_history' };

export interface BypassActor {
  actor_id: number | null;
  actor_type: 'Integration' | 'OrganizationAdmin' | 'RepositoryRole' | 'User';
  /** `pull_request`: for merges only. */
  bypass_mode: 'always' | 'pull_request' | 'exempt';
}

export interface Ruleset {
  id: number;
  repositoryId: number;
  name: string;
  enforcement: 'active' | 'disabled' | 'evaluate';
  /** `~DEFAULT_BRANCH`, `~ALL`, or patterns of full names: `refs/heads/release/*`. */
  include: string[];
  exclude: string[];
  bypassActors: BypassActor[];
  rules: Rule[];
  createdAt: string;
  updatedAt: string;
}

/** What GitHub's page proposes for a new queue. */
export const usualQueue: MergeQueueRule = {
  merge_method: 'MERGE',
  grouping_strategy: 'ALLGREEN',
  max_entries_to_build: 5,
  min_entries_to_merge: 1,
  max_entries_to_merge: 5,
  min_entries_to_merge_wait_minutes: 5,
  check_response_timeout_minutes: 60,
};
