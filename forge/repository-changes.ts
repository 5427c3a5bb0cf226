/** What owners do to a repository as a whole, each told: rename, hide or show, hand over, delete. */
import type { Caller } from './caller.ts';
import { forgetForks } from './forks.ts';
import type { Forge } from './forge.ts';
import { validationFailed } from './github-error.ts';
import { forgetLinks } from './issue-links.ts';
import { renderUser } from './render/account.ts';
import { fullName } from './render/repository.ts';
import { repositoryNamed } from './rest.ts';
import { row, where, type Account, type Repository } from './state.ts';

interface Doing {
  repository: Repository;
  actor: Account;
  caller: Caller;
}

function emit(forge: Forge, { repository, actor, caller }: Doing, told: Record<string, unknown>): void {
  const { action, ...payload } = told;
  forge.webhooks.emit({
    event: 'repository',
    action: String(action),
    payload,
    sender: actor,
    repository,
    caller,
  });
}

const remember = (forge: Forge, repository: Repository): void => {
  repository.formerNames.push(fullName(forge, repository).toLowerCase());
};

const taken = () =>
  validationFailed({
    resource: 'Repository',
    code: 'custom',
    field: 'name',
    message: 'name already exists on this account',
  });

function refuseTaken(forge: Forge, owner: Account, { id, name }: Pick<Repository, 'id' | 'name'>): void {
  const present = repositoryNamed(forge.state, owner.login, name);
  if (present !== null && present.id !== id) throw taken();
}

/** Throws 422 when the owner has another repository of that name. Who asks at the old one is sent on. */
export function rename(forge: Forge, doing: Doing, name: string): void {
  const { repository } = doing;
  const from = repository.name;
  if (from === name) return;
  refuseTaken(forge, row(forge.state.accounts, repository.ownerId), { id: repository.id, name });
  remember(forge, repository);
  repository.name = name;
  emit(forge, doing, { action: 'renamed', changes: { repository: { name: { from } } } });
}

export function setPrivate(forge: Forge, doing: Doing, isPrivate: boolean): void {
  if (doing.repository.private === isPrivate) return;
  doing.repository.private = isPrivate;
  emit(forge, doing, { action: isPrivate ? 'privatized' : 'publicized' });
}

/** Tells what a change of description and default branch was; nothing when it was none. */
export function tellEdited(
  forge: Forge,
  doing: Doing,
  before: Pick<Repository, 'description' | 'defaultBranch'>,
): void {
  const { description, defaultBranch } = doing.repository;
  const changes = {
    ...(description === before.description ? {} : { description: { from: before.description } }),
    ...(defaultBranch === before.defaultBranch ? {} : { default_branch: { from: before.defaultBranch } }),
  };
  if (Object.keys(changes).length > 0) emit(forge, doing, { action: 'edited', changes });
}

/** To another account, at once; where GitHub asks a person to accept, here he has. Its installations lose it. */
export function transfer(
  forge: Forge,
  doing: Doing,
  { owner, name }: { owner: Account; name: string },
): void {
  const { repository } = doing;
  const { state } = forge;
  const before = row(state.accounts, repository.ownerId);
  refuseTaken(forge, owner, { id: repository.id, name });
  for (const one of where(state.installations, ({ repositoryIds }) => repositoryIds !== null))
    one.repositoryIds = one.repositoryIds?.filter((id) => id !== repository.id) ?? null;
  remember(forge, repository);
  Object.assign(repository, { ownerId: owner.id, name });
  const kind = before.type === 'Organization' ? 'organization' : 'user';
  const from = { [kind]: renderUser(forge, before) };
  emit(forge, doing, { action: 'transferred', changes: { owner: { from } } });
}

/** With everything that belongs to it. The webhook goes out first: it shows what was there. */
export function remove(forge: Forge, doing: Doing): void {
  const { repository } = doing;
  const { state } = forge;
  emit(forge, doing, { action: 'deleted' });
  for (const table of Object.values(state)) {
    if (!(table instanceof Map)) continue;
    for (const [id, one] of table as Map<number, object>)
      if ('repositoryId' in one && one.repositoryId === repository.id && !('guid' in one)) table.delete(id);
  }
  state.refs.delete(repository.id);
  state.repositories.delete(repository.id);
  forgetForks(forge, repository);
  forgetLinks(forge);
}
