/** workflow_dispatch, OIDC tokens and actions of the forge's own repositories, through the doors that clients use. */
import { readFileSync } from 'node:fs';
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPullBed, type PullBed, shop } from './pull-bed.ts';
import { startForge } from './server.ts';
import { acmeSeed, refused } from './test-bed.ts';

const session = `name: Session
run-name: Session \${{ inputs.session }}
on:
  workflow_dispatch:
    inputs:
      session: { type: string, required: true }
      loud: { type: boolean }
      times: { type: number, default: 2 }
      mood: { type: choice, options: [calm, brisk], default: calm }
permissions: { id-token: write }
jobs:
  session:
    runs-on: ubuntu-latest
    steps:
      - id: token
        uses: acme/shop/action@v1
        with: { session: "\${{ inputs.session }}" }
      - run: echo "out=\${{ steps.token.outputs.made }} loud=\${{ inputs.loud == false }} times=\${{ inputs.times == 2 }}"
      - run: echo "event=\${{ github.event.inputs.times }} \${{ github.event_name }} \${{ vars.PLACE }}"
      - env: { KEY: "\${{ secrets.MODEL_KEY }}" }
        run: echo "key=$KEY"; cp "$RUNNER_TEMP/token" "$RUNNER_TEMP/request" "$RUNNER_TEMP/../../.."
`;
const plain = `on: workflow_dispatch
jobs:
  only:
    runs-on: ubuntu-latest
    steps:
      - run: env | grep -c ACTIONS_ID_TOKEN || true
`;
const core = JSON.stringify(import.meta.resolve('@actions/core'));
const action = `name: Token
description: Asks for a token
inputs:
  session: { required: true }
  greeting: { default: "hello \${{ github.repository_owner }}" }
outputs: { made: { description: done } }
runs: { using: node24, main: main.mjs, pre: pre.mjs, post: post.mjs }
`;
const main = `import * as core from ${core};
import { writeFileSync } from 'node:fs';
const token = await core.getIDToken('http://app.example');
writeFileSync(process.env.RUNNER_TEMP + '/token', token);
writeFileSync(process.env.RUNNER_TEMP + '/request', JSON.stringify([process.env.ACTIONS_ID_TOKEN_REQUEST_URL, process.env.ACTIONS_ID_TOKEN_REQUEST_TOKEN]));
console.log('token', token, core.getInput('session'), core.getInput('greeting'), core.getState('early'));
console.log('runtime', process.env.ACTIONS_RUNTIME_TOKEN);
core.setOutput('made', 'yes');
core.saveState('late', 'kept');
`;
const files = {
  '.github/workflows/session.yml': session,
  '.github/workflows/plain.yml': plain,
  '.github/workflows/ci.yml': 'on: push\njobs: { a: { runs-on: x, steps: [{ run: "true" }] } }\n',
  'action/action.yml': action,
  'action/main.mjs': main,
  'action/pre.mjs': `import * as core from ${core}; core.saveState('early', 'first');\n`,
  'action/post.mjs': `import * as core from ${core}; console.log('post', core.getState('late'), core.getState('early'));\n`,
};

let bed: PullBed;
beforeAll(async () => {
  bed = await openPullBed({ files, secrets: { MODEL_KEY: 'sk-very-secret' }, variables: { PLACE: 'here' } });
  const { data } = await bed.installation.request('GET /repos/{owner}/{repo}/git/ref/{ref}', {
    ...shop,
    ref: 'heads/main',
  });
  const sha = data.object.sha;
  await bed.installation.request('POST /repos/{owner}/{repo}/git/refs', {
    ...shop,
    ref: 'refs/tags/v1',
    sha,
  });
  await bed.running.forge.workflows.idle();
});
afterAll(() => bed[Symbol.asyncDispose]());

const path = 'POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches';
type Body = { ref: string; inputs?: Record<string, unknown>; return_run_details?: boolean };
const send = (workflow_id: string | number, body: Body, headers: Record<string, string> = {}) =>
  bed.installation.request(path, { ...shop, workflow_id, ...body, headers });
const idle = () => bed.running.forge.workflows.idle();
type Id = number | bigint;
const at = <Name extends string>(name: Name, id: Id) =>
  ({ ...shop, [name]: Number(id) }) as typeof shop & Record<Name, number>;
const runAt = async (id: Id) =>
  (await bed.installation.request('GET /repos/{owner}/{repo}/actions/runs/{run_id}', at('run_id', id))).data;
const jobsOf = async (id: Id) =>
  (await bed.installation.request('GET /repos/{owner}/{repo}/actions/runs/{run_id}/jobs', at('run_id', id)))
    .data.jobs;
const logOf = async (id: Id) =>
  String(
    (await bed.installation.request('GET /repos/{owner}/{repo}/actions/jobs/{job_id}/logs', at('job_id', id)))
      .data,
  );

test('G30: a dispatch with return_run_details starts a run that can be found again by its name', async () => {
  const inputs = { session: 's1', mood: 'brisk' };
  const { status, data } = await send('session.yml', { ref: 'main', inputs, return_run_details: true });
  expect(status).toBe(200);
  const id = data.workflow_run_id;
  expect(data.run_url).toBe(`${bed.running.url}/api/v3/repos/acme/shop/actions/runs/${id}`);
  expect(data.html_url).toBe(`${bed.running.url}/acme/shop/actions/runs/${id}`);
  await idle();
  expect(await runAt(id)).toMatchObject({
    event: 'workflow_dispatch',
    display_title: 'Session s1',
    name: 'Session',
    path: '.github/workflows/session.yml',
    head_branch: 'main',
    conclusion: 'success',
    actor: { login: 'entourage[bot]' },
  });
  const [job] = await jobsOf(id);
  expect(job).toMatchObject({
    name: 'session',
    run_attempt: 1,
    runner_name: 'forge-1',
    labels: ['ubuntu-latest'],
  });
  expect(job?.steps?.map((step) => [step.name, step.conclusion])).toEqual([
    ['Run acme/shop/action@v1', 'success'],
    expect.anything(),
    expect.anything(),
    expect.anything(),
    ['Post Run acme/shop/action@v1', 'success'],
  ]);
  const log = await logOf(job!.id);
  expect(log).toMatch(/token \*\*\* s1 hello acme first\n/);
  expect(log).toContain('out=yes loud=true times=true\n');
  expect(log).toContain('event=2 workflow_dispatch here\n');
  expect(log).toContain('key=***\n');
  expect(log).toContain('runtime ***\n');
  expect(log).toContain('post kept first\n');
  const [hook] = await bed.hooks('workflow_dispatch');
  expect(hook?.payload).toMatchObject({
    ref: 'refs/heads/main',
    workflow: '.github/workflows/session.yml',
    inputs: { session: 's1', loud: 'false', times: '2', mood: 'brisk' },
  });
});

test('G34: the OIDC token is the issuer’s, for this job, and dies with it', async () => {
  const { data } = await send('session.yml', {
    ref: 'main',
    inputs: { session: 's2' },
    return_run_details: true,
  });
  await idle();
  const { url, forge } = bed.running;
  const token = readFileSync(`${bed.dataDir}/token`, 'utf8');
  const issuer = `${url}/_services/token`;
  const discovery = (await (await fetch(`${issuer}/.well-known/openid-configuration`)).json()) as Record<
    string,
    string
  >;
  expect(discovery['issuer']).toBe(issuer);
  const keys = createRemoteJWKSet(new URL(discovery['jwks_uri']!));
  const { payload } = await jwtVerify(token, keys, {
    issuer,
    audience: 'http://app.example',
    algorithms: ['RS256'],
  });
  const repository = [...forge.state.repositories.values()].find((one) => one.name === 'shop')!;
  const file = 'acme/shop/.github/workflows/session.yml@refs/heads/main';
  expect(payload).toMatchObject({
    sub: 'repo:acme/shop:ref:refs/heads/main',
    repository: 'acme/shop',
    repository_id: String(repository.id),
    repository_owner_id: String(repository.ownerId),
    repository_visibility: 'public',
    workflow_ref: file,
    job_workflow_ref: file,
    event_name: 'workflow_dispatch',
    ref: 'refs/heads/main',
    ref_type: 'branch',
    run_id: String(data.workflow_run_id),
    run_attempt: '1',
    runner_environment: 'github-hosted',
    actor: 'entourage[bot]',
  });
  expect(payload.exp! - payload.iat!).toBe(300);
  const [address, secret] = JSON.parse(readFileSync(`${bed.dataDir}/request`, 'utf8')) as [string, string];
  const late = await fetch(`${address}&audience=x`, { headers: { authorization: `Bearer ${secret}` } });
  expect(late.status).toBe(401);
});

test('a job without id-token: write sees no OIDC variable', async () => {
  const { data } = await send('plain.yml', { ref: 'main', return_run_details: true });
  await idle();
  const [job] = await jobsOf(data.workflow_run_id);
  expect(await logOf(job!.id)).toMatch(/Z 0\n/);
});

test('the issuer’s keys outlive a restart', async () => {
  const keysAt = async (url: string) => (await fetch(`${url}/_services/token/.well-known/jwks`)).json();
  const dataDir = `${bed.dataDir}/again`;
  let before: unknown;
  {
    await using first = await startForge({ dataDir, seed: acmeSeed });
    before = await keysAt(first.url);
  }
  await using second = await startForge({ dataDir, seed: acmeSeed });
  expect(await keysAt(second.url)).toEqual(before);
});

test('G30, G1: without return_run_details 204; an older server refuses the field; the newer API always answers', async () => {
  expect((await send('plain.yml', { ref: 'refs/heads/main' })).status).toBe(204);
  const newer = await send('plain.yml', { ref: 'main' }, { 'x-github-api-version': '2026-03-10' });
  expect(newer.status).toBe(200);
  const { settings } = bed.running.forge.workflows;
  settings.runDetails = false;
  try {
    const { status } = await refused(send('plain.yml', { ref: 'main', return_run_details: true }));
    expect(status).toBe(400);
    expect((await send('plain.yml', { ref: 'main' })).status).toBe(204);
  } finally {
    settings.runDetails = true;
  }
  await idle();
});

test('G30: what GitHub refuses', async () => {
  const session1 = { session: 'x' };
  const cases: [string, Body, number, string][] = [
    ['missing.yml', { ref: 'main' }, 404, 'Not Found'],
    ['session.yml', { ref: 'nowhere', inputs: session1 }, 422, 'No ref found for: nowhere'],
    ['ci.yml', { ref: 'main' }, 422, "Workflow does not have 'workflow_dispatch' trigger"],
    ['session.yml', { ref: 'main' }, 422, "Required input 'session' not provided"],
    [
      'session.yml',
      { ref: 'main', inputs: { ...session1, more: '1' } },
      422,
      'Unexpected inputs provided: ["more"]',
    ],
    [
      'session.yml',
      { ref: 'main', inputs: { ...session1, mood: 'wild' } },
      422,
      "Provided value 'wild' for input 'mood' not in the list of allowed values",
    ],
    ['session.yml', { ref: 'main', inputs: { ...session1, loud: 'very' } }, 422, "Provided value 'very'"],
    ['session.yml', { ref: 'main', inputs: { ...session1, times: 'many' } }, 422, 'is not a number'],
    ['session.yml', { ref: 'main', inputs: { session: 'x'.repeat(65_536) } }, 422, 'inputs are too large.'],
    [
      'session.yml',
      {
        ref: 'main',
        inputs: Object.fromEntries(Array.from({ length: 26 }, (_, index) => [`i${index}`, 'x'])),
      },
      422,
      '25',
    ],
  ];
  for (const [workflow, body, status, words] of cases) {
    const answer = await refused(send(workflow, body));
    expect([answer.status, answer.message]).toEqual([status, expect.stringContaining(words)]);
  }
  const dispatched = bed.as('tom').request(path, { ...shop, workflow_id: 'plain.yml', ref: 'main' });
  expect((await refused(dispatched)).status).toBe(403);
});

test('decoded claims carry no secret of the job', async () => {
  const claims = decodeJwt(readFileSync(`${bed.dataDir}/token`, 'utf8'));
  expect(JSON.stringify(claims)).not.toContain('sk-very-secret');
});
