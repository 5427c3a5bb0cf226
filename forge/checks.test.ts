import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { requestAction } from './checks.ts';
import { openPullBed, type PullBed, shop } from './pull-bed.ts';
import { row } from './state.ts';
import { refused } from './test-bed.ts';

let bed: PullBed;
let head: string;
let number: number;
let count = 0;
beforeAll(async () => {
  bed = await openPullBed();
});
afterAll(() => bed[Symbol.asyncDispose]());
beforeEach(async () => {
  count += 1;
  head = await bed.commit(`topic-${count}`, { [`f-${count}`]: '1\n' });
  number = await bed.pull(`topic-${count}`);
});

const create = (change: object = {}) =>
  bed.installation.request('POST /repos/{owner}/{repo}/check-runs', {
    ...shop,
    name: 'entourage',
    head_sha: head,
    ...change,
  });
const update = (check_run_id: number, change: object) =>
  bed.installation.request('PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}', {
    ...shop,
    check_run_id,
    ...change,
  });
const annotation = {
  path: 'a',
  start_line: 1,
  end_line: 1,
  annotation_level: 'notice' as const,
  message: 'm',
};

describe('check runs', () => {
  test('are created, completed and listed; each change is told with its pull request', async () => {
    const { data: run } = await create({
      status: 'in_progress',
      external_id: 'task-1',
      output: { title: 'Working', summary: 's' },
    });
    expect(run).toMatchObject({
      status: 'in_progress',
      conclusion: null,
      app: { slug: 'entourage' },
      pull_requests: [{ number }],
    });
    expect((await bed.hooks('check_run', 'created')).at(-1)?.payload).toMatchObject({
      check_run: { id: run.id, pull_requests: [{ number }] },
    });
    const { data: done } = await update(Number(run.id), {
      conclusion: 'success',
      output: { title: 'Done', summary: 't', annotations: [annotation] },
    });
    expect(done).toMatchObject({
      status: 'completed',
      conclusion: 'success',
      output: { title: 'Done', annotations_count: 1 },
    });
    expect((await bed.hooks('check_run', 'completed')).at(-1)?.payload).toMatchObject({
      check_run: { id: run.id, conclusion: 'success' },
    });
    expect((await bed.hooks('check_suite', 'completed')).at(-1)?.payload).toMatchObject({
      check_suite: { head_sha: head, conclusion: 'success' },
    });
    const { data: list } = await bed
      .as('eve')
      .request('GET /repos/{owner}/{repo}/commits/{ref}/check-runs', { ...shop, ref: `topic-${count}` });
    expect(list.check_runs.map((one) => [one.name, one.conclusion])).toEqual([['entourage', 'success']]);
    const { data: notes } = await bed
      .as('ana')
      .request('GET /repos/{owner}/{repo}/check-runs/{check_run_id}/annotations', {
        ...shop,
        check_run_id: run.id,
      });
    expect(notes).toMatchObject([{ path: 'a', message: 'm', annotation_level: 'notice' }]);
  });

  test('the newest run of a name counts; the combined status knows nothing of checks', async () => {
    await create({ conclusion: 'failure' });
    await create({ conclusion: 'success' });
    const list = (filter: 'latest' | 'all') =>
      bed
        .as('ana')
        .request('GET /repos/{owner}/{repo}/commits/{ref}/check-runs', { ...shop, ref: head, filter });
    expect((await list('latest')).data.check_runs.map((one) => one.conclusion)).toEqual(['success']);
    expect((await list('all')).data.total_count).toBe(2);
    const { data } = await bed
      .as('ana')
      .request('GET /repos/{owner}/{repo}/commits/{ref}/status', { ...shop, ref: head });
    expect(data).toMatchObject({ state: 'pending', total_count: 0 });
  });

  test('texts, annotations and buttons have their limits (G2)', async () => {
    const output = (change: object) => refused(create({ output: { title: 't', summary: 's', ...change } }));
    expect((await output({ summary: 'x'.repeat(65_536) })).status).toBe(422);
    expect((await output({ annotations: Array.from({ length: 51 }, () => annotation) })).status).toBe(422);
    const button = { label: 'Retry', description: 'Again', identifier: 'retry' };
    expect((await refused(create({ actions: Array.from({ length: 4 }, () => button) }))).status).toBe(422);
    expect((await refused(create({ actions: [{ ...button, label: 'x'.repeat(21) }] }))).status).toBe(422);
    expect((await refused(create({ head_sha: 'e'.repeat(40) }))).status).toBe(422);
    expect((await refused(create({ status: 'completed' }))).status).toBe(422);
  });

  test('belong to Apps; a button’s click reaches the App that made them', async () => {
    expect(
      (
        await refused(
          bed
            .as('ana')
            .request('POST /repos/{owner}/{repo}/check-runs', { ...shop, name: 'x', head_sha: head }),
        )
      ).status,
    ).toBe(403);
    const { data } = await create({
      actions: [{ label: 'Retry', description: 'Again', identifier: 'retry' }],
    });
    const { forge, state } = bed.running;
    const actor = [...state.accounts.values()].find((one) => one.login === 'ana')!;
    const run = row(state.checkRuns, Number(data.id));
    const doer = { actor, caller: { kind: 'user' as const, account: actor, app: null } };
    expect(() => requestAction(forge, doer, { run, identifier: 'other' })).toThrow('Validation Failed');
    requestAction(forge, doer, { run, identifier: 'retry' });
    expect((await bed.hooks('check_run', 'requested_action')).at(-1)?.payload).toMatchObject({
      requested_action: { identifier: 'retry' },
      sender: { login: 'ana' },
    });
  });
});
