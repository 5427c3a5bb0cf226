import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openPullBed, type PullBed, shop } from './pull-bed.ts';
import { graphqlErrors, refused } from './test-bed.ts';

// Many git processes: on a busy machine that takes a while.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

let bed: PullBed;
let count = 0;
beforeAll(async () => {
  bed = await openPullBed();
});
afterAll(() => bed[Symbol.asyncDispose]());

const read = async (number: number) =>
  (
    await bed
      .as('ana')
      .request('GET /repos/{owner}/{repo}/pulls/{pull_number}', { ...shop, pull_number: number })
  ).data;
const update = async (number: number, input: Record<string, unknown> = {}, login = 'ben') =>
  bed.graphql(login)(
    `mutation ($input: UpdatePullRequestBranchInput!) { updatePullRequestBranch(input: $input) { pullRequest { headRefOid isCrossRepository headRepository { nameWithOwner } headRepositoryOwner { login } } } }`,
    { input: { pullRequestId: (await read(number)).node_id, ...input } },
  );
const words = async (request: Promise<unknown>) => (await graphqlErrors(request))[0]?.message;
/** A pull request that lies behind. */
const behind = async (file = `file-${(count += 1)}`) => {
  const branch = `topic-${(count += 1)}`;
  const head = await bed.commit(branch, { [file]: 'topic\n' });
  const number = await bed.pull(branch);
  const base = await bed.commit('main', { [`base-${count}`]: '1\n' });
  return { branch, head, number, base };
};

test('by a merge, or by a rebase that leaves the head on the new base', async () => {
  const one = await behind();
  await update(one.number, { expectedHeadOid: one.head });
  const { data: merged } = await bed
    .as('ana')
    .request('GET /repos/{owner}/{repo}/commits/{ref}', { ...shop, ref: one.branch });
  expect(merged.parents.map(({ sha }) => sha)).toEqual([one.head, one.base]);
  expect(merged.commit.message).toBe(`Merge branch 'main' into ${one.branch}`);
  const two = await behind();
  expect(await update(two.number, { updateMethod: 'REBASE' })).toMatchObject({
    updatePullRequestBranch: {
      pullRequest: { isCrossRepository: false, headRepository: { nameWithOwner: 'acme/shop' } },
    },
  });
  const { data: rebased } = await bed
    .as('ana')
    .request('GET /repos/{owner}/{repo}/commits/{ref}', { ...shop, ref: two.branch });
  expect(rebased.parents.map(({ sha }) => sha)).toEqual([two.base]);
  expect((await read(two.number)).head.sha).toBe(rebased.sha);
});

test('refused on another head, when there is nothing new, on a conflict, and to readers', async () => {
  const { number } = await behind();
  expect(await words(update(number, { expectedHeadOid: 'e'.repeat(40) }))).toContain('expected head sha');
  expect(await words(update(number, {}, 'eve'))).toContain('correct permissions');
  await update(number);
  expect(await words(update(number))).toBe('There are no new commits on the base branch.');
  const { number: clash } = await behind('README.md');
  await bed.commit('main', { 'README.md': 'main\n' });
  expect(await words(update(clash))).toBe('merge conflict between base and head');
  const rest = bed.as('ben').request('PUT /repos/{owner}/{repo}/pulls/{pull_number}/update-branch', {
    ...shop,
    pull_number: clash,
  });
  expect((await refused(rest)).status).toBe(422);
});

test('pull requests on a merged one go on to its base when its branch is deleted; on others they close', async () => {
  await bed.commit('lower', { lower: '1\n' });
  const lower = await bed.pull('lower');
  await bed.as('ben').request('POST /repos/{owner}/{repo}/git/refs', {
    ...shop,
    ref: 'refs/heads/upper',
    sha: (await read(lower)).head.sha,
  });
  await bed.commit('upper', { upper: '1\n' });
  const upper = await bed.pull('upper', { base: 'lower' });
  await bed
    .as('ben')
    .request('PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge', { ...shop, pull_number: lower });
  const remove = (branch: string) =>
    bed.as('ben').request('DELETE /repos/{owner}/{repo}/git/refs/{ref}', { ...shop, ref: `heads/${branch}` });
  await remove('lower');
  expect(await read(upper)).toMatchObject({ state: 'open', base: { ref: 'main' }, commits: 1 });
  expect((await bed.hooks('pull_request', 'edited')).at(-1)?.payload).toMatchObject({
    number: upper,
    changes: { base: { ref: { from: 'lower' } } },
  });
  await bed.commit('last', { last: '1\n' });
  const last = await bed.pull('last', { base: 'upper' });
  await remove('upper');
  expect((await read(last)).state).toBe('closed');
  expect((await read(upper)).state).toBe('closed');
});
