/** Refs that the API moves: one at a time per repository, told like a push. */
import type { Caller } from './caller.ts';
import type { Forge } from './forge.ts';
import type { RefChange } from './git/repository.ts';
import type { Repository } from './state.ts';

export const nowhere = '0'.repeat(40);

export type RefMove = {
  repository: Repository;
  caller: Caller;
  ref: string;
  /** null deletes the ref. */
  sha: string | null;
  /** `create` refuses one that exists; `update` one that doesn't. */
  mode: 'create' | 'update' | 'delete';
  force?: boolean;
  /** Refuses when the ref is elsewhere by now. */
  before?: string;
};

/** Moves a ref and tells of it, in the order of the repository's other pushes. */
export function moveRef(forge: Forge, move: RefMove): Promise<RefChange> {
  return forge.git(move.repository).serially(() => moveRefNow(forge, move));
}

/** The same for who runs serially already. */
export async function moveRefNow(forge: Forge, move: RefMove): Promise<RefChange> {
  const { repository, caller, ref } = move;
  const git = forge.git(repository);
  const before = (await git.readRef(ref))?.sha ?? nowhere;
  const change = await apply(forge, move);
  if (change !== 'done') return change;
  const after = move.sha ?? nowhere;
  if (before !== after) await forge.pushes.tell({ repository, caller, refs: [{ ref, before, after }] });
  return change;
}

function apply(forge: Forge, move: RefMove): Promise<RefChange> {
  const git = forge.git(move.repository);
  if (move.sha === null) return git.deleteRef(move.ref);
  if (move.mode === 'create') return git.createRef(move.ref, move.sha);
  return git.updateRef(move.ref, {
    sha: move.sha,
    force: move.force ?? false,
    ...(move.before === undefined ? {} : { before: move.before }),
  });
}
