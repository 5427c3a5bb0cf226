/** Mergeability and the three ways to merge, on objects alone: no work tree, no index, no ref is touched. */
import { type Git, gitText } from './command.ts';
import { listCommits, mergeBase } from './compare.ts';
import { type Person, writeCommit } from './objects.ts';
import { isAncestor } from './refs.ts';

export type MergeMethod = 'merge' | 'squash' | 'rebase';

/** `conflicts` are paths; empty when the histories have nothing in common. */
export type MergedTree = { tree: string } | { conflicts: string[] };

/** The commit that the base should move to, or why there is none. */
export type MergeResult = { sha: string } | { conflicts: string[] };

export type MergeRequest = {
  method: MergeMethod;
  base: string;
  head: string;
  /** Message of the merge or squash commit; a rebase keeps the messages it finds. */
  message: string;
  author: Person;
  committer: Person;
};

/** The tree of `base` and `head` merged (git's `ort`, renames included), or the paths in conflict. */
export async function mergeTrees(git: Git, base: string, head: string): Promise<MergedTree> {
  if ((await mergeBase(git, base, head)) === null) return { conflicts: [] };
  const args = ['merge-tree', '--write-tree', '--name-only', '--no-messages', '-z', base, head];
  const output = await git(args, { answers: [1] });
  const [tree = '', ...paths] = output.stdout.toString().split('\0');
  return output.code === 0 ? { tree } : { conflicts: [...new Set(paths.filter((path) => path !== ''))] };
}

/** Whether `head` would go into `base` without a conflict. */
export async function isMergeable(git: Git, base: string, head: string): Promise<boolean> {
  return 'tree' in (await mergeTrees(git, base, head));
}

/**
 * Makes the commit (or commits) of a merge. Like GitHub's button it never fast-forwards: a merge makes a merge
 * commit, a squash one commit, a rebase new commits with the old authors and a new committer.
 */
export async function mergeCommits(git: Git, request: MergeRequest): Promise<MergeResult> {
  if (request.method === 'rebase') return rebase(git, request);
  const merged = await mergeTrees(git, request.base, request.head);
  if (!('tree' in merged)) return merged;
  const parents = request.method === 'merge' ? [request.base, request.head] : [request.base];
  const { message, author, committer } = request;
  return { sha: await writeCommit(git, { message, tree: merged.tree, parents, author, committer }) };
}

async function rebase(git: Git, request: MergeRequest): Promise<MergeResult> {
  const commits = await listCommits(git, request.head, { not: request.base });
  let onto = request.base;
  for (const commit of commits.toReversed()) {
    const [parent, ...others] = commit.parents;
    // A merge commit inside the branch has no patch of its own; `git rebase` leaves it out as well.
    if (parent === undefined || others.length > 0) continue;
    const picked = await pick(git, { onto, parent, commit: commit.sha, committer: request.committer });
    if (!('tree' in picked)) return picked;
    const ontoTree = await gitText(git, ['rev-parse', `${onto}^{tree}`]);
    const parentTree = await gitText(git, ['rev-parse', `${parent}^{tree}`]);
    // As `git rebase` does: what became empty goes, what was empty from the start stays.
    if (picked.tree === ontoTree && commit.tree !== parentTree) continue;
    onto = await writeCommit(git, {
      message: commit.message,
      tree: picked.tree,
      parents: [onto],
      author: commit.author,
      committer: request.committer,
    });
  }
  return { sha: onto };
}

/**
 * The tree of one commit's change on another commit. `merge-tree --merge-base` came with git 2.40; before it
 * the base is chosen by giving `onto`'s tree to a commit whose parent is the picked commit's own parent.
 */
async function pick(
  git: Git,
  change: { onto: string; parent: string; commit: string; committer: Person },
): Promise<MergedTree> {
  if (await isAncestor(git, change.onto, change.parent)) {
    if (change.onto === change.parent)
      return { tree: await gitText(git, ['rev-parse', `${change.commit}^{tree}`]) };
  }
  const stand = await writeCommit(git, {
    message: 'stand-in',
    tree: await gitText(git, ['rev-parse', `${change.onto}^{tree}`]),
    parents: [change.parent],
    author: change.committer,
  });
  return mergeTrees(git, stand, change.commit);
}
