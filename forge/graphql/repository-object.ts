/** A repository as a GraphQL object, without what leads on to its pull requests. */
import type { Forge } from '../forge.ts';
import { nodeId } from '../ids.ts';
import { fullName, repositoryPage } from '../render/repository.ts';
import { row, type Repository } from '../state.ts';
import { actorObject } from './actor-object.ts';

export const plainRepositoryObject = (forge: Forge, repository: Repository): Record<string, unknown> => ({
  __typename: 'Repository',
  id: nodeId('Repository', repository.id),
  databaseId: repository.id,
  name: repository.name,
  nameWithOwner: fullName(forge, repository),
  url: repositoryPage(forge, repository),
  isPrivate: repository.private,
  isFork: repository.parentId !== null,
  description: repository.description,
  owner: () => actorObject(forge, row(forge.state.accounts, repository.ownerId)),
});
