/** A push by somebody who is in nobody's plan: what happens between a review and the merge. */
import { find, row, type Repository } from './state.ts';
import type { Forge } from './forge.ts';
import { moveRef } from './ref-moves.ts';

/** What was asked for cannot be done to this forge as it is; the words say why. */
export class Impossible extends Error {}

/**
 * Adds a commit with a new file to a branch, told like any push.
 *
 * @param login who pushes; the repository's owner when it isn't given
 * @returns the branch's new head. Throws Impossible when the branch or the person is not there.
 */
export async function strayPush(
  forge: Forge,
  { repository, branch, login }: { repository: Repository; branch: string; login?: string | undefined },
): Promise<string> {
  const { state } = forge;
  const git = forge.git(repository);
  const head = await git.resolve(`refs/heads/${branch}`);
  const account =
    login === undefined
      ? row(state.accounts, repository.ownerId)
      : find(state.accounts, (candidate) => candidate.login === login);
  if (head === null) throw new Impossible(`${repository.name} has no branch ${branch} to push to`);
  if (account === undefined) throw new Impossible(`There is no account ${login} to push`);
  const path = `stray-${head.slice(0, 7)}.txt`;
  const tree = await git.writeTree(head, [
    { path, content: `Pushed by ${account.login} on top of ${head}\n` },
  ]);
  const author = {
    name: account.name ?? account.login,
    email: account.email ?? `${account.login}@users.noreply.github.com`,
  };
  const sha = await git.writeCommit({ tree, parents: [head], message: `Add ${path}`, author });
  const caller = { kind: 'user', account, app: null } as const;
  const ref = `refs/heads/${branch}`;
  const change = await moveRef(forge, { repository, caller, ref, sha, mode: 'update', before: head });
  if (change !== 'done') throw new Impossible(`The push to ${branch} was refused: ${change}`);
  return sha;
}
