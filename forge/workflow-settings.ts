/** What a repository's settings say of Actions. */
import type { RepositoryActions } from './check-rows.ts';
import type { State } from './state.ts';

/** The settings of a repository; those of a new one until somebody changes them. */
export function actionsOf(state: State, repository: { id: number }): RepositoryActions {
  const { id } = repository;
  const present = state.repositoryActions.get(id);
  if (present !== undefined) return present;
  const settings: RepositoryActions = {
    id,
    enabled: true,
    defaultPermissions: 'read',
    secrets: {},
    variables: {},
  };
  state.repositoryActions.set(id, settings);
  return settings;
}
