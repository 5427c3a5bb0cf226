/** Commits, their files and refs as GitHub shows them, to REST and in webhooks. */
import type { components } from '@octokit/openapi-types';
import { accountOfEmail } from '../author.ts';
import type { Forge } from '../forge.ts';
import type { ChangedFile, Commit, Ref } from '../git/repository.ts';
import { nodeId } from '../ids.ts';
import type { Repository } from '../state.ts';
import { renderUser } from './account.ts';
import { repositoryPage, repositoryUrl } from './repository.ts';

type Schemas = components['schemas'];

const unverified = { verified: false, reason: 'unsigned', signature: null, payload: null, verified_at: null };

/** A commit as the git data API shows it: no accounts, no files. */
export function renderGitCommit(forge: Forge, repository: Repository, commit: Commit): Schemas['git-commit'] {
  const url = repositoryUrl(forge, repository);
  const page = repositoryPage(forge, repository);
  return {
    sha: commit.sha,
    node_id: nodeId('Commit', `${repository.id}:${commit.sha}`),
    url: `${url}/git/commits/${commit.sha}`,
    html_url: `${page}/commit/${commit.sha}`,
    author: commit.author,
    committer: commit.committer,
    message: commit.message,
    tree: { sha: commit.tree, url: `${url}/git/trees/${commit.tree}` },
    parents: commit.parents.map((sha) => ({
      sha,
      url: `${url}/git/commits/${sha}`,
      html_url: `${page}/commit/${sha}`,
    })),
    verification: unverified,
  };
}

/** A commit with the accounts behind its e-mail addresses; `files` only where one commit is asked for. */
export function renderCommit(
  forge: Forge,
  repository: Repository,
  commit: Commit & { files?: readonly ChangedFile[] },
): Schemas['commit'] {
  const url = repositoryUrl(forge, repository);
  const page = repositoryPage(forge, repository);
  const author = accountOfEmail(forge.state, commit.author.email);
  const committer = accountOfEmail(forge.state, commit.committer.email);
  return {
    sha: commit.sha,
    node_id: nodeId('Commit', `${repository.id}:${commit.sha}`),
    url: `${url}/commits/${commit.sha}`,
    html_url: `${page}/commit/${commit.sha}`,
    comments_url: `${url}/commits/${commit.sha}/comments`,
    commit: {
      url: `${url}/git/commits/${commit.sha}`,
      author: commit.author,
      committer: commit.committer,
      message: commit.message,
      comment_count: 0,
      tree: { sha: commit.tree, url: `${url}/git/trees/${commit.tree}` },
      verification: unverified,
    },
    author: author === null ? null : renderUser(forge, author),
    committer: committer === null ? null : renderUser(forge, committer),
    parents: commit.parents.map((sha) => ({
      sha,
      url: `${url}/commits/${sha}`,
      html_url: `${page}/commit/${sha}`,
    })),
    ...(commit.files === undefined
      ? {}
      : filesOf(forge, repository, { sha: commit.sha, files: commit.files })),
  };
}

function filesOf(
  forge: Forge,
  repository: Repository,
  { sha, files }: { sha: string; files: readonly ChangedFile[] },
): Pick<Schemas['commit'], 'stats' | 'files'> {
  const additions = files.reduce((sum, file) => sum + file.additions, 0);
  const deletions = files.reduce((sum, file) => sum + file.deletions, 0);
  return {
    stats: { additions, deletions, total: additions + deletions },
    files: files.map((file) => renderFile(forge, repository, { sha, file })),
  };
}

/** GitHub leaves the patch out when it is longer than this. */
const longestPatch = 100_000;

/** A changed file; `sha` is the commit whose side it is shown at. */
export function renderFile(
  forge: Forge,
  repository: Repository,
  { sha, file }: { sha: string; file: ChangedFile },
): Schemas['diff-entry'] {
  const path = file.filename
    .split('/')
    .map((part) => encodeURIComponent(part))
    .join('/');
  const page = repositoryPage(forge, repository);
  return {
    sha: file.sha,
    filename: file.filename,
    status: file.status,
    additions: file.additions,
    deletions: file.deletions,
    changes: file.additions + file.deletions,
    blob_url: `${page}/blob/${sha}/${path}`,
    raw_url: `${page}/raw/${sha}/${path}`,
    contents_url: `${repositoryUrl(forge, repository)}/contents/${path}?ref=${sha}`,
    ...(file.patch === undefined || file.patch.length > longestPatch ? {} : { patch: file.patch }),
    ...(file.previousFilename === undefined ? {} : { previous_filename: file.previousFilename }),
  };
}

export function renderRef(forge: Forge, repository: Repository, ref: Ref): Schemas['git-ref'] {
  const url = repositoryUrl(forge, repository);
  return {
    ref: ref.ref,
    node_id: nodeId('Ref', `${repository.id}:${ref.ref}`),
    url: `${url}/git/${ref.ref}`,
    object: { type: ref.type, sha: ref.sha, url: `${url}/git/${ref.type}s/${ref.sha}` },
  };
}

/** `simple-commit`, as check suites and workflow runs carry it. */
export function renderSimpleCommit(commit: Commit): Schemas['simple-commit'] {
  return {
    id: commit.sha,
    tree_id: commit.tree,
    message: commit.message,
    timestamp: commit.author.date,
    author: { name: commit.author.name, email: commit.author.email },
    committer: { name: commit.committer.name, email: commit.committer.email },
  };
}
