/** Deleting a repository and handing it over. */
import { notFound } from '../github-error.ts';
import { renderRepository } from '../render/repository.ts';
import { remove, transfer } from '../repository-changes.ts';
import { repositoryRoute, writes, type ResultOf, type Route } from '../route.ts';
import { find } from '../state.ts';

const administers = writes('admin', 'administration');

export const repositoryChangeRoutes: Route[] = [
  repositoryRoute('repos/delete', administers, ({ forge, repository, actor, caller }) => {
    remove(forge, { repository, actor, caller });
    return { status: 204 };
  }),
  repositoryRoute('repos/transfer', administers, ({ forge, repository, actor, caller, ...request }) => {
    const wanted = request.body.new_owner.toLowerCase();
    const owner = find(forge.state.accounts, ({ login }) => login.toLowerCase() === wanted);
    if (owner === undefined || owner.type === 'Bot') throw notFound();
    transfer(forge, { repository, actor, caller }, { owner, name: request.body.new_name ?? repository.name });
    // The described shape is a part of the one that is rendered; only to the compiler they differ.
    const body = renderRepository(forge, repository, actor) as NonNullable<
      ResultOf<'repos/transfer'>['body']
    >;
    return { status: 202, body };
  }),
];
