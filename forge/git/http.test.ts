/** The real git client over smart HTTP. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { serve } from '@hono/node-server';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { gitEnvironment } from './command.ts';
import { askForCredentials, basicAuthToken, gitService, handleGitHttp, type RefRefusal } from './http.ts';
import type { PushedRef } from './pushed-commands.ts';
import { createRepository, type GitRepository } from './repository.ts';

// The real git, on a machine that others use too.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const run = promisify(execFile);
const ana = { name: 'Ana', email: 'ana@example.com' };
const token = `ghs_1_${'x'.repeat(300)}`;
let root: string;
let repository: GitRepository;
let server: ReturnType<typeof serve>;
let url: string;
let pushes: PushedRef[][] = [];
let refuse: Record<string, RefRefusal> = {};
let asked: PushedRef[] = [];
let count = 0;

const refusalsOf = (change: PushedRef): RefRefusal[] => {
  asked.push(change);
  const refusal = refuse[change.ref];
  return refusal === undefined ? [] : [refusal];
};

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'forge-http-'));
  const fetch = (request: Request) => {
    const given = basicAuthToken(request);
    if (given === null) return askForCredentials();
    const canWrite = given === token;
    if (gitService(request) === null) return new Response('none', { status: 404 });
    const onPush = async (refs: readonly PushedRef[]) => {
      pushes.push([...refs]);
    };
    return handleGitHttp(repository, request, { user: 'ana', canWrite, refuse: refusalsOf, onPush });
  };
  await new Promise<void>((resolve) => {
    server = serve({ fetch, port: 0, hostname: '127.0.0.1' }, () => resolve());
  });
  url = `http://x-access-token:${token}@127.0.0.1:${(server.address() as AddressInfo).port}/o/r.git`;
});
afterAll(async () => {
  server.close();
  await rm(root, { recursive: true, force: true });
});
beforeEach(async () => {
  pushes = [];
  refuse = {};
  asked = [];
  const files = { 'a.txt': 'one\n' };
  repository = await createRepository(join(root, `${(count += 1)}.git`), {
    defaultBranch: 'main',
    files,
    author: ana,
  });
});

async function git(cwd: string, ...args: string[]): Promise<string> {
  const env = { ...gitEnvironment(), GIT_PROTOCOL: 'version=2' };
  return (await run('git', args, { cwd, env })).stdout.trim();
}

async function clone(): Promise<string> {
  const dir = join(root, `clone-${(count += 1)}`);
  await git(root, 'clone', '-q', url, dir);
  return dir;
}

async function commit(dir: string, file: string, content: string): Promise<string> {
  await writeFile(join(dir, file), content);
  await git(dir, 'add', '.');
  await git(dir, 'commit', '-q', '-m', `Change ${file}`);
  return git(dir, 'rev-parse', 'HEAD');
}

test('clone, push a branch, force it, delete it: each push is reported once', async () => {
  const dir = await clone();
  const main = (await repository.resolve('main'))!;
  expect(await git(dir, 'rev-parse', 'HEAD')).toBe(main);
  await git(dir, 'checkout', '-q', '-b', 'topic');
  const one = await commit(dir, 'b.txt', 'b\n');
  await git(dir, 'push', '-q', 'origin', 'topic');
  await git(dir, 'commit', '-q', '--amend', '-m', 'other');
  const two = await git(dir, 'rev-parse', 'HEAD');
  await git(dir, 'push', '-q', '--force', 'origin', 'topic');
  await git(dir, 'push', '-q', 'origin', ':topic');
  const zero = '0'.repeat(40);
  expect(pushes).toEqual([
    [{ ref: 'refs/heads/topic', before: zero, after: one }],
    [{ ref: 'refs/heads/topic', before: one, after: two }],
    [{ ref: 'refs/heads/topic', before: two, after: zero }],
  ]);
});

test('a large push streams in, gzip bodies are read, and fetch brings it back', async () => {
  const dir = await clone();
  const lines = Array.from({ length: 60_000 }, (_, index) => `${index} ${(index * 7919) % 104729}\n`).join(
    '',
  );
  const sha = await commit(dir, 'big.txt', lines);
  await git(dir, 'push', '-q', 'origin', 'main');
  expect(await repository.resolve('main')).toBe(sha);
  // Many wanted and had names make the client compress its request.
  for (let index = 0; index < 60; index += 1) await repository.createRef(`refs/heads/b${index}`, sha);
  const other = await clone();
  expect(await git(other, 'rev-parse', 'HEAD')).toBe(sha);
  await git(other, 'fetch', '-q', '--depth=1', 'origin', sha);
});

test('nobody is asked for credentials; a reader clones and may not push', async () => {
  const bare = url.replace(/x-access-token.*@/, '');
  await expect(git(root, 'ls-remote', bare)).rejects.toThrow(/could not read Username|Authentication failed/);
  const reader = url.replace(token, 'reader');
  expect(await git(root, 'ls-remote', reader, 'refs/heads/main')).toContain('refs/heads/main');
  const dir = await clone();
  await commit(dir, 'c.txt', 'c\n');
  await expect(git(dir, 'push', '-q', reader, 'main')).rejects.toThrow(/403/);
  expect(pushes).toEqual([]);
});

test('a refused ref is left alone while others of the same push go through', async () => {
  refuse = { 'refs/heads/main': { when: 'always', reason: 'Changes must be made through a pull request.' } };
  const dir = await clone();
  const sha = await commit(dir, 'd.txt', 'd\n');
  await expect(git(dir, 'push', 'origin', 'main', 'main:free')).rejects.toThrow(
    /GH013: Repository rule violations found for refs\/heads\/main/,
  );
  const free = asked.find(({ ref }) => ref === 'refs/heads/free');
  expect(free).toEqual({ ref: 'refs/heads/free', before: '0'.repeat(40), after: sha });
  expect(pushes).toEqual([[{ ref: 'refs/heads/free', before: '0'.repeat(40), after: sha }]]);
});

test('a force-push and merge commits are refused where a rule says so, other pushes are not', async () => {
  refuse = {
    'refs/heads/main': { when: 'forced', reason: 'Cannot force-push to this branch' },
    'refs/heads/line': { when: 'merges', reason: 'This branch must not contain merge commits.' },
  };
  const dir = await clone();
  await commit(dir, 'f.txt', 'f\n');
  await git(dir, 'push', 'origin', 'main', 'main:line');
  await git(dir, 'checkout', '-q', '-b', 'side', 'HEAD~1');
  await commit(dir, 'g.txt', 'g\n');
  await expect(git(dir, 'push', '-f', 'origin', 'side:main')).rejects.toThrow(/- Cannot force-push/);
  await git(dir, 'checkout', '-q', 'main');
  await git(dir, 'merge', '-q', '--no-edit', 'side');
  await expect(git(dir, 'push', 'origin', 'main:line')).rejects.toThrow(
    /- This branch must not contain merge/,
  );
  await git(dir, 'push', 'origin', 'main');
});

test('a push whose request is packed is judged like any other', async () => {
  refuse = { 'refs/heads/topic': { when: 'always', reason: 'Cannot delete this branch' } };
  const main = (await repository.resolve('main'))!;
  await repository.createRef('refs/heads/topic', main);
  const line = `${main} ${'0'.repeat(40)} refs/heads/topic\0 report-status delete-refs`;
  const length = (Buffer.byteLength(line) + 4).toString(16).padStart(4, '0');
  const { username, password, origin, pathname } = new URL(url);
  const response = await fetch(`${origin}${pathname}/git-receive-pack`, {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`,
      'content-type': 'application/x-git-receive-pack-request',
      'content-encoding': 'gzip',
    },
    body: gzipSync(`${length}${line}0000`),
  });
  expect(await response.text()).toContain('ng refs/heads/topic hook declined');
  expect(asked).toEqual([{ ref: 'refs/heads/topic', before: main, after: '0'.repeat(40) }]);
  expect(await repository.resolve('topic')).toBe(main);
});

test('pull request refs and the default branch are not for pushers', async () => {
  const dir = await clone();
  await expect(git(dir, 'push', 'origin', 'main:refs/pull/1/head')).rejects.toThrow(/hidden ref/);
  await expect(git(dir, 'push', 'origin', ':main')).rejects.toThrow(/current branch/);
  expect(pushes).toEqual([]);
});

test('pushes at once are reported one after the other', async () => {
  const dirs = await Promise.all([clone(), clone(), clone()]);
  await Promise.all(
    dirs.map(async (dir, index) => {
      await commit(dir, `e${index}.txt`, `${index}\n`);
      await git(dir, 'push', '-q', 'origin', `main:topic-${index}`);
    }),
  );
  expect(pushes.map((push) => push.length)).toEqual([1, 1, 1]);
});
