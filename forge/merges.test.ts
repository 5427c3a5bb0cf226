import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openPullBed, type PullBed, shop } from './pull-bed.ts';
import { refused } from './test-bed.ts';

let bed: PullBed;
let branch: string;
let number: number;
let head: string;
let count = 0;

beforeAll(async () => {
  bed = await openPullBed({
    ruleset: { requiredChecks: ['test'], requiredApprovals: 1, adminsBypass: true },
  });
});
afterAll(() => bed[Symbol.asyncDispose]());
beforeEach(async () => {
  count += 1;
  branch = `topic-${count}`;
  head = await bed.commit(branch, { [`file-${count}`]: '1\n' }, 'Add a file');
  number = await bed.pull(branch);
});

const get = async (pull_number = number) =>
  (await bed.as('ana').request('GET /repos/{owner}/{repo}/pulls/{pull_number}', { ...shop, pull_number }))
    .data;
const check = (conclusion: 'success' | 'failure', sha = head) =>
  bed.installation.request('POST /repos/{owner}/{repo}/check-runs', {
    ...shop,
    name: 'test',
    head_sha: sha,
    status: 'completed',
    conclusion,
  });
const approve = () =>
  bed.as('ben').request('POST /repos/{owner}/{repo}/pulls/{pull_number}/reviews', {
    ...shop,
    pull_number: number,
    event: 'APPROVE',
  });
const merge = (
  change: { sha?: string; merge_method?: 'merge' | 'squash' | 'rebase'; commit_title?: string } = {},
) =>
  bed.installation.request('PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge', {
    ...shop,
    pull_number: number,
    ...change,
  });
const mergeAsync = (change: { sha?: string; merge_method?: 'merge' | 'squash' | 'rebase' } = {}) =>
  bed.installation.request('PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge-async', {
    ...shop,
    pull_number: number,
    ...change,
  });
const main = async () =>
  (await bed.as('ana').request('GET /repos/{owner}/{repo}/commits/{ref}', { ...shop, ref: 'main' })).data;

async function result(uuid: string): Promise<{ status: string; details: object }> {
  for (let tries = 0; tries < 200; tries += 1) {
    const { data } = await bed.installation.request(
      'GET /repos/{owner}/{repo}/pulls/{pull_number}/merge-async/{uuid}',
      { ...shop, pull_number: number, uuid },
    );
    if (data.status !== 'pending') return data;
    await delay(20);
  }
  throw new Error('still pending after 4 s');
}

describe('PUT merge (G21)', () => {
  test('405 until checks and reviews are there, 409 when the head moved, then merged', async () => {
    expect(await refused(merge())).toMatchObject({
      status: 405,
      message: expect.stringContaining('Required status check "test" is expected'),
    });
    expect((await get()).mergeable_state).toBe('blocked');
    await check('failure');
    expect((await refused(merge())).message).toContain('is failing');
    await check('success');
    expect(await refused(merge())).toMatchObject({
      status: 405,
      message: expect.stringContaining('approving review'),
    });
    await approve();
    expect((await get()).mergeable_state).toBe('clean');
    expect(await refused(merge({ sha: 'e'.repeat(40) }))).toMatchObject({ status: 409 });
    const { data } = await merge({ sha: head });
    expect(data).toMatchObject({ merged: true });
    expect(await main()).toMatchObject({
      sha: data.sha,
      parents: [expect.anything(), { sha: head }],
      commit: {
        message: `Merge pull request #${number} from acme/${branch}\n\nWork on ${branch}`,
        committer: { name: 'GitHub' },
      },
    });
    expect(await get()).toMatchObject({
      state: 'closed',
      merged: true,
      merged_by: { login: 'entourage[bot]' },
      merge_commit_sha: data.sha,
    });
    const closed = (await bed.hooks('pull_request', 'closed')).filter(
      (hook) => hook.payload['number'] === number,
    );
    expect(closed.map((hook) => hook.payload['pull_request'])).toMatchObject([{ merged: true }]);
    expect((await bed.hooks('push')).at(-1)?.payload).toMatchObject({
      ref: 'refs/heads/main',
      after: data.sha,
    });
    expect(await refused(merge())).toMatchObject({ status: 405 });
  });

  test('squash is one commit, rebase keeps each; the branch stays', async () => {
    await check('success');
    await approve();
    await merge({ merge_method: 'squash', commit_title: 'One thing' });
    expect(await main()).toMatchObject({
      parents: [expect.anything()],
      commit: { message: expect.stringMatching(/^One thing\n\n/) },
    });
    const again = `again-${count}`;
    head = await bed.commit(again, { [`again-${count}`]: '1\n' }, 'Rebased');
    number = await bed.pull(again);
    await check('success');
    await approve();
    await merge({ merge_method: 'rebase' });
    expect(await main()).toMatchObject({
      commit: { message: 'Rebased', author: { name: 'entourage[bot]' } },
    });
    expect(
      (
        await bed
          .as('ana')
          .request('GET /repos/{owner}/{repo}/git/ref/{ref}', { ...shop, ref: `heads/${again}` })
      ).status,
    ).toBe(200);
  });

  test('a conflict is not mergeable (G26), a draft neither; readers may not merge', async () => {
    await bed.commit(branch, { 'README.md': `branch ${count}\n` });
    await bed.commit('main', { 'README.md': `main ${count}\n` });
    head = (await get()).head.sha;
    await check('success');
    await approve();
    expect(await get()).toMatchObject({ mergeable: false, mergeable_state: 'dirty' });
    expect(await refused(merge())).toMatchObject({
      status: 405,
      message: expect.stringContaining('not mergeable'),
    });
    await bed.commit(`draft-${count}`, { d: `${count}\n` });
    number = await bed.pull(`draft-${count}`, { draft: true });
    expect(await refused(merge())).toMatchObject({ status: 405, message: expect.stringContaining('draft') });
    const stranger = bed
      .as('eve')
      .request('PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge', { ...shop, pull_number: number });
    expect((await refused(stranger)).status).toBe(403);
  });

  test('a part of an issue closes nothing, `Fixes` does', async () => {
    const { data: issue } = await bed
      .as('ana')
      .request('POST /repos/{owner}/{repo}/issues', { ...shop, title: 'Whole' });
    const { data: fixed } = await bed
      .as('ana')
      .request('POST /repos/{owner}/{repo}/issues', { ...shop, title: 'Broken' });
    await bed.as('ana').request('PATCH /repos/{owner}/{repo}/pulls/{pull_number}', {
      ...shop,
      pull_number: number,
      body: `Part of #${issue.number}, fixes #${fixed.number}`,
    });
    await check('success');
    await approve();
    await merge();
    const { data } = await bed
      .as('ana')
      .request('GET /repos/{owner}/{repo}/issues/{issue_number}', { ...shop, issue_number: issue.number });
    expect(data.state).toBe('open');
    expect((await bed.hooks('issues', 'closed')).map((hook) => hook.payload['issue'])).toMatchObject([
      { number: fixed.number, state_reason: 'completed' },
    ]);
  });
});

describe('PUT merge-async (G20)', () => {
  test('202 with a uuid, then merged; asked again 200', async () => {
    await check('success');
    await approve();
    const { status, data } = await mergeAsync({ sha: head, merge_method: 'squash' });
    expect(status).toBe(202);
    const details = data.details as { uuid: string };
    expect(data).toMatchObject({
      status: 'pending',
      details: { merge_method: 'squash', expected_head_sha: head },
    });
    expect(await result(details.uuid)).toMatchObject({
      status: 'merged',
      details: { sha: (await main()).sha },
    });
    expect(await mergeAsync()).toMatchObject({ status: 200, data: { status: 'merged' } });
    bed.running.clock.advance(25 * 60 * 60 * 1000);
    const late = bed.as('ana').request('GET /repos/{owner}/{repo}/pulls/{pull_number}/merge-async/{uuid}', {
      ...shop,
      pull_number: number,
      uuid: details.uuid,
    });
    expect((await refused(late)).status).toBe(404);
    bed.running.clock.advance(-25 * 60 * 60 * 1000);
  });

  test('what stands in the way fails it; a second request meets the first; drafts are 400', async () => {
    const { data } = await mergeAsync();
    const uuid = (data.details as { uuid: string }).uuid;
    expect(await result(uuid)).toMatchObject({
      status: 'failed',
      details: { message: expect.stringContaining('Required status check') },
    });
    // Whatever else moves refs goes first, so that both requests meet while the first waits.
    const { forge, state } = bed.running;
    const repository = [...state.repositories.values()].find((one) => one.name === 'shop')!;
    const gate = Promise.withResolvers<void>();
    const held = forge.git(repository).serially(() => gate.promise);
    const first = await mergeAsync();
    const second = await mergeAsync().catch(
      (error: unknown) => error as { status: number; response: { data: unknown } },
    );
    gate.resolve();
    await held;
    expect(first.status).toBe(202);
    const uuidOf = ({ details }: { details: object }) => (details as { uuid: string }).uuid;
    expect(second).toMatchObject({
      status: 409,
      response: {
        data: {
          status: 'pending',
          details: {
            uuid: uuidOf(first.data),
            message: 'A merge request already exists for this pull request.',
          },
        },
      },
    });
    await result((first.data.details as { uuid: string }).uuid);
    await bed.commit(`draft-async-${count}`, { d: `${count}\n` });
    number = await bed.pull(`draft-async-${count}`, { draft: true });
    expect(await refused(mergeAsync())).toMatchObject({ status: 400 });
  });
});

describe('branches', () => {
  test('merging one into another, and a base into its pull request', async () => {
    await bed.commit('main', { [`base-${count}`]: 'x\n' });
    const update = () =>
      bed.installation.request('PUT /repos/{owner}/{repo}/pulls/{pull_number}/update-branch', {
        ...shop,
        pull_number: number,
      });
    expect((await update()).status).toBe(202);
    expect((await bed.hooks('pull_request', 'synchronize')).at(-1)?.payload).toMatchObject({
      number,
      before: head,
    });
    expect((await refused(update())).status).toBe(422);
    const join = (base: string, from: string) =>
      bed.installation.request('POST /repos/{owner}/{repo}/merges', { ...shop, base, head: from });
    await bed.installation.request('POST /repos/{owner}/{repo}/git/refs', {
      ...shop,
      ref: `refs/heads/run-${count}`,
      sha: (await main()).sha,
    });
    expect((await join(`run-${count}`, branch)).status).toBe(201);
    expect((await join(`run-${count}`, branch)).status).toBe(204);
  });
});
