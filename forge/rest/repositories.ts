/** A repository itself, and what its admins set. */
import type { components } from '@octokit/openapi-types';
import { validationFailed } from '../github-error.ts';
import type { Forge } from '../forge.ts';
import { renderUser } from '../render/account.ts';
import { renderRepository } from '../render/repository.ts';
import { rename, setPrivate, tellEdited } from '../repository-changes.ts';
import { reads, repositoryRoute, writes, type Route } from '../route.ts';
import { row, type Account, type Repository } from '../state.ts';

type Schemas = components['schemas'];

interface Settings {
  name?: string;
  private?: boolean;
  description?: string;
  default_branch?: string;
  allow_merge_commit?: boolean;
  allow_squash_merge?: boolean;
  allow_rebase_merge?: boolean;
  allow_auto_merge?: boolean;
  delete_branch_on_merge?: boolean;
}

const settable = new Set<string>([
  'name',
  'private',
  'description',
  'default_branch',
  'allow_merge_commit',
  'allow_squash_merge',
  'allow_rebase_merge',
  'allow_auto_merge',
  'delete_branch_on_merge',
]);

const refuse = (field: string, message: string) =>
  validationFailed({ resource: 'Repository', code: 'custom', field, message });

/** The ways to merge after the change. Throws 422 when none is left. */
function methodsAfter(repository: Repository, given: Settings): Repository['mergeMethods'] {
  const wanted = {
    merge: given.allow_merge_commit,
    squash: given.allow_squash_merge,
    rebase: given.allow_rebase_merge,
  };
  const methods = (['merge', 'squash', 'rebase'] as const).filter(
    (method) => wanted[method] ?? repository.mergeMethods.includes(method),
  );
  if (methods.length === 0)
    throw refuse(
      'merge_commit_allowed',
      'Sorry, need to allow at least one merge strategy. (no_merge_method)',
    );
  return methods;
}

/** An organisation's repository names it once more, as its organisation. */
function renderFull(forge: Forge, repository: Repository, viewer: Account | null) {
  const owner = row(forge.state.accounts, repository.ownerId);
  return {
    ...renderRepository(forge, repository, viewer),
    ...(owner.type === 'Organization' ? { organization: renderUser(forge, owner) } : {}),
  };
}

export const repositoryRoutes: Route[] = [
  repositoryRoute('repos/get', reads('metadata'), ({ forge, repository, caller }) => {
    const parent =
      repository.parentId === null ? undefined : forge.state.repositories.get(repository.parentId);
    // The full shape has every key of the `repository` that is described here, and some more.
    const origin = parent && (renderRepository(forge, parent) as Schemas['repository']);
    return {
      status: 200,
      body: {
        ...renderFull(forge, repository, caller.account),
        ...(origin === undefined ? {} : { parent: origin, source: origin }),
      },
    };
  }),
  repositoryRoute('repos/update', writes('admin', 'administration'), async (request) => {
    const { forge, repository, caller, actor } = request;
    const doing = { repository, actor, caller };
    const given = (request.body ?? {}) as Settings;
    const unknown = Object.keys(given).find((name) => !settable.has(name));
    if (unknown !== undefined) throw refuse(unknown, `the forge doesn't change ${unknown}`);
    const branch = given.default_branch ?? repository.defaultBranch;
    if ((await forge.git(repository).readRef(`refs/heads/${branch}`)) === null)
      throw refuse(
        'default_branch',
        `The branch ${branch} was not found. Please push that ref first or create it via the Git Data API.`,
      );
    if (given.name !== undefined) rename(forge, doing, given.name);
    if (given.private !== undefined) setPrivate(forge, doing, given.private);
    const before = { ...repository };
    Object.assign(repository, {
      mergeMethods: methodsAfter(repository, given),
      description: given.description ?? repository.description,
      defaultBranch: branch,
      allowAutoMerge: given.allow_auto_merge ?? repository.allowAutoMerge,
      deleteBranchOnMerge: given.delete_branch_on_merge ?? repository.deleteBranchOnMerge,
      updatedAt: forge.clock.timestamp(),
    });
    tellEdited(forge, doing, before);
    forge.queues.look(repository);
    return { status: 200, body: renderFull(forge, repository, caller.account) };
  }),
];
