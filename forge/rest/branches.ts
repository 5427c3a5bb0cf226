/** Branches, read. They are made and moved through git, or the git data API. */
import type { Forge } from '../forge.ts';
import { notFound } from '../github-error.ts';
import { paginate } from '../page.ts';
import { renderCommit } from '../render/commit.ts';
import { repositoryPage, repositoryUrl } from '../render/repository.ts';
import { reads, repositoryRoute, type Route } from '../route.ts';
import { isProtected } from '../rulesets.ts';
import type { Repository } from '../state.ts';

const heads = 'refs/heads/';

const commitUrl = (forge: Forge, repository: Repository, sha: string): string =>
  `${repositoryUrl(forge, repository)}/commits/${sha}`;

export const branchRoutes: Route[] = [
  repositoryRoute('repos/list-branches', reads('contents'), async (request) => {
    const { forge, repository, params } = request;
    const refs = await forge.git(repository).refs(heads);
    const all = refs
      .map(({ ref, sha }) => ({ name: ref.slice(heads.length), sha }))
      .filter(
        ({ name }) =>
          params.protected === undefined ||
          params.protected === isProtected(forge, repository, `${heads}${name}`),
      );
    const { rows, headers } = paginate(request, all);
    const body = rows.map(({ name, sha }) => ({
      name,
      commit: { sha, url: commitUrl(forge, repository, sha) },
      protected: isProtected(forge, repository, `${heads}${name}`),
    }));
    return { status: 200, headers, body };
  }),
  repositoryRoute('repos/get-branch', reads('contents'), async ({ forge, repository, params }) => {
    const git = forge.git(repository);
    const ref = await git.readRef(`${heads}${params.branch}`);
    const commit = ref === null ? null : await git.readCommit(ref.sha);
    if (commit === null) throw notFound();
    const url = `${repositoryUrl(forge, repository)}/branches/${params.branch}`;
    return {
      status: 200,
      body: {
        name: params.branch,
        commit: renderCommit(forge, repository, commit),
        _links: { html: `${repositoryPage(forge, repository)}/tree/${params.branch}`, self: url },
        protected: isProtected(forge, repository, `${heads}${params.branch}`),
        protection: { enabled: isProtected(forge, repository, `${heads}${params.branch}`) },
        protection_url: `${url}/protection`,
      },
    };
  }),
];
