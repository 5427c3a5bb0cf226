/** Forks of a repository. */
import type { components } from '@octokit/openapi-types';
import { forkOf, forkRepository, forksOf } from '../forks.ts';
import type { Forge } from '../forge.ts';
import { GitHubError, notByIntegration, notFound, validationFailed } from '../github-error.ts';
import { paginate } from '../page.ts';
import { renderRepository } from '../render/repository.ts';
import { reads, repositoryRoute, type Route } from '../route.ts';
import { find, type Account } from '../state.ts';

type Schemas = components['schemas'];

/** Where the fork goes: the caller's own account, or an organisation he owns. */
function destination(forge: Forge, actor: Account, organization: string | undefined): Account {
  if (organization === undefined) return actor;
  const { state } = forge;
  const found = find(state.accounts, ({ login }) => login.toLowerCase() === organization.toLowerCase());
  if (found === undefined || state.owners.get(found.id)?.includes(actor.id) !== true)
    throw validationFailed({
      resource: 'Fork',
      code: 'invalid',
      field: 'organization',
      value: organization,
    });
  return found;
}

export const forkRoutes: Route[] = [
  repositoryRoute('repos/list-forks', reads('metadata'), (request) => {
    const { forge, repository } = request;
    const { rows, headers } = paginate(request, forksOf(forge, repository));
    const body = rows.map((fork) => renderRepository(forge, fork) as Schemas['minimal-repository']);
    return { status: 200, headers, body };
  }),
  // Apps may fork at GitHub when they are installed on both accounts; nobody here needs it.
  repositoryRoute('repos/create-fork', reads('contents'), async (request) => {
    const { forge, repository, actor, caller, body } = request;
    if (caller.kind !== 'user') throw notByIntegration();
    const owner = destination(forge, actor, body?.organization);
    if (owner.id === repository.ownerId)
      throw new GitHubError(403, 'You cannot fork a repository into the account that owns it');
    const git = forge.git(repository);
    if ((await git.refs('refs/heads/')).length === 0)
      throw new GitHubError(
        403,
        'The repository exists, but it contains no Git content. Empty repositories cannot be forked.',
      );
    // Asked twice GitHub answers with the fork that is there.
    const fork =
      forkOf(forge, repository, owner) ??
      (await forkRepository(
        forge,
        { actor, caller },
        {
          source: repository,
          owner,
          name: body?.name ?? repository.name,
          onlyDefault: body?.default_branch_only ?? false,
        },
      ));
    if (fork.parentId === null) throw notFound();
    return { status: 202, body: renderRepository(forge, fork, actor) };
  }),
];
