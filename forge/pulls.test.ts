import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { convertToDraft, markReady, pullNumbered } from './pulls.ts';
import { mergeStateStatus } from './merge-state.ts';
import { openPullBed, type PullBed, shop } from './pull-bed.ts';
import { row } from './state.ts';
import { refused } from './test-bed.ts';

let bed: PullBed;
beforeAll(async () => {
  bed = await openPullBed();
});
afterAll(() => bed[Symbol.asyncDispose]());

const get = async (pull_number: number) =>
  (await bed.as('ana').request('GET /repos/{owner}/{repo}/pulls/{pull_number}', { ...shop, pull_number }))
    .data;

const mainSha = async () =>
  (await bed.as('ana').request('GET /repos/{owner}/{repo}/git/ref/{ref}', { ...shop, ref: 'heads/main' }))
    .data.object.sha;

const ref = (name: string, sha: string) =>
  bed.installation.request('POST /repos/{owner}/{repo}/git/refs', {
    ...shop,
    ref: `refs/heads/${name}`,
    sha,
  });

describe('opening', () => {
  test('needs a commit between base and head; an empty one will do (G10)', async () => {
    const sha = await mainSha();
    await ref('empty', sha);
    const open = () =>
      bed.installation.request('POST /repos/{owner}/{repo}/pulls', {
        ...shop,
        title: 'Empty',
        head: 'empty',
        base: 'main',
        draft: true,
      });
    const refusal = await open().catch(
      (error: unknown) => error as { status: number; response: { data: unknown } },
    );
    expect(refusal).toMatchObject({
      status: 422,
      response: {
        data: {
          errors: [{ resource: 'PullRequest', code: 'custom', message: 'No commits between main and empty' }],
        },
      },
    });
    const { data: parent } = await bed.installation.request(
      'GET /repos/{owner}/{repo}/git/commits/{commit_sha}',
      { ...shop, commit_sha: sha },
    );
    const { data: commit } = await bed.installation.request('POST /repos/{owner}/{repo}/git/commits', {
      ...shop,
      message: 'Start',
      tree: parent.tree.sha,
      parents: [sha],
    });
    await bed.installation.request('PATCH /repos/{owner}/{repo}/git/refs/{ref}', {
      ...shop,
      ref: 'heads/empty',
      sha: commit.sha,
    });
    const { data: pull } = await open();
    expect(pull).toMatchObject({
      draft: true,
      state: 'open',
      commits: 1,
      changed_files: 0,
      mergeable: null,
      user: { login: 'entourage[bot]' },
    });
    expect((await bed.hooks('pull_request', 'opened')).at(-1)?.payload).toMatchObject({
      number: pull.number,
      pull_request: { draft: true },
    });
    expect(await get(pull.number)).toMatchObject({ mergeable: true, mergeable_state: 'draft' });
  });

  test('shares its numbers with issues, and is an issue too', async () => {
    const { data: issue } = await bed
      .as('ana')
      .request('POST /repos/{owner}/{repo}/issues', { ...shop, title: 'An issue' });
    await bed.commit('numbered', { a: '1\n' });
    const number = await bed.pull('numbered');
    expect(number).toBe(issue.number + 1);
    const { data } = await bed
      .as('ana')
      .request('GET /repos/{owner}/{repo}/issues/{issue_number}', { ...shop, issue_number: number });
    expect(data.pull_request?.html_url).toContain(`/pull/${number}`);
    await bed.as('ana').request('POST /repos/{owner}/{repo}/issues/{issue_number}/labels', {
      ...shop,
      issue_number: number,
      labels: ['bug'],
    });
    expect((await bed.hooks('pull_request', 'labeled')).at(-1)?.payload).toMatchObject({
      number,
      label: { name: 'bug' },
    });
  });

  test('an unknown branch, a twin and a title of blanks are refused; readers may not open', async () => {
    await bed.commit('twin', { b: '1\n' });
    await bed.pull('twin');
    const open = (login: string, head: string, title = 'T') =>
      refused(
        bed.as(login).request('POST /repos/{owner}/{repo}/pulls', { ...shop, title, head, base: 'main' }),
      );
    expect(await open('ben', 'twin')).toMatchObject({
      status: 422,
      message: expect.stringContaining('already exists for acme:twin'),
    });
    expect((await open('ben', 'nowhere')).status).toBe(422);
    expect((await open('ben', 'twin', ' ')).status).toBe(422);
    expect((await open('eve', 'twin')).status).toBe(403);
  });
});

describe('reading', () => {
  test('lists by state, head and base; shows commits and files', async () => {
    await bed.commit(
      'listed',
      { 'src/price.js': 'export const price = 2\n', 'new.txt': 'n\n' },
      'Raise the price',
    );
    const number = await bed.pull('listed', { as: 'ben' });
    const list = (query: object) =>
      bed.as('ana').request('GET /repos/{owner}/{repo}/pulls', { ...shop, ...query });
    expect((await list({ head: 'acme:listed' })).data.map((one) => one.number)).toEqual([number]);
    expect((await list({ head: 'acme:listed', base: 'other' })).data).toEqual([]);
    expect((await list({ head: 'acme:listed', state: 'closed' })).data).toEqual([]);
    const { data: commits } = await bed
      .as('ana')
      .request('GET /repos/{owner}/{repo}/pulls/{pull_number}/commits', { ...shop, pull_number: number });
    expect(commits.map((one) => [one.commit.message, one.author?.login])).toEqual([
      ['Raise the price', 'entourage[bot]'],
    ]);
    const { data: files } = await bed
      .as('ana')
      .request('GET /repos/{owner}/{repo}/pulls/{pull_number}/files', { ...shop, pull_number: number });
    expect(files.map((file) => [file.filename, file.status, file.changes])).toEqual([
      ['new.txt', 'added', 1],
      ['src/price.js', 'modified', 2],
    ]);
    expect(await get(number)).toMatchObject({
      commits: 1,
      additions: 2,
      deletions: 1,
      changed_files: 2,
      mergeable_state: 'clean',
    });
  });

  test('compare and commits', async () => {
    const sha = await bed.commit('compared', { 'c.txt': 'c\n' }, 'One\n\nmore');
    const { data } = await bed
      .as('ana')
      .request('GET /repos/{owner}/{repo}/compare/{basehead}', { ...shop, basehead: 'main...compared' });
    expect(data).toMatchObject({
      status: 'ahead',
      ahead_by: 1,
      behind_by: 0,
      total_commits: 1,
      files: [{ filename: 'c.txt' }],
    });
    const one = await bed.as('ana').request('GET /repos/{owner}/{repo}/commits/{ref}', { ...shop, ref: sha });
    expect(one.data).toMatchObject({
      sha,
      stats: { additions: 1, total: 1 },
      files: [{ filename: 'c.txt' }],
    });
    const all = await bed
      .as('ana')
      .request('GET /repos/{owner}/{repo}/commits', { ...shop, sha: 'compared' });
    expect(all.data.map((commit) => commit.sha)[0]).toBe(sha);
    const associated = bed
      .as('ana')
      .request('GET /repos/{owner}/{repo}/commits/{commit_sha}/pulls', { ...shop, commit_sha: sha });
    expect((await associated).data).toEqual([]);
    expect(
      (
        await refused(
          bed
            .as('ana')
            .request('GET /repos/{owner}/{repo}/compare/{basehead}', { ...shop, basehead: 'main...gone' }),
        )
      ).status,
    ).toBe(404);
  });
});

describe('changing', () => {
  test('title, body and base in one webhook; closing and reopening', async () => {
    await bed.commit('changed', { d: '1\n' });
    await bed.commit('other-base', { e: '1\n' });
    const number = await bed.pull('changed');
    const update = (change: object, login = 'ben') =>
      bed.as(login).request('PATCH /repos/{owner}/{repo}/pulls/{pull_number}', {
        ...shop,
        pull_number: number,
        ...change,
      });
    await update({ title: 'New', body: 'Text', base: 'other-base' });
    expect((await bed.hooks('pull_request', 'edited')).at(-1)?.payload).toMatchObject({
      changes: {
        title: { from: 'Work on changed' },
        body: { from: 'Part of #7' },
        base: { ref: { from: 'main' } },
      },
      pull_request: { title: 'New', base: { ref: 'other-base' } },
    });
    expect((await refused(update({ title: 'Mine' }, 'eve'))).status).toBe(403);
    await update({ state: 'closed' });
    expect((await bed.hooks('pull_request', 'closed')).at(-1)?.payload).toMatchObject({
      pull_request: { merged: false, state: 'closed' },
    });
    await update({ state: 'open' });
    expect((await bed.hooks('pull_request', 'reopened')).at(-1)?.payload).toMatchObject({ number });
  });

  test('the author or a stranger can not be asked to review (G13)', async () => {
    await bed.commit('asked', { f: '1\n' });
    const number = await bed.pull('asked', { as: 'ben' });
    const ask = (...reviewers: string[]) =>
      bed.as('ana').request('POST /repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers', {
        ...shop,
        pull_number: number,
        reviewers,
      });
    expect((await refused(ask('ben'))).status).toBe(422);
    expect((await refused(ask('eve'))).status).toBe(422);
    expect((await refused(ask('nobody'))).status).toBe(422);
    const { data } = await ask('mia');
    expect(data.requested_reviewers?.map((one) => one?.login)).toEqual(['mia']);
    expect((await bed.hooks('pull_request', 'review_requested')).at(-1)?.payload).toMatchObject({
      requested_reviewer: { login: 'mia' },
    });
    await bed.as('ana').request('DELETE /repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers', {
      ...shop,
      pull_number: number,
      reviewers: ['mia'],
    });
    expect((await get(number)).requested_reviewers).toEqual([]);
  });

  test('draft and ready tell of themselves, once (G12, G26)', async () => {
    await bed.commit('drafted', { g: '1\n' });
    const number = await bed.pull('drafted', { draft: true });
    await get(number);
    const { forge, state } = bed.running;
    const repository = [...state.repositories.values()].find((one) => one.name === 'shop')!;
    const pull = pullNumbered(forge, repository, number);
    const actor = row(state.accounts, row(state.issues, pull.id).authorId);
    const doer = { actor, caller: { kind: 'user' as const, account: actor, app: null } };
    expect(mergeStateStatus(forge, pull)).toBe('DRAFT');
    markReady(forge, doer, pull);
    markReady(forge, doer, pull);
    expect(mergeStateStatus(forge, pull)).toBe('CLEAN');
    convertToDraft(forge, doer, pull);
    const of = (hooks: { payload: Record<string, unknown> }[]) =>
      hooks.filter((hook) => hook.payload['number'] === number).length;
    expect(of(await bed.hooks('pull_request', 'ready_for_review'))).toBe(1);
    expect(of(await bed.hooks('pull_request', 'converted_to_draft'))).toBe(1);
  });
});

describe('pushes', () => {
  test('a push to the head is a push and a synchronize; the branch’s end closes it', async () => {
    const before = await bed.commit('pushed', { h: '1\n' }, 'First');
    const number = await bed.pull('pushed');
    const after = await bed.commit('pushed', { h: '2\n', i: '1\n' }, 'Second');
    expect((await bed.hooks('push')).at(-1)?.payload).toMatchObject({
      ref: 'refs/heads/pushed',
      before,
      after,
      forced: false,
      created: false,
      commits: [{ id: after, message: 'Second', added: ['i'], modified: ['h'] }],
      pusher: { name: 'entourage[bot]' },
    });
    expect((await bed.hooks('pull_request', 'synchronize')).at(-1)?.payload).toMatchObject({
      number,
      before,
      after,
      pull_request: { commits: 2 },
    });
    const forced = await bed.installation.request('PATCH /repos/{owner}/{repo}/git/refs/{ref}', {
      ...shop,
      ref: 'heads/pushed',
      sha: before,
      force: true,
    });
    expect(forced.data.object.sha).toBe(before);
    expect((await bed.hooks('push')).at(-1)?.payload).toMatchObject({ forced: true, commits: [] });
    await bed.installation.request('DELETE /repos/{owner}/{repo}/git/refs/{ref}', {
      ...shop,
      ref: 'heads/pushed',
    });
    expect((await bed.hooks('delete')).at(-1)?.payload).toMatchObject({ ref: 'pushed', ref_type: 'branch' });
    expect(await get(number)).toMatchObject({ state: 'closed', merged: false });
  });

  test('refs refuse what GitHub refuses', async () => {
    const sha = await bed.commit('strict', { j: '1\n' });
    const patch = (target: string, force = false) =>
      refused(
        bed.installation.request('PATCH /repos/{owner}/{repo}/git/refs/{ref}', {
          ...shop,
          ref: 'heads/strict',
          sha: target,
          force,
        }),
      );
    expect(await patch(await mainSha())).toMatchObject({
      status: 422,
      message: expect.stringContaining('fast forward'),
    });
    expect((await patch('e'.repeat(40), true)).message).toContain('Object does not exist');
    expect(await refused(ref('strict', sha))).toMatchObject({
      status: 422,
      message: expect.stringContaining('already exists'),
    });
    expect(
      (
        await refused(
          bed.as('eve').request('POST /repos/{owner}/{repo}/git/refs', { ...shop, ref: 'refs/heads/x', sha }),
        )
      ).status,
    ).toBe(403);
    expect(
      (
        await refused(
          bed.as('ana').request('GET /repos/{owner}/{repo}/git/ref/{ref}', { ...shop, ref: 'heads/none' }),
        )
      ).status,
    ).toBe(404);
  });

  test('a push that brings the head into the base merges it', async () => {
    const sha = await bed.commit('by-hand', { k: '1\n' });
    const number = await bed.pull('by-hand');
    await bed.as('ana').request('PATCH /repos/{owner}/{repo}/git/refs/{ref}', {
      ...shop,
      ref: 'heads/main',
      sha,
      force: true,
    });
    expect(await get(number)).toMatchObject({ state: 'closed', merged: true, merged_by: { login: 'ana' } });
    expect((await bed.hooks('pull_request', 'closed')).at(-1)?.payload).toMatchObject({
      number,
      pull_request: { merged: true },
    });
  });
});
