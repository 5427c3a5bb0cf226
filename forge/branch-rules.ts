/** What rulesets forbid to whoever moves a branch without a pull request. */
import type { Caller } from './caller.ts';
import type { Forge } from './forge.ts';
import type { RefRefusal } from './git/http.ts';
import type { PushedRef } from './git/pushed-commands.ts';
import { branchRules, type RequiredCheck } from './rulesets.ts';
import { row, type Repository } from './state.ts';

const nowhere = '0'.repeat(40);

function expected(forge: Forge, checks: readonly RequiredCheck[]): string | null {
  const [check] = checks;
  if (check === undefined) return null;
  const from = check.appId === null ? '' : ` by ${row(forge.state.apps, check.appId).name}`;
  return checks.length === 1
    ? `Required status check "${check.context}" is expected${from}.`
    : `${checks.length} of ${checks.length} required status checks are expected.`;
}

/** Everything that stands against this change of a ref by this caller; some of it only on a condition. */
export function refusalsOf(
  forge: Forge,
  caller: Caller,
  { repository, change }: { repository: Repository; change: PushedRef },
): RefRefusal[] {
  const { ref, before, after } = change;
  const always = (reason: string): RefRefusal => ({ when: 'always', reason });
  // Branches of the merge queue are the queue's own.
  if (ref.startsWith('refs/heads/gh-readonly-queue/')) return [always('Cannot update this protected ref.')];
  const rules = branchRules(forge, { repository, ref }, { caller, act: 'push' });
  const { plain } = rules;
  if (after === nowhere) return plain.has('deletion') ? [always('Cannot delete this branch')] : [];
  if (before === nowhere)
    return plain.has('creation') ? [always('Cannot create ref due to creations being restricted.')] : [];
  const found: RefRefusal[] = [];
  if (rules.queue !== null) found.push(always('Changes must be made through the merge queue'));
  if (rules.pull !== null) found.push(always('Changes must be made through a pull request.'));
  const missing = expected(forge, rules.checks);
  if (missing !== null) found.push(always(missing));
  if (plain.has('update')) found.push(always('Cannot update this protected ref.'));
  if (plain.has('non_fast_forward'))
    found.push({ when: 'forced', reason: 'Cannot force-push to this branch' });
  if (plain.has('required_linear_history'))
    found.push({ when: 'merges', reason: 'This branch must not contain merge commits.' });
  return found;
}

/**
 * Why this caller may not move this branch through the API; null when he may. Merges of pull requests don't ask: they
 * have rules of their own.
 *
 * @param ref full name, `refs/heads/main`
 * @param sha where it shall go; null deletes it
 */
export async function pushRefusal(
  forge: Forge,
  caller: Caller,
  { repository, ref, sha }: { repository: Repository; ref: string; sha?: string | null },
): Promise<string | null> {
  const git = forge.git(repository);
  const before = (await git.readRef(ref))?.sha ?? nowhere;
  // What comes through the contents API isn't a commit yet: it goes on from where the branch is.
  const after = sha === null ? nowhere : (sha ?? before);
  for (const { when, reason } of refusalsOf(forge, caller, { repository, change: { ref, before, after } })) {
    if (when === 'always') return reason;
    // A commit that isn't there breaks no rule; whoever moves the ref refuses it by another name.
    if ((await git.resolve(after)) === null) continue;
    if (when === 'forced' && !(await git.isAncestor(before, after))) return reason;
    if (
      when === 'merges' &&
      (await git.log(after, { not: before })).some(({ parents }) => parents.length > 1)
    )
      return reason;
  }
  return null;
}
