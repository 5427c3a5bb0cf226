/** The GitHub port against the forge: every verb, run twice, and what stands in its way. */
import { execFile } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import nock from 'nock';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { appAddress } from '../../app/domain/authorship.ts';
import { createGitHub, siteOf, type App } from '../../app/github/app.ts';
import { GitHubError, type GitHub, type RepositoryRef } from '../../app/github/port.ts';
import { endMarker, runMarker, taskMarker } from '../../app/github/render/markers.ts';
import { acmeSeed, openBed, type Bed } from '../../forge/test-bed.ts';

let bed: Bed;
let app: App;
let port: GitHub;
let shop: RepositoryRef;
let scratch: string;

beforeAll(async () => {
  const [first, ...others] = acmeSeed.repositories;
  const ruled = { ...first!, name: 'ruled', ruleset: { requiredChecks: ['test'], requiredApprovals: 0 } };
  const permissions = { ...acmeSeed.app.permissions, statuses: 'read' as const };
  bed = await openBed({
    seed: { ...acmeSeed, app: { ...acmeSeed.app, permissions }, repositories: [first!, ruled, ...others] },
  });
  scratch = mkdtempSync(join(tmpdir(), 'port-'));
  app = open(bed.running.url);
  port = app.github(bed.running.credentials.installations['acme']!);
  shop = await repositoryNamed('shop');
});
afterAll(async () => {
  rmSync(scratch, { recursive: true, force: true });
  await bed[Symbol.asyncDispose]();
});
afterEach(() => nock.cleanAll());

function open(url: string): App {
  const { host } = new URL(url);
  const { appId, privateKey } = bed.running.credentials;
  return createGitHub({ appId, privateKey, site: siteOf(host, 'http'), cacheDir: join(scratch, 'cache') });
}

async function repositoryNamed(name: string): Promise<RepositoryRef> {
  const id = [...bed.running.state.repositories.values()].find((row) => row.name === name)!.id;
  return (await port.repositories()).find((repository) => repository.id === id)!;
}

/** Never the synchronous kind: the forge answers git from this very process. */
const git = async (dir: string, ...args: string[]): Promise<string> => {
  const { stdout } = await promisify(execFile)(
    'git',
    ['-c', 'user.name=eng-1 (Entourage)', '-c', `user.email=${appAddress('entourage[bot]')}`, ...args],
    {
      cwd: dir,
      env: { PATH: process.env['PATH'], HOME: scratch, GIT_CONFIG_NOSYSTEM: '1', GIT_TERMINAL_PROMPT: '0' },
    },
  );
  return stdout.trim();
};

let tasks = 0;
const branch = async (repository = shop): Promise<{ name: string; base: string; head: string }> => {
  tasks += 1;
  const name = `entourage/1-t${tasks}`;
  const made = await port.ensureBranch(repository, {
    name,
    base: 'main',
    message: `t${tasks}: x`,
    restore: null,
  });
  return { name, ...made };
};
const part = (text: string): string => `${taskMarker(1, 1)}\n\n${text}\n\n${endMarker}`;
const pullFor = async (name: string, repository = shop) =>
  await port.ensurePull(repository, {
    branch: name,
    base: 'main',
    title: `t${tasks}: x`,
    body: part('what'),
    labels: ['entourage'],
  });

/** A worktree on a branch, as a runner has it. */
async function worktree(name: string, repository = shop): Promise<string> {
  const dir = mkdtempSync(join(scratch, 'work-'));
  const url = new URL(port.cloneUrl(repository));
  url.username = 'x-access-token';
  url.password = await port.readToken(repository);
  await git(scratch, 'clone', '--quiet', '--branch', name, url.href, dir);
  return dir;
}
const write = (dir: string, files: Record<string, string>): void => {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), text);
  }
};
const commit = async (dir: string, files: Record<string, string>): Promise<string> => {
  write(dir, files);
  await git(dir, 'add', '-A');
  await git(dir, 'commit', '--quiet', '--message', 'work');
  return await git(dir, 'rev-parse', 'HEAD');
};
const bundle = async (dir: string, range: string): Promise<Uint8Array> => {
  await git(dir, 'bundle', 'create', '--quiet', 'out.bundle', range);
  const data = readFileSync(join(dir, 'out.bundle'));
  rmSync(join(dir, 'out.bundle'));
  return data;
};
const limits = {
  protectedPaths: ['.github/**'],
  maxFiles: 100,
  maxBytes: 1024 * 1024,
  secretsAllowedIn: [],
};
const push = async (
  at: { name: string; head: string },
  more: { bundle: Uint8Array; head: string; expected?: string; limits?: typeof limits },
) => await port.pushBundle(shop, { branch: at.name, base: 'main', expected: at.head, limits, ...more });

describe('who and where', () => {
  it('says who the App is and where it is installed', async () => {
    expect(await app.login()).toBe('entourage[bot]');
    expect(await app.installations()).toEqual([
      { id: bed.running.credentials.installations['acme'], account: 'acme', accountType: 'Organization' },
    ]);
    expect(shop).toMatchObject({ owner: 'acme', name: 'shop', defaultBranch: 'main', private: false });
    expect((await port.repositories()).map((repository) => repository.id)).not.toContain(1);
  });
  it('G5 TR-2 reads permissions by the booleans', async () => {
    const permissions = await Promise.all(
      ['ana', 'mia', 'ben', 'tom', 'eve', 'nobody'].map((login) => port.permission(shop, login)),
    );
    expect(permissions).toEqual(['admin', 'maintain', 'write', 'triage', 'read', 'none']);
  });
  it('reads files and heads, and says when there are none', async () => {
    expect(await port.readFile(shop, 'README.md')).toBe('# Shop\n');
    expect(await port.readFile(shop, 'nothing.md')).toBeNull();
    expect(await port.readFile(shop, 'src')).toBeNull();
    const tree = await port.paths(shop, 'main');
    expect(tree).toMatchObject({ truncated: false, paths: expect.arrayContaining(['README.md']) });
    expect(tree?.paths).not.toContain('src');
    expect(await port.paths(shop, 'no/such')).toBeNull();
    expect(await port.head(shop, 'main')).toMatch(/^[0-9a-f]{40}$/);
    expect(await port.head(shop, 'no/such')).toBeNull();
  });
});

describe('branches and pull requests', () => {
  it('G10 makes a branch with one empty commit, once', async () => {
    const made = await branch();
    expect(made.base).toBe(await port.head(shop, 'main'));
    expect(made.head).not.toBe(made.base);
    expect(
      await port.ensureBranch(shop, { name: made.name, base: 'main', message: 'again', restore: null }),
    ).toEqual({ base: made.base, head: made.head });
  });
  it('says which base is missing', async () => {
    await expect(
      port.ensureBranch(shop, { name: 'entourage/x', base: 'gone', message: 'x', restore: null }),
    ).rejects.toThrow(/no branch gone/);
  });
  it('opens a draft once, and keeps what people write around our part', async () => {
    const made = await branch();
    const pull = await pullFor(made.name);
    expect(pull).toMatchObject({ draft: true, state: 'open', head: made.head, base: 'main' });
    expect((await pullFor(made.name)).number).toBe(pull.number);
    const people = `before\n\n${pull.body}\n\nafter`;
    await bed.as('ben').request('PATCH /repos/{owner}/{repo}/pulls/{pull_number}', {
      owner: 'acme',
      repo: 'shop',
      pull_number: pull.number,
      body: people,
    });
    await port.ensurePullBody(shop, (await port.pull(shop, pull.number))!, part('now'));
    const edited = (await port.pull(shop, pull.number))!;
    expect(edited.title).toBe(pull.title);
    expect(edited.body).toBe(`before\n\n${part('now')}\n\nafter`);
    bed.running.calls.reset();
    await port.ensurePullBody(shop, edited, part('now'));
    expect(bed.running.calls.count('write')).toBe(0);
  });
  it('G12 goes from draft to ready and back, writing only a difference', async () => {
    const pull = await pullFor((await branch()).name);
    await port.ensureDraft(shop, pull, false);
    const ready = (await port.pull(shop, pull.number))!;
    expect(ready.draft).toBe(false);
    bed.running.calls.reset();
    await port.ensureDraft(shop, ready, false);
    expect(bed.running.calls.count('write')).toBe(0);
    await port.ensureDraft(shop, ready, true);
    expect((await port.pull(shop, pull.number))!.draft).toBe(true);
  });
  it('G11 opens an ordinary pull request with [WIP] where drafts are refused', async () => {
    const made = await branch();
    const scope = nock(bed.running.url, { allowUnmocked: true })
      .post('/api/v3/repos/acme/shop/pulls', (body: { draft?: boolean }) => body.draft === true)
      .reply(422, { message: 'Draft pull requests are not supported in this repository.' });
    const pull = await pullFor(made.name);
    expect(scope.isDone()).toBe(true);
    expect(pull).toMatchObject({ draft: false });
    expect(pull.title).toMatch(/^\[WIP\] t/);
    await port.ensureDraft(shop, pull, true);
    const { title } = (await port.pull(shop, pull.number))!;
    expect(title).toMatch(/^\[WIP\] /);
    await port.ensureDraft(shop, (await port.pull(shop, pull.number))!, false);
    expect((await port.pull(shop, pull.number))!.title).toBe(title.slice('[WIP] '.length));
  });
  it('closes, deletes, and brings both back where they stood', async () => {
    const made = await branch();
    const pull = await pullFor(made.name);
    await port.closePull(shop, pull.number);
    await port.closePull(shop, pull.number);
    await port.deleteBranch(shop, made.name);
    await port.deleteBranch(shop, made.name);
    expect((await port.pull(shop, pull.number))!).toMatchObject({ state: 'closed', merged: false });
    expect((await port.pull(shop, pull.number))!.closedAt).not.toBeNull();
    const back = await port.ensureBranch(shop, {
      name: made.name,
      base: 'main',
      message: 'x',
      restore: made.head,
    });
    expect(back).toEqual({ base: made.base, head: made.head });
    await port.reopenPull(shop, pull.number);
    expect((await port.pull(shop, pull.number))!.state).toBe('open');
  });
});

describe('comments', () => {
  const issue = async (): Promise<number> =>
    (
      await bed
        .as('ana')
        .request('POST /repos/{owner}/{repo}/issues', { owner: 'acme', repo: 'shop', title: 'x' })
    ).data.number;
  const marker = runMarker(1);

  it('SE-1 finds its one comment by id, then by marker, and writes only a difference', async () => {
    const number = await issue();
    const spoof = await bed.as('eve').request('POST /repos/{owner}/{repo}/issues/{issue_number}/comments', {
      owner: 'acme',
      repo: 'shop',
      issue_number: number,
      body: `mine ${marker}`,
    });
    const first = await port.ensureComment(shop, {
      issue: number,
      marker,
      body: `one\n${marker}`,
      known: null,
    });
    expect(first.before).toBeNull();
    expect(first.id).not.toBe(spoof.data.id);
    const again = await port.ensureComment(shop, {
      issue: number,
      marker,
      body: `two\n${marker}`,
      known: null,
    });
    expect(again).toEqual({ id: first.id, before: `one\n${marker}` });
    bed.running.calls.reset();
    await port.ensureComment(shop, { issue: number, marker, body: `two\n${marker}`, known: first.id });
    expect(bed.running.calls.count('write') + bed.running.calls.count('create')).toBe(0);
    expect((await port.comment(shop, first.id))!).toEqual({
      body: `two\n${marker}`,
      author: 'entourage[bot]',
    });
  });
  it('puts back what somebody edited, and makes a deleted comment again', async () => {
    const number = await issue();
    const made = await port.ensureComment(shop, {
      issue: number,
      marker,
      body: `one\n${marker}`,
      known: null,
    });
    await bed.as('ben').request('PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}', {
      owner: 'acme',
      repo: 'shop',
      comment_id: made.id,
      body: 'gone',
    });
    expect(
      (await port.ensureComment(shop, { issue: number, marker, body: `one\n${marker}`, known: made.id }))
        .before,
    ).toBe('gone');
    await bed.as('ben').request('DELETE /repos/{owner}/{repo}/issues/comments/{comment_id}', {
      owner: 'acme',
      repo: 'shop',
      comment_id: made.id,
    });
    const next = await port.ensureComment(shop, {
      issue: number,
      marker,
      body: `one\n${marker}`,
      known: made.id,
    });
    expect(next.id).not.toBe(made.id);
  });
  it('finds its comment beyond the first page', async () => {
    const number = await issue();
    for (let index = 0; index < 101; index += 1) await port.createComment(shop, number, `filler ${index}`);
    const made = await port.ensureComment(shop, { issue: number, marker, body: marker, known: null });
    expect((await port.ensureComment(shop, { issue: number, marker, body: marker, known: null })).id).toBe(
      made.id,
    );
  });
  it('G3 reacts twice without harm, takes labels off, closes issues once', async () => {
    const number = await issue();
    await port.ensureReaction(shop, { issue: number }, 'eyes');
    await port.ensureReaction(shop, { issue: number }, 'eyes');
    await bed.as('ben').request('POST /repos/{owner}/{repo}/issues/{issue_number}/labels', {
      owner: 'acme',
      repo: 'shop',
      issue_number: number,
      labels: ['bug'],
    });
    expect((await port.issue(shop, number)).labels).toEqual(['bug']);
    await port.removeLabel(shop, number, 'bug');
    await port.removeLabel(shop, number, 'bug');
    await port.closeIssue(shop, number);
    await port.closeIssue(shop, number);
    expect(await port.issue(shop, number)).toMatchObject({
      state: 'closed',
      labels: [],
      author: 'ana',
      isPull: false,
    });
  });
});

describe('checks', () => {
  const ours = (head: string, more = {}) =>
    ({
      name: 'entourage',
      head,
      externalId: 'run/t1',
      status: 'in_progress',
      title: 'x',
      summary: 'y',
      ...more,
    }) as const;

  it('makes its check run once and updates it', async () => {
    const { head } = await branch();
    const id = await port.ensureCheckRun(shop, ours(head), null);
    expect(await port.ensureCheckRun(shop, ours(head), null)).toBe(id);
    expect(
      await port.ensureCheckRun(shop, { ...ours(head), status: 'completed', conclusion: 'success' }, id),
    ).toBe(id);
    expect(await port.checks(shop, head, { base: 'main', wanted: 'required' })).toEqual([]);
  });
  it('RE-1 reads everybody else’s checks, with what the branch requires', async () => {
    const ruled = await repositoryNamed('ruled');
    const made = await branch(ruled);
    expect(await port.checks(ruled, made.head, { base: 'main', wanted: 'required' })).toEqual([
      { name: 'test', status: 'queued', conclusion: null, required: true, url: null, summary: '' },
    ]);
    const app = (id: number) => ({ app: { id } });
    const leak = ['ghp', 'abcdefghijklmnopqrstuvwxyz0123456789'].join('_');
    const output = { title: 'Red', summary: '\u001b[31m2 failed\u001b[0m\r\n', text: `with ${leak}` };
    const run = {
      name: 'test',
      status: 'completed',
      conclusion: 'failure',
      html_url: 'https://x.test/1',
      output,
    };
    nock(bed.running.url, { allowUnmocked: true })
      .get(`/api/v3/repos/acme/ruled/commits/${made.head}/check-runs?filter=latest&page=1&per_page=100`)
      .reply(200, {
        check_runs: [
          { ...run, ...app(1) },
          { ...run, name: 'entourage', ...app(bed.running.credentials.appId) },
        ],
      });
    expect(await port.checks(ruled, made.head, { base: 'main', wanted: 'required' })).toEqual([
      {
        name: 'test',
        status: 'completed',
        conclusion: 'failure',
        required: true,
        url: 'https://x.test/1',
        summary: 'Red\n2 failed\nwith ***',
      },
    ]);
  });
  it('commit statuses count too, and may be out of reach', async () => {
    const { head } = await branch();
    const path = `/api/v3/repos/acme/shop/commits/${head}/status?per_page=100`;
    const status = { context: 'ci', state: 'failure', description: 'two tests failed', target_url: null };
    nock(bed.running.url, { allowUnmocked: true })
      .get(path)
      .reply(200, { statuses: [status] });
    expect(await port.checks(shop, head, { base: 'main', wanted: 'required' })).toMatchObject([
      {
        name: 'ci',
        status: 'completed',
        conclusion: 'failure',
        required: false,
        summary: 'two tests failed',
      },
    ]);
    nock(bed.running.url, { allowUnmocked: true })
      .get(path)
      .reply(403, { message: 'Resource not accessible by integration' });
    expect(await port.checks(shop, head, { base: 'main', wanted: 'required' })).toEqual([]);
  });
});

it('SE-4 compares a branch with its base, reads a file of it, and says when one of them is gone', async () => {
  const made = await branch();
  const dir = await worktree(made.name);
  const head = await commit(dir, { 'src/new file.js': 'export {};\n' });
  await push(made, { bundle: await bundle(dir, `${made.head}..HEAD`), head });
  const comparison = await port.comparison(shop, { base: 'main', head });
  expect(comparison).toMatchObject({
    files: [{ path: 'src/new file.js', status: 'added', patch: '@@ -0,0 +1 @@\n+export {};' }],
    truncated: false,
  });
  // Oldest first: the branch's own empty commit, then the work.
  expect(comparison?.commits.map(({ sha }) => sha)).toEqual([made.head, head]);
  expect(await port.readFile(shop, 'src/new file.js', head)).toBe('export {};\n');
  expect(await port.comparison(shop, { base: 'main', head: 'e'.repeat(40) })).toBeNull();
});

describe('reviews', () => {
  it('RE-3 reads a review with its threads and answers each once', async () => {
    const made = await branch();
    const dir = await worktree(made.name);
    const head = await commit(dir, { 'src/price.js': 'export const price = 2\n' });
    expect(await push(made, { bundle: await bundle(dir, `${made.head}..HEAD`), head })).toEqual({
      pushed: head,
    });
    const pull = await pullFor(made.name);
    const review = await bed.as('ben').request('POST /repos/{owner}/{repo}/pulls/{pull_number}/reviews', {
      owner: 'acme',
      repo: 'shop',
      pull_number: pull.number,
      event: 'REQUEST_CHANGES',
      body: 'not yet',
      comments: [{ path: 'src/price.js', line: 1, side: 'RIGHT', body: 'why 2?' }],
    });
    const read = (await port.review(shop, pull.number, Number(review.data.id)))!;
    expect(read).toMatchObject({ by: 'ben', verdict: 'request_changes', head, body: 'not yet' });
    expect(read.threads).toMatchObject([
      { path: 'src/price.js', line: 1, side: 'RIGHT', body: 'why 2?', state: 'open' },
    ]);
    const replies = read.threads.map((thread) => ({
      comment: thread.id,
      body: `Fixed\n<!-- m ${thread.id} -->`,
      marker: `<!-- m ${thread.id} -->`,
    }));
    await port.ensureThreadReplies(shop, pull.number, replies);
    bed.running.calls.reset();
    await port.ensureThreadReplies(shop, pull.number, replies);
    expect(bed.running.calls.count('create')).toBe(0);
    expect((await port.review(shop, pull.number, Number(review.data.id)))!.threads).toHaveLength(1);
    expect(await port.review(shop, pull.number, 1)).toBeNull();
  });
});

describe('merging', () => {
  const approved = async (files: Record<string, string>) => {
    const made = await branch();
    const dir = await worktree(made.name);
    const head = await commit(dir, files);
    await push(made, { bundle: await bundle(dir, `${made.head}..HEAD`), head });
    const pull = await pullFor(made.name);
    await port.ensureDraft(shop, pull, false);
    return { ...made, head, number: pull.number, dir };
  };
  const merge = async (at: { number: number; head: string }) =>
    await port.merge(shop, {
      number: at.number,
      head: at.head,
      method: 'squash',
      title: `x (#${at.number})`,
      message: 'Part of run 1',
    });

  it('RE-5 merges on the head that was approved, once', async () => {
    const at = await approved({ 'merged.txt': 'x\n' });
    const merged = await merge(at);
    expect(merged).toEqual({ result: 'merged', commit: await port.head(shop, 'main') });
    expect(await merge(at)).toEqual(merged);
    expect((await port.pull(shop, at.number))!).toMatchObject({
      merged: true,
      mergeCommit: 'commit' in merged ? merged.commit : '',
    });
  });
  it('G21 RE-4 does not merge a head that moved', async () => {
    const at = await approved({ 'moved.txt': 'x\n' });
    const head = await commit(at.dir, { 'moved.txt': 'y\n' });
    expect(await push(at, { bundle: await bundle(at.dir, `${at.head}..HEAD`), head })).toEqual({
      pushed: head,
    });
    expect(await merge(at)).toEqual({ result: 'head_moved' });
  });
  it('RE-6 says conflict, and takes the merge of the base that resolves it', async () => {
    const first = await approved({ 'README.md': '# One\n' });
    const second = await approved({ 'README.md': '# Two\n', 'other.txt': 'x\n' });
    expect((await merge(first)).result).toBe('merged');
    expect((await merge(second)).result).toBe('conflict');
    await git(second.dir, 'fetch', '--quiet', 'origin', 'main');
    await expect(git(second.dir, 'merge', '--quiet', 'FETCH_HEAD')).rejects.toThrow();
    const head = await commit(second.dir, { 'README.md': '# One and two\n' });
    expect(await push(second, { bundle: await bundle(second.dir, `${second.head}..HEAD`), head })).toEqual({
      pushed: head,
    });
    expect((await merge({ ...second, head })).result).toBe('merged');
  });
  it('says blocked for a draft', async () => {
    const at = await approved({ 'draft.txt': 'x\n' });
    await port.ensureDraft(shop, (await port.pull(shop, at.number))!, true);
    expect((await merge(at)).result).toBe('blocked');
  });
});

describe('pushing bundles', () => {
  it('AG-5 pushes work, and the same again without harm', async () => {
    const made = await branch();
    const dir = await worktree(made.name);
    const head = await commit(dir, { 'a.txt': 'a\n' });
    const work = await bundle(dir, `${made.head}..HEAD`);
    expect(await push(made, { bundle: work, head })).toEqual({ pushed: head });
    expect(await push(made, { bundle: work, head })).toEqual({ pushed: head });
    expect(await port.head(shop, made.name)).toBe(head);
  });
  it('AG-6 refuses a protected path, also between two commits that take it back', async () => {
    const made = await branch();
    const dir = await worktree(made.name);
    await commit(dir, { '.github/workflows/x.yml': 'on: push\n' });
    rmSync(join(dir, '.github'), { recursive: true });
    const head = await commit(dir, { 'a.txt': 'a\n' });
    const result = await push(made, { bundle: await bundle(dir, `${made.head}..HEAD`), head });
    expect(result).toEqual({ refused: expect.stringMatching(/\.github\/workflows\/x\.yml/) });
    expect(await port.head(shop, made.name)).toBe(made.head);
  });
  it('AG-6 refuses symlinks out of the repository, and too much', async () => {
    const made = await branch();
    const dir = await worktree(made.name);
    symlinkSync('/etc/passwd', join(dir, 'link'));
    const linked = await commit(dir, {});
    expect(await push(made, { bundle: await bundle(dir, `${made.head}..HEAD`), head: linked })).toEqual({
      refused: expect.stringMatching(/link/),
    });
    rmSync(join(dir, 'link'));
    const head = await commit(dir, { 'big.txt': 'x'.repeat(3000) });
    expect(
      await push(made, {
        bundle: await bundle(dir, `${made.head}..HEAD`),
        head,
        limits: { ...limits, maxBytes: 2048 },
      }),
    ).toEqual({ refused: expect.stringMatching(/KiB/) });
  });
  it('AG-6 refuses another branch, another head, history that was rewritten', async () => {
    const made = await branch();
    const dir = await worktree(made.name);
    const head = await commit(dir, { 'a.txt': 'a\n' });
    await git(dir, 'branch', 'main-too');
    expect(await push(made, { bundle: await bundle(dir, `${made.head}..main-too`), head })).toEqual({
      refused: expect.stringMatching(/main-too/),
    });
    expect(
      await push(made, { bundle: await bundle(dir, `${made.head}..HEAD`), head: 'f'.repeat(40) }),
    ).toEqual({
      refused: expect.stringMatching(/fffffff/),
    });
    await git(dir, 'reset', '--quiet', '--hard', 'HEAD~2');
    const rewritten = await commit(dir, { 'a.txt': 'b\n' });
    expect(await push(made, { bundle: await bundle(dir, `${made.base}..HEAD`), head: rewritten })).toEqual({
      refused: expect.stringMatching(/does not build on/),
    });
  });
  it('AG-6 refuses garbage, truncated and incomplete bundles', async () => {
    const made = await branch();
    const dir = await worktree(made.name);
    const first = await commit(dir, { 'a.txt': 'a\n' });
    const head = await commit(dir, { 'b.txt': 'b\n' });
    const whole = await bundle(dir, `${made.head}..HEAD`);
    for (const bad of [
      Buffer.from('# v2 git bundle\nnonsense'),
      Buffer.alloc(0),
      whole.subarray(0, whole.length - 30),
      await bundle(dir, `${first}..HEAD`),
    ])
      expect(await push(made, { bundle: bad, head })).toEqual({ refused: expect.any(String) });
    expect(await port.head(shop, made.name)).toBe(made.head);
    expect(await push(made, { bundle: new Uint8Array(25 * 1024 * 1024), head })).toEqual({
      refused: expect.stringMatching(/at most/),
    });
  });
  it('RE-8 does not push over what somebody else pushed, or to a branch that is gone', async () => {
    const made = await branch();
    const dir = await worktree(made.name);
    const head = await commit(dir, { 'a.txt': 'a\n' });
    const work = await bundle(dir, `${made.head}..HEAD`);
    await bed.as('ben').request('PUT /repos/{owner}/{repo}/contents/{path}', {
      owner: 'acme',
      repo: 'shop',
      path: 'by-ben.txt',
      branch: made.name,
      message: 'by hand',
      content: 'eA==',
    });
    expect(await push(made, { bundle: work, head })).toEqual({ refused: expect.stringMatching(/moved/) });
    await port.deleteBranch(shop, made.name);
    expect(await push(made, { bundle: work, head })).toEqual({ refused: expect.stringMatching(/gone/) });
  });
  it('leaves no quarantine behind', () => {
    expect(readdirSync(join(scratch, 'cache')).filter((name) => name.startsWith('quarantine-'))).toEqual([]);
  });
  it('AG-5 the read token does not write', async () => {
    const made = await branch();
    const dir = await worktree(made.name);
    await commit(dir, { 'a.txt': 'a\n' });
    await expect(git(dir, 'push', 'origin', `HEAD:${made.name}`)).rejects.toThrow();
  });
});

describe('limits', () => {
  const api = () => nock(bed.running.url, { allowUnmocked: true });
  const failing = async (): Promise<GitHubError> => {
    try {
      await port.head(shop, 'main');
    } catch (error) {
      if (error instanceof GitHubError) return error;
      throw error;
    }
    throw new Error('GitHub was expected to refuse');
  };
  const path = '/api/v3/repos/acme/shop/git/ref/heads%2Fmain';
  it('G41 KW-3 says until when: retry-after, else the reset, else a minute', async () => {
    api().get(path).reply(429, { message: 'slow down' }, { 'retry-after': '90' });
    const after = Date.parse((await failing()).blockedUntil ?? '') - Date.now();
    expect(after).toBeGreaterThan(85_000);
    expect(after).toBeLessThanOrEqual(90_000);
    const reset = Math.floor(Date.now() / 1000) + 600;
    api()
      .get(path)
      .reply(
        403,
        { message: 'API rate limit exceeded' },
        { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(reset) },
      );
    expect((await failing()).blockedUntil).toBe(new Date(reset * 1000).toISOString());
    api().get(path).reply(403, { message: 'You have exceeded a secondary rate limit.' });
    expect(Date.parse((await failing()).blockedUntil ?? '') - Date.now()).toBeGreaterThan(55_000);
  });
  it('a missing permission is no limit, and a broken answer neither', async () => {
    api().get(path).reply(403, { message: 'Resource not accessible by integration' });
    expect(await failing()).toMatchObject({ status: 403, blockedUntil: null });
    api().get(path).reply(502, 'bad gateway');
    expect(await failing()).toMatchObject({ status: 502, blockedUntil: null });
  });
  it('G41 GraphQL refuses with 200', async () => {
    const pull = await pullFor((await branch()).name);
    api()
      .post('/api/graphql')
      .reply(200, { data: null, errors: [{ type: 'RATE_LIMITED', message: 'API rate limit exceeded' }] });
    await expect(port.ensureDraft(shop, pull, false)).rejects.toMatchObject({
      name: 'GitHubError',
      status: 429,
      blockedUntil: expect.any(String),
    });
  });
});
