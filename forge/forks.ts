/** Forks: repositories made from others, and the commits that travel between them. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { may } from './access.ts';
import { github } from './author.ts';
import type { Caller } from './caller.ts';
import type { Forge } from './forge.ts';
import { createRepository, type GitRepository } from './git/repository.ts';
import type { Pull } from './pull-rows.ts';
import type { Doer } from './pulls.ts';
import { renderRepository } from './render/repository.ts';
import { writes } from './route.ts';
import { gitDirectory } from './seed.ts';
import { find, nextId, row, where, type Account, type Repository } from './state.ts';

/** An account's fork of a repository, or of one in its family; null when it has none. */
export function forkOf(forge: Forge, repository: Repository, owner: Account): Repository | null {
  const family = familyOf(repository);
  return (
    find(forge.state.repositories, (one) => one.ownerId === owner.id && familyOf(one) === family) ?? null
  );
}

/** Forks are of one family when they come from the same repository; the forge knows no forks of forks' own. */
const familyOf = (repository: Repository): number => repository.parentId ?? repository.id;

export function isFamily(one: Repository, other: Repository): boolean {
  return familyOf(one) === familyOf(other);
}

export function forksOf(forge: Forge, repository: Repository): Repository[] {
  return where(forge.state.repositories, (one) => one.parentId === repository.id);
}

/** The repository a pull request's head lies in; null once that is gone. */
export function headRepositoryOf(forge: Forge, pull: Pull): Repository | null {
  return pull.headRepositoryId === null
    ? null
    : (forge.state.repositories.get(pull.headRepositoryId) ?? null);
}

export const isCrossRepository = (pull: Pull): boolean => pull.headRepositoryId !== pull.repositoryId;

/** Branches of a fork that a maintainer of the base may push to, because an open pull request says so. */
export function maintainedHeads(forge: Forge, caller: Caller, fork: Repository): string[] {
  const { state } = forge;
  if (caller.kind !== 'user') return [];
  const access = writes('write', 'contents');
  return where(
    state.pulls,
    (pull) =>
      pull.headRepositoryId === fork.id &&
      pull.maintainerCanModify &&
      row(state.issues, pull.id).state === 'open' &&
      may(state, caller, { repository: row(state.repositories, pull.repositoryId), access }),
  ).map((pull) => `refs/heads/${pull.headRef}`);
}

/** A repository is gone: its forks stand alone, and pull requests from it have a head without a home. */
export function forgetForks({ state }: Forge, gone: Repository): void {
  for (const fork of where(state.repositories, ({ parentId }) => parentId === gone.id)) fork.parentId = null;
  for (const pull of where(state.pulls, ({ headRepositoryId }) => headRepositoryId === gone.id))
    pull.headRepositoryId = null;
}

/** Makes a fork with the branches of its source, and tells of it. */
export async function forkRepository(
  forge: Forge,
  { actor, caller }: Doer,
  {
    source,
    owner,
    name,
    onlyDefault,
  }: { source: Repository; owner: Account; name: string; onlyDefault: boolean },
): Promise<Repository> {
  const now = forge.clock.timestamp();
  const fork: Repository = {
    ...source,
    id: nextId(forge.state),
    ownerId: owner.id,
    name: freeName(forge, owner, name),
    lastNumber: 0,
    formerNames: [],
    parentId: familyOf(source),
    createdAt: now,
    updatedAt: now,
    pushedAt: now,
  };
  mkdirSync(join(forge.dataDir, 'repositories'), { recursive: true });
  const made = await createRepository(gitDirectory(forge.dataDir, fork), {
    defaultBranch: source.defaultBranch,
    files: {},
    author: github,
  });
  const from = forge.git(source);
  for (const { ref, sha } of await from.refs('refs/heads/')) {
    if (onlyDefault && ref !== `refs/heads/${source.defaultBranch}`) continue;
    if (ref.startsWith('refs/heads/gh-readonly-queue/')) continue;
    await carry({ from, to: made, sha });
    await made.createRef(ref, sha);
  }
  forge.state.repositories.set(fork.id, fork);
  forge.webhooks.emit({
    event: 'fork',
    action: null,
    payload: { forkee: renderRepository(forge, fork) },
    sender: actor,
    repository: source,
    caller,
  });
  return fork;
}

/** As GitHub does: `shop`, `shop-1`, … */
function freeName(forge: Forge, owner: Account, wanted: string): string {
  const taken = new Set(
    where(forge.state.repositories, ({ ownerId }) => ownerId === owner.id).map(({ name }) =>
      name.toLowerCase(),
    ),
  );
  let name = wanted;
  for (let count = 1; taken.has(name.toLowerCase()); count += 1) name = `${wanted}-${count}`;
  return name;
}

/**
 * Brings a commit and its history from one repository into another; no ref moves. By pack and not by `git fetch`:
 * that would start a second git with none of our configuration.
 */
export async function carry({
  from,
  to,
  sha,
}: {
  from: GitRepository;
  to: GitRepository;
  sha: string;
}): Promise<void> {
  if (from.dir === to.dir || (await to.readCommit(sha)) !== null) return;
  const known: string[] = [];
  for (const { sha: tip } of await to.refs('refs/heads/'))
    if ((await from.readCommit(tip)) !== null) known.push(tip);
  const input = [sha, ...known.map((tip) => `^${tip}`)].map((line) => `${line}\n`).join('');
  const pack = await from.git(['pack-objects', '--revs', '--stdout', '-q'], { input });
  await to.git(['unpack-objects', '-q'], { input: pack.stdout });
}
