/** A repository itself. */
import { renderRepository } from '../render/repository.ts';
import { reads, repositoryRoute, type Route } from '../route.ts';

export const repositoryRoutes: Route[] = [
  repositoryRoute('repos/get', reads('metadata'), ({ forge, repository, caller }) => ({
    status: 200,
    body: renderRepository(forge, repository, caller.account),
  })),
];
