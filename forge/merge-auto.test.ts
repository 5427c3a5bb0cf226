import { afterEach, expect, test } from 'vitest';
import { openPullBed, type PullBed, shop } from './pull-bed.ts';
import type { SeedRepository } from './seed.ts';
import { graphqlErrors } from './test-bed.ts';

let bed: PullBed;
afterEach(() => bed[Symbol.asyncDispose]());

const open = async (change: Partial<SeedRepository> = {}): Promise<void> => {
  const ruleset = { requiredChecks: ['test'], adminsBypass: true };
  bed = await openPullBed({ allowAutoMerge: true, ruleset, ...change });
};
const report = (sha: string, name = 'test', conclusion: 'success' | 'failure' = 'success') =>
  bed.installation.request('POST /repos/{owner}/{repo}/check-runs', {
    ...shop,
    name,
    head_sha: sha,
    status: 'completed',
    conclusion,
  });
const read = async (number: number) =>
  (
    await bed
      .as('ben')
      .request('GET /repos/{owner}/{repo}/pulls/{pull_number}', { ...shop, pull_number: number })
  ).data;
const mutate = async (field: string, number: number, input: Record<string, unknown> = {}) => {
  const { node_id } = await read(number);
  const type = `${field.charAt(0).toUpperCase()}${field.slice(1)}Input`;
  return bed.graphql('ben')(
    `mutation ($input: ${type}!) { ${field}(input: $input) { actor { login } pullRequest { autoMergeRequest { mergeMethod enabledBy { login } } } } }`,
    { input: { pullRequestId: node_id, ...input } },
  );
};
const enable = (number: number, input: Record<string, unknown> = {}) =>
  mutate('enablePullRequestAutoMerge', number, input);
const words = async (request: Promise<unknown>) => (await graphqlErrors(request))[0]?.message;
const topic = async (branch = 'topic') => {
  const head = await bed.commit(branch, { [branch]: '1\n' });
  return { head, number: await bed.pull(branch) };
};

test('G22: refused when nothing is left to wait for, where the repository or the branch doesn’t know it', async () => {
  await open();
  const { number, head } = await topic();
  await report(head);
  expect(await words(enable(number))).toBe('Pull request Pull request is in clean status');
  await report(head, 'lint', 'failure');
  expect(await words(enable(number))).toBe('Pull request Pull request is in unstable status');
  await bed.commit('side', { side: '1\n' });
  await bed.commit('other', { other: '1\n' });
  const free = await bed.pull('other', { base: 'side' });
  expect(await words(enable(free))).toBe(
    'Pull request Protected branch rules not configured for this branch',
  );
  await bed.as('ana').request('PATCH /repos/{owner}/{repo}', { ...shop, allow_auto_merge: false });
  expect(await words(enable(number))).toBe('Pull request Auto merge is not allowed for this repository');
});

test('merges as soon as the last check is there, in the name of who asked', async () => {
  await open();
  const { number, head } = await topic();
  expect(await enable(number, { mergeMethod: 'SQUASH', commitHeadline: 'One thing' })).toMatchObject({
    enablePullRequestAutoMerge: { pullRequest: { autoMergeRequest: { mergeMethod: 'SQUASH' } } },
  });
  expect((await read(number)).auto_merge).toMatchObject({
    enabled_by: { login: 'ben' },
    merge_method: 'squash',
    commit_title: 'One thing',
  });
  expect(await bed.hooks('pull_request', 'auto_merge_enabled')).toHaveLength(1);
  await report(head);
  await expect.poll(async () => (await read(number)).merged, { timeout: 20_000 }).toBe(true);
  expect(await read(number)).toMatchObject({ merged_by: { login: 'ben' } });
});

test('on a branch with a queue it enters the queue', async () => {
  await open({ ruleset: { requiredChecks: ['test'], mergeQueue: {} } });
  const { number, head } = await topic();
  await enable(number);
  await report(head);
  await expect
    .poll(async () => (await bed.hooks('pull_request', 'enqueued')).length, { timeout: 20_000 })
    .toBe(1);
  expect((await read(number)).merged).toBe(false);
});

test('switched off by hand, by another base, by closing', async () => {
  await open();
  const { number } = await topic();
  await enable(number);
  await mutate('disablePullRequestAutoMerge', number);
  expect((await read(number)).auto_merge).toBeNull();
  expect(await words(mutate('disablePullRequestAutoMerge', number))).toContain("Can't disable auto-merge");
  await enable(number);
  await bed.commit('side', { side: '1\n' });
  await bed.as('ben').request('PATCH /repos/{owner}/{repo}/pulls/{pull_number}', {
    ...shop,
    pull_number: number,
    base: 'side',
  });
  expect((await read(number)).auto_merge).toBeNull();
  const { number: closed } = await topic('closed');
  await enable(closed);
  await bed.as('ben').request('PATCH /repos/{owner}/{repo}/pulls/{pull_number}', {
    ...shop,
    pull_number: closed,
    state: 'closed',
  });
  expect((await read(closed)).auto_merge).toBeNull();
  expect(
    (await bed.hooks('pull_request', 'auto_merge_disabled')).map((hook) => hook.payload['reason']),
  ).toEqual(['Manually disabled by user', 'Base branch was changed', 'Pull request was closed']);
});
