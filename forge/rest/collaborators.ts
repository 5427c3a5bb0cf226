/** Who works in a repository, and what he may do there. */
import type { components } from '@octokit/openapi-types';
import { atLeast, roleOf } from '../access.ts';
import type { Forge } from '../forge.ts';
import { notFound } from '../github-error.ts';
import { paginate } from '../page.ts';
import { renderUser } from '../render/account.ts';
import { renderPermissions } from '../render/repository.ts';
import { reads, repositoryRoute, type Route } from '../route.ts';
import { find, where, type Account, type Repository, type Role } from '../state.ts';

function accountNamed(forge: Forge, login: string): Account {
  const found = find(forge.state.accounts, (account) => account.login.toLowerCase() === login.toLowerCase());
  if (found === undefined) throw notFound();
  return found;
}

function renderCollaborator(
  forge: Forge,
  account: Account,
  role: Role | null,
): components['schemas']['collaborator'] {
  return { ...renderUser(forge, account), permissions: renderPermissions(role), role_name: role ?? 'none' };
}

/** Owner, owners of the owning organisation, and collaborators. */
function collaboratorsOf({ state }: Forge, repository: Repository): Account[] {
  const owners = new Set([repository.ownerId, ...(state.owners.get(repository.ownerId) ?? [])]);
  const invited = new Set(
    where(state.collaborators, ({ repositoryId }) => repositoryId === repository.id).map(
      (row) => row.accountId,
    ),
  );
  return where(state.accounts, ({ id, type }) => type === 'User' && (owners.has(id) || invited.has(id)));
}

/** `permission` knows four words, `role_name` five (G5). */
function permissionWord(role: Role | null): string {
  if (role === null) return 'none';
  if (role === 'maintain') return 'write';
  return role === 'triage' ? 'read' : role;
}

export const collaboratorRoutes: Route[] = [
  repositoryRoute(
    'repos/get-collaborator-permission-level',
    reads('metadata'),
    ({ forge, repository, params }) => {
      const account = accountNamed(forge, params.username);
      const role = roleOf(forge.state, repository, account);
      const user = renderCollaborator(forge, account, role);
      return { status: 200, body: { permission: permissionWord(role), role_name: role ?? 'none', user } };
    },
  ),
  repositoryRoute(
    'repos/list-collaborators',
    { role: 'write', level: 'read', permissions: ['metadata'] },
    (request) => {
      const { forge, repository, params } = request;
      const words = {
        pull: 'read',
        triage: 'triage',
        push: 'write',
        maintain: 'maintain',
        admin: 'admin',
      } as const;
      const needed = words[params.permission ?? 'pull'];
      const all = collaboratorsOf(forge, repository)
        .map((account) => ({ account, role: roleOf(forge.state, repository, account) }))
        .filter(({ role }) => atLeast(role, needed));
      const { rows, headers } = paginate(request, all);
      return {
        status: 200,
        headers,
        body: rows.map(({ account, role }) => renderCollaborator(forge, account, role)),
      };
    },
  ),
  repositoryRoute('repos/check-collaborator', reads('metadata'), ({ forge, repository, params }) => {
    const account = accountNamed(forge, params.username);
    if (!collaboratorsOf(forge, repository).includes(account)) throw notFound();
    return { status: 204 };
  }),
];
