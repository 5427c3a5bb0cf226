/** Branches and the commits they point to. */
import { refusedWith, type Connection } from './connection.ts';
import { GitHubError, type GitHub, type RepositoryRef } from './port.ts';
import { at, named } from './repositories.ts';

type Verbs = Pick<GitHub, 'head' | 'ensureBranch' | 'deleteBranch'>;

export function branchVerbs(connection: Connection): Verbs {
  const { octokit, call, find } = connection;
  const head: Verbs['head'] = async (repository, branch) => {
    const data = await find(`reads branch ${branch} of ${named(repository)}`, () =>
      octokit.request('GET /repos/{owner}/{repo}/git/ref/{ref}', {
        ...at(repository),
        ref: `heads/${branch}`,
      }),
    );
    return data?.object.sha ?? null;
  };

  const ensureBranch: Verbs['ensureBranch'] = async (repository, branch) => {
    const tip = await head(repository, branch.name);
    if (tip !== null) return await standing(connection, repository, { ...branch, tip });
    const base = await head(repository, branch.base);
    if (base === null) {
      throw new GitHubError(
        `${named(repository)} has no branch ${branch.base} to start ${branch.name} from. Push it, or start the run on another base.`,
        { status: 404 },
      );
    }
    const start =
      branch.restore ??
      (await emptyCommit(connection, repository, { parent: base, message: branch.message }));
    try {
      await call(`creates branch ${branch.name} of ${named(repository)}`, () =>
        octokit.request('POST /repos/{owner}/{repo}/git/refs', {
          ...at(repository),
          ref: `refs/heads/${branch.name}`,
          sha: start,
        }),
      );
    } catch (error) {
      // Another run of the same job was faster.
      if (!refusedWith(error, 422, /already exists/i)) throw error;
      const made = await head(repository, branch.name);
      if (made === null) throw error;
      return await standing(connection, repository, { ...branch, tip: made });
    }
    return branch.restore === null
      ? { base, head: start }
      : await standing(connection, repository, { ...branch, tip: start });
  };

  return {
    head,
    ensureBranch,
    deleteBranch: async (repository, branch) => {
      try {
        await find(`deletes branch ${branch} of ${named(repository)}`, () =>
          octokit.request('DELETE /repos/{owner}/{repo}/git/refs/{ref}', {
            ...at(repository),
            ref: `heads/${branch}`,
          }),
        );
      } catch (error) {
        if (!refusedWith(error, 422, /does not exist/i)) throw error;
      }
    },
  };
}

/** A commit with its parent's tree: without a commit GitHub opens no pull request (G10). */
async function emptyCommit(
  { octokit, call }: Connection,
  repository: RepositoryRef,
  commit: { parent: string; message: string },
): Promise<string> {
  const parent = await call(`reads commit ${commit.parent} of ${named(repository)}`, () =>
    octokit.request('GET /repos/{owner}/{repo}/git/commits/{commit_sha}', {
      ...at(repository),
      commit_sha: commit.parent,
    }),
  );
  const made = await call(`creates a first commit in ${named(repository)}`, () =>
    octokit.request('POST /repos/{owner}/{repo}/git/commits', {
      ...at(repository),
      message: commit.message,
      tree: parent.tree.sha,
      parents: [commit.parent],
    }),
  );
  return made.sha;
}

/** What the branch grew from: the best common ancestor with its base. */
async function standing(
  { octokit, call }: Connection,
  repository: RepositoryRef,
  { name, base, tip }: { name: string; base: string; tip: string },
): Promise<{ base: string; head: string }> {
  const data = await call(`compares ${name} of ${named(repository)} with ${base}`, () =>
    octokit.request('GET /repos/{owner}/{repo}/compare/{basehead}', {
      ...at(repository),
      basehead: `${base}...${tip}`,
      per_page: 1,
    }),
  );
  return { base: data.merge_base_commit.sha, head: tip };
}
