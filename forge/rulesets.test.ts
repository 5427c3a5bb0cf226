import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openPullBed, type PullBed, pullSeed, shop } from './pull-bed.ts';
import { usualQueue } from './rule-rows.ts';
import { refused } from './test-bed.ts';

let bed: PullBed;
beforeEach(async () => {
  const seed = pullSeed();
  const own = { owner: 'ben', name: 'own', files: { a: '1\n' } };
  bed = await openPullBed({}, { seed: { ...seed, repositories: [...seed.repositories, own] } });
});
afterEach(() => bed[Symbol.asyncDispose]());

type Given = Record<string, unknown>;
const create = (given: Given, as = 'ana') =>
  bed.as(as).request('POST /repos/{owner}/{repo}/rulesets', {
    ...shop,
    name: 'rules',
    enforcement: 'active',
    conditions: { ref_name: { include: ['~DEFAULT_BRANCH'], exclude: [] } },
    ...given,
  });
const checksRule = (strict = false) => ({
  type: 'required_status_checks',
  parameters: {
    required_status_checks: [{ context: 'test' }],
    strict_required_status_checks_policy: strict,
  },
});
const pullRule = (change: Given = {}) => ({
  type: 'pull_request',
  parameters: {
    dismiss_stale_reviews_on_push: false,
    require_code_owner_review: false,
    require_last_push_approval: false,
    required_approving_review_count: 0,
    required_review_thread_resolution: false,
    ...change,
  },
});
const rulesOf = async (branch: string) =>
  (
    await bed.as('ben').request('GET /repos/{owner}/{repo}/rules/branches/{branch}', { ...shop, branch })
  ).data.map(({ type }) => type);
const main = async () =>
  (await bed.as('ana').request('GET /repos/{owner}/{repo}/git/ref/{ref}', { ...shop, ref: 'heads/main' }))
    .data.object.sha;
const branch = async (name: string, as = 'ben') =>
  bed.as(as).request('POST /repos/{owner}/{repo}/git/refs', {
    ...shop,
    ref: `refs/heads/${name}`,
    sha: await main(),
  });
const stateOf = async (number: number) =>
  (
    await bed
      .as('ana')
      .request('GET /repos/{owner}/{repo}/pulls/{pull_number}', { ...shop, pull_number: number })
  ).data.mergeable_state;
const merge = (number: number, change: { merge_method?: 'merge' | 'squash' | 'rebase' } = {}, as = 'ben') =>
  bed.as(as).request('PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge', {
    ...shop,
    pull_number: number,
    ...change,
  });
const approve = (number: number, as: string) =>
  bed.as(as).request('POST /repos/{owner}/{repo}/pulls/{pull_number}/reviews', {
    ...shop,
    pull_number: number,
    event: 'APPROVE',
  });
const report = (sha: string) =>
  bed.installation.request('POST /repos/{owner}/{repo}/check-runs', {
    ...shop,
    name: 'test',
    head_sha: sha,
    status: 'completed',
    conclusion: 'success',
  });

describe('which branches', () => {
  test('names, patterns and exceptions; several rulesets add up; only active ones hold', async () => {
    const { data: first } = await create({
      conditions: { ref_name: { include: ['refs/heads/release/*'], exclude: ['refs/heads/release/x*'] } },
      rules: [{ type: 'deletion' }],
    });
    await create({
      conditions: { ref_name: { include: ['~ALL'], exclude: [] } },
      rules: [{ type: 'non_fast_forward' }],
    });
    expect(await rulesOf('release/1')).toEqual(['deletion', 'non_fast_forward']);
    expect(await rulesOf('release/x1')).toEqual(['non_fast_forward']);
    expect(await rulesOf('release/a/b')).toEqual(['non_fast_forward']);
    await bed.as('ana').request('PUT /repos/{owner}/{repo}/rulesets/{ruleset_id}', {
      ...shop,
      ruleset_id: first.id,
      enforcement: 'evaluate',
    });
    expect(await rulesOf('release/1')).toEqual(['non_fast_forward']);
    const read = { ...shop, ruleset_id: first.id };
    expect(
      (await bed.as('ben').request('GET /repos/{owner}/{repo}/rulesets/{ruleset_id}', read)).data,
    ).toMatchObject({
      enforcement: 'evaluate',
      rules: [{ type: 'deletion' }],
      conditions: { ref_name: { include: ['refs/heads/release/*'] } },
    });
    await bed.as('ana').request('DELETE /repos/{owner}/{repo}/rulesets/{ruleset_id}', read);
    expect((await bed.as('ben').request('GET /repos/{owner}/{repo}/rulesets', shop)).data).toHaveLength(1);
    const { data } = await bed
      .as('ben')
      .request('GET /repos/{owner}/{repo}/branches/{branch}', { ...shop, branch: 'main' });
    expect(data.protected).toBe(true);
  });

  test('G25: writers don’t make rulesets; what the forge would only pretend to enforce is refused by name', async () => {
    expect((await refused(create({}, 'ben'))).status).toBe(403);
    expect(await refused(create({ rules: [{ type: 'required_signatures' }] }))).toMatchObject({
      status: 422,
      message: expect.stringContaining('required_signatures'),
    });
    expect((await refused(create({ rules: [pullRule({ require_code_owner_review: true })] }))).status).toBe(
      422,
    );
    const repository = { owner: 'ben', repo: 'own' };
    const queue = bed.as('ben').request('POST /repos/{owner}/{repo}/rulesets', {
      ...repository,
      name: 'queue',
      enforcement: 'active',
      conditions: { ref_name: { include: ['refs/heads/main'], exclude: [] } },
      rules: [{ type: 'merge_queue', parameters: usualQueue }],
    });
    expect(await refused(queue)).toMatchObject({
      status: 422,
      message: expect.stringContaining('merge_queue'),
    });
    const wild = { ref_name: { include: ['refs/heads/*'], exclude: [] } };
    const queues = create({ conditions: wild, rules: [{ type: 'merge_queue', parameters: usualQueue }] });
    expect((await refused(queues)).message).toContain('wildcard');
    expect((await refused(create({ bypass_actors: [{ actor_id: 1, actor_type: 'Team' }] }))).status).toBe(
      422,
    );
    const protection = bed
      .as('ana')
      .request('GET /repos/{owner}/{repo}/branches/{branch}/protection', { ...shop, branch: 'main' });
    expect(await refused(protection)).toMatchObject({
      status: 404,
      message: expect.stringContaining('Branch not protected'),
    });
  });
});

describe('what they forbid', () => {
  test('creating, moving, forcing and deleting a branch, except to those who may bypass', async () => {
    await create({
      conditions: { ref_name: { include: ['refs/heads/keep/*'], exclude: [] } },
      rules: [{ type: 'creation' }, { type: 'deletion' }, { type: 'non_fast_forward' }],
      bypass_actors: [{ actor_id: 5, actor_type: 'RepositoryRole', bypass_mode: 'always' }],
    });
    expect((await refused(branch('keep/1'))).message).toContain('creations being restricted');
    await branch('keep/1', 'ana');
    const moved = await bed.commit('free', { a: '1\n' });
    const update = (sha: string, force = false) =>
      bed
        .as('ben')
        .request('PATCH /repos/{owner}/{repo}/git/refs/{ref}', { ...shop, ref: 'heads/keep/1', sha, force });
    const start = await main();
    await update(moved);
    expect((await refused(update(start, true))).message).toContain('Cannot force-push');
    const remove = (as: string) =>
      bed.as(as).request('DELETE /repos/{owner}/{repo}/git/refs/{ref}', { ...shop, ref: 'heads/keep/1' });
    expect((await refused(remove('ben'))).message).toContain('Cannot delete this branch');
    await remove('ana');
  });

  test('G26: a head that lies behind is BEHIND, until "Update branch" has brought the base in', async () => {
    await create({
      rules: [checksRule(true)],
      bypass_actors: [{ actor_id: 5, actor_type: 'RepositoryRole' }],
    });
    const head = await bed.commit('topic', { a: '1\n' });
    const number = await bed.pull('topic');
    await report(head);
    expect(await stateOf(number)).toBe('clean');
    await bed.commit('main', { b: '1\n' });
    expect(await stateOf(number)).toBe('behind');
    expect(await refused(merge(number))).toMatchObject({
      status: 405,
      message: expect.stringContaining('not up to date'),
    });
    const update = (expected_head_sha: string) =>
      bed.installation.request('PUT /repos/{owner}/{repo}/pulls/{pull_number}/update-branch', {
        ...shop,
        pull_number: number,
        expected_head_sha,
      });
    expect((await refused(update('e'.repeat(40)))).status).toBe(422);
    expect((await update(head)).status).toBe(202);
    expect(await stateOf(number)).toBe('blocked');
    const { data } = await bed
      .as('ana')
      .request('GET /repos/{owner}/{repo}/pulls/{pull_number}', { ...shop, pull_number: number });
    await report(data.head.sha);
    expect(await stateOf(number)).toBe('clean');
    expect((await refused(update(data.head.sha))).status).toBe(422);
    await merge(number);
  });

  test('an approval by whoever pushed last is not enough', async () => {
    await create({
      rules: [pullRule({ required_approving_review_count: 1, require_last_push_approval: true })],
    });
    await bed.commit('topic', { a: '1\n' });
    const number = await bed.pull('topic');
    const before = await main();
    await bed.as('ben').request('PUT /repos/{owner}/{repo}/contents/{path}', {
      ...shop,
      path: 'more',
      message: 'More',
      content: 'MQ==',
      branch: 'topic',
    });
    await approve(number, 'ben');
    expect((await refused(merge(number))).message).toContain('someone other than the last pusher');
    await approve(number, 'mia');
    await merge(number);
    expect(await main()).not.toBe(before);
  });

  test('ways to merge: the rule’s, the repository’s, and a straight history', async () => {
    await create({
      rules: [pullRule({ allowed_merge_methods: ['merge', 'squash'] }), { type: 'required_linear_history' }],
    });
    await bed.commit('topic', { a: '1\n' });
    const number = await bed.pull('topic');
    expect((await refused(merge(number, { merge_method: 'rebase' }))).message).toContain('rebase');
    expect((await refused(merge(number))).message).toContain('must not contain merge commits');
    const set = (given: Given, as = 'ana') =>
      bed.as(as).request('PATCH /repos/{owner}/{repo}', { ...shop, ...given });
    expect((await refused(set({ allow_squash_merge: false }, 'ben'))).status).toBe(403);
    await set({ allow_squash_merge: false });
    expect(await refused(merge(number, { merge_method: 'squash' }))).toMatchObject({
      status: 405,
      message: expect.stringContaining('Squash merges are not allowed on this repository.'),
    });
    expect((await refused(set({ allow_merge_commit: false, allow_rebase_merge: false }))).status).toBe(422);
    const { data } = await set({ allow_squash_merge: true, delete_branch_on_merge: true });
    expect(data).toMatchObject({ allow_squash_merge: true, delete_branch_on_merge: true });
    await merge(number, { merge_method: 'squash' });
    const gone = bed
      .as('ana')
      .request('GET /repos/{owner}/{repo}/git/ref/{ref}', { ...shop, ref: 'heads/topic' });
    expect((await refused(gone)).status).toBe(404);
  });

  test('who may bypass a ruleset merges past it', async () => {
    await create({
      rules: [checksRule()],
      bypass_actors: [{ actor_id: 5, actor_type: 'RepositoryRole', bypass_mode: 'pull_request' }],
    });
    await bed.commit('topic', { a: '1\n' });
    const number = await bed.pull('topic');
    expect((await refused(merge(number))).status).toBe(405);
    const push = bed.as('ana').request('PUT /repos/{owner}/{repo}/contents/{path}', {
      ...shop,
      path: 'direct',
      message: 'Direct',
      content: 'MQ==',
    });
    expect((await refused(push)).message).toContain('Required status check "test"');
    expect((await merge(number, {}, 'ana')).data.merged).toBe(true);
  });
});
