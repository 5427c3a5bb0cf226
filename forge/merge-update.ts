/** "Update branch": brings the base into a pull request's head, by a merge or a rebase. */
import { may } from './access.ts';
import { github, personOf } from './author.ts';
import { carry, headRepositoryOf, isCrossRepository, maintainedHeads } from './forks.ts';
import type { Forge } from './forge.ts';
import { mergeCommits } from './git/merge.ts';
import { notAdmin, notByIntegration } from './github-error.ts';
import type { Pull } from './pull-rows.ts';
import { type Doer, isOpen, repositoryOf } from './pulls.ts';
import { moveRef, moveRefNow, type RefMove } from './ref-moves.ts';
import { writes } from './route.ts';
import type { Repository } from './state.ts';

export type UpdateOrder = {
  pull: Pull;
  /** Head the caller saw; another one refuses the update. */
  expected: string | null | undefined;
  method: 'merge' | 'rebase';
};

/**
 * Null when it is done, else why not, in GitHub's words. The update is a push: it dismisses stale approvals (G18).
 * Throws 403 when the head lies where the caller may not push.
 */
export function updateFromBase(forge: Forge, doer: Doer, order: UpdateOrder): Promise<string | null> {
  const repository = repositoryOf(forge, order.pull);
  return forge.git(repository).serially(() => updateNow(forge, doer, order));
}

/** Where the head lies. Throws 403 for who can't push there, be it as a maintainer of the base. */
function headRepository(forge: Forge, { caller }: Doer, pull: Pull): Repository {
  const source = headRepositoryOf(forge, pull);
  const access = writes('write', 'contents');
  if (source !== null && may(forge.state, caller, { repository: source, access })) return source;
  if (source !== null && maintainedHeads(forge, caller, source).includes(`refs/heads/${pull.headRef}`))
    return source;
  throw caller.kind === 'installation' ? notByIntegration('contents=write') : notAdmin();
}

async function updateNow(forge: Forge, doer: Doer, order: UpdateOrder): Promise<string | null> {
  const { pull, expected, method } = order;
  const { actor, caller } = doer;
  if (!isOpen(forge, pull)) return 'Pull request is closed';
  if (expected !== null && expected !== undefined && expected !== pull.headSha)
    return 'expected head sha didn’t match current head ref.';
  const source = headRepository(forge, doer, pull);
  const here = forge.git(repositoryOf(forge, pull));
  if (await here.isAncestor(pull.baseSha, pull.headSha))
    return 'There are no new commits on the base branch.';
  const [base, head] =
    method === 'merge' ? [pull.headSha, pull.baseSha] : ([pull.baseSha, pull.headSha] as const);
  const merged = await mergeCommits(here.git, {
    method,
    base,
    head,
    message: `Merge branch '${pull.baseRef}' into ${pull.headRef}`,
    author: { ...personOf(actor), date: forge.clock.timestamp() },
    committer: { ...github, date: forge.clock.timestamp() },
  });
  if (!('sha' in merged)) return 'merge conflict between base and head';
  const move: RefMove = {
    repository: source,
    caller,
    ref: `refs/heads/${pull.headRef}`,
    sha: merged.sha,
    mode: 'update',
    force: method === 'rebase',
    before: pull.headSha,
  };
  if (!isCrossRepository(pull)) {
    await moveRefNow(forge, move);
    return null;
  }
  await carry({ from: here, to: forge.git(source), sha: merged.sha });
  // Pushes to a fork never wait for the base's turn: taking the fork's turn inside it can't lock both.
  await moveRef(forge, move);
  return null;
}
