/** Bare repositories on real git: files, refs, history, differences. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createRepository, type GitRepository, openRepository } from './repository.ts';

// The real git, on a machine that others use too.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const ana = { name: 'Ana', email: 'ana@example.com', date: '2026-01-02T03:04:05Z' };
let root: string;
let count = 0;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'forge-git-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function repositoryWith(files: Record<string, string>): Promise<{ it: GitRepository; main: string }> {
  const dir = join(root, `${(count += 1)}.git`);
  const it = await createRepository(dir, { defaultBranch: 'main', files, author: ana });
  return { it, main: (await it.resolve('main'))! };
}

test('initial files are one commit by the author on the default branch', async () => {
  const { it, main } = await repositoryWith({ 'a.txt': 'one\n', 'src/b c.ts': 'two\n' });
  expect(await it.readCommit(main)).toMatchObject({ parents: [], author: ana, message: 'Initial commit' });
  expect((await it.readFile('main', 'src/b c.ts'))?.toString()).toBe('two\n');
  expect(await it.readFile('main', 'src')).toBeNull();
  expect(await it.readFile('gone', 'a.txt')).toBeNull();
  expect((await it.listTree('HEAD'))?.map((entry) => [entry.path, entry.type, entry.size])).toEqual([
    ['a.txt', 'blob', 4],
    ['src', 'tree', null],
  ]);
  expect(await it.listTree('main', 'a.txt')).toBeNull();
});

test('an empty repository has no commit, and opens again by its directory', async () => {
  const { it } = await repositoryWith({});
  expect(await it.resolve('HEAD')).toBeNull();
  expect(await openRepository(it.dir).refs()).toEqual([]);
});

test('names resolve as branch, tag, ref or sha; revision syntax and options never do', async () => {
  const { it, main } = await repositoryWith({ a: '1' });
  for (const name of ['main', 'heads/main', 'refs/heads/main', 'HEAD', main, main.slice(0, 8)])
    expect(await it.resolve(name)).toBe(main);
  for (const name of [
    'main~0',
    'main:a',
    ':/Initial',
    '--all',
    '-h',
    'main^{tree}',
    '',
    'a..b',
    'f'.repeat(40),
  ])
    expect(await it.resolve(name)).toBeNull();
});

test('commits on a branch: new from HEAD, then on itself; null removes a file', async () => {
  const { it, main } = await repositoryWith({ a: '1\n', b: '2\n' });
  const one = await it.commit({ branch: 'topic', message: 'one', files: { a: null }, author: ana });
  const two = await it.commit({ branch: 'topic', message: 'two\n\nbody', files: { c: '3\n' }, author: ana });
  expect((await it.readCommit(one))?.parents).toEqual([main]);
  expect(await it.readCommit(two)).toMatchObject({ parents: [one], message: 'two\n\nbody' });
  expect((await it.listTree('topic'))?.map((entry) => entry.path)).toEqual(['b', 'c']);
  expect((await it.log(two, { not: main })).map((commit) => commit.message)).toEqual(['two\n\nbody', 'one']);
  expect((await it.log(two, { path: 'c' })).map((commit) => commit.sha)).toEqual([two]);
  expect(await it.resolve('main')).toBe(main);
});

test('refs are made, moved forward, forced and deleted, each refusal named', async () => {
  const { it, main } = await repositoryWith({ a: '1\n' });
  const next = await it.commit({ branch: 'topic', message: 'next', files: { a: '2\n' }, author: ana });
  expect(await it.createRef('refs/heads/x', main)).toBe('done');
  expect(await it.createRef('refs/heads/x', main)).toBe('exists');
  expect(await it.createRef('refs/heads/x/y', main)).toBe('exists');
  expect(await it.createRef('refs/heads/y', 'e'.repeat(40))).toBe('missing');
  expect(await it.createRef('heads/y', main)).toBe('invalid');
  expect(await it.createRef('refs/heads/y..z', main)).toBe('invalid');
  expect(await it.updateRef('refs/heads/x', { sha: next })).toBe('done');
  expect(await it.updateRef('refs/heads/x', { sha: main })).toBe('not_fast_forward');
  expect(await it.updateRef('refs/heads/x', { sha: main, force: true, before: main })).toBe(
    'not_fast_forward',
  );
  expect(await it.updateRef('refs/heads/x', { sha: main, force: true })).toBe('done');
  expect(await it.updateRef('refs/heads/none', { sha: main })).toBe('missing');
  expect(await it.deleteRef('refs/heads/x')).toBe('done');
  expect(await it.deleteRef('refs/heads/x')).toBe('missing');
  expect((await it.refs('refs/heads/')).map((ref) => ref.ref)).toEqual([
    'refs/heads/main',
    'refs/heads/topic',
  ]);
});

test('compare counts by the merge base and shows files as GitHub does', async () => {
  const long = Array.from({ length: 20 }, (_, index) => `line ${index}\n`).join('');
  const { it, main } = await repositoryWith({ a: 'x\ny\n', moved: long, gone: 'g\n', bin: 'a\0b' });
  const head = await it.commit({
    branch: 'topic',
    message: 'change',
    files: {
      a: 'x\nz\ndiff --git a b\n',
      moved: null,
      'dir/moved': long,
      gone: null,
      bin: 'a\0c',
      'né w': 'n',
    },
    author: ana,
  });
  const base = await it.commit({
    branch: 'main',
    message: 'meanwhile',
    files: { other: 'o\n' },
    author: ana,
  });
  const comparison = (await it.compare(base, head))!;
  expect(comparison).toMatchObject({ mergeBase: main, ahead: 1, behind: 1 });
  expect(comparison.commits.map((commit) => commit.sha)).toEqual([head]);
  const files = Object.fromEntries(comparison.files.map((file) => [file.filename, file]));
  expect(Object.keys(files).toSorted()).toEqual(['a', 'bin', 'dir/moved', 'gone', 'né w']);
  expect(files['a']).toMatchObject({
    status: 'modified',
    additions: 2,
    deletions: 1,
    patch: '@@ -1,2 +1,3 @@\n x\n-y\n+z\n+diff --git a b',
  });
  expect(files['dir/moved']).toMatchObject({ status: 'renamed', previousFilename: 'moved', additions: 0 });
  expect(files['dir/moved']).not.toHaveProperty('patch');
  expect(files['gone']).toMatchObject({ status: 'removed', deletions: 1 });
  expect(files['bin']).toMatchObject({ status: 'modified', additions: 0 });
  expect(files['bin']).not.toHaveProperty('patch');
  expect(files['né w']).toMatchObject({
    status: 'added',
    patch: '@@ -0,0 +1 @@\n+n\n\\ No newline at end of file',
  });
});

test('a file that becomes a link keeps the patches of its neighbours in place', async () => {
  const { it, main } = await repositoryWith({ a: '1\n', b: '1\n', c: '1\n' });
  const target = await it.writeBlob('a');
  const tree = await it.writeTree(main, [
    { path: 'b', mode: '120000', sha: target },
    { path: 'c', content: '2\n' },
  ]);
  const files = await it.changedFiles(main, tree);
  expect(files.map((file) => [file.filename, file.status])).toEqual([
    ['b', 'changed'],
    ['c', 'modified'],
  ]);
  expect(files[1]?.patch).toBe('@@ -1 +1 @@\n-1\n+2');
});

test('trees and commits are made from objects, subtrees replaced, no ref moved (G10: an empty commit)', async () => {
  const { it, main } = await repositoryWith({ 'dir/old': '1', keep: '2' });
  const inner = await it.writeTree(null, [{ path: 'new', content: '3' }]);
  const tree = await it.writeTree(main, [{ path: 'dir', mode: '040000', sha: inner }]);
  expect(
    (await it.listTree(await it.writeCommit({ message: 'm', tree, parents: [main] }), '', true))?.map(
      (e) => e.path,
    ),
  ).toEqual(['dir', 'dir/new', 'keep']);
  const parent = (await it.readCommit(main))!;
  const empty = await it.writeCommit({ message: 'start', tree: parent.tree, parents: [main], author: ana });
  expect(await it.compare(main, empty)).toMatchObject({ ahead: 1, files: [] });
  expect(await it.resolve('main')).toBe(main);
});

test('serial work keeps its order and survives a failure', async () => {
  const { it } = await repositoryWith({});
  const seen: number[] = [];
  const slow = it.serially(async () => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    seen.push(1);
    throw new Error('first fails');
  });
  const next = openRepository(it.dir).serially(async () => seen.push(2));
  await expect(slow).rejects.toThrow('first fails');
  await next;
  expect(seen).toEqual([1, 2]);
});
