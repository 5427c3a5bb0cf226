/** "Update branch": brings the base into a pull request's head, by a merge or a rebase. */
import { github, personOf } from './author.ts';
import { mergeCommits } from './git/merge.ts';
import type { Forge } from './forge.ts';
import type { Pull } from './pull-rows.ts';
import { type Doer, isOpen, repositoryOf } from './pulls.ts';
import { moveRefNow } from './ref-moves.ts';
import { row } from './state.ts';

export type UpdateOrder = {
  pull: Pull;
  /** Head the caller saw; another one refuses the update. */
  expected: string | null | undefined;
  method: 'merge' | 'rebase';
};

/** Null when it is done, else why not, in GitHub's words. The update is a push: it dismisses stale approvals (G18). */
export function updateFromBase(forge: Forge, doer: Doer, order: UpdateOrder): Promise<string | null> {
  const repository = repositoryOf(forge, order.pull);
  return forge.git(repository).serially(() => updateNow(forge, doer, order));
}

async function updateNow(
  forge: Forge,
  { actor, caller }: Doer,
  { pull, expected, method }: UpdateOrder,
): Promise<string | null> {
  if (!isOpen(forge, pull)) return 'Pull request is closed';
  if (expected !== null && expected !== undefined && expected !== pull.headSha)
    return 'expected head sha didn’t match current head ref.';
  const repository = row(forge.state.repositories, pull.headRepositoryId ?? pull.repositoryId);
  const bare = forge.git(repositoryOf(forge, pull));
  if (await bare.isAncestor(pull.baseSha, pull.headSha))
    return 'There are no new commits on the base branch.';
  const [base, head] =
    method === 'merge' ? [pull.headSha, pull.baseSha] : ([pull.baseSha, pull.headSha] as const);
  const merged = await mergeCommits(bare.git, {
    method,
    base,
    head,
    message: `Merge branch '${pull.baseRef}' into ${pull.headRef}`,
    author: { ...personOf(actor), date: forge.clock.timestamp() },
    committer: { ...github, date: forge.clock.timestamp() },
  });
  if (!('sha' in merged)) return 'merge conflict between base and head';
  await moveRefNow(forge, {
    repository,
    caller,
    ref: `refs/heads/${pull.headRef}`,
    sha: merged.sha,
    mode: 'update',
    force: method === 'rebase',
    before: pull.headSha,
  });
  return null;
}
