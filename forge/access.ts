/** Who may do what in a repository: roles of people, permissions of installations. */
import type { Caller, InstallationCaller } from './caller.ts';
import {
  notAdmin,
  notByIntegration,
  notFound,
  requiresAuthentication,
  type GitHubError,
} from './github-error.ts';
import { find, type Account, type Permissions, type Repository, type Role, type State } from './state.ts';

const roles = ['read', 'triage', 'write', 'maintain', 'admin'] as const;

export function atLeast(role: Role | null, needed: Role): boolean {
  return role !== null && roles.indexOf(role) >= roles.indexOf(needed);
}

/** A person's role; null when he can't see the repository. Everybody reads public ones (G5). */
export function roleOf(state: State, repository: Repository, account: Account): Role | null {
  if (repository.ownerId === account.id) return 'admin';
  if (state.owners.get(repository.ownerId)?.includes(account.id) === true) return 'admin';
  const collaborator = find(
    state.collaborators,
    (row) => row.repositoryId === repository.id && row.accountId === account.id,
  );
  return collaborator?.role ?? (repository.private ? null : 'read');
}

/** What a route of a repository demands: of people a role, of installations one of the permissions. */
export interface RepositoryAccess {
  role: Role;
  level: 'read' | 'write';
  /** Names of the description's `app-permissions`; one of them suffices. `metadata` is always granted. */
  permissions: string[];
}

export function covers(
  caller: Pick<InstallationCaller, 'installation' | 'repositoryIds'>,
  repository: Repository,
): boolean {
  const { installation, repositoryIds } = caller;
  if (installation.accountId !== repository.ownerId) return false;
  if (installation.repositoryIds !== null && !installation.repositoryIds.includes(repository.id))
    return false;
  return repositoryIds === null || repositoryIds.includes(repository.id);
}

export function holds(granted: Permissions, name: string, level: 'read' | 'write'): boolean {
  if (name === 'metadata') return level === 'read';
  const has = granted[name];
  return has !== undefined && (level === 'read' || has !== 'read');
}

/** Whether the caller could do what `access` describes; never throws. For choices inside a handler. */
export function may(
  state: State,
  caller: Caller,
  request: { repository: Repository; access: RepositoryAccess },
): boolean {
  return refusal(state, caller, request) === null;
}

/** Throws 401, 403 or 404 as GitHub does: what a caller may not even see is not found. */
export function authorize(
  state: State,
  caller: Caller,
  request: { repository: Repository; access: RepositoryAccess },
): void {
  const refused = refusal(state, caller, request);
  if (refused !== null) throw refused;
}

function refusal(
  state: State,
  caller: Caller,
  { repository, access }: { repository: Repository; access: RepositoryAccess },
): GitHubError | null {
  switch (caller.kind) {
    case 'anonymous':
      if (repository.private) return notFound();
      return access.role === 'read' && access.level === 'read' ? null : requiresAuthentication();
    case 'app':
      return repository.private ? notFound() : notByIntegration();
    case 'user': {
      const role = roleOf(state, repository, caller.account);
      if (role === null) return notFound();
      return atLeast(role, access.role) ? null : notAdmin();
    }
    case 'installation': {
      const needed = access.permissions.map((name) => `${name}=${access.level}`).join('; ');
      if (!covers(caller, repository)) {
        if (repository.private) return notFound();
        return access.level === 'read' ? null : notByIntegration(needed);
      }
      if (access.permissions.some((name) => holds(caller.permissions, name, access.level))) return null;
      return notByIntegration(needed);
    }
  }
}
