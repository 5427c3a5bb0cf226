import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPullBed, type PullBed, shop } from './pull-bed.ts';
import { refused } from './test-bed.ts';

let bed: PullBed;
let head: string;
let number: number;
beforeAll(async () => {
  bed = await openPullBed({ ruleset: { requiredChecks: ['build'], adminsBypass: true } });
  head = await bed.commit('topic', { a: '1\n' });
  number = await bed.pull('topic');
});
afterAll(() => bed[Symbol.asyncDispose]());

type State = 'error' | 'failure' | 'pending' | 'success';
const say = (
  state: State,
  context = 'build',
  { as = 'ben', ...change }: { sha?: string; description?: string; as?: string } = {},
) =>
  bed.as(as).request('POST /repos/{owner}/{repo}/statuses/{sha}', {
    ...shop,
    sha: head,
    state,
    context,
    ...change,
  });
const combined = async () =>
  (await bed.as('ben').request('GET /repos/{owner}/{repo}/commits/{ref}/status', { ...shop, ref: head }))
    .data;
const mergeable = async () =>
  (
    await bed
      .as('ben')
      .request('GET /repos/{owner}/{repo}/pulls/{pull_number}', { ...shop, pull_number: number })
  ).data.mergeable_state;

test('G21, G26: a required context blocks until it is success; others make it unstable', async () => {
  expect(await combined()).toMatchObject({ state: 'pending', total_count: 0 });
  expect(await mergeable()).toBe('blocked');
  await say('pending');
  expect(await mergeable()).toBe('blocked');
  await say('error');
  expect(await combined()).toMatchObject({
    state: 'failure',
    statuses: [{ state: 'error', context: 'build' }],
  });
  const { data } = await say('success', 'BUILD');
  expect(data).toMatchObject({ state: 'success', creator: { login: 'ben' } });
  // A context is one whatever its case; a required check is named exactly.
  expect(await combined()).toMatchObject({ state: 'success', total_count: 1 });
  expect(await mergeable()).toBe('blocked');
  await say('success');
  expect(await mergeable()).toBe('clean');
  await say('failure', 'lint');
  expect(await mergeable()).toBe('unstable');
  expect(await combined()).toMatchObject({ state: 'failure', total_count: 2 });
  const { data: all } = await bed
    .as('ben')
    .request('GET /repos/{owner}/{repo}/commits/{ref}/statuses', { ...shop, ref: 'topic' });
  expect(all.map(({ state, context }) => `${context} ${state}`)).toEqual([
    'lint failure',
    'build success',
    'BUILD success',
    'build error',
    'build pending',
  ]);
});

test('each is told by a webhook with its branches', async () => {
  const before = (await bed.hooks('status')).length;
  await say('success', 'docs');
  const hooks = await bed.hooks('status');
  expect(hooks).toHaveLength(before + 1);
  expect(hooks.at(-1)?.payload).toMatchObject({
    sha: head,
    name: 'acme/shop',
    context: 'docs',
    state: 'success',
    commit: { sha: head },
    branches: [{ name: 'topic', protected: false }],
    sender: { login: 'ben' },
  });
});

test('readers may not, unknown commits and long words are 422', async () => {
  expect((await refused(say('success', 'x', { as: 'eve' }))).status).toBe(403);
  expect((await refused(say('success', 'x', { sha: 'e'.repeat(40) }))).status).toBe(422);
  expect((await refused(say('success', 'x', { description: 'x'.repeat(141) }))).status).toBe(422);
});
