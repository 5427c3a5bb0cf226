/** Repositories, who may do what in them, and their files. */
import { z } from 'zod';
import { fromGitHub } from '../domain/permission.ts';
import { pages, type Connection } from './connection.ts';
import type { GitHub, KnownRepository, RepositoryRef } from './port.ts';

type Verbs = Pick<GitHub, 'repositories' | 'repository' | 'permission' | 'readFile' | 'paths' | 'comparison'>;

export const at = (repository: RepositoryRef): { owner: string; repo: string } => ({
  owner: repository.owner,
  repo: repository.name,
});
export const named = (repository: RepositoryRef): string => `${repository.owner}/${repository.name}`;

type SentRepository = {
  id: number | bigint;
  owner: { login: string; id: number | bigint };
  name: string;
  default_branch: string;
  private: boolean;
};

const known = (row: SentRepository): KnownRepository => ({
  id: Number(row.id),
  owner: row.owner.login,
  ownerId: Number(row.owner.id),
  name: row.name,
  defaultBranch: row.default_branch,
  private: row.private,
});

/** What the contents endpoint answers for one file; null for a directory, a link, a submodule. */
export function fileText(data: object): string | null {
  const file = File.safeParse(data);
  return file.success ? Buffer.from(file.data.content, 'base64').toString('utf8') : null;
}
const File = z.object({ type: z.literal('file'), content: z.string() });

export function repositoryVerbs({ octokit, call, find }: Connection): Verbs {
  return {
    repositories: async () => {
      const rows = await pages((page, size) =>
        call('lists its repositories', () =>
          octokit.request('GET /installation/repositories', { page, per_page: size }),
        ).then((data) => data.repositories),
      );
      return rows.map(known);
    },
    repository: async (repository) => {
      // Octokit follows the redirect that a former name answers with.
      const data = await find(`reads ${named(repository)}`, () =>
        octokit.request('GET /repos/{owner}/{repo}', at(repository)),
      );
      // A name that was freed and taken by somebody else leads to another repository.
      return data === null || Number(data.id) !== repository.id ? null : known(data);
    },
    permission: async (repository, login) => {
      const data = await find(`reads the permission of ${login} on ${named(repository)}`, () =>
        octokit.request('GET /repos/{owner}/{repo}/collaborators/{username}/permission', {
          ...at(repository),
          username: login,
        }),
      );
      return fromGitHub(data?.user?.permissions);
    },
    readFile: async (repository, path, ref) => {
      const data = await find(`reads ${path} of ${named(repository)}`, () =>
        octokit.request('GET /repos/{owner}/{repo}/contents/{path}', {
          ...at(repository),
          path,
          ...(ref === undefined ? {} : { ref }),
        }),
      );
      return data === null ? null : fileText(data);
    },
    paths: async (repository, ref) => {
      const data = await find(`lists the files of ${named(repository)}`, () =>
        octokit.request('GET /repos/{owner}/{repo}/git/trees/{tree_sha}', {
          ...at(repository),
          tree_sha: ref,
          recursive: '1',
        }),
      );
      if (data === null) return null;
      const files = data.tree.filter(({ type }) => type === 'blob');
      return { paths: files.map(({ path }) => path), truncated: data.truncated };
    },
    comparison: async (repository, { base, head }) => {
      const data = await find(`compares ${head} of ${named(repository)} with ${base}`, () =>
        octokit.request('GET /repos/{owner}/{repo}/compare/{basehead}', {
          ...at(repository),
          basehead: `${base}...${head}`,
          per_page: 250,
        }),
      );
      if (data === null) return null;
      const files = data.files ?? [];
      return {
        files: files.map(({ filename, status, patch }) => ({ path: filename, status, patch: patch ?? null })),
        commits: data.commits.map(({ sha, commit }) => ({
          sha,
          message: commit.message,
          at: commit.committer?.date ?? '',
        })),
        truncated: files.length >= 300 || data.total_commits > data.commits.length,
      };
    },
  };
}
