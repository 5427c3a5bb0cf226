/** Blobs, trees and commits of a bare repository, written without a work tree. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Git, gitText } from './command.ts';

/** `date` is ISO 8601; without it git takes the present. */
export type Person = { name: string; email: string; date?: string };

export type TreeEntry = {
  path: string;
  mode: '100644' | '100755' | '120000' | '040000' | '160000';
  type: 'blob' | 'tree' | 'commit';
  sha: string;
  /** Bytes of a blob; null for trees and submodules. */
  size: number | null;
};

/** One change of a tree: `sha` names an object, `content` makes a blob, `sha: null` removes the path. */
export type TreeChange = { path: string; mode?: string; sha?: string | null; content?: string | Buffer };

export type NewCommit = {
  message: string;
  tree: string;
  parents: readonly string[];
  author?: Person;
  committer?: Person;
};

/** What `update-index --index-info` takes for "this path is gone"; needs no work tree, unlike `git rm`. */
const removal = `0 ${'0'.repeat(40)}`;

export const emptyTree = '4b825dc642cb6eb9a060e54bf8d69288fbee4904';

/** Writes a blob and gives its sha. */
export function writeBlob(git: Git, content: string | Buffer): Promise<string> {
  return gitText(git, ['hash-object', '-w', '--stdin'], { input: content });
}

/** The bytes of a blob, or null when there is no blob of that name. */
export async function readBlob(git: Git, sha: string): Promise<Buffer | null> {
  const output = await git(['cat-file', 'blob', sha], { answers: [128] });
  return output.code === 0 ? output.stdout : null;
}

/** Entries below a tree or commit; `recursive` lists files with their whole path. */
export async function readTree(git: Git, treeish: string, recursive = false): Promise<TreeEntry[]> {
  const flags = recursive ? ['-r', '-t'] : [];
  const text = await gitText(git, ['ls-tree', '-z', '-l', ...flags, treeish]);
  return text
    .split('\0')
    .filter((line) => line !== '')
    .map((line) => parseEntry(line));
}

function parseEntry(line: string): TreeEntry {
  const tab = line.indexOf('\t');
  const [mode = '', type = '', sha = '', size = ''] = line.slice(0, tab).split(/ +/);
  return {
    path: line.slice(tab + 1),
    mode: mode as TreeEntry['mode'],
    type: type as TreeEntry['type'],
    sha,
    size: size === '-' ? null : Number(size),
  };
}

/**
 * A tree that is `base` (a treeish, or null for an empty one) with changes. Rejects with `GitError` when a
 * named object is missing. It works on an index of its own, so calls may overlap.
 */
export async function writeTree(
  git: Git,
  base: string | null,
  changes: readonly TreeChange[],
): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'forge-index-'));
  const env = { GIT_INDEX_FILE: join(directory, 'index') };
  try {
    await git(['read-tree', base ?? emptyTree], { env });
    const lines: string[] = [];
    for (const change of changes) lines.push(...(await indexLines(git, change, env)));
    await git(['update-index', '-z', '--index-info'], {
      env,
      input: lines.map((line) => `${line}\0`).join(''),
    });
    return await gitText(git, ['write-tree'], { env });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function indexLines(git: Git, change: TreeChange, env: Record<string, string>): Promise<string[]> {
  if (change.mode === '040000' && typeof change.sha === 'string') {
    // A tree put at a path replaces what was below it. `read-tree --prefix` would want a work tree.
    const present = await gitText(git, ['ls-files', '-z', '--', `:(literal)${change.path}`], { env });
    const entries = (await readTree(git, change.sha, true)).filter((entry) => entry.type !== 'tree');
    return [
      ...present
        .split('\0')
        .filter((path) => path !== '')
        .map((path) => `${removal}\t${path}`),
      ...entries.map((entry) => `${entry.mode} ${entry.sha}\t${change.path}/${entry.path}`),
    ];
  }
  const sha = change.content === undefined ? (change.sha ?? null) : await writeBlob(git, change.content);
  return [sha === null ? `${removal}\t${change.path}` : `${change.mode ?? '100644'} ${sha}\t${change.path}`];
}

function personEnvironment(role: 'AUTHOR' | 'COMMITTER', person: Person | undefined): Record<string, string> {
  if (person === undefined) return {};
  return {
    [`GIT_${role}_NAME`]: person.name,
    [`GIT_${role}_EMAIL`]: person.email,
    ...(person.date === undefined ? {} : { [`GIT_${role}_DATE`]: person.date }),
  };
}

/** Writes a commit object and gives its sha; the committer defaults to the author. No ref moves. */
export function writeCommit(git: Git, commit: NewCommit): Promise<string> {
  const parents = commit.parents.flatMap((parent) => ['-p', parent]);
  return gitText(git, ['commit-tree', commit.tree, ...parents, '-F', '-'], {
    input: commit.message,
    env: {
      ...personEnvironment('AUTHOR', commit.author),
      ...personEnvironment('COMMITTER', commit.committer ?? commit.author),
    },
  });
}
