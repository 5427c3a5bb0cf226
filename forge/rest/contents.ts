/** Files of a repository, read and written one at a time. */
import type { components } from '@octokit/openapi-types';
import { personOf } from '../author.ts';
import { pushRefusal } from '../branch-rules.ts';
import type { Forge } from '../forge.ts';
import type { TreeEntry } from '../git/repository.ts';
import { GitHubError, notFound } from '../github-error.ts';
import { nowhere } from '../ref-moves.ts';
import { renderCommit } from '../render/commit.ts';
import { repositoryPage, repositoryUrl } from '../render/repository.ts';
import { RawContent, reads, repositoryRoute, writes, type RepositoryRequest, type Route } from '../route.ts';
import type { Repository } from '../state.ts';

type Schemas = components['schemas'];

interface FileAt {
  path: string;
  sha: string;
  ref: string;
  kind: 'blob' | 'tree';
}

function linksOf(forge: Forge, repository: Repository, { path, sha, ref, kind }: FileAt) {
  const encoded = path.split('/').map(encodeURIComponent).join('/');
  const url = `${repositoryUrl(forge, repository)}/contents/${encoded}?ref=${encodeURIComponent(ref)}`;
  const page = repositoryPage(forge, repository);
  const git_url = `${repositoryUrl(forge, repository)}/git/${kind}s/${sha}`;
  const html_url = `${page}/${kind}/${encodeURIComponent(ref)}/${encoded}`;
  return {
    url,
    git_url,
    html_url,
    download_url: kind === 'blob' ? `${page}/raw/${encodeURIComponent(ref)}/${encoded}` : null,
    _links: { self: url, git: git_url, html: html_url },
  };
}

const types = { blob: 'file', tree: 'dir', commit: 'submodule' } as const;
const nameOf = (path: string): string => path.split('/').at(-1) ?? '';

function renderEntry(
  forge: Forge,
  repository: Repository,
  { entry, ref }: { entry: TreeEntry; ref: string },
) {
  const kind = entry.type === 'tree' ? 'tree' : 'blob';
  return {
    type: entry.mode === '120000' ? ('symlink' as const) : types[entry.type],
    size: entry.size ?? 0,
    name: nameOf(entry.path),
    path: entry.path,
    sha: entry.sha,
    ...linksOf(forge, repository, { path: entry.path, sha: entry.sha, ref, kind }),
  };
}

interface Place {
  path: string;
  /** The ref as asked for, for links. */
  ref: string;
  /** The commit it names. */
  commit: string;
}

/** The tree entry of a path, found in the listing of its directory. */
async function entryAt(
  forge: Forge,
  repository: Repository,
  { path, commit }: Place,
): Promise<TreeEntry | null> {
  const directory = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
  const git = forge.git(repository);
  const entries = directory === '' ? await git.listTree(commit) : await git.listTree(commit, directory);
  return entries?.find((entry) => nameOf(entry.path) === nameOf(path)) ?? null;
}

async function renderFile(
  forge: Forge,
  repository: Repository,
  { entry, place }: { entry: TreeEntry; place: Place },
): Promise<Schemas['content-file']> {
  const content = (await forge.git(repository).readFile(place.commit, place.path)) ?? Buffer.alloc(0);
  const base64 = content.toString('base64').replaceAll(/(.{60})/g, '$1\n');
  return {
    type: 'file',
    encoding: 'base64',
    size: content.length,
    name: nameOf(place.path),
    path: place.path,
    content: base64 === '' || base64.endsWith('\n') ? base64 : `${base64}\n`,
    sha: entry.sha,
    ...linksOf(forge, repository, { path: place.path, sha: entry.sha, ref: place.ref, kind: 'blob' }),
  };
}

const get = repositoryRoute('repos/get-content', reads('contents'), async (request) => {
  const { forge, repository, params, accept } = request;
  const path = params.path.replaceAll(/^\/+|\/+$/g, '');
  const ref = params.ref ?? repository.defaultBranch;
  const git = forge.git(repository);
  const commit = await git.resolve(ref);
  if (commit === null) throw new GitHubError(404, `No commit found for the ref ${ref}`);
  const place = { path, ref, commit };
  const entry = path === '' ? null : await entryAt(forge, repository, place);
  if (path !== '' && entry === null) throw notFound();
  if (entry === null || entry.type === 'tree') {
    const entries = (path === '' ? await git.listTree(commit) : await git.listTree(commit, path)) ?? [];
    const absolute = entries.map((child) => ({
      ...child,
      path: path === '' ? nameOf(child.path) : `${path}/${nameOf(child.path)}`,
    }));
    return {
      status: 200,
      body: absolute.map((child) => renderEntry(forge, repository, { entry: child, ref })),
    };
  }
  if (/\.raw\b/.test(accept)) throw new RawContent((await git.readFile(commit, path)) ?? Buffer.alloc(0));
  return { status: 200, body: await renderFile(forge, repository, { entry: { ...entry, path }, place }) };
});

/** Throws 422 without, 409 with a wrong `sha` of the file that is replaced or deleted. */
async function mustMatch(
  forge: Forge,
  repository: Repository,
  { place, sha }: { place: Place; sha: string | undefined },
): Promise<TreeEntry | null> {
  const present = await entryAt(forge, repository, place);
  if (present === null || present.sha === sha) return present;
  if (sha === undefined) throw new GitHubError(422, 'Invalid request.\n\n"sha" wasn\'t supplied.');
  throw new GitHubError(409, `${place.path} does not match ${sha}`);
}

interface FileChange {
  request: Pick<RepositoryRequest<'repos/get'>, 'forge' | 'repository' | 'caller' | 'actor'>;
  path: string;
  message: string;
  content: Buffer | null;
  sha: string | undefined;
  branch: string | undefined;
  author: { name: string; email: string; date?: string } | undefined;
}

/** Commits one file on a branch. @returns the commit and what stood there before */
async function change({ request, path, message, content, sha, branch: wanted, author }: FileChange) {
  const { forge, repository, actor, caller } = request;
  const branch = wanted ?? repository.defaultBranch;
  const git = forge.git(repository);
  const forbidden = await pushRefusal(forge, caller, { repository, ref: `refs/heads/${branch}` });
  if (forbidden !== null) throw new GitHubError(409, `Repository rule violations found\n\n${forbidden}`);
  return git.serially(async () => {
    const before = (await git.readRef(`refs/heads/${branch}`))?.sha ?? null;
    if (before === null && branch !== repository.defaultBranch)
      throw new GitHubError(404, `Branch ${branch} not found`);
    const place = { path, ref: branch, commit: before ?? nowhere };
    const present = before === null ? null : await mustMatch(forge, repository, { place, sha });
    if (content === null && present === null) throw notFound();
    const person = author ?? personOf(actor);
    const after = await git.commit({ branch, message, files: { [path]: content }, author: person });
    await forge.pushes.tell({
      repository,
      caller,
      refs: [{ ref: `refs/heads/${branch}`, before: before ?? nowhere, after }],
    });
    const commit = await git.readCommit(after);
    if (commit === null) throw new Error(`git lost the commit ${after} it just made`);
    return { present, place: { ...place, commit: after }, commit: renderCommit(forge, repository, commit) };
  });
}

/** `file-commit` shows a flatter commit than the commits API does. */
function flat(commit: Schemas['commit']): Schemas['file-commit']['commit'] {
  const { author, committer, message, tree, verification } = commit.commit;
  return {
    sha: commit.sha,
    node_id: commit.node_id,
    url: commit.commit.url,
    html_url: commit.html_url,
    author: author === null ? {} : { ...author },
    committer: committer === null ? {} : { ...committer },
    message,
    tree,
    ...(verification === undefined ? {} : { verification }),
    parents: commit.parents.map(({ sha, url, html_url }) => ({
      sha,
      url,
      ...(html_url === undefined ? {} : { html_url }),
    })),
  };
}

const put = repositoryRoute(
  'repos/create-or-update-file-contents',
  writes('write', 'contents'),
  async (request) => {
    const { forge, repository, params, body } = request;
    const { message, sha, branch, author } = body;
    const content = Buffer.from(body.content, 'base64');
    const { present, place, commit } = await change({
      request,
      path: params.path,
      message,
      content,
      sha,
      branch,
      author,
    });
    const entry = await entryAt(forge, repository, place);
    if (entry === null) throw new Error(`git lost ${params.path}`);
    const file = await renderFile(forge, repository, { entry, place });
    // As GitHub does, the answer describes the file without repeating its content.
    const { name, path, size, type, url } = file;
    const links = linksOf(forge, repository, { path, sha: entry.sha, ref: place.ref, kind: 'blob' });
    const shown = {
      name,
      path,
      sha: entry.sha,
      size,
      type,
      ...links,
      url,
      download_url: links.download_url ?? '',
    };
    return { status: present === null ? 201 : 200, body: { content: shown, commit: flat(commit) } };
  },
);

const remove = repositoryRoute('repos/delete-file', writes('write', 'contents'), async (request) => {
  const { message, sha, branch, author } = request.body;
  const person =
    author?.name === undefined || author.email === undefined
      ? undefined
      : { name: author.name, email: author.email };
  const { commit } = await change({
    request,
    path: request.params.path,
    message,
    content: null,
    sha,
    branch,
    author: person,
  });
  return { status: 200, body: { content: null, commit: flat(commit) } };
});

export const contentRoutes: Route[] = [get, put, remove];
