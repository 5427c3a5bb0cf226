/** Git's own objects: refs, commits, trees, blobs. */
import { personOf } from '../author.ts';
import { pushRefusal } from '../branch-rules.ts';
import type { Forge } from '../forge.ts';
import { GitError } from '../git/command.ts';
import type { Person, TreeEntry } from '../git/repository.ts';
import { GitHubError, notFound, validationFailed } from '../github-error.ts';
import { nodeId } from '../ids.ts';
import { moveRef } from '../ref-moves.ts';
import { renderGitCommit, renderRef } from '../render/commit.ts';
import { repositoryUrl } from '../render/repository.ts';
import { reads, repositoryRoute, writes, type RepositoryRequest, type Route } from '../route.ts';
import type { Repository } from '../state.ts';

const emptyRepository = (): GitHubError => new GitHubError(409, 'Git Repository is empty.');

/** G10: the git data API answers 409 while a repository has no commit. */
async function refuseEmpty(forge: Forge, repository: Repository): Promise<void> {
  if ((await forge.git(repository).refs('refs/heads/')).length === 0) throw emptyRepository();
}

/** Throws GitHub's 422 when a ruleset keeps the caller from moving the ref by hand. */
async function refuseRuled(
  { forge, caller, repository }: Pick<RepositoryRequest<'git/create-ref'>, 'forge' | 'caller' | 'repository'>,
  { ref, sha }: { ref: string; sha: string | null },
): Promise<void> {
  const forbidden = await pushRefusal(forge, caller, { repository, ref, sha });
  if (forbidden !== null) throw new GitHubError(422, `Repository rule violations found\n\n${forbidden}\n`);
}

/** `heads/x` of a path, which some clients send as `refs/heads/x`. */
const wholeRef = (ref: string): string => (ref.startsWith('refs/') ? ref : `refs/${ref}`);

const referenceRoutes: Route[] = [
  repositoryRoute('git/list-matching-refs', reads('contents'), async ({ forge, repository, params }) => {
    await refuseEmpty(forge, repository);
    const refs = await forge.git(repository).refs(wholeRef(params.ref));
    return { status: 200, body: refs.map((ref) => renderRef(forge, repository, ref)) };
  }),
  repositoryRoute('git/get-ref', reads('contents'), async ({ forge, repository, params }) => {
    await refuseEmpty(forge, repository);
    const ref = await forge.git(repository).readRef(wholeRef(params.ref));
    if (ref === null) throw notFound();
    return { status: 200, body: renderRef(forge, repository, ref) };
  }),
  repositoryRoute(
    'git/create-ref',
    writes('write', 'contents'),
    async ({ forge, repository, caller, body }) => {
      await refuseEmpty(forge, repository);
      const { ref, sha } = body;
      if ((await forge.git(repository).readRef(ref)) === null)
        await refuseRuled({ forge, caller, repository }, { ref, sha });
      const change = await moveRef(forge, { repository, caller, ref, sha, mode: 'create' });
      if (change === 'exists') throw new GitHubError(422, 'Reference already exists');
      if (change === 'missing') throw new GitHubError(422, 'Object does not exist');
      if (change !== 'done') throw new GitHubError(422, `${ref} is not a valid ref name.`);
      const made = await forge.git(repository).readRef(ref);
      if (made === null) throw notFound();
      return { status: 201, body: renderRef(forge, repository, made) };
    },
  ),
  repositoryRoute(
    'git/update-ref',
    writes('write', 'contents'),
    async ({ forge, repository, caller, params, body }) => {
      const git = forge.git(repository);
      const ref = wholeRef(params.ref);
      if ((await git.readRef(ref)) === null) throw new GitHubError(422, 'Reference does not exist');
      const { sha, force = false } = body;
      await refuseRuled({ forge, caller, repository }, { ref, sha });
      const change = await moveRef(forge, { repository, caller, ref, sha, mode: 'update', force });
      if (change === 'missing') throw new GitHubError(422, 'Object does not exist');
      if (change !== 'done') throw new GitHubError(422, 'Update is not a fast forward');
      const moved = await git.readRef(ref);
      if (moved === null) throw notFound();
      return { status: 200, body: renderRef(forge, repository, moved) };
    },
  ),
  repositoryRoute(
    'git/delete-ref',
    writes('write', 'contents'),
    async ({ forge, repository, caller, params }) => {
      const ref = wholeRef(params.ref);
      if (ref === `refs/heads/${repository.defaultBranch}`)
        throw new GitHubError(422, 'Cannot delete the default branch');
      await refuseRuled({ forge, caller, repository }, { ref, sha: null });
      const change = await moveRef(forge, { repository, caller, ref, sha: null, mode: 'delete' });
      if (change !== 'done') throw new GitHubError(422, 'Reference does not exist');
      return { status: 204 };
    },
  ),
];

/** What the API takes for author or committer; the caller where nothing is given. */
function person(given: Partial<Person> | undefined, fallback: Person, now: string): Person {
  return {
    name: given?.name ?? fallback.name,
    email: given?.email ?? fallback.email,
    date: given?.date ?? now,
  };
}

async function assertTree(forge: Forge, repository: Repository, sha: string): Promise<void> {
  if (!/^[0-9a-f]{40}$/.test(sha))
    throw new GitHubError(422, 'The tree parameter must be exactly 40 characters and contain only [0-9a-f].');
  const output = await forge.git(repository).git(['cat-file', '-t', sha], { answers: [128] });
  if (output.stdout.toString().trim() !== 'tree') throw new GitHubError(422, 'Tree SHA does not exist');
}

const commitRoutes: Route[] = [
  repositoryRoute(
    'git/create-commit',
    writes('write', 'contents'),
    async ({ forge, repository, actor, body }) => {
      await refuseEmpty(forge, repository);
      const git = forge.git(repository);
      await assertTree(forge, repository, body.tree);
      for (const parent of body.parents ?? [])
        if ((await git.readCommit(parent)) === null)
          throw new GitHubError(422, 'Parent SHA does not exist or is not a commit object');
      const now = forge.clock.timestamp();
      const author = person(body.author, personOf(actor), now);
      const sha = await git.writeCommit({
        message: body.message,
        tree: body.tree,
        parents: body.parents ?? [],
        author,
        committer: person(body.committer, author, now),
      });
      const commit = await git.readCommit(sha);
      if (commit === null) throw notFound();
      return { status: 201, body: renderGitCommit(forge, repository, commit) };
    },
  ),
  repositoryRoute('git/get-commit', reads('contents'), async ({ forge, repository, params }) => {
    await refuseEmpty(forge, repository);
    const sha = /^[0-9a-f]{40}$/.test(params.commit_sha) ? params.commit_sha : '';
    const commit = sha === '' ? null : await forge.git(repository).readCommit(sha);
    if (commit === null) throw notFound();
    return { status: 200, body: renderGitCommit(forge, repository, commit) };
  }),
];

function renderTree(
  forge: Forge,
  repository: Repository,
  { sha, entries }: { sha: string; entries: TreeEntry[] },
) {
  const url = repositoryUrl(forge, repository);
  return {
    sha,
    url: `${url}/git/trees/${sha}`,
    truncated: false,
    tree: entries.map((entry) => ({
      path: entry.path,
      mode: entry.mode,
      type: entry.type,
      sha: entry.sha,
      ...(entry.size === null ? {} : { size: entry.size }),
      url: `${url}/git/${entry.type}s/${entry.sha}`,
    })),
  };
}

const treeRoutes: Route[] = [
  repositoryRoute('git/create-tree', writes('write', 'contents'), async ({ forge, repository, body }) => {
    await refuseEmpty(forge, repository);
    const git = forge.git(repository);
    if (body.base_tree !== undefined) await assertTree(forge, repository, body.base_tree);
    const changes = body.tree.map((entry) => {
      if (entry.path === undefined || entry.path === '')
        throw new GitHubError(422, 'tree.path must be given');
      return {
        path: entry.path,
        ...(entry.mode === undefined ? {} : { mode: entry.mode }),
        ...(entry.sha === undefined ? {} : { sha: entry.sha }),
        ...(entry.content === undefined ? {} : { content: entry.content }),
      };
    });
    try {
      const sha = await git.writeTree(body.base_tree ?? null, changes);
      const entries = (await git.listTreeOf(sha)) ?? [];
      return { status: 201, body: renderTree(forge, repository, { sha, entries }) };
    } catch (error) {
      if (error instanceof GitError)
        throw new GitHubError(422, 'tree.sha does not exist or a path is malformed');
      throw error;
    }
  }),
  repositoryRoute('git/get-tree', reads('contents'), async ({ forge, repository, params }) => {
    await refuseEmpty(forge, repository);
    const git = forge.git(repository);
    const sha = (await git.resolveTree(params.tree_sha)) ?? null;
    const entries = sha === null ? null : await git.listTreeOf(sha, params.recursive !== undefined);
    if (sha === null || entries === null) throw notFound();
    return { status: 200, body: renderTree(forge, repository, { sha, entries }) };
  }),
];

const blobRoutes: Route[] = [
  repositoryRoute('git/create-blob', writes('write', 'contents'), async ({ forge, repository, body }) => {
    await refuseEmpty(forge, repository);
    const encoding = body.encoding ?? 'utf-8';
    if (encoding !== 'utf-8' && encoding !== 'base64')
      throw validationFailed({ resource: 'Blob', code: 'invalid', field: 'encoding' });
    const content = Buffer.from(body.content, encoding === 'base64' ? 'base64' : 'utf8');
    const sha = await forge.git(repository).writeBlob(content);
    return { status: 201, body: { sha, url: `${repositoryUrl(forge, repository)}/git/blobs/${sha}` } };
  }),
  repositoryRoute('git/get-blob', reads('contents'), async ({ forge, repository, params }) => {
    const sha = params.file_sha;
    const content = /^[0-9a-f]{40}$/.test(sha) ? await forge.git(repository).readBlob(sha) : null;
    if (content === null) throw notFound();
    return {
      status: 200,
      body: {
        sha,
        node_id: nodeId('Commit', `${repository.id}:${sha}`),
        url: `${repositoryUrl(forge, repository)}/git/blobs/${sha}`,
        size: content.length,
        content: content.toString('base64'),
        encoding: 'base64',
      },
    };
  }),
];

export const gitDataRoutes: Route[] = [...referenceRoutes, ...commitRoutes, ...treeRoutes, ...blobRoutes];
