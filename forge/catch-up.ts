/** Rows and git after a kill: a ref that moved when nobody could be told any more is told at the next start. */
import { closeLinkedIssues } from './closing-words.ts';
import type { Forge } from './forge.ts';
import { mergeTrees } from './git/merge.ts';
import { isOpen, markMerged, type Doer } from './pulls.ts';
import { nowhere } from './ref-moves.ts';
import { row, where, type Account, type Repository } from './state.ts';

/** Branches and tags: what is told. Refs of pull requests are the forge's own. */
async function refsOf(forge: Forge, repository: Repository): Promise<Record<string, string>> {
  const refs = await forge.git(repository).refs();
  const told = refs.filter(({ ref }) => /^refs\/(heads|tags)\//.test(ref));
  return Object.fromEntries(told.map(({ ref, sha }) => [ref, sha]));
}

/** Remembers where every ref stood when it was told. Must listen after those who act on pushes. */
export function rememberRefs(forge: Forge): void {
  forge.pushes.listen(async ({ repository, refs }) => {
    const before = forge.state.refs.get(repository.id);
    // A fork comes with branches that nobody was told of: all that is there counts as known.
    const known = before === undefined ? await refsOf(forge, repository) : { ...before };
    for (const { ref, after } of refs)
      if (after === nowhere) delete known[ref];
      else known[ref] = after;
    forge.state.refs.set(repository.id, known);
  });
}

function ownerOf({ state }: Forge, repository: Repository): Account {
  const [first] = state.owners.get(repository.ownerId) ?? [];
  return row(state.accounts, first ?? repository.ownerId);
}

/**
 * Tells of every ref that is elsewhere than it was told last: git moves a ref before the rows are written. Who moved it
 * is lost, so it counts as the owner's push; a pull request whose merge is all that the base gained counts as merged.
 */
export async function catchUp(forge: Forge): Promise<void> {
  for (const repository of forge.state.repositories.values()) {
    const known = forge.state.refs.get(repository.id);
    const present = await refsOf(forge, repository);
    if (known === undefined) {
      forge.state.refs.set(repository.id, present);
      continue;
    }
    const account = ownerOf(forge, repository);
    const doer: Doer = { actor: account, caller: { kind: 'user', account, app: null } };
    for (const ref of new Set([...Object.keys(known), ...Object.keys(present)])) {
      const moved = { ref, before: known[ref] ?? nowhere, after: present[ref] ?? nowhere };
      if (moved.before === moved.after) continue;
      await settleMerge(forge, doer, { repository, ...moved });
      await forge.pushes.tell({ repository, caller: doer.caller, refs: [moved] });
    }
  }
}

/** A squash or rebase leaves no trace of the head in the base: the tree tells whose merge it was. */
async function settleMerge(
  forge: Forge,
  doer: Doer,
  { repository, ref, before, after }: { repository: Repository; ref: string; before: string; after: string },
): Promise<void> {
  if (before === nowhere || after === nowhere) return;
  const git = forge.git(repository);
  const tree = await git.resolveTree(after);
  const open = where(
    forge.state.pulls,
    (pull) =>
      pull.repositoryId === repository.id && `refs/heads/${pull.baseRef}` === ref && isOpen(forge, pull),
  );
  for (const pull of open) {
    if (await git.isAncestor(pull.headSha, before)) continue;
    const merged = await mergeTrees(git.git, before, pull.headSha);
    if (!('tree' in merged) || merged.tree !== tree) continue;
    markMerged(forge, doer, { pull, sha: after });
    closeLinkedIssues(forge, doer, pull);
    return;
  }
}
