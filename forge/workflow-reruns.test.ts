/** What happens to runs from outside: queued without a runner, cancelled, run again, approved, switched off. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPullBed, type PullBed, shop } from './pull-bed.ts';
import { refused } from './test-bed.ts';

const job = (run: string, more = '') => `{ runs-on: ubuntu-latest, ${more}steps: [{ run: '${run}' }] }`;
const files = {
  '.github/workflows/chain.yml': `on: workflow_dispatch
jobs:
  good: { runs-on: x, outputs: { n: "\${{ steps.s.outputs.n }}" }, steps: [{ id: s, run: 'echo n=$GITHUB_RUN_ATTEMPT >> $GITHUB_OUTPUT' }] }
  flaky: ${job('test "$GITHUB_RUN_ATTEMPT" -gt 1')}
  after: ${job('echo from ${{ needs.good.outputs.n }}', 'needs: [good, flaky], ')}
`,
  '.github/workflows/slow.yml': `on: workflow_dispatch
jobs:
  slow: { runs-on: [self-hosted, big], steps: [{ run: 'sleep 30' }, { if: always(), run: 'echo cleaned' }] }
`,
  '.github/workflows/ci.yml': `on: { pull_request: {}, push: { branches: [loop] } }
jobs: { tests: ${job('true')} }
`,
  '.github/workflows/opener.yml': `on: workflow_dispatch
permissions: { contents: write, pull-requests: write }
jobs:
  open:
    runs-on: x
    steps:
      - uses: actions/checkout@v4
      - env: { TOKEN: "\${{ github.token }}" }
        run: |
          git config user.name robot; git config user.email robot@example.com
          git commit -q --allow-empty -m robot; git push -q origin HEAD:refs/heads/robot HEAD:refs/heads/loop
          curl -sf -H "authorization: Bearer $TOKEN" -d '{"title":"By a job","head":"robot","base":"main"}' "$GITHUB_API_URL/repos/$GITHUB_REPOSITORY/pulls" > /dev/null
`,
};

let bed: PullBed;
beforeAll(async () => {
  bed = await openPullBed({ files, private: true }, { patience: { interrupt: 100, terminate: 100 } });
});
afterAll(() => bed[Symbol.asyncDispose]());

const idle = () => bed.running.forge.workflows.idle();
const control = async (path: string, body: object) => {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${bed.running.url}/_forge/actions/${path}`, {
    method: 'POST',
    headers,
    body: JSON.stringify(body),
  });
  expect(answer.status).toBe(204);
};
const dispatched = async (workflow_id: string): Promise<number> => {
  const { data } = await bed.installation.request(
    'POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches',
    { ...shop, workflow_id, ref: 'main', return_run_details: true },
  );
  return Number(data.workflow_run_id);
};
const run = async (run_id: number) =>
  (await bed.installation.request('GET /repos/{owner}/{repo}/actions/runs/{run_id}', { ...shop, run_id }))
    .data;
const jobs = async (run_id: number, filter: 'latest' | 'all' = 'latest') =>
  (
    await bed.installation.request('GET /repos/{owner}/{repo}/actions/runs/{run_id}/jobs', {
      ...shop,
      run_id,
      filter,
    })
  ).data.jobs;
const post = (path: string, run_id: number) =>
  bed.installation.request(`POST /repos/{owner}/{repo}/actions/runs/{run_id}/${path}`, { ...shop, run_id });

/** Resolves when the run's first step is on. */
const stepping = (id: number) =>
  expect.poll(async () => (await jobs(id))[0]?.steps?.[0]?.status, { timeout: 20_000 }).toBe('in_progress');

test('failed jobs run again with what depends on them; the others keep their result', async () => {
  const id = await dispatched('chain.yml');
  await idle();
  expect(await run(id)).toMatchObject({ conclusion: 'failure', run_attempt: 1 });
  expect((await post('rerun-failed-jobs', id)).status).toBe(201);
  await idle();
  expect(await run(id)).toMatchObject({
    conclusion: 'success',
    run_attempt: 2,
    display_title: expect.any(String),
  });
  expect(
    Object.fromEntries((await jobs(id)).map((one) => [one.name, [one.run_attempt, one.conclusion]])),
  ).toEqual({
    after: [2, 'success'],
    flaky: [2, 'success'],
    good: [1, 'success'],
  });
  expect(await jobs(id, 'all')).toHaveLength(5);
  const after = (await jobs(id)).find((one) => one.name === 'after')!;
  const log = await bed.installation.request('GET /repos/{owner}/{repo}/actions/jobs/{job_id}/logs', {
    ...shop,
    job_id: after.id,
  });
  expect(String(log.data)).toContain('from 1\n');
  const first = await bed.installation.request(
    'GET /repos/{owner}/{repo}/actions/runs/{run_id}/attempts/{attempt_number}',
    { ...shop, run_id: id, attempt_number: 1 },
  );
  expect(first.data).toMatchObject({ conclusion: 'failure', run_attempt: 1 });
  const old = await bed.installation.request(
    'GET /repos/{owner}/{repo}/actions/runs/{run_id}/attempts/{attempt_number}/jobs',
    { ...shop, run_id: id, attempt_number: 1 },
  );
  expect(old.data.jobs).toHaveLength(3);
  expect((await refused(post('rerun-failed-jobs', id))).status).toBe(403);
  const whole = await bed.installation.request('GET /repos/{owner}/{repo}/actions/runs/{run_id}/logs', {
    ...shop,
    run_id: id,
  });
  expect(String(whole.data)).toContain('==> flaky <==');
  const told = (await bed.hooks('workflow_run')).filter(
    (hook) => (hook.payload['workflow_run'] as { id: number }).id === id,
  );
  expect(
    told.map((hook) => [hook.action, (hook.payload['workflow_run'] as { run_attempt: number }).run_attempt]),
  ).toEqual([
    ['requested', 1],
    ['in_progress', 1],
    ['completed', 1],
    ['requested', 2],
    ['in_progress', 2],
    ['completed', 2],
  ]);
});

test('a run again from its start, and one job of it', async () => {
  const id = await dispatched('chain.yml');
  await idle();
  expect((await post('rerun', id)).status).toBe(201);
  expect((await refused(post('rerun', id))).status).toBe(403);
  await idle();
  expect((await jobs(id)).map((one) => one.run_attempt)).toEqual([2, 2, 2]);
  const good = (await jobs(id)).find((one) => one.name === 'good')!;
  await bed.installation.request('POST /repos/{owner}/{repo}/actions/jobs/{job_id}/rerun', {
    ...shop,
    job_id: good.id,
  });
  await idle();
  expect(Object.fromEntries((await jobs(id)).map((one) => [one.name, one.run_attempt]))).toEqual({
    good: 3,
    flaky: 2,
    after: 3,
  });
});

test('a job waits for a runner with its labels; a cancelled one never starts', async () => {
  await control('runners', { count: 0 });
  const first = await dispatched('chain.yml');
  await expect.poll(() => jobs(first), { timeout: 20_000 }).toHaveLength(2);
  expect(await run(first)).toMatchObject({ status: 'queued' });
  expect(await jobs(first)).toMatchObject([
    { status: 'queued', runner_name: null },
    { status: 'queued', runner_name: null },
  ]);
  expect((await post('cancel', first)).status).toBe(202);
  await idle();
  expect(await run(first)).toMatchObject({ status: 'completed', conclusion: 'cancelled' });
  expect((await refused(post('cancel', first))).status).toBe(409);

  await control('runners', { count: 1, labels: ['self-hosted'] });
  const second = await dispatched('slow.yml');
  await expect.poll(() => jobs(second), { timeout: 20_000 }).toMatchObject([{ status: 'queued' }]);
  await control('runners', { count: 1, labels: ['self-hosted', 'BIG'] });
  await stepping(second);
  expect(await run(second)).toMatchObject({ status: 'in_progress' });
  await post('cancel', second);
  await idle();
  expect(await run(second)).toMatchObject({ conclusion: 'cancelled' });
  const [slow] = await jobs(second);
  expect(slow).toMatchObject({
    runner_name: 'forge-1',
    labels: ['self-hosted', 'big'],
    conclusion: 'cancelled',
  });
  expect(slow?.steps?.map((step) => step.conclusion)).toEqual(['cancelled', 'success']);
  await control('runners', { count: 2 });
});

test('a forced cancellation leaves no step its turn', async () => {
  const id = await dispatched('slow.yml');
  await stepping(id);
  expect((await post('force-cancel', id)).status).toBe(202);
  await idle();
  expect((await jobs(id))[0]?.steps?.map((step) => step.conclusion)).toEqual(['cancelled', 'skipped']);
});

test('G32: a pull request that a job opens waits for approval; its pushes start nothing', async () => {
  const id = await dispatched('opener.yml');
  await idle();
  expect(await run(id)).toMatchObject({ conclusion: 'success' });
  const list = async (branch: string) =>
    (await bed.installation.request('GET /repos/{owner}/{repo}/actions/runs', { ...shop, branch })).data
      .workflow_runs;
  expect(await list('loop')).toEqual([]);
  const [held] = await list('robot');
  expect(held).toMatchObject({ event: 'pull_request', status: 'completed', conclusion: 'action_required' });
  const heldId = Number(held!.id);
  expect(await jobs(heldId)).toEqual([]);
  await post('approve', heldId);
  await idle();
  expect(await run(heldId)).toMatchObject({ conclusion: 'success', run_attempt: 1 });
  expect((await refused(post('approve', heldId))).status).toBe(403);
});

test('a disabled workflow and switched off Actions start nothing and refuse dispatches', async () => {
  const change = (verb: 'enable' | 'disable') =>
    bed.installation.request(`PUT /repos/{owner}/{repo}/actions/workflows/{workflow_id}/${verb}`, {
      ...shop,
      workflow_id: 'ci.yml',
    });
  const read = async (workflow_id: string) =>
    (
      await bed.installation.request('GET /repos/{owner}/{repo}/actions/workflows/{workflow_id}', {
        ...shop,
        workflow_id,
      })
    ).data;
  await change('disable');
  expect(await read('ci.yml')).toMatchObject({ state: 'disabled_manually' });
  const head = await bed.commit('quiet', { a: '1\n' });
  await bed.pull('quiet');
  await idle();
  const runs = async () =>
    (await bed.installation.request('GET /repos/{owner}/{repo}/actions/runs', { ...shop, head_sha: head }))
      .data.total_count;
  expect(await runs()).toBe(0);
  await change('enable');

  const workflow = '/repos/{owner}/{repo}/actions/workflows/{workflow_id}';
  await bed.installation.request(`PUT ${workflow}/disable`, { ...shop, workflow_id: 'chain.yml' });
  expect((await refused(dispatched('chain.yml'))).message).toContain(
    "Cannot trigger a 'workflow_dispatch' on a disabled workflow",
  );
  await bed.installation.request(`PUT ${workflow}/enable`, { ...shop, workflow_id: 'chain.yml' });

  const allow = (enabled: boolean) =>
    bed.as('ana').request('PUT /repos/{owner}/{repo}/actions/permissions', { ...shop, enabled });
  await allow(false);
  expect(await refused(dispatched('chain.yml'))).toMatchObject({
    status: 422,
    message: expect.stringContaining('Actions has been disabled for this repository.'),
  });
  const { data } = await bed.as('ana').request('GET /repos/{owner}/{repo}/actions/permissions', shop);
  expect(data.enabled).toBe(false);
  await allow(true);
});
