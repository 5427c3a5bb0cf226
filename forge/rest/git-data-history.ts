/** History: commits, comparisons, what a commit belongs to. */
import type { Forge } from '../forge.ts';
import type { Commit } from '../git/repository.ts';
import { GitHubError, notFound } from '../github-error.ts';
import { paginate } from '../page.ts';
import { renderPull } from '../render/pull.ts';
import { renderCommit, renderFile } from '../render/commit.ts';
import { repositoryPage, repositoryUrl } from '../render/repository.ts';
import { reads, repositoryRoute, type Route } from '../route.ts';
import { isProtected } from '../rulesets.ts';
import { where, type Repository } from '../state.ts';

/** GitHub's compare shows at most this many files. */
const mostFiles = 300;

async function commitNamed(forge: Forge, repository: Repository, name: string): Promise<Commit> {
  const git = forge.git(repository);
  const sha = await git.resolve(name);
  const commit = sha === null ? null : await git.readCommit(sha);
  if (commit === null) throw new GitHubError(422, `No commit found for SHA: ${name}`);
  return commit;
}

function relation(ahead: number, behind: number): 'diverged' | 'ahead' | 'behind' | 'identical' {
  if (ahead > 0) return behind > 0 ? 'diverged' : 'ahead';
  return behind > 0 ? 'behind' : 'identical';
}

export const historyRoutes: Route[] = [
  repositoryRoute('repos/list-commits', reads('contents'), async (request) => {
    const { forge, repository, params } = request;
    const git = forge.git(repository);
    const start = await git.resolve(params.sha ?? repository.defaultBranch);
    if (start === null) {
      if ((await git.refs('refs/heads/')).length === 0)
        throw new GitHubError(409, 'Git Repository is empty.');
      throw notFound();
    }
    const since = params.since === undefined ? -Infinity : Date.parse(params.since);
    const until = params.until === undefined ? Infinity : Date.parse(params.until);
    const commits = (await git.log(start, params.path === undefined ? {} : { path: params.path })).filter(
      (commit) => {
        const at = Date.parse(commit.committer.date);
        return at >= since && at <= until;
      },
    );
    const { rows, headers } = paginate(request, commits);
    return { status: 200, headers, body: rows.map((commit) => renderCommit(forge, repository, commit)) };
  }),
  repositoryRoute('repos/get-commit', reads('contents'), async ({ forge, repository, params }) => {
    const commit = await commitNamed(forge, repository, params.ref);
    const files = await forge.git(repository).changedFiles(commit.parents[0] ?? null, commit.sha);
    return { status: 200, body: renderCommit(forge, repository, { ...commit, files }) };
  }),
  repositoryRoute('repos/compare-commits-with-basehead', reads('contents'), async (request) => {
    const { forge, repository, params } = request;
    const [, baseName = '', headName = ''] =
      /^(?:[^:]+:)?(.+?)\.{2,3}(?:[^:]+:)?(.+)$/.exec(params.basehead) ?? [];
    const git = forge.git(repository);
    const [base, head] = [await git.resolve(baseName), await git.resolve(headName)];
    const comparison = base === null || head === null ? null : await git.compare(base, head);
    if (base === null || head === null || comparison === null) throw notFound();
    const { ahead, behind, mergeBase, commits, files } = comparison;
    const { rows, headers } = paginate(request, commits);
    const url = `${repositoryUrl(forge, repository)}/compare/${params.basehead}`;
    const page = `${repositoryPage(forge, repository)}/compare/${params.basehead}`;
    const status = relation(ahead, behind);
    return {
      status: 200,
      headers,
      body: {
        url,
        html_url: page,
        permalink_url: page,
        diff_url: `${page}.diff`,
        patch_url: `${page}.patch`,
        base_commit: renderCommit(forge, repository, await commitNamed(forge, repository, base)),
        merge_base_commit: renderCommit(forge, repository, await commitNamed(forge, repository, mergeBase)),
        status,
        ahead_by: ahead,
        behind_by: behind,
        total_commits: commits.length,
        commits: rows.map((commit) => renderCommit(forge, repository, commit)),
        files: files.slice(0, mostFiles).map((file) => renderFile(forge, repository, { sha: head, file })),
      },
    };
  }),
  repositoryRoute(
    'repos/list-pull-requests-associated-with-commit',
    reads('contents', 'pull_requests'),
    async (request) => {
      const { forge, repository, params } = request;
      const git = forge.git(repository);
      const sha = await git.resolve(params.commit_sha);
      if (sha === null) throw new GitHubError(422, `No commit found for SHA: ${params.commit_sha}`);
      const pulls = [];
      for (const pull of where(forge.state.pulls, (one) => one.repositoryId === repository.id)) {
        const inside = pull.mergeCommitSha === sha || (await git.isAncestor(sha, pull.headSha));
        const before = pull.mergedAt === null && (await git.isAncestor(sha, pull.baseSha));
        if (inside && !before) pulls.push(pull);
      }
      const { rows, headers } = paginate(request, pulls);
      return { status: 200, headers, body: rows.map((pull) => renderPull(forge, pull)) };
    },
  ),
  repositoryRoute(
    'repos/list-branches-for-head-commit',
    reads('contents'),
    async ({ forge, repository, params }) => {
      const refs = await forge.git(repository).refs('refs/heads/');
      const url = repositoryUrl(forge, repository);
      const body = refs
        .filter((ref) => ref.sha === params.commit_sha)
        .map((ref) => ({
          name: ref.ref.slice('refs/heads/'.length),
          commit: { sha: ref.sha, url: `${url}/commits/${ref.sha}` },
          protected: isProtected(forge, repository, ref.ref),
        }));
      return { status: 200, body };
    },
  ),
];
