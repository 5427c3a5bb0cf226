/** What happens to installations of an App, with the webhooks it causes. */
import { anonymous, type Caller } from './caller.ts';
import type { Forge } from './forge.ts';
import { nodeId } from './ids.ts';
import { apiUrl, renderInstallation } from './render/account.ts';
import { fullName } from './render/repository.ts';
import {
  find,
  nextId,
  row,
  where,
  type Account,
  type App,
  type Installation,
  type Repository,
} from './state.ts';

/** A repository as installations' webhooks name it. */
const shown = (forge: Forge, repository: Repository) => ({
  id: repository.id,
  node_id: nodeId('Repository', repository.id),
  name: repository.name,
  full_name: fullName(forge, repository),
  private: repository.private,
});

function ownerOf({ state }: Forge, { accountId }: Installation): Account {
  return row(state.accounts, state.owners.get(accountId)?.[0] ?? accountId);
}

/** The App gets these whether it subscribed or not. GitHub names the person who clicked: here, the account's owner. */
function emit(
  forge: Forge,
  caller: Caller,
  { installation, action }: { installation: Installation; action: string },
): void {
  const { state } = forge;
  const reached = where(
    state.repositories,
    ({ id, ownerId }) =>
      ownerId === installation.accountId &&
      (installation.repositoryIds === null || installation.repositoryIds.includes(id)),
  );
  const repositories = reached.map((repository) => shown(forge, repository));
  forge.webhooks.emit({
    event: 'installation',
    action,
    payload: { installation: renderInstallation(forge, installation), repositories },
    sender: ownerOf(forge, installation),
    repository: null,
    installation,
    caller,
  });
}

/** @returns the installation's id. Throws for an account that doesn't exist or has the App already. */
export function install(
  forge: Forge,
  {
    appId,
    account: login,
    repositories,
  }: { appId: number; account: string; repositories?: string[] | undefined },
): number {
  const { state, clock } = forge;
  const app = row(state.apps, appId);
  const account = find(state.accounts, (candidate) => candidate.login === login);
  if (account === undefined) throw new Error(`There is no account ${login} to install ${app.slug} on`);
  const present = find(
    state.installations,
    (other) => other.appId === appId && other.accountId === account.id,
  );
  if (present !== undefined) throw new Error(`${app.slug} is installed on ${login} already`);
  const owned = where(state.repositories, ({ ownerId }) => ownerId === account.id);
  const installation: Installation = {
    id: nextId(state),
    appId,
    accountId: account.id,
    repositoryIds:
      repositories === undefined
        ? null
        : owned.filter(({ name }) => repositories.includes(name)).map(({ id }) => id),
    permissions: app.permissions,
    events: app.events,
    suspendedAt: null,
    createdAt: clock.timestamp(),
  };
  state.installations.set(installation.id, installation);
  emit(forge, anonymous, { installation, action: 'created' });
  return installation.id;
}

/** Adds or takes away one repository, as the account's owner would; told with what came or went. */
export function chooseRepository(
  forge: Forge,
  caller: Caller,
  { installation, repository, add }: { installation: Installation; repository: Repository; add: boolean },
): void {
  const { state } = forge;
  const { id } = repository;
  const owned = where(state.repositories, ({ ownerId }) => ownerId === installation.accountId);
  const chosen = installation.repositoryIds ?? owned.map((one) => one.id);
  if (chosen.includes(id) === add) return;
  installation.repositoryIds = add ? [...chosen, id] : chosen.filter((one) => one !== id);
  const named = [shown(forge, repository)];
  forge.webhooks.emit({
    event: 'installation_repositories',
    action: add ? 'added' : 'removed',
    payload: {
      installation: renderInstallation(forge, installation),
      repository_selection: 'selected',
      repositories_added: add ? named : [],
      repositories_removed: add ? [] : named,
      requester: null,
    },
    sender: ownerOf(forge, installation),
    repository: null,
    installation,
    caller,
  });
}

/** The account's owner takes over what the App asks for by now. */
export function acceptPermissions(forge: Forge, installation: Installation): void {
  const { permissions, events } = row(forge.state.apps, installation.appId);
  Object.assign(installation, { permissions: { ...permissions }, events: [...events] });
  emit(forge, anonymous, { installation, action: 'new_permissions_accepted' });
}

/** Its tokens stop working at once. */
export function uninstall(forge: Forge, caller: Caller, installation: Installation): void {
  const { state } = forge;
  emit(forge, caller, { installation, action: 'deleted' });
  for (const token of where(
    state.tokens,
    (found) => found.kind === 'installation' && found.installationId === installation.id,
  ))
    state.tokens.delete(token.id);
  state.installations.delete(installation.id);
}

export function suspend(forge: Forge, caller: Caller, installation: Installation): void {
  installation.suspendedAt = forge.clock.timestamp();
  emit(forge, caller, { installation, action: 'suspend' });
}

export function unsuspend(forge: Forge, caller: Caller, installation: Installation): void {
  installation.suspendedAt = null;
  emit(forge, caller, { installation, action: 'unsuspend' });
}

/** What GitHub sends a hook when it is made: whether anybody is there. */
export function ping(forge: Forge, app: App): void {
  forge.webhooks.emit({
    event: 'ping',
    action: null,
    payload: {
      zen: 'Keep it logically awesome.',
      hook_id: app.hookId,
      hook: {
        type: 'App',
        id: app.hookId,
        name: 'web',
        active: true,
        app_id: app.id,
        events: app.events,
        config: {
          content_type: 'json',
          insecure_ssl: '0',
          ...(app.webhookUrl === null ? {} : { url: app.webhookUrl }),
        },
        deliveries_url: `${apiUrl(forge)}/app/hook/deliveries`,
        created_at: app.createdAt,
        updated_at: app.createdAt,
      },
    },
    sender: row(forge.state.accounts, app.ownerId),
    repository: null,
    onlyAppId: app.id,
    caller: anonymous,
  });
}
