/** What rulesets forbid to whoever moves a branch without a pull request. */
import type { Caller } from './caller.ts';
import type { Forge } from './forge.ts';
import { branchRules } from './rulesets.ts';
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
  const rules = branchRules(forge, { repository, ref }, { caller, act: 'push' });
  if (rules.queue !== null) return 'Changes must be made through the merge queue';
  if (rules.pull !== null) return 'Changes must be made through a pull request.';
  const [check] = rules.checks;
  if (check === undefined) return null;
  const from = check.appId === null ? '' : ` by ${row(forge.state.apps, check.appId).name}`;
  return `Required status check "${check.context}" is expected${from}.`;
}
