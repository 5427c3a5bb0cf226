import { verify } from '@octokit/webhooks-methods';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBed, refused, type Bed } from './test-bed.ts';

const shop = { owner: 'acme', repo: 'shop' };
let bed: Bed;
beforeAll(async () => {
  bed = await openBed();
});
afterAll(async () => {
  await bed[Symbol.asyncDispose]();
});

const openIssue = async (login = 'ana'): Promise<number> => {
  const { data } = await bed
    .as(login)
    .request('POST /repos/{owner}/{repo}/issues', { ...shop, title: 'A task', body: 'please' });
  return data.number;
};
const comment = async (login: string, issue_number: number, body = 'hello'): Promise<number> => {
  const { data } = await bed
    .as(login)
    .request('POST /repos/{owner}/{repo}/issues/{issue_number}/comments', { ...shop, issue_number, body });
  return data.id as number;
};

describe('issues', () => {
  test('an issue that is opened with labels tells of both, signed with the App’s secret', async () => {
    const { data: issue } = await bed.as('ben').request('POST /repos/{owner}/{repo}/issues', {
      ...shop,
      title: 'Broken',
      labels: ['bug', 'entourage'],
    });
    const [opened] = (await bed.hooks('issues', 'opened')).slice(-1);
    const labeled = await bed.hooks('issues', 'labeled');
    expect(opened?.payload).toMatchObject({
      issue: { number: issue.number, user: { login: 'ben' } },
      sender: { login: 'ben' },
    });
    expect(labeled.map(({ payload }) => (payload['label'] as { name: string }).name)).toEqual([
      'bug',
      'entourage',
    ]);
    const secret = bed.running.credentials.webhookSecret;
    expect(await verify(secret, opened!.text, String(opened!.headers['x-hub-signature-256']))).toBe(true);
    expect(await verify('another secret', opened!.text, String(opened!.headers['x-hub-signature-256']))).toBe(
      false,
    );
    expect(opened!.headers).toMatchObject({
      'x-github-hook-installation-target-type': 'integration',
      'x-github-hook-installation-target-id': String(bed.running.credentials.appId),
    });
    expect(opened!.guid).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('who may only read can open an issue, and his labels are dropped in silence', async () => {
    const { data } = await bed
      .as('eve')
      .request('POST /repos/{owner}/{repo}/issues', { ...shop, title: 'Mine', labels: ['bug'] });
    expect(data.labels).toEqual([]);
    const request = bed.as('eve').request('POST /repos/{owner}/{repo}/issues/{issue_number}/labels', {
      ...shop,
      issue_number: data.number,
      labels: ['bug'],
    });
    expect((await refused(request)).status).toBe(403);
  });

  test('a title that is missing is GitHub’s 422', async () => {
    const request = bed
      .as('ana')
      .request('POST /repos/{owner}/{repo}/issues', { ...shop, title: null as unknown as string });
    expect(await refused(request)).toMatchObject({ status: 422 });
  });

  test('closing and reopening is told with who did it; the author may, a reader may not', async () => {
    const issue_number = await openIssue('eve');
    const update = (login: string, state: 'open' | 'closed') =>
      bed
        .as(login)
        .request('PATCH /repos/{owner}/{repo}/issues/{issue_number}', { ...shop, issue_number, state });
    await update('eve', 'closed');
    await update('tom', 'open');
    expect((await bed.hooks('issues', 'closed')).at(-1)?.payload).toMatchObject({
      sender: { login: 'eve' },
      issue: { state_reason: 'completed' },
    });
    expect((await bed.hooks('issues', 'reopened')).at(-1)?.payload).toMatchObject({
      sender: { login: 'tom' },
    });
    const ben = await openIssue('ben');
    const stranger = bed.as('eve').request('PATCH /repos/{owner}/{repo}/issues/{issue_number}', {
      ...shop,
      issue_number: ben,
      state: 'closed',
    });
    expect((await refused(stranger)).status).toBe(403);
  });

  test('lists are paged with Link headers and filtered by label and state', async () => {
    const first = await bed
      .as('ana')
      .request('GET /repos/{owner}/{repo}/issues', { ...shop, state: 'all', per_page: 2 });
    expect(first.data).toHaveLength(2);
    expect(first.headers.link).toContain('rel="next"');
    const bugs = await bed
      .as('ana')
      .request('GET /repos/{owner}/{repo}/issues', { ...shop, labels: 'bug,entourage' });
    expect(bugs.data.map(({ title }) => title)).toEqual(['Broken']);
  });

  test('an answer that is known already is a 304 (G41)', async () => {
    const issue_number = await openIssue();
    const get = (etag?: string) =>
      bed.as('ana').request('GET /repos/{owner}/{repo}/issues/{issue_number}', {
        ...shop,
        issue_number,
        headers: { 'if-none-match': etag },
      });
    const { headers } = await get();
    expect(await refused(get(headers.etag))).toMatchObject({ status: 304 });
  });
});

describe('comments', () => {
  test('people with write edit others’ comments, triage can’t (G5); an edit tells what it was', async () => {
    const comment_id = await comment('eve', await openIssue(), 'before');
    const edit = (login: string, body: string) =>
      bed
        .as(login)
        .request('PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}', { ...shop, comment_id, body });
    expect((await refused(edit('tom', 'by triage'))).status).toBe(403);
    await edit('ben', 'after');
    expect((await bed.hooks('issue_comment', 'edited')).at(-1)?.payload).toMatchObject({
      changes: { body: { from: 'before' } },
      comment: { body: 'after', user: { login: 'eve' } },
      sender: { login: 'ben' },
    });
  });

  test('performed_via_github_app belongs to the comment, whoever edits it (G44)', async () => {
    const issue_number = await openIssue();
    const { data } = await bed.installation.request(
      'POST /repos/{owner}/{repo}/issues/{issue_number}/comments',
      { ...shop, issue_number, body: '- [ ] approve' },
    );
    await bed.as('ben').request('PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}', {
      ...shop,
      comment_id: data.id as number,
      body: '- [x] approve',
    });
    expect((await bed.hooks('issue_comment', 'created')).at(-1)?.payload).toMatchObject({
      sender: { login: 'entourage[bot]', type: 'Bot' },
    });
    expect((await bed.hooks('issue_comment', 'edited')).at(-1)?.payload).toMatchObject({
      comment: { performed_via_github_app: { slug: 'entourage' } },
      sender: { login: 'ben' },
    });
  });

  test('a body holds 65,536 characters, emoji counted once, and not one more (G2)', async () => {
    const issue_number = await openIssue();
    await comment('ana', issue_number, '🙂'.repeat(65_536));
    expect(await refused(comment('ana', issue_number, 'x'.repeat(65_537)))).toMatchObject({
      status: 422,
      message: expect.stringContaining('65536'),
    });
  });

  test('deleting is told, and the comment is gone', async () => {
    const comment_id = await comment('ben', await openIssue());
    await bed
      .as('ben')
      .request('DELETE /repos/{owner}/{repo}/issues/comments/{comment_id}', { ...shop, comment_id });
    expect((await bed.hooks('issue_comment', 'deleted')).at(-1)?.payload).toMatchObject({
      comment: { id: comment_id },
    });
    const get = bed
      .as('ben')
      .request('GET /repos/{owner}/{repo}/issues/comments/{comment_id}', { ...shop, comment_id });
    expect((await refused(get)).status).toBe(404);
  });
});

describe('reactions and labels', () => {
  test('a reaction is 201 when new and 200 when it was there (G3)', async () => {
    const comment_id = await comment('ana', await openIssue());
    const react = () =>
      bed.installation.request('POST /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions', {
        ...shop,
        comment_id,
        content: 'eyes',
      });
    expect([(await react()).status, (await react()).status]).toEqual([201, 200]);
    const { data } = await bed
      .as('ana')
      .request('GET /repos/{owner}/{repo}/issues/comments/{comment_id}', { ...shop, comment_id });
    expect(data.reactions).toMatchObject({ eyes: 1, total_count: 1 });
  });

  test('labels are added, set and removed, one webhook for each that came or went', async () => {
    const issue_number = await openIssue();
    const at = { ...shop, issue_number };
    const count = async (): Promise<number[]> => [
      (await bed.hooks('issues', 'labeled')).length,
      (await bed.hooks('issues', 'unlabeled')).length,
    ];
    const [came = 0, went = 0] = await count();
    await bed
      .as('tom')
      .request('POST /repos/{owner}/{repo}/issues/{issue_number}/labels', { ...at, labels: ['bug', 'p1'] });
    await bed
      .as('tom')
      .request('POST /repos/{owner}/{repo}/issues/{issue_number}/labels', { ...at, labels: ['bug'] });
    await bed.installation.request('PUT /repos/{owner}/{repo}/issues/{issue_number}/labels', {
      ...at,
      labels: ['p2'],
    });
    await bed.installation.request('DELETE /repos/{owner}/{repo}/issues/{issue_number}/labels/{name}', {
      ...at,
      name: 'p2',
    });
    expect(await count()).toEqual([came + 3, went + 3]);
  });
});
