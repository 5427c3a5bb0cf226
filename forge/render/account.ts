/** Accounts and Apps as GitHub shows them. */
import type { components } from '@octokit/openapi-types';
import type { Forge } from '../forge.ts';
import { nodeId } from '../ids.ts';
import { row, where, type Account, type App, type Installation } from '../state.ts';

type Schemas = components['schemas'];

export const apiUrl = (forge: Forge): string => `${forge.url}/api/v3`;

export function renderUser(forge: Forge, account: Account): Schemas['simple-user'] {
  const url = `${apiUrl(forge)}/users/${encodeURIComponent(account.login)}`;
  const page =
    account.type === 'Bot' ? `/apps/${account.login.replace(/\[bot\]$/, '')}` : `/${account.login}`;
  return {
    login: account.login,
    id: account.id,
    node_id: nodeId(account.type, account.id),
    avatar_url: `${forge.url}/_forge/avatars/${account.id}`,
    gravatar_id: '',
    url,
    html_url: `${forge.url}${page}`,
    followers_url: `${url}/followers`,
    following_url: `${url}/following{/other_user}`,
    gists_url: `${url}/gists{/gist_id}`,
    starred_url: `${url}/starred{/owner}{/repo}`,
    subscriptions_url: `${url}/subscriptions`,
    organizations_url: `${url}/orgs`,
    repos_url: `${url}/repos`,
    events_url: `${url}/events{/privacy}`,
    received_events_url: `${url}/received_events`,
    type: account.type,
    site_admin: false,
  };
}

export function renderUserById(forge: Forge, id: number): Schemas['simple-user'] {
  return renderUser(forge, row(forge.state.accounts, id));
}

/** What anybody sees of an account at `/users/{username}`. */
export function renderPublicUser(forge: Forge, account: Account): Schemas['public-user'] {
  const owned = where(forge.state.repositories, ({ ownerId }) => ownerId === account.id);
  return {
    ...renderUser(forge, account),
    gravatar_id: '',
    name: account.name,
    company: null,
    blog: null,
    location: null,
    email: account.email,
    hireable: null,
    bio: null,
    public_repos: owned.filter((repository) => !repository.private).length,
    public_gists: 0,
    followers: 0,
    following: 0,
    created_at: account.createdAt,
    updated_at: account.createdAt,
  };
}

export function renderApp(forge: Forge, app: App): NonNullable<Schemas['integration']> {
  return {
    id: app.id,
    slug: app.slug,
    node_id: nodeId('App', app.id),
    client_id: app.clientId,
    owner: renderUserById(forge, app.ownerId),
    name: app.name,
    description: app.description,
    external_url: app.externalUrl ?? forge.url,
    html_url: `${forge.url}/apps/${app.slug}`,
    created_at: app.createdAt,
    updated_at: app.createdAt,
    permissions: app.permissions as Record<string, string>,
    events: app.events,
  };
}

/** `performed_via_github_app`: the App through which a thing was made, null for none. */
export function renderVia(forge: Forge, appId: number | null): Schemas['nullable-integration'] {
  return appId === null ? null : renderApp(forge, row(forge.state.apps, appId));
}

export function renderInstallation(forge: Forge, installation: Installation): Schemas['installation'] {
  const app = row(forge.state.apps, installation.appId);
  const account = row(forge.state.accounts, installation.accountId);
  const url = `${apiUrl(forge)}/app/installations/${installation.id}`;
  return {
    id: installation.id,
    account: renderUser(forge, account),
    repository_selection: installation.repositoryIds === null ? 'all' : 'selected',
    access_tokens_url: `${url}/access_tokens`,
    repositories_url: `${apiUrl(forge)}/installation/repositories`,
    html_url: `${forge.url}/settings/installations/${installation.id}`,
    app_id: app.id,
    client_id: app.clientId,
    app_slug: app.slug,
    target_id: account.id,
    target_type: account.type,
    permissions: installation.permissions as Schemas['app-permissions'],
    events: installation.events,
    created_at: installation.createdAt,
    updated_at: installation.createdAt,
    single_file_name: null,
    has_multiple_single_files: false,
    single_file_paths: [],
    suspended_by: null,
    suspended_at: installation.suspendedAt,
  };
}
