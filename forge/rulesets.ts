/** Which rules hold for a branch, and who stands above them. */
import picomatch from 'picomatch';
import { atLeast, roleOf } from './access.ts';
import type { Caller } from './caller.ts';
import type { Forge } from './forge.ts';
import type { BypassActor, MergeQueueRule, PullRequestRule, Rule, Ruleset } from './rule-rows.ts';
import { where, type Repository, type Role, type State } from './state.ts';

/** What somebody wants to do: `push` moves a ref by hand or through the API, `merge` merges a pull request. */
export interface RuledAct {
  caller: Caller;
  act: 'push' | 'merge';
}

/** A rule and the ruleset it stands in. */
export interface HeldRule {
  rule: Rule;
  ruleset: Ruleset;
}

// fnmatch with File::FNM_PATHNAME: `*` stops at a slash, and there are no braces.
const patternOptions = { dot: true, nobrace: true, noextglob: true, nonegate: true };

function names(pattern: string, repository: Repository, ref: string): boolean {
  if (pattern === '~ALL') return true;
  if (pattern === '~DEFAULT_BRANCH') return ref === `refs/heads/${repository.defaultBranch}`;
  return picomatch.isMatch(ref, pattern, patternOptions);
}

/** Whether a ruleset is about this ref (`refs/heads/main`), enforced or not. */
export function covers(ruleset: Ruleset, repository: Repository, ref: string): boolean {
  if (!ref.startsWith('refs/heads/')) return false;
  return (
    ruleset.include.some((pattern) => names(pattern, repository, ref)) &&
    !ruleset.exclude.some((pattern) => names(pattern, repository, ref))
  );
}

/** GitHub's numbers for the roles of a repository in `actor_id`. */
const roleNumbers: Record<number, Role> = { 2: 'maintain', 4: 'write', 5: 'admin' };

function isActor(
  state: State,
  repository: Repository,
  { caller, actor }: { caller: Caller; actor: BypassActor },
) {
  switch (actor.actor_type) {
    case 'Integration':
      return caller.kind === 'installation' && caller.app.id === actor.actor_id;
    case 'User':
      return caller.kind === 'user' && caller.account.id === actor.actor_id;
    case 'OrganizationAdmin':
      return (
        caller.kind === 'user' && state.owners.get(repository.ownerId)?.includes(caller.account.id) === true
      );
    case 'RepositoryRole': {
      const role = roleNumbers[actor.actor_id ?? 0];
      return (
        role !== undefined &&
        caller.kind === 'user' &&
        atLeast(roleOf(state, repository, caller.account), role)
      );
    }
  }
}

/** Whether the ruleset lets this caller do it although its rules forbid it. */
function bypasses(
  state: State,
  { repository, ruleset }: { repository: Repository; ruleset: Ruleset },
  { caller, act }: RuledAct,
): boolean {
  return ruleset.bypassActors.some(
    (actor) =>
      (act === 'merge' || actor.bypass_mode !== 'pull_request') &&
      isActor(state, repository, { caller, actor }),
  );
}

/**
 * The rules in force for a ref, those of every active ruleset.
 *
 * @param as leaves out what this caller may bypass
 */
export function rulesFor(
  { state }: Forge,
  { repository, ref }: { repository: Repository; ref: string },
  as?: RuledAct,
): HeldRule[] {
  return where(
    state.rulesets,
    (ruleset) =>
      ruleset.repositoryId === repository.id &&
      ruleset.enforcement === 'active' &&
      covers(ruleset, repository, ref) &&
      (as === undefined || !bypasses(state, { repository, ruleset }, as)),
  ).flatMap((ruleset) => ruleset.rules.map((rule) => ({ rule, ruleset })));
}

/** What GitHub shows as `protected`. */
export function isProtected(forge: Forge, repository: Repository, ref: string): boolean {
  return rulesFor(forge, { repository, ref }).length > 0;
}

export interface RequiredCheck {
  context: string;
  /** null: of whatever source. */
  appId: number | null;
}

/** All rules of a ref together; where two speak of the same, the stricter holds. */
export interface BranchRules {
  checks: RequiredCheck[];
  /** The head must contain the base. */
  strict: boolean;
  /** null: changes may come without a pull request. */
  pull: PullRequestRule | null;
  queue: MergeQueueRule | null;
  /** Rules without parameters, `update` among them. */
  plain: ReadonlySet<Rule['type']>;
}

export function branchRules(
  forge: Forge,
  at: { repository: Repository; ref: string },
  as?: RuledAct,
): BranchRules {
  const together: BranchRules & { plain: Set<Rule['type']> } = {
    checks: [],
    strict: false,
    pull: null,
    queue: null,
    plain: new Set(),
  };
  for (const { rule } of rulesFor(forge, at, as)) {
    switch (rule.type) {
      case 'required_status_checks':
        for (const check of rule.parameters.required_status_checks)
          together.checks.push({ context: check.context, appId: check.integration_id ?? null });
        together.strict ||=
          rule.parameters.strict_required_status_checks_policy &&
          rule.parameters.required_status_checks.length > 0;
        break;
      case 'pull_request':
        together.pull = together.pull === null ? rule.parameters : stricter(together.pull, rule.parameters);
        break;
      case 'merge_queue':
        together.queue = rule.parameters;
        break;
      default:
        together.plain.add(rule.type);
    }
  }
  return together;
}

const allMethods: NonNullable<PullRequestRule['allowed_merge_methods']> = ['merge', 'squash', 'rebase'];

function stricter(one: PullRequestRule, other: PullRequestRule): PullRequestRule {
  const mine = one.allowed_merge_methods ?? allMethods;
  const others = other.allowed_merge_methods ?? allMethods;
  return {
    allowed_merge_methods: mine.filter((method) => others.includes(method)),
    dismiss_stale_reviews_on_push: one.dismiss_stale_reviews_on_push || other.dismiss_stale_reviews_on_push,
    require_code_owner_review: one.require_code_owner_review || other.require_code_owner_review,
    require_last_push_approval: one.require_last_push_approval || other.require_last_push_approval,
    required_approving_review_count: Math.max(
      one.required_approving_review_count,
      other.required_approving_review_count,
    ),
    required_review_thread_resolution:
      one.required_review_thread_resolution || other.required_review_thread_resolution,
  };
}
