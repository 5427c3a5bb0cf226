/** Who is trusted with what: forks, jobs that cause events, one token a job; and what people see of it. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPullBed, type PullBed, shop } from './pull-bed.ts';
import { refused } from './test-bed.ts';

const files = {
  '.github/workflows/ci.yml': `on: pull_request
permissions: { contents: write, id-token: write, issues: write }
jobs:
  tests:
    runs-on: ubuntu-latest
    env: { KEY: "\${{ secrets.KEY }}", TOKEN: "\${{ github.token }}" }
    steps:
      - run: |
          echo "key=[$KEY] oidc=[\${ACTIONS_ID_TOKEN_REQUEST_URL:+set}]"
          write=$(curl -s -o /dev/null -w '%{http_code}' -H "authorization: Bearer $TOKEN" -d '{"title":"x"}' "$GITHUB_API_URL/repos/$GITHUB_REPOSITORY/issues")
          read=$(curl -s -o /dev/null -w '%{http_code}' -H "authorization: Bearer $TOKEN" "$GITHUB_API_URL/repos/$GITHUB_REPOSITORY/contents/README.md")
          echo "write=$write read=$read"
          echo "## Done for $GITHUB_ACTOR" >> "$GITHUB_STEP_SUMMARY"
          echo "::warning file=README.md,line=1::Look <here>"
`,
  '.github/workflows/default.yml': `on: workflow_dispatch
jobs:
  only:
    runs-on: x
    env: { TOKEN: "\${{ github.token }}", LATE: "\${{ secrets.LATE }}" }
    steps:
      - run: echo "status=$(curl -s -o /dev/null -w '%{http_code}' -H "authorization:Bearer $TOKEN" -d '{"title":"x"}' "$GITHUB_API_URL/repos/$GITHUB_REPOSITORY/issues") late=$LATE \${{ vars.COLOUR }}"
`,
  '.github/workflows/said.yml': `on: { repository_dispatch: { types: [deploy] }, workflow_dispatch: {} }
jobs:
  only: { runs-on: x, steps: [{ run: 'echo "\${{ github.event.client_payload.to }} \${{ github.event.action }} \${{ github.actor }}"' }] }
`,
  '.github/workflows/caller.yml': `on: workflow_dispatch
permissions: { actions: write, contents: write }
jobs:
  call:
    runs-on: x
    env: { TOKEN: "\${{ github.token }}" }
    steps:
      - run: |
          api() { curl -sf -H "authorization: Bearer $TOKEN" -d "$2" "$GITHUB_API_URL/repos/$GITHUB_REPOSITORY/$1"; }
          api actions/workflows/said.yml/dispatches '{"ref":"main"}'
          api dispatches '{"event_type":"deploy","client_payload":{"to":"stage"}}'
  tokens:
    runs-on: x
    permissions: {}
    env: { TOKEN: "\${{ github.token }}" }
    steps:
      - run: |
          test "$(curl -s -o /dev/null -w '%{http_code}' -H "authorization: Bearer $TOKEN" -d '{"ref":"main"}' "$GITHUB_API_URL/repos/$GITHUB_REPOSITORY/actions/workflows/said.yml/dispatches")" = 403
`,
};

let bed: PullBed;
beforeAll(async () => {
  bed = await openPullBed({ files: { ...files, 'README.md': '# Shop\n' }, secrets: { KEY: 'k3y-value' } });
});
afterAll(() => bed[Symbol.asyncDispose]());

const idle = () => bed.running.forge.workflows.idle();
const runs = async (query: object) =>
  (await bed.as('ana').request('GET /repos/{owner}/{repo}/actions/runs', { ...shop, ...query })).data
    .workflow_runs;
const logOf = async (run: { id: number | bigint } | undefined): Promise<string> => {
  const { data } = await bed
    .as('ana')
    .request('GET /repos/{owner}/{repo}/actions/runs/{run_id}/logs', { ...shop, run_id: Number(run?.id) });
  return String(data);
};

test('a pull request from a fork waits for approval the first time, reads only, and sees no secret', async () => {
  const eve = bed.as('eve');
  await eve.request('POST /repos/{owner}/{repo}/forks', shop);
  const fork = { owner: 'eve', repo: 'shop' };
  const main = await eve.request('GET /repos/{owner}/{repo}/git/ref/{ref}', { ...fork, ref: 'heads/main' });
  const { sha } = main.data.object;
  await eve.request('POST /repos/{owner}/{repo}/git/refs', { ...fork, ref: 'refs/heads/mine', sha });
  const content = Buffer.from('x\n').toString('base64');
  await eve.request('PUT /repos/{owner}/{repo}/contents/{path}', {
    ...fork,
    path: 'x.txt',
    message: 'Write x',
    content,
    branch: 'mine',
  });
  await eve.request('POST /repos/{owner}/{repo}/pulls', {
    ...shop,
    title: 'Mine',
    head: 'eve:mine',
    base: 'main',
  });
  await idle();
  const [held] = await runs({ event: 'pull_request' });
  expect(held).toMatchObject({ conclusion: 'action_required', head_branch: 'mine', display_title: 'Mine' });
  await bed.as('ben').request('POST /repos/{owner}/{repo}/actions/runs/{run_id}/approve', {
    ...shop,
    run_id: Number(held?.id),
  });
  await idle();
  const log = await logOf(held);
  expect(log).toContain(' key=[] oidc=[]\n');
  expect(log).toContain(' write=403 read=200\n');
});

test('the same from a branch of the repository gets what the file says', async () => {
  await bed.commit('own', { 'y.txt': 'y\n' });
  await bed.pull('own');
  await idle();
  const [run] = await runs({ branch: 'own' });
  const log = await logOf(run);
  expect(log).toContain(' key=[***] oidc=[set]\n');
  expect(log).toContain(' write=201 read=200\n');
});

test('G32, G31: a job’s token starts workflows by both dispatches, and by nothing else; each job has its own', async () => {
  await bed.installation.request('POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches', {
    ...shop,
    workflow_id: 'caller.yml',
    ref: 'main',
  });
  await idle();
  const all = await runs({});
  expect(
    all.filter((run) => run.name === '.github/workflows/caller.yml').map((run) => run.conclusion),
  ).toEqual(['success']);
  const said = all.filter((run) => run.path.endsWith('said.yml'));
  expect(said.map((run) => [run.event, run.conclusion]).toReversed()).toEqual([
    ['workflow_dispatch', 'success'],
    ['repository_dispatch', 'success'],
  ]);
  expect(await logOf(said[0])).toContain('stage deploy github-actions[bot]\n');
});

test('G31: repository_dispatch starts those that listen to its type, and is limited', async () => {
  const send = (body: { event_type: string; client_payload?: Record<string, unknown> }) =>
    bed.installation.request('POST /repos/{owner}/{repo}/dispatches', { ...shop, ...body });
  const before = (await runs({ event: 'repository_dispatch' })).length;
  expect((await send({ event_type: 'deploy', client_payload: { to: 'here' } })).status).toBe(204);
  await send({ event_type: 'other' });
  await idle();
  expect(await runs({ event: 'repository_dispatch' })).toHaveLength(before + 1);
  const keys = Object.fromEntries(Array.from({ length: 11 }, (_, index) => [`k${index}`, 1]));
  for (const body of [
    { event_type: 'x'.repeat(101) },
    { event_type: 'x', client_payload: keys },
    { event_type: 'x', client_payload: { big: 'x'.repeat(65_536) } },
  ])
    expect((await refused(send(body))).status).toBe(422);
});

test('people see runs, jobs, annotations, summaries and logs on pages, with nothing in them run', async () => {
  const page = async (path: string) => (await fetch(`${bed.running.url}/acme/shop/actions${path}`)).text();
  const [run] = await runs({ branch: 'own' });
  expect(await page('')).toContain('Work on own');
  const one = await page(`/runs/${run?.id}`);
  expect(one).toContain('Done for entourage[bot]</h2>');
  expect(one).toContain('Look &lt;here&gt;');
  const { data } = await bed
    .as('ana')
    .request('GET /repos/{owner}/{repo}/actions/runs/{run_id}/jobs', { ...shop, run_id: Number(run?.id) });
  const [job] = data.jobs;
  expect(await page(`/runs/${run?.id}/job/${job?.id}`)).toContain('write=201 read=200');
  expect((await fetch(`${bed.running.url}/acme/shop/actions/runs/1`)).status).toBe(404);
  const summary = await fetch(`${bed.running.url}/_forge/actions/summaries/${job?.id}`);
  expect(await summary.text()).toBe('## Done for entourage[bot]\n');
});

test('settings: what a token may without permissions, secrets and variables set later, runs by their time', async () => {
  const started = async () => {
    const { data } = await bed.installation.request(
      'POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches',
      { ...shop, workflow_id: 'default.yml', ref: 'main', return_run_details: true },
    );
    await idle();
    return logOf({ id: data.workflow_run_id });
  };
  expect(await started()).toContain(' status=403 late= \n');
  await bed.as('ana').request('PUT /repos/{owner}/{repo}/actions/permissions/workflow', {
    ...shop,
    default_workflow_permissions: 'write',
  });
  const values = { repository: 'acme/shop', secrets: { LATE: 'l4te-value' }, variables: { COLOUR: 'blue' } };
  await fetch(`${bed.running.url}/_forge/actions/values`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(values),
  });
  expect(await started()).toContain(' status=201 late=*** blue\n');
  const { data } = await bed
    .as('ana')
    .request('GET /repos/{owner}/{repo}/actions/permissions/workflow', shop);
  expect(data.default_workflow_permissions).toBe('write');
  const at = (milliseconds: number) => new Date(Date.now() + milliseconds).toISOString();
  const counts = await Promise.all(
    [
      `>=${at(-3_600_000)}`,
      `<${at(-3_600_000)}`,
      `${at(-3_600_000)}..${at(3_600_000)}`,
      `>${at(3_600_000)}`,
    ].map(async (created) => (await runs({ created })).length > 0),
  );
  expect(counts).toEqual([true, false, true, false]);
});
