import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { gitAt } from './git/command.ts';
import { openPullBed, type PullBed, shop } from './pull-bed.ts';
import { refused } from './test-bed.ts';

// Many git processes: on a busy machine that takes a while.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

let bed: PullBed;
let fork: { owner: string; repo: string };
beforeAll(async () => {
  bed = await openPullBed({ ruleset: { requiredChecks: ['test'] } });
  const { status, data } = await bed.as('eve').request('POST /repos/{owner}/{repo}/forks', shop);
  expect(status).toBe(202);
  expect(data).toMatchObject({ full_name: 'eve/shop', fork: true, permissions: { admin: true } });
  fork = { owner: 'eve', repo: 'shop' };
});
afterAll(() => bed[Symbol.asyncDispose]());

/** Commits a file on a branch of the fork, as its owner; gives the new sha. */
const write = async (path: string, branch: string): Promise<string> => {
  const octokit = bed.as('eve');
  const refs = await octokit.request('GET /repos/{owner}/{repo}/git/matching-refs/{ref}', {
    ...fork,
    ref: `heads/${branch}`,
  });
  if (refs.data.length === 0) {
    const main = await octokit.request('GET /repos/{owner}/{repo}/git/ref/{ref}', {
      ...fork,
      ref: 'heads/main',
    });
    const { sha } = main.data.object;
    await octokit.request('POST /repos/{owner}/{repo}/git/refs', {
      ...fork,
      ref: `refs/heads/${branch}`,
      sha,
    });
  }
  const { data } = await octokit.request('PUT /repos/{owner}/{repo}/contents/{path}', {
    ...fork,
    path,
    branch,
    message: `Write ${path}`,
    content: 'MQo=',
  });
  return data.commit.sha ?? '';
};
const open = (head: string, change: { maintainer_can_modify?: boolean } = {}, as = 'eve') =>
  bed
    .as(as)
    .request('POST /repos/{owner}/{repo}/pulls', { ...shop, title: head, head, base: 'main', ...change });
const read = async (number: number) =>
  (
    await bed
      .as('ana')
      .request('GET /repos/{owner}/{repo}/pulls/{pull_number}', { ...shop, pull_number: number })
  ).data;

describe('forking', () => {
  test('told to the source, counted there; asked twice it is the same; not into its own account', async () => {
    const { data: again } = await bed.as('eve').request('POST /repos/{owner}/{repo}/forks', shop);
    expect(again.full_name).toBe('eve/shop');
    const { data: source } = await bed.as('ana').request('GET /repos/{owner}/{repo}', shop);
    expect(source.forks_count).toBe(1);
    const { data: forks } = await bed.as('ana').request('GET /repos/{owner}/{repo}/forks', shop);
    expect(forks.map(({ full_name }) => full_name)).toEqual(['eve/shop']);
    const { data: whole } = await bed.as('eve').request('GET /repos/{owner}/{repo}', fork);
    expect(whole.parent?.full_name).toBe('acme/shop');
    const mine = bed.as('ana').request('POST /repos/{owner}/{repo}/forks', { ...shop, organization: 'acme' });
    expect((await refused(mine)).status).toBe(403);
    const hidden = bed
      .as('eve')
      .request('POST /repos/{owner}/{repo}/forks', { owner: 'acme', repo: 'vault' });
    expect((await refused(hidden)).status).toBe(404);
    expect((await bed.hooks('fork'))[0]?.payload).toMatchObject({
      forkee: { full_name: 'eve/shop' },
      repository: { full_name: 'acme/shop' },
    });
  });
});

describe('pull requests from it', () => {
  test('opened by who can’t push here; the head is the fork’s, and follows its pushes', async () => {
    const head = await write('one', 'one');
    expect((await refused(open('eve:nothing'))).status).toBe(422);
    expect((await refused(open('eve:one', {}, 'tom'))).status).toBe(403);
    const { data } = await open('eve:one');
    expect(data).toMatchObject({
      head: { label: 'eve:one', sha: head, repo: { full_name: 'eve/shop', fork: true } },
      base: { label: 'acme:main', repo: { full_name: 'acme/shop' } },
      maintainer_can_modify: true,
      commits: 1,
    });
    expect((await refused(open('eve:one'))).message).toContain('A pull request already exists for eve:one.');
    const opened = (await bed.hooks('pull_request', 'opened')).at(-1);
    expect(opened?.payload).toMatchObject({
      pull_request: { head: { repo: { full_name: 'eve/shop' } } },
      repository: { full_name: 'acme/shop' },
    });
    const next = await write('one-more', 'one');
    expect((await read(data.number)).head.sha).toBe(next);
    expect((await bed.hooks('pull_request', 'synchronize')).at(-1)?.payload).toMatchObject({
      before: head,
      after: next,
    });
    // The fork's pushes are no pushes here.
    expect((await bed.hooks('push')).filter((hook) => hook.payload['ref'] === 'refs/heads/one')).toEqual([]);
    const page = await fetch(`${bed.running.url}/acme/shop/pull/${data.number}`);
    expect(await page.text()).toContain('<code>eve:one</code> into <code>main</code>');
    const listed = await bed
      .as('ana')
      .request('GET /repos/{owner}/{repo}/pulls', { ...shop, head: 'eve:one' });
    expect(listed.data).toHaveLength(1);
    const ours = await bed
      .as('ana')
      .request('GET /repos/{owner}/{repo}/pulls', { ...shop, head: 'acme:one' });
    expect(ours.data).toEqual([]);
    const { data: files } = await bed
      .as('ana')
      .request('GET /repos/{owner}/{repo}/pulls/{pull_number}/files', { ...shop, pull_number: data.number });
    expect(files.map(({ filename }) => filename)).toEqual(['one', 'one-more']);
  });

  test('G14: its author may not approve it, others may; merged here, the fork’s branch stays', async () => {
    const head = await write('two', 'two');
    const { number } = (await open('eve:two')).data;
    const review = (as: string) =>
      bed.as(as).request('POST /repos/{owner}/{repo}/pulls/{pull_number}/reviews', {
        ...shop,
        pull_number: number,
        event: 'APPROVE',
      });
    expect((await refused(review('eve'))).status).toBe(422);
    await review('ben');
    const merge = (as: string) =>
      bed
        .as(as)
        .request('PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge', { ...shop, pull_number: number });
    expect((await refused(merge('eve'))).status).toBe(403);
    const { data: check } = await bed.installation.request('POST /repos/{owner}/{repo}/check-runs', {
      ...shop,
      name: 'test',
      head_sha: head,
      status: 'completed',
      conclusion: 'success',
    });
    // GitHub names no pull request of a fork at a check.
    expect(check.pull_requests).toEqual([]);
    const { data } = await merge('ben');
    const { data: commit } = await bed
      .as('ana')
      .request('GET /repos/{owner}/{repo}/commits/{ref}', { ...shop, ref: data.sha });
    expect(commit.commit.message).toContain(`Merge pull request #${number} from eve/two`);
    expect(
      (await bed.as('eve').request('GET /repos/{owner}/{repo}/git/ref/{ref}', { ...fork, ref: 'heads/two' }))
        .status,
    ).toBe(200);
  });

  test('its branch can be fetched here as refs/pull, and be brought up to date where maintainers may', async () => {
    const head = await write('three', 'three');
    const { number } = (await open('eve:three')).data;
    const dir = mkdtempSync(join(tmpdir(), 'forge-fork-'));
    try {
      const git = gitAt(dir);
      await git(['init', '-q', '--bare', '.']);
      const { credentials, url } = bed.running;
      const remote = `${url.replace('//', `//x-access-token:${credentials.tokens['eve']}@`)}/acme/shop.git`;
      await git(['fetch', '-q', remote, `refs/pull/${number}/head:refs/heads/pr`]);
      expect((await git(['rev-parse', 'refs/heads/pr'])).stdout.toString().trim()).toBe(head);
      // Who may push to the base may push to the head, and to nothing else of the fork.
      const theirs = `${url.replace('//', `//x-access-token:${credentials.tokens['ben']}@`)}/eve/shop.git`;
      const { stdout: tree } = await git(['rev-parse', 'refs/heads/pr^{tree}']);
      const args = ['-c', 'user.name=Ben', '-c', 'user.email=ben@example.com'];
      const made = await git([...args, 'commit-tree', tree.toString().trim(), '-p', head, '-m', 'Help']);
      const sha = made.stdout.toString().trim();
      await git(['push', '-q', theirs, `${sha}:refs/heads/three`]);
      expect((await read(number)).head.sha).toBe(sha);
      await expect(git(['push', '-q', theirs, `${sha}:refs/heads/main`])).rejects.toThrow(
        /Only heads of pull/,
      );
      const stranger = theirs.replace(String(credentials.tokens['ben']), String(credentials.tokens['tom']));
      await expect(git(['push', '-q', stranger, `${sha}:refs/heads/three`])).rejects.toThrow(/403/);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
    const update = (as: string) =>
      bed.as(as).request('PUT /repos/{owner}/{repo}/pulls/{pull_number}/update-branch', {
        ...shop,
        pull_number: number,
      });
    expect((await update('ben')).status).toBe(202);
    const { data: ref } = await bed
      .as('eve')
      .request('GET /repos/{owner}/{repo}/git/ref/{ref}', { ...fork, ref: 'heads/three' });
    expect((await read(number)).head.sha).toBe(ref.object.sha);
    expect(ref.object.sha).not.toBe(head);
    await bed.as('eve').request('PATCH /repos/{owner}/{repo}/pulls/{pull_number}', {
      ...shop,
      pull_number: number,
      maintainer_can_modify: false,
    });
    expect((await refused(update('ben'))).status).toBe(403);
    await bed
      .as('eve')
      .request('DELETE /repos/{owner}/{repo}/git/refs/{ref}', { ...fork, ref: 'heads/three' });
    expect((await read(number)).state).toBe('closed');
  });

  test('a fork that is deleted leaves its pull request without a home', async () => {
    const head = await write('four', 'four');
    const { number } = (await open('eve:four')).data;
    await bed.as('eve').request('DELETE /repos/{owner}/{repo}', fork);
    expect(await read(number)).toMatchObject({
      state: 'open',
      head: { repo: null, user: null, sha: head, ref: 'four' },
    });
    const { data: source } = await bed.as('ana').request('GET /repos/{owner}/{repo}', shop);
    expect(source.forks_count).toBe(0);
    const update = bed.as('ben').request('PUT /repos/{owner}/{repo}/pulls/{pull_number}/update-branch', {
      ...shop,
      pull_number: number,
    });
    expect((await refused(update)).status).toBe(403);
  });
});
