/** What a ruleset forbids on the default branch: changes that don't come through a pull request. */
import { roleOf } from './access.ts';
import type { Caller } from './caller.ts';
import type { Forge } from './forge.ts';
import { row, type Repository } from './state.ts';

/**
 * Why this caller may not move this branch by a push or through the API; null when he may. Merges don't ask: they
 * have rules of their own.
 *
 * @param ref full name, `refs/heads/main`
 */
export function pushRefusal(
  forge: Forge,
  caller: Caller,
  { repository, ref }: { repository: Repository; ref: string },
): string | null {
  const { ruleset, defaultBranch } = repository;
  if (ruleset === null || ref !== `refs/heads/${defaultBranch}`) return null;
  const isAdmin = caller.kind === 'user' && roleOf(forge.state, repository, caller.account) === 'admin';
  if (ruleset.adminsBypass && isAdmin) return null;
  if (ruleset.requiredApprovals > 0) return 'Changes must be made through a pull request.';
  const [check] = ruleset.requiredChecks;
  if (check === undefined) return null;
  const from = check.appId === null ? '' : ` by ${row(forge.state.apps, check.appId).name}`;
  return `Required status check "${check.context}" is expected${from}.`;
}
