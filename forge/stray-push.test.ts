import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPullBed, shop, type PullBed } from './pull-bed.ts';
import { refused } from './test-bed.ts';

let bed: PullBed;
beforeAll(async () => {
  bed = await openPullBed({
    ruleset: { requiredApprovals: 1, dismissStaleReviews: true },
  });
});
afterAll(async () => {
  await bed[Symbol.asyncDispose]();
});

const post = (body: unknown) =>
  fetch(`${bed.running.url}/_forge/pushes`, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  });

test('G21 G18: a push between review and merge, on demand: the merge meets another head, the approval is gone', async () => {
  const sha = await bed.commit('work', { 'a.txt': 'a\n' });
  const pull_number = await bed.pull('work');
  await bed.as('mia').request('POST /repos/{owner}/{repo}/pulls/{pull_number}/reviews', {
    ...shop,
    pull_number,
    event: 'APPROVE',
  });
  const push = { repository: 'acme/shop', branch: 'work', login: 'ben', before: 'pulls/merge' };
  expect((await post(push)).status).toBe(204);
  const merge = bed.as('mia').request('PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge', {
    ...shop,
    pull_number,
    sha,
  });
  expect((await refused(merge)).status).toBe(409);
  const { data } = await bed.installation.request('GET /repos/{owner}/{repo}/pulls/{pull_number}', {
    ...shop,
    pull_number,
  });
  expect(data.head.sha).not.toBe(sha);
  expect(await bed.hooks('pull_request', 'synchronize')).toMatchObject([
    { payload: { before: sha, after: data.head.sha, sender: { login: 'ben' } } },
  ]);
  expect(await bed.hooks('pull_request_review', 'dismissed')).toHaveLength(1);
});

test('a push at once gives the new head; one that cannot be is refused by name', async () => {
  const answer = await post({ repository: 'acme/shop', branch: 'work' });
  const { sha } = (await answer.json()) as { sha: string };
  const ref = await bed.installation.request('GET /repos/{owner}/{repo}/git/ref/{ref}', {
    ...shop,
    ref: 'heads/work',
  });
  expect(ref.data.object.sha).toBe(sha);
  expect(await (await post({ repository: 'acme/shop', branch: 'none' })).json()).toMatchObject({
    message: expect.stringContaining('no branch none'),
  });
  expect((await post({ repository: 'nobody/none', branch: 'work' })).status).toBe(422);
});
