/** `Closes #7` in a merged pull request closes the issue; `Part of #7` closes nothing. */
import type { Forge } from './forge.ts';
import { setIssueState } from './issues.ts';
import type { Pull } from './pull-rows.ts';
import { type Doer, repositoryOf } from './pulls.ts';
import { find, row } from './state.ts';

const closing = /\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):?\s+#(\d+)\b/gi;

/** Closes what the body says, when the merge went into the default branch. */
export function closeLinkedIssues(forge: Forge, doer: Doer, pull: Pull): void {
  const repository = repositoryOf(forge, pull);
  if (pull.baseRef !== repository.defaultBranch || pull.mergedAt === null) return;
  const body = row(forge.state.issues, pull.id).body ?? '';
  for (const [, digits] of body.matchAll(closing)) {
    const number = Number(digits);
    const issue = find(
      forge.state.issues,
      (one) => one.repositoryId === repository.id && one.number === number && !one.isPull,
    );
    if (issue !== undefined) setIssueState(forge, doer, { issue, state: 'closed', reason: 'completed' });
  }
}
