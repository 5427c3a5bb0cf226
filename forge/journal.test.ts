import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Octokit } from '@octokit/core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openRepository } from './git/repository.ts';
import { createJournal, readState } from './journal.ts';
import { openPullBed, shop } from './pull-bed.ts';
import { gitDirectory, type Credentials } from './seed.ts';
import { emptyState, nextId, type State } from './state.ts';
import { acmeSeed, openBed } from './test-bed.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'forge-journal-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

const label = (id: number, name: string) => ({
  id,
  repositoryId: 1,
  name,
  color: 'ededed',
  description: null,
});
const namesIn = (state: State | undefined): string =>
  [...(state?.labels.values() ?? [])].map(({ name }) => name).join();
const journals = () => readdirSync(directory).filter((name) => name.startsWith('journal-'));

test('only what changed is written, and what is read is what was saved', async () => {
  const state = emptyState();
  const journal = createJournal(directory, state, () => 7);
  for (let index = 0; index < 1000; index += 1) {
    const id = nextId(state);
    state.labels.set(id, label(id, `label ${index}`));
  }
  await journal.save();
  const [first] = state.labels.values();
  first!.name = 'changed';
  state.labels.delete(state.lastId);
  await journal.save();
  await journal.save();
  const [file] = journals();
  expect(readFileSync(join(directory, file!), 'utf8').split('\n')).toHaveLength(4);
  const read = readState(directory);
  expect(read).toEqual({ state, clockOffset: 7 });
});

test('cut off at any byte, it reads as one of the saves, never as half of one', async () => {
  const state = emptyState();
  const journal = createJournal(directory, state, () => 0);
  await journal.save();
  const saved = new Set(['']);
  for (const name of ['a', 'b', 'c', 'd']) {
    // Two rows a save: a half would show one of them.
    for (const half of ['x', 'y']) {
      const id = nextId(state);
      state.labels.set(id, label(id, `${name}${half}`));
    }
    if (name === 'c') state.labels.delete(state.lastId - 5);
    await journal.save();
    saved.add(namesIn(state));
  }
  const [file] = journals();
  const whole = readFileSync(join(directory, file!));
  const seen = new Set<string>();
  for (let length = whole.length; length >= 0; length -= 1) {
    truncateSync(join(directory, file!), length);
    const names = namesIn(readState(directory)?.state);
    expect(saved).toContain(names);
    seen.add(names);
  }
  expect(seen).toEqual(saved);
});

test('a long journal becomes a snapshot; one that an older snapshot left is ignored', async () => {
  const state = emptyState();
  const journal = createJournal(directory, state, () => 0);
  state.labels.set(1, label(1, 'x'));
  await journal.save();
  const copy = mkdtempSync(join(tmpdir(), 'forge-journal-'));
  for (let index = 0; index < 5; index += 1) {
    state.labels.set(1, label(1, 'x'.repeat(1024 * 1024) + index));
    await journal.save();
    if (index === 2) cpSync(directory, copy, { recursive: true });
  }
  expect(statSync(join(directory, 'state.json')).size).toBeGreaterThan(1024 * 1024);
  state.labels.set(1, label(1, 'y'));
  await journal.save();
  expect(journals()).toHaveLength(1);
  // A kill between the new snapshot and the end of the old journal.
  for (const name of readdirSync(copy).filter((one) => one.startsWith('journal-')))
    cpSync(join(copy, name), join(directory, name));
  expect(namesIn(readState(directory)?.state)).toBe('y');
  expect(namesIn(readState(copy)?.state)).toBe(`${'x'.repeat(1024 * 1024)}2`);
  rmSync(copy, { recursive: true });
});

test('git that went ahead of the rows is told at the next start: a push, a deleted branch, a squash merge', async () => {
  const dataDir = join(directory, 'data');
  const bed = await openPullBed({}, { dataDir });
  const head = await bed.commit('work', { 'a.txt': 'a\n' });
  await bed.commit('gone', { 'b.txt': 'b\n' });
  await bed.commit('squashed', { 'c.txt': 'c\n' });
  const numbers = [await bed.pull('work'), await bed.pull('gone'), await bed.pull('squashed')];
  const { forge, state } = bed.running;
  const git = forge.git([...state.repositories.values()].find(({ name }) => name === 'shop')!);
  const author = { name: 'x', email: 'x@example.com' };
  await git.commit({ branch: 'work', message: 'unheard', files: { 'd.txt': 'd\n' }, author });
  await git.deleteRef('refs/heads/gone');
  await git.commit({ branch: 'main', message: 'squash', files: { 'c.txt': 'c\n' }, author });
  await bed[Symbol.asyncDispose]();

  const again = await openBed({ dataDir });
  const pulls = await Promise.all(
    numbers.map(async (pull_number) => {
      const { data } = await again.installation.request('GET /repos/{owner}/{repo}/pulls/{pull_number}', {
        ...shop,
        pull_number,
      });
      return data;
    }),
  );
  expect(pulls.map(({ state: is, merged }) => [is, merged])).toEqual([
    ['open', false],
    ['closed', false],
    ['closed', true],
  ]);
  expect(pulls[0]!.head.sha).not.toBe(head);
  expect(await again.hooks('pull_request', 'synchronize')).toHaveLength(1);
  expect(await again.hooks('push')).toHaveLength(3);
  await again[Symbol.asyncDispose]();
  const third = await openBed({ dataDir });
  expect(await third.hooks('push')).toEqual([]);
  await third[Symbol.asyncDispose]();
});

test(
  'killed while it writes, again and again: what was answered is there, and git and rows agree',
  { timeout: 120_000 },
  async () => {
    const seedFile = join(directory, 'seed.json');
    writeFileSync(seedFile, JSON.stringify(acmeSeed));
    const start = async () => {
      const args = ['forge/main.ts', '--seed', seedFile, '--data', join(directory, 'data')];
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
      const { url, credentials } = JSON.parse(line) as { url: string; credentials: string };
      const { tokens } = JSON.parse(readFileSync(credentials, 'utf8')) as Credentials;
      return {
        child,
        url,
        octokit: new Octokit({ baseUrl: `${url}/api/v3`, auth: tokens['ana'], log: silent }),
      };
    };
    const answered: string[] = [];
    let count = 0;
    for (const killAfter of [40, 130, 260, 410]) {
      const { child, octokit } = await start();
      setTimeout(() => child.kill('SIGKILL'), killAfter);
      const open = async (): Promise<never> => {
        for (;;) await octokit.request('POST /repos/{owner}/{repo}/issues', { ...shop, title: 'x' });
      };
      const push = async (): Promise<never> => {
        for (;;) {
          count += 1;
          const path = `file-${count}.txt`;
          await octokit.request('PUT /repos/{owner}/{repo}/contents/{path}', {
            ...shop,
            path,
            message: path,
            content: '',
          });
          answered.push(path);
        }
      };
      await expect(Promise.all([open(), push()])).rejects.toThrow();
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    }
    const { child, url, octokit } = await start();
    const { data: tree } = await octokit.request('GET /repos/{owner}/{repo}/git/trees/{tree_sha}', {
      ...shop,
      tree_sha: 'main',
    });
    const paths = tree.tree.map(({ path }) => path);
    for (const path of answered) expect(paths).toContain(path);
    expect(await (await fetch(`${url}/_forge/violations`)).json()).toEqual([]);
    child.kill('SIGTERM');
    await once(child, 'exit');
    const read = readState(join(directory, 'data'))!.state;
    const repository = [...read.repositories.values()].find(({ name }) => name === 'shop')!;
    const git = openRepository(gitDirectory(join(directory, 'data'), repository));
    expect(read.refs.get(repository.id)).toEqual({ 'refs/heads/main': await git.resolve('main') });
  },
);

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
