/** The message of a merge or squash commit, as GitHub writes it. */
import type { Forge } from './forge.ts';
import type { MergeMethod } from './git/merge.ts';
import type { Pull } from './pull-rows.ts';
import { row } from './state.ts';

/** `Merge pull request #1 from owner/branch`, and `Title (#1)` for a squash, unless something else was asked for. */
export function mergeMessage(
  forge: Forge,
  pull: Pull,
  order: { method: MergeMethod; title?: string | null | undefined; message?: string | null | undefined },
): string {
  const issue = row(forge.state.issues, pull.id);
  const source = row(forge.state.repositories, pull.headRepositoryId ?? pull.repositoryId);
  const owner = row(forge.state.accounts, source.ownerId).login;
  const isMerge = order.method === 'merge';
  const first =
    order.title ??
    (isMerge
      ? `Merge pull request #${pull.number} from ${owner}/${pull.headRef}`
      : `${issue.title} (#${pull.number})`);
  const rest = order.message ?? (isMerge ? issue.title : (issue.body ?? ''));
  return rest.trim() === '' ? first : `${first}\n\n${rest}`;
}
