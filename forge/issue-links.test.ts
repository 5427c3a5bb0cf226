import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPullBed, type PullBed, shop } from './pull-bed.ts';
import { refused } from './test-bed.ts';

let bed: PullBed;
beforeAll(async () => {
  bed = await openPullBed();
});
afterAll(() => bed[Symbol.asyncDispose]());

const issue = async (title: string) => {
  const { data } = await bed.as('ana').request('POST /repos/{owner}/{repo}/issues', { ...shop, title });
  return { ...data, id: Number(data.id) };
};
const add = (
  parent: number,
  sub_issue_id: number,
  { as = 'tom', ...change }: { replace_parent?: boolean; as?: string } = {},
) =>
  bed.as(as).request('POST /repos/{owner}/{repo}/issues/{issue_number}/sub_issues', {
    ...shop,
    issue_number: parent,
    sub_issue_id,
    ...change,
  });
const children = async (parent: number) =>
  (
    await bed.as('tom').request('GET /repos/{owner}/{repo}/issues/{issue_number}/sub_issues', {
      ...shop,
      issue_number: parent,
      per_page: 100,
    })
  ).data.map(({ number }) => number);
const block = (number: number, issue_id: number) =>
  bed.as('tom').request('POST /repos/{owner}/{repo}/issues/{issue_number}/dependencies/blocked_by', {
    ...shop,
    issue_number: number,
    issue_id,
  });
const read = async (number: number) =>
  (
    await bed
      .as('tom')
      .request('GET /repos/{owner}/{repo}/issues/{issue_number}', { ...shop, issue_number: number })
  ).data;

test('G6: sub-issues are added by id, have one parent, and are counted', async () => {
  const [whole, part, other] = [await issue('Whole'), await issue('Part'), await issue('Other')];
  expect(await refused(add(whole.number, part.number))).toMatchObject({
    status: 404,
    message: expect.stringContaining('The provided sub-issue does not exist'),
  });
  expect((await refused(add(whole.number, part.id, { as: 'eve' }))).status).toBe(403);
  expect((await add(whole.number, part.id)).data.sub_issues_summary).toMatchObject({
    total: 1,
    completed: 0,
  });
  expect(await children(whole.number)).toEqual([part.number]);
  expect(await refused(add(whole.number, part.id))).toMatchObject({
    status: 422,
    message: expect.stringContaining(
      'Issue may not contain duplicate sub-issues and Sub issue may only have one parent',
    ),
  });
  expect((await refused(add(other.number, part.id))).status).toBe(422);
  expect((await refused(add(part.number, whole.id))).status).toBe(422);
  expect((await refused(add(part.number, part.id))).status).toBe(422);
  await add(other.number, part.id, { replace_parent: true });
  expect(await children(whole.number)).toEqual([]);
  expect((await read(part.number)).parent_issue_url).toMatch(new RegExp(`/issues/${other.number}$`));
  await bed.as('ana').request('PATCH /repos/{owner}/{repo}/issues/{issue_number}', {
    ...shop,
    issue_number: part.number,
    state: 'closed',
  });
  expect((await read(other.number)).sub_issues_summary).toEqual({
    total: 1,
    completed: 1,
    percent_completed: 100,
  });
  await bed.as('tom').request('DELETE /repos/{owner}/{repo}/issues/{issue_number}/sub_issue', {
    ...shop,
    issue_number: other.number,
    sub_issue_id: part.id,
  });
  expect(await children(other.number)).toEqual([]);
  expect((await bed.hooks('sub_issues')).map((hook) => hook.action)).toEqual([
    'sub_issue_added',
    'parent_issue_added',
    'sub_issue_removed',
    'parent_issue_removed',
    'sub_issue_added',
    'parent_issue_added',
    'sub_issue_removed',
    'parent_issue_removed',
  ]);
});

test('G6: a parent has a hundred at most', async () => {
  const whole = await issue('Large');
  for (let count = 0; count < 100; count += 1) await add(whole.number, (await issue(`Part ${count}`)).id);
  expect((await refused(add(whole.number, (await issue('One more')).id))).message).toContain('more than 100');
  expect(await children(whole.number)).toHaveLength(100);
});

test('G6: dependencies, both ways, never in a circle', async () => {
  const [one, two] = [await issue('One'), await issue('Two')];
  await block(two.number, one.id);
  expect((await refused(block(two.number, one.id))).message).toContain('Target issue has already been taken');
  expect((await refused(block(one.number, two.id))).status).toBe(422);
  expect((await refused(block(one.number, one.id))).status).toBe(422);
  const list = async (number: number, way: 'blocked_by' | 'blocking') => {
    const where = { ...shop, issue_number: number };
    const { data } =
      way === 'blocked_by'
        ? await bed
            .as('tom')
            .request('GET /repos/{owner}/{repo}/issues/{issue_number}/dependencies/blocked_by', where)
        : await bed
            .as('tom')
            .request('GET /repos/{owner}/{repo}/issues/{issue_number}/dependencies/blocking', where);
    return data.map((found) => found.number);
  };
  expect(await list(two.number, 'blocked_by')).toEqual([one.number]);
  expect(await list(one.number, 'blocking')).toEqual([two.number]);
  expect((await read(two.number)).issue_dependencies_summary).toMatchObject({
    blocked_by: 1,
    total_blocked_by: 1,
  });
  const [told] = await bed.hooks('issue_dependencies', 'blocked_by_added');
  expect(told?.payload).toMatchObject({
    blocked_issue: { number: two.number },
    blocking_issue: { number: one.number },
  });
  await bed
    .as('tom')
    .request('DELETE /repos/{owner}/{repo}/issues/{issue_number}/dependencies/blocked_by/{issue_id}', {
      ...shop,
      issue_number: two.number,
      issue_id: one.id,
    });
  expect(await list(two.number, 'blocked_by')).toEqual([]);
});
