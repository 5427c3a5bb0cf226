/** Merge, squash and rebase without a work tree. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { isMergeable, mergeCommits, type MergeMethod, mergeTrees } from './merge.ts';
import { createRepository, type GitRepository } from './repository.ts';

// The real git, on a machine that others use too.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const ana = { name: 'Ana', email: 'ana@example.com', date: '2026-01-02T03:04:05Z' };
const github = { name: 'GitHub', email: 'noreply@github.com' };
let root: string;
let count = 0;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'forge-merge-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** main and topic with a commit each after the fork, topic with two. */
async function forked(main: Record<string, string>, topic: Record<string, string>) {
  const dir = join(root, `${(count += 1)}.git`);
  const it = await createRepository(dir, {
    defaultBranch: 'main',
    files: { a: '1\n2\n3\n', b: 'b\n' },
    author: ana,
  });
  await it.commit({ branch: 'topic', message: 'first', files: { first: '1\n' }, author: ana });
  const head = await it.commit({ branch: 'topic', message: 'second', files: topic, author: ana });
  const base = await it.commit({ branch: 'main', message: 'main', files: main, author: ana });
  return { it, base, head };
}

function merge(fork: { it: GitRepository; base: string; head: string }, method: MergeMethod) {
  const { base, head } = fork;
  return mergeCommits(fork.it.git, {
    method,
    base,
    head,
    message: 'Merge #1',
    author: ana,
    committer: github,
  });
}

async function sha(result: ReturnType<typeof merge>): Promise<string> {
  const merged = await result;
  if (!('sha' in merged)) throw new Error(`conflicts in ${merged.conflicts.join(', ')}`);
  return merged.sha;
}

test('a merge has both parents and both changes; nothing moves', async () => {
  const fork = await forked({ b: 'B\n' }, { a: '1\n2\n4\n' });
  const merged = await sha(merge(fork, 'merge'));
  expect(await fork.it.readCommit(merged)).toMatchObject({
    parents: [fork.base, fork.head],
    message: 'Merge #1',
    author: ana,
    committer: github,
  });
  expect((await fork.it.readFile(merged, 'a'))?.toString()).toBe('1\n2\n4\n');
  expect((await fork.it.readFile(merged, 'b'))?.toString()).toBe('B\n');
  expect(await fork.it.resolve('main')).toBe(fork.base);
});

test('a squash is one commit on the base', async () => {
  const fork = await forked({ b: 'B\n' }, { a: '1\n2\n4\n' });
  const merged = await sha(merge(fork, 'squash'));
  expect((await fork.it.readCommit(merged))?.parents).toEqual([fork.base]);
  expect(await fork.it.compare(fork.base, merged)).toMatchObject({
    ahead: 1,
    files: [{ filename: 'a' }, { filename: 'first' }],
  });
});

test('a rebase makes each commit anew, authors kept, even when the base did not move', async () => {
  const fork = await forked({ b: 'B\n' }, { a: '1\n2\n4\n' });
  const merged = await sha(merge(fork, 'rebase'));
  const commits = await fork.it.log(merged, { not: fork.base });
  expect(commits.map((commit) => [commit.message, commit.author, commit.committer.name])).toEqual([
    ['second', ana, 'GitHub'],
    ['first', ana, 'GitHub'],
  ]);
  expect((await fork.it.readFile(merged, 'b'))?.toString()).toBe('B\n');
  const still = (await fork.it.mergeBase(fork.base, fork.head))!;
  const again = await sha(merge({ ...fork, base: still }, 'rebase'));
  expect(again).not.toBe(fork.head);
  expect(await fork.it.changedFiles(fork.head, again)).toEqual([]);
});

test('a rebase drops a commit whose change the base has already, and keeps one that was empty', async () => {
  const fork = await forked({ a: '1\n2\n4\n' }, { a: '1\n2\n4\n' });
  const tree = (await fork.it.readCommit(fork.head))!.tree;
  const empty = await fork.it.writeCommit({ message: 'empty', tree, parents: [fork.head], author: ana });
  const merged = await sha(merge({ ...fork, head: empty }, 'rebase'));
  const messages = (await fork.it.log(merged, { not: fork.base })).map((commit) => commit.message);
  expect(messages).toEqual(['empty', 'first']);
});

test('a conflict names its paths in every method', async () => {
  const fork = await forked({ a: '1\n2\nmain\n' }, { a: '1\n2\ntopic\n' });
  expect(await isMergeable(fork.it.git, fork.base, fork.head)).toBe(false);
  for (const method of ['merge', 'squash', 'rebase'] as const)
    expect(await merge(fork, method)).toEqual({ conflicts: ['a'] });
});

test('unrelated histories are not mergeable', async () => {
  const fork = await forked({ b: 'B\n' }, { a: '4\n' });
  const tree = (await fork.it.readCommit(fork.head))!.tree;
  const orphan = await fork.it.writeCommit({ message: 'orphan', tree, parents: [], author: ana });
  expect(await mergeTrees(fork.it.git, fork.base, orphan)).toEqual({ conflicts: [] });
});
