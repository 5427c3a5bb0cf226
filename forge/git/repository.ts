/** One bare repository: everything the forge asks of git, bound to its directory. */
import { mkdir } from 'node:fs/promises';
import { type Git, gitAt, gitText } from './command.ts';
import * as compare from './compare.ts';
import * as objects from './objects.ts';
import * as refs from './refs.ts';

export type { ChangedFile, Commit, Comparison } from './compare.ts';
export type { NewCommit, Person, TreeChange, TreeEntry } from './objects.ts';
export type { Ref, RefChange } from './refs.ts';

/** A change of files on a branch; `null` removes a file. The branch is made from `HEAD` when it is new. */
export type FileCommit = {
  branch: string;
  message: string;
  files: Record<string, string | Buffer | null>;
  author: objects.Person;
};

export type GitRepository = {
  dir: string;
  git: Git;
  /** Commit that a sha, branch, tag or ref names; null when nothing does. */
  resolve(name: string): Promise<string | null>;
  /** Bytes of a file at a commit; null when the commit or the file is missing or the path is a directory. */
  readFile(name: string, path: string): Promise<Buffer | null>;
  /** Entries of a directory (the root without `path`), or of the whole tree; null when there is none. */
  listTree(name: string, path?: string, recursive?: boolean): Promise<objects.TreeEntry[] | null>;
  /** Sha of the tree that a sha of a tree or commit, or a name of a commit, stands for. */
  resolveTree(name: string): Promise<string | null>;
  /** Entries of a tree by its own sha. */
  listTreeOf(sha: string, recursive?: boolean): Promise<objects.TreeEntry[]>;
  /** Commits files on a branch and moves it; gives the new sha. Rejects when the branch moved meanwhile. */
  commit(change: FileCommit): Promise<string>;
  refs(prefix?: string): Promise<refs.Ref[]>;
  /** Refs below a prefix that contain a commit. */
  refsWith(sha: string, among: { prefix: string; limit: number }): Promise<refs.Ref[]>;
  readRef(ref: string): Promise<refs.Ref | null>;
  createRef(ref: string, sha: string): Promise<refs.RefChange>;
  updateRef(ref: string, target: { sha: string; force?: boolean; before?: string }): Promise<refs.RefChange>;
  deleteRef(ref: string): Promise<refs.RefChange>;
  isAncestor(ancestor: string, sha: string): Promise<boolean>;
  writeBlob(content: string | Buffer): Promise<string>;
  readBlob(sha: string): Promise<Buffer | null>;
  writeTree(base: string | null, changes: readonly objects.TreeChange[]): Promise<string>;
  writeCommit(commit: objects.NewCommit): Promise<string>;
  readCommit(sha: string): Promise<compare.Commit | null>;
  log(
    sha: string,
    options?: { not?: string; path?: string; limit?: number; skip?: number },
  ): Promise<compare.Commit[]>;
  mergeBase(one: string, other: string): Promise<string | null>;
  /** Three-dot comparison of two shas; null for unrelated histories. */
  compare(base: string, head: string): Promise<compare.Comparison | null>;
  /** Files that differ between two treeishes (two dots); null on the left is the empty tree. */
  changedFiles(from: string | null, to: string): Promise<compare.ChangedFile[]>;
  /** Runs work after everything that was handed in before it for this directory: pushes, merges, ref writes. */
  serially<T>(work: () => Promise<T>): Promise<T>;
};

/** The last piece of serial work of each directory; module-wide because a directory may be opened twice. */
const tails = new Map<string, Promise<unknown>>();

function serially<T>(dir: string, work: () => Promise<T>): Promise<T> {
  const result = (tails.get(dir) ?? Promise.resolve()).then(work);
  // The queue goes on after a failure; the failure itself is the caller's, through `result`.
  const tail = result.then(
    () => undefined,
    () => undefined,
  );
  tails.set(dir, tail);
  return result;
}

/** Opens the bare repository at `dir`, which must exist; nothing is read until it is asked for. */
export function openRepository(dir: string): GitRepository {
  const git = gitAt(dir);
  const resolve = (name: string) => refs.resolveCommit(git, name);
  return {
    dir,
    git,
    resolve,
    readFile: (name, path) => readFile(git, name, path),
    listTree: (name, path = '', recursive = false) => listTree(git, name, { path, recursive }),
    resolveTree: (name) => refs.resolveTree(git, name),
    listTreeOf: (sha, recursive = false) => objects.readTree(git, sha, recursive),
    commit: (change) => commitFiles(git, change),
    refs: (prefix = 'refs/') => refs.listRefs(git, prefix),
    refsWith: (sha, among) => refs.refsWith(git, sha, among),
    readRef: (ref) => refs.readRef(git, ref),
    createRef: (ref, sha) => refs.createRef(git, ref, sha),
    updateRef: (ref, target) => refs.updateRef(git, ref, target),
    deleteRef: (ref) => refs.deleteRef(git, ref),
    isAncestor: (ancestor, sha) => refs.isAncestor(git, ancestor, sha),
    writeBlob: (content) => objects.writeBlob(git, content),
    readBlob: (sha) => objects.readBlob(git, sha),
    writeTree: (base, changes) => objects.writeTree(git, base, changes),
    writeCommit: (commit) => objects.writeCommit(git, commit),
    readCommit: (sha) => compare.readCommit(git, sha),
    log: (sha, options) => compare.listCommits(git, sha, options),
    mergeBase: (one, other) => compare.mergeBase(git, one, other),
    compare: (base, head) => compare.compareCommits(git, base, head),
    changedFiles: (from, to) => compare.changedFiles(git, from, to),
    serially: (work) => serially(dir, work),
  };
}

/** Makes a bare repository with one commit of `files` on the default branch; with no files it stays empty. */
export async function createRepository(
  dir: string,
  options: {
    defaultBranch: string;
    files: Record<string, string | Buffer>;
    author: objects.Person;
    message?: string;
  },
): Promise<GitRepository> {
  await mkdir(dir, { recursive: true });
  const git = gitAt(dir);
  await git(['init', '--bare', '--quiet', '--template=', `--initial-branch=${options.defaultBranch}`, '.']);
  const repository = openRepository(dir);
  if (Object.keys(options.files).length > 0)
    await repository.commit({
      branch: options.defaultBranch,
      message: options.message ?? 'Initial commit',
      files: options.files,
      author: options.author,
    });
  return repository;
}

/** `commit:path` as an object, read over standard input so that no path is ever taken for an option. */
async function objectAt(git: Git, name: string, path: string): Promise<{ sha: string; type: string } | null> {
  const commit = await refs.resolveCommit(git, name);
  if (commit === null || path.includes('\n')) return null;
  const input = `${commit}:${path.replace(/^\/+|\/+$/g, '')}\n`;
  const text = await gitText(git, ['cat-file', '--batch-check=%(objectname) %(objecttype)'], { input });
  const [sha = '', type = ''] = text.split(' ');
  return /^[0-9a-f]{40}$/.test(sha) ? { sha, type } : null;
}

async function readFile(git: Git, name: string, path: string): Promise<Buffer | null> {
  const object = await objectAt(git, name, path);
  return object?.type === 'blob' ? objects.readBlob(git, object.sha) : null;
}

async function listTree(
  git: Git,
  name: string,
  where: { path: string; recursive: boolean },
): Promise<objects.TreeEntry[] | null> {
  const object = await objectAt(git, name, where.path);
  return object?.type === 'tree' ? objects.readTree(git, object.sha, where.recursive) : null;
}

async function commitFiles(git: Git, change: FileCommit): Promise<string> {
  const ref = `refs/heads/${change.branch}`;
  const present = await refs.readRef(git, ref);
  const parent = present?.sha ?? (await refs.resolveCommit(git, 'HEAD'));
  const changes = Object.entries(change.files).map(([path, content]) =>
    content === null ? { path, sha: null } : { path, content },
  );
  const tree = await objects.writeTree(git, parent, changes);
  const sha = await objects.writeCommit(git, {
    message: change.message,
    tree,
    parents: parent === null ? [] : [parent],
    author: change.author,
  });
  await git(['update-ref', '--no-deref', ref, sha, present?.sha ?? '0'.repeat(40)]);
  return sha;
}
