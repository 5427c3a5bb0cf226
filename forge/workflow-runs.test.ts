/** CI for real: workflows of the repository run on pushes and pull requests, and show as checks. */
import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { gitEnvironment } from './git/command.ts';
import { openPullBed, type PullBed, shop } from './pull-bed.ts';
import { startForge } from './server.ts';
import { acmeSeed, refused } from './test-bed.ts';

const ci = `name: ci
on:
  push: { branches: [main, made] }
  pull_request:
jobs:
  test:
    name: tests
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-node@v4
      - run: node check.mjs
`;
const check = `import { readFileSync } from 'node:fs'
const price = Number(readFileSync('price.txt', 'utf8'))
if (price < 0) { console.log('::error file=price.txt,line=1::negative'); process.exit(1) }
console.log('price ok, base', process.env.GITHUB_BASE_REF)
`;
/** Writes to the repository with its own token, as a release workflow would. */
const robot = `name: robot
on: { push: { branches: [robot] } }
permissions: { contents: write }
jobs:
  write:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: |
          git config user.name robot; git config user.email robot@example.com
          git commit --allow-empty -m "By the robot"
          git push --force origin HEAD:refs/heads/made
`;

const run = promisify(execFile);
let bed: PullBed;
let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'forge-ci-'));
  bed = await openPullBed({
    files: {
      '.github/workflows/ci.yml': ci,
      '.github/workflows/robot.yml': robot,
      'check.mjs': check,
      'price.txt': '1\n',
    },
    ruleset: { requiredChecks: [{ context: 'tests', app: 'github-actions' }], adminsBypass: true },
  });
});
afterAll(async () => {
  await bed[Symbol.asyncDispose]();
  await rm(root, { recursive: true, force: true });
});

const idle = () => bed.running.forge.workflows.idle();
const checks = async (ref: string) =>
  (await bed.as('ana').request('GET /repos/{owner}/{repo}/commits/{ref}/check-runs', { ...shop, ref })).data
    .check_runs;
const runs = async (query: object = {}) =>
  (await bed.as('ana').request('GET /repos/{owner}/{repo}/actions/runs', { ...shop, ...query })).data
    .workflow_runs;
const state = async (pull_number: number) =>
  (await bed.as('ana').request('GET /repos/{owner}/{repo}/pulls/{pull_number}', { ...shop, pull_number }))
    .data.mergeable_state;

test('a pull request is red, then green: checks, webhooks, jobs, logs (G26)', async () => {
  const red = await bed.commit('price', { 'price.txt': '-1\n' });
  const number = await bed.pull('price');
  await idle();
  expect(await checks(red)).toMatchObject([
    {
      name: 'tests',
      status: 'completed',
      conclusion: 'failure',
      app: { slug: 'github-actions' },
      output: { annotations_count: 2, title: null, summary: null },
    },
  ]);
  expect(await state(number)).toBe('blocked');
  const [failed] = await runs({ head_sha: red });
  expect(failed).toMatchObject({
    name: 'ci',
    event: 'pull_request',
    conclusion: 'failure',
    head_branch: 'price',
    pull_requests: [{ number }],
  });
  const { data: jobs } = await bed
    .as('ana')
    .request('GET /repos/{owner}/{repo}/actions/runs/{run_id}/jobs', { ...shop, run_id: Number(failed!.id) });
  expect(jobs.jobs[0]?.steps?.map((step) => step.conclusion)).toEqual(['success', 'success', 'failure']);
  const log = await bed
    .as('ana')
    .request('GET /repos/{owner}/{repo}/actions/jobs/{job_id}/logs', { ...shop, job_id: jobs.jobs[0]!.id });
  expect(String(log.data)).toContain('##[error]negative');

  const green = await bed.commit('price', { 'price.txt': '2\n' });
  await idle();
  expect(await checks(green)).toMatchObject([{ name: 'tests', conclusion: 'success' }]);
  expect(await state(number)).toBe('clean');
  const [second] = await runs({ head_sha: green });
  const told = (await bed.hooks('workflow_run')).filter(
    (hook) => (hook.payload['workflow_run'] as { id: number }).id === second?.id,
  );
  expect(told.map((hook) => hook.action)).toEqual(['requested', 'in_progress', 'completed']);
  expect((await bed.hooks('workflow_job')).slice(-3).map((hook) => hook.action)).toEqual([
    'queued',
    'in_progress',
    'completed',
  ]);
  expect((await bed.hooks('check_run', 'completed')).at(-1)?.payload).toMatchObject({
    check_run: { name: 'tests', conclusion: 'success', pull_requests: [{ number }] },
  });
  expect((await bed.hooks('check_suite', 'completed')).at(-1)?.payload).toMatchObject({
    check_suite: { conclusion: 'success' },
  });
});

test('the test merge is what runs: a green branch on a broken base is red', async () => {
  const head = await bed.commit('unrelated', { 'other.txt': 'x\n' });
  await bed.commit('main', { 'price.txt': '-5\n' });
  await bed.pull('unrelated');
  await idle();
  expect(await checks(head)).toMatchObject([{ name: 'tests', conclusion: 'failure' }]);
  expect((await runs({ event: 'push', branch: 'main' }))[0]).toMatchObject({ conclusion: 'failure' });
  await bed.commit('main', { 'price.txt': '5\n' });
  await idle();
});

test('a push by git with an installation token runs workflows (G32); one that nothing listens to runs none', async () => {
  const { data } = await bed.app.request('POST /app/installations/{installation_id}/access_tokens', {
    installation_id: bed.running.credentials.installations['acme']!,
  });
  const url = bed.running.url.replace('http://', `http://x-access-token:${data.token}@`);
  const dir = join(root, 'clone');
  const git = async (...args: string[]) =>
    (await run('git', args, { cwd: dir, env: gitEnvironment() })).stdout.trim();
  await run('git', ['clone', '-q', `${url}/acme/shop.git`, dir], { env: gitEnvironment() });
  await writeFile(join(dir, 'price.txt'), '7\n');
  await git('commit', '-q', '-a', '-m', 'Price 7');
  await git('push', '-q', 'origin', 'HEAD:refs/heads/made', 'HEAD:refs/heads/quiet');
  await idle();
  const sha = await git('rev-parse', 'HEAD');
  expect((await runs({ head_sha: sha })).map((one) => [one.head_branch, one.conclusion])).toEqual([
    ['made', 'success'],
  ]);
  expect((await bed.hooks('push')).at(-1)?.payload).toMatchObject({
    after: sha,
    sender: { login: 'entourage[bot]' },
  });
});

test('what a job’s GITHUB_TOKEN pushes starts no workflow, but is a push (G32)', async () => {
  const { data: main } = await bed
    .as('ana')
    .request('GET /repos/{owner}/{repo}/git/ref/{ref}', { ...shop, ref: 'heads/main' });
  await bed.as('ana').request('POST /repos/{owner}/{repo}/git/refs', {
    ...shop,
    ref: 'refs/heads/robot',
    sha: main.object.sha,
  });
  await idle();
  expect((await runs({ branch: 'robot' })).map((one) => [one.name, one.conclusion])).toEqual([
    ['robot', 'success'],
  ]);
  const { data: commit } = await bed
    .as('ana')
    .request('GET /repos/{owner}/{repo}/commits/{ref}', { ...shop, ref: 'made' });
  expect(commit.commit.message).toBe('By the robot');
  expect((await bed.hooks('push')).at(-1)?.payload).toMatchObject({
    after: commit.sha,
    sender: { login: 'github-actions[bot]' },
  });
  expect(await runs({ head_sha: commit.sha })).toEqual([]);
});

test('a file GitHub can’t read is a failed run at its push, without jobs', async () => {
  const sha = await bed.commit('broken', { '.github/workflows/bad.yml': 'on: push\njobs:\n  a: 1\n' });
  await idle();
  const [broken] = await runs({ head_sha: sha });
  expect(broken).toMatchObject({
    path: '.github/workflows/bad.yml',
    status: 'completed',
    conclusion: 'startup_failure',
  });
  expect(await checks(sha)).toEqual([]);
});

test('what a killed forge left unfinished ends as cancelled when it comes back', async () => {
  const slow =
    'on: { push: { branches: [slow] } }\njobs:\n  wait: { runs-on: x, steps: [{ run: sleep 60 }] }\n';
  const sha = await bed.commit('slow', { '.github/workflows/slow.yml': slow });
  await expect.poll(async () => (await checks(sha))[0]?.status, { timeout: 20_000 }).toBe('in_progress');
  await bed.running.forge.save();
  const copy = join(root, 'after-the-kill');
  await cp(bed.dataDir, copy, { recursive: true });
  {
    await using again = await startForge({ dataDir: copy, seed: acmeSeed });
    const run = [...again.state.workflowRuns.values()].find((one) => one.headSha === sha);
    expect(run).toMatchObject({ status: 'completed', conclusion: 'cancelled' });
    const check = [...again.state.checkRuns.values()].find((one) => one.headSha === sha);
    expect(check).toMatchObject({ name: 'wait', status: 'completed', conclusion: 'cancelled' });
    await again.settled();
    expect(again.violations).toEqual([]);
  }
  const [run] = await runs({ head_sha: sha });
  const cancel = () =>
    bed.as('ben').request('POST /repos/{owner}/{repo}/actions/runs/{run_id}/cancel', {
      ...shop,
      run_id: Number(run!.id),
    });
  expect((await cancel()).status).toBe(202);
  await idle();
  expect(await checks(sha)).toMatchObject([{ conclusion: 'cancelled' }]);
  expect((await refused(cancel())).status).toBe(409);
});
