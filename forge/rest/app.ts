/** The App, its installations and their tokens. */
import { covers, holds } from '../access.ts';
import { convertManifest } from '../app-manifests.ts';
import type { Forge } from '../forge.ts';
import { GitHubError, notFound } from '../github-error.ts';
import { chooseRepository, suspend, uninstall, unsuspend } from '../installations.ts';
import { paginate } from '../page.ts';
import { renderApp, renderInstallation } from '../render/account.ts';
import { renderRepository } from '../render/repository.ts';
import { repositoryRoute, route, type ResultOf, type Route, type RoutedRequest } from '../route.ts';
import {
  find,
  row,
  where,
  type App,
  type Installation,
  type Permissions,
  type Repository,
} from '../state.ts';
import { createInstallationToken, revokeToken } from '../tokens.ts';

type InstallationList = NonNullable<ResultOf<'apps/list-installations'>['body']>;

function installationOf(forge: Forge, app: App, id: number): Installation {
  const found = forge.state.installations.get(id);
  if (found === undefined || found.appId !== app.id) throw notFound();
  return found;
}

function installationOn(forge: Forge, app: App | null, login: string): Installation {
  const { state } = forge;
  const found = find(
    state.installations,
    ({ appId, accountId }) =>
      appId === app?.id && row(state.accounts, accountId).login.toLowerCase() === login.toLowerCase(),
  );
  if (found === undefined) throw notFound();
  return found;
}

const repositoriesOf = (
  forge: Forge,
  installation: Installation,
  ids: number[] | null = null,
): Repository[] =>
  where(forge.state.repositories, (repository) => covers({ installation, repositoryIds: ids }, repository));

/** The repositories that a token is asked for, as ids; null for all of the installation's. */
function scopeOf(
  reachable: Repository[],
  wanted: { repositories?: string[]; repository_ids?: number[] } | undefined,
): number[] | null {
  if (wanted?.repositories === undefined && wanted?.repository_ids === undefined) return null;
  const chosen = reachable.filter(
    ({ id, name }) =>
      wanted.repositories?.includes(name) === true || wanted.repository_ids?.includes(id) === true,
  );
  const asked = (wanted.repositories?.length ?? 0) + (wanted.repository_ids?.length ?? 0);
  if (chosen.length < asked)
    throw new GitHubError(
      422,
      'There is at least one repository that does not exist or is not accessible to the parent installation.',
    );
  return chosen.map(({ id }) => id);
}

/** A token never has more than its installation (G40). */
function subset(granted: Permissions, wanted: Permissions | undefined): Permissions {
  if (wanted === undefined) return granted;
  for (const [name, level] of Object.entries(wanted))
    if (!holds(granted, name, level === 'read' ? 'read' : 'write'))
      throw new GitHubError(422, 'The permissions requested are not granted to this installation.');
  return { ...wanted, metadata: 'read' };
}

const installationRoutes: Route[] = [
  route('apps/get-authenticated', 'app', ({ forge, caller }) => {
    if (caller.app === null) throw notFound();
    const installations_count = where(
      forge.state.installations,
      ({ appId }) => appId === caller.app.id,
    ).length;
    return { status: 200, body: { ...renderApp(forge, caller.app), installations_count } };
  }),
  route('apps/list-installations', 'app', (request) => {
    const { forge, caller } = request;
    const all = where(forge.state.installations, ({ appId }) => appId === caller.app?.id);
    const { rows, headers } = paginate(request, all);
    // The description joins user and enterprise by `and` here, by `or` everywhere else: the validator takes the latter.
    const body = rows.map((installation) => renderInstallation(forge, installation)) as InstallationList;
    return { status: 200, headers, body };
  }),
  route('apps/get-installation', 'app', ({ forge, caller, params }) => {
    if (caller.app === null) throw notFound();
    const installation = installationOf(forge, caller.app, params.installation_id);
    return { status: 200, body: renderInstallation(forge, installation) };
  }),
  repositoryRoute('apps/get-repo-installation', 'app', ({ forge, caller, repository }) => {
    const { state } = forge;
    const installation = find(
      state.installations,
      (candidate) =>
        candidate.appId === caller.app?.id &&
        covers({ installation: candidate, repositoryIds: null }, repository),
    );
    if (installation === undefined) throw notFound();
    return { status: 200, body: renderInstallation(forge, installation) };
  }),
  route('apps/delete-installation', 'app', ({ forge, caller, params }) => {
    if (caller.app === null) throw notFound();
    uninstall(forge, caller, installationOf(forge, caller.app, params.installation_id));
    return { status: 204 };
  }),
  route('apps/suspend-installation', 'app', ({ forge, caller, params }) => {
    if (caller.app === null) throw notFound();
    suspend(forge, caller, installationOf(forge, caller.app, params.installation_id));
    return { status: 204 };
  }),
  route('apps/unsuspend-installation', 'app', ({ forge, caller, params }) => {
    if (caller.app === null) throw notFound();
    unsuspend(forge, caller, installationOf(forge, caller.app, params.installation_id));
    return { status: 204 };
  }),
  route('apps/get-org-installation', 'app', ({ forge, caller, params }) => ({
    status: 200,
    body: renderInstallation(forge, installationOn(forge, caller.app, params.org)),
  })),
  route('apps/get-user-installation', 'app', ({ forge, caller, params }) => ({
    status: 200,
    body: renderInstallation(forge, installationOn(forge, caller.app, params.username)),
  })),
];

const tokenRoutes: Route[] = [
  route('apps/create-installation-access-token', 'app', ({ forge, caller, params, body }) => {
    if (caller.app === null) throw notFound();
    const installation = installationOf(forge, caller.app, params.installation_id);
    const repositoryIds = scopeOf(repositoriesOf(forge, installation), body);
    const permissions = subset(installation.permissions, body?.permissions as Permissions | undefined);
    const { token, expiresAt } = createInstallationToken(forge, { installation, repositoryIds, permissions });
    return {
      status: 201,
      body: {
        token,
        expires_at: expiresAt,
        permissions,
        repository_selection:
          repositoryIds === null && installation.repositoryIds === null
            ? ('all' as const)
            : ('selected' as const),
        ...(repositoryIds === null
          ? {}
          : {
              repositories: repositoriesOf(forge, installation, repositoryIds).map((repository) =>
                renderRepository(forge, repository),
              ),
            }),
      },
    };
  }),
  route('apps/revoke-installation-access-token', 'installation', ({ forge, token }) => {
    revokeToken(forge.state, token ?? '');
    return { status: 204 };
  }),
  route('apps/list-repos-accessible-to-installation', 'installation', (request) => {
    const { forge, caller } = request;
    if (caller.kind !== 'installation') throw notFound();
    const all = repositoriesOf(forge, caller.installation, caller.repositoryIds);
    const { rows, headers } = paginate(request, all);
    const repositories = rows.map((repository) => renderRepository(forge, repository));
    return {
      status: 200,
      headers,
      body: { total_count: all.length, repository_selection: 'all', repositories },
    };
  }),
];

/** Who owns the installation's account changes which repositories it reaches. */
function choose(
  {
    forge,
    caller,
    actor,
    params,
  }: RoutedRequest & { params: { installation_id: number; repository_id: number } },
  add: boolean,
): { status: 204 } {
  const { state } = forge;
  const installation = state.installations.get(params.installation_id);
  const repository = state.repositories.get(params.repository_id);
  if (installation === undefined || repository?.ownerId !== installation.accountId) throw notFound();
  const owners = state.owners.get(installation.accountId) ?? [installation.accountId];
  if (!owners.includes(actor.id)) throw notFound();
  chooseRepository(forge, caller, { installation, repository, add });
  return { status: 204 };
}

const selectionRoutes: Route[] = [
  route('apps/add-repo-to-installation-for-authenticated-user', 'user', (request) => choose(request, true)),
  route('apps/remove-repo-from-installation-for-authenticated-user', 'user', (request) =>
    choose(request, false),
  ),
];

const registrationRoutes: Route[] = [
  route('apps/create-from-manifest', 'anyone', ({ forge, params }) => {
    const converted = convertManifest(forge, params.code);
    if (converted === null) throw notFound();
    const { app, clientSecret, pem } = converted;
    return {
      status: 201,
      body: {
        ...renderApp(forge, app),
        client_id: app.clientId,
        client_secret: clientSecret,
        webhook_secret: app.webhookUrl === null ? null : app.webhookSecret,
        pem,
      },
    };
  }),
  route('apps/get-by-slug', 'anyone', ({ forge, params }) => {
    const app = find(forge.state.apps, ({ slug }) => slug === params.app_slug);
    if (app === undefined) throw notFound();
    return { status: 200, body: renderApp(forge, app) };
  }),
];

export const appRoutes: Route[] = [
  ...installationRoutes,
  ...tokenRoutes,
  ...selectionRoutes,
  ...registrationRoutes,
];
