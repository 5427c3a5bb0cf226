/** The port’s verbs for GitHub Actions against the forge: dispatched, found, watched, cancelled, and every refusal. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import nock from 'nock';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createGitHub, siteOf } from '../../app/github/app.ts';
import type { DispatchResult, GitHub, KnownRepository, WorkflowRunState } from '../../app/github/port.ts';
import { workflowPath } from '../../app/domain/workflow.ts';
import { acmeSeed, openBed, type Bed } from '../../forge/test-bed.ts';

const file = `name: Entourage
run-name: Entourage session \${{ inputs.session }}
on:
  workflow_dispatch:
    inputs: { session: { required: true, type: string } }
jobs:
  session:
    runs-on: ubuntu-latest
    steps:
      - name: Begin
        run: 'true'
      - name: Work
        run: case "\${{ inputs.session }}" in slow*) sleep 60;; red*) exit 3;; esac
`;
const acme = { owner: 'acme', repo: 'shop' };

let bed: Bed;
let port: GitHub;
let shop: KnownRepository;
let scratch: string;

beforeAll(async () => {
  const [first, ...others] = acmeSeed.repositories;
  const files = { ...first!.files, [workflowPath]: file };
  bed = await openBed({ seed: { ...acmeSeed, repositories: [{ ...first!, files }, ...others] } });
  scratch = mkdtempSync(join(tmpdir(), 'actions-port-'));
});
beforeEach(async () => {
  // Each test has an App that has learned nothing of the site yet.
  port = open().github(bed.running.credentials.installations['acme']!);
  shop = (await port.repositories()).find((repository) => repository.name === 'shop')!;
});
afterEach(() => nock.cleanAll());
afterAll(async () => {
  await bed.running.forge.workflows.idle();
  rmSync(scratch, { recursive: true, force: true });
  await bed[Symbol.asyncDispose]();
});

const open = () => {
  const { appId, privateKey } = bed.running.credentials;
  const site = siteOf(new URL(bed.running.url).host, 'http');
  return createGitHub({ appId, privateKey, site, cacheDir: join(scratch, 'cache') });
};
const dispatch = async (
  session: string,
  about: { path?: string; ref?: string } = {},
): Promise<DispatchResult> =>
  await port.dispatchWorkflow(shop, { path: workflowPath, ref: 'main', inputs: { session }, ...about });
async function begun(session: string): Promise<number> {
  const answer = await dispatch(session);
  if (answer.result === 'refused' || answer.run === null) throw new Error(JSON.stringify(answer));
  return answer.run.id;
}
async function until(id: number, status: string): Promise<WorkflowRunState> {
  for (;;) {
    const run = await port.workflowRun(shop, id);
    if (run?.status === status) return run;
    await sleep(100);
  }
}
/** As somebody who sets the repository up. */
const commit = async (text: string | null): Promise<void> => {
  const ana = bed.as('ana');
  const at = { ...acme, path: workflowPath };
  const { data } = await ana.request('GET /repos/{owner}/{repo}/contents/{path}', at);
  const sha = 'sha' in data ? data.sha : '';
  if (text === null)
    await ana.request('DELETE /repos/{owner}/{repo}/contents/{path}', { ...at, message: 'x', sha });
  else
    await ana.request('PUT /repos/{owner}/{repo}/contents/{path}', {
      ...at,
      message: 'x',
      content: Buffer.from(text).toString('base64'),
      sha,
    });
};

describe('a dispatched workflow', () => {
  it('G30: says which run it is, which is read, found by its name, and looked into', async () => {
    const since = new Date(Date.now() - 1000).toISOString();
    const id = await begun('red-1');
    const over = await until(id, 'completed');
    expect(over).toMatchObject({ id, attempt: 1, conclusion: 'failure' });
    expect(over.url).toBe(`${bed.running.url}/acme/shop/actions/runs/${id}`);
    const wanted = { path: workflowPath, session: 'red-1', since };
    expect(await port.findWorkflowRun(shop, wanted)).toEqual(over);
    expect(await port.findWorkflowRun(shop, { ...wanted, session: 'red-2' })).toBeNull();
    const [job] = await port.workflowJobs(shop, id, 1);
    expect(job).toMatchObject({ name: 'session', status: 'completed', conclusion: 'failure' });
    expect(job!.steps.find(({ conclusion }) => conclusion === 'failure')?.name).toBe('Work');
    expect(Date.parse(job!.completedAt!)).toBeGreaterThanOrEqual(Date.parse(job!.startedAt!));
  });

  it('is cancelled, and cancelling what is over is fine', async () => {
    const id = await begun('slow-1');
    await until(id, 'in_progress');
    await port.cancelWorkflowRun(shop, id);
    expect(await until(id, 'completed')).toMatchObject({ conclusion: 'cancelled' });
    await port.cancelWorkflowRun(shop, id);
    await port.cancelWorkflowRun(shop, 987_654);
  });

  it('that is none is null, and has no jobs', async () => {
    expect(await port.workflowRun(shop, 987_654)).toBeNull();
    expect(await port.workflowJobs(shop, 987_654, 1)).toEqual([]);
  });
});

describe('G30: an older server', () => {
  it('refuses return_run_details, is asked without it, and never again', async () => {
    const { settings } = bed.running.forge.workflows;
    settings.runDetails = false;
    try {
      expect(await dispatch('old-1')).toEqual({ result: 'accepted', run: null });
      // The site’s memory: were the field sent again, its answer would tell the run now.
      settings.runDetails = true;
      expect(await dispatch('old-2')).toEqual({ result: 'accepted', run: null });
    } finally {
      settings.runDetails = true;
    }
    const since = new Date(Date.now() - 10_000).toISOString();
    for (const session of ['old-1', 'old-2'])
      expect(await port.findWorkflowRun(shop, { path: workflowPath, session, since })).not.toBeNull();
  });
});

describe('a refused dispatch', () => {
  const problem = async (about: { path?: string; ref?: string } = {}): Promise<string> => {
    const answer = await dispatch('x', about);
    return answer.result === 'refused' ? answer.problem : answer.result;
  };

  it('names a branch that is gone', async () => expect(await problem({ ref: 'gone' })).toBe('no_branch'));

  it('names a file that is missing', async () => {
    expect(await problem({ path: '.github/workflows/nope.yml' })).toBe('missing');
  });

  it('names a file that is older, has no dispatch, or is no workflow', async () => {
    for (const text of [
      file.replace('{ session:', '{ id:').replaceAll('inputs.session', 'inputs.id'),
      file.replace(/ {2}workflow_dispatch:\n.*\n/, '  push:\n').replaceAll('inputs.session', 'github.sha'),
    ]) {
      await commit(text);
      expect(await problem()).toBe('outdated');
    }
    await commit(file);
    expect(await problem()).toBe('accepted');
  });

  it('names a workflow that was disabled', async () => {
    const at = { ...acme, workflow_id: 'entourage.yml' };
    await bed.as('ana').request('PUT /repos/{owner}/{repo}/actions/workflows/{workflow_id}/disable', at);
    expect(await problem()).toBe('disabled');
    await bed.as('ana').request('PUT /repos/{owner}/{repo}/actions/workflows/{workflow_id}/enable', at);
    expect(await problem()).toBe('accepted');
  });

  it('names Actions that are disabled for the repository', async () => {
    const switchTo = async (enabled: boolean) =>
      await bed.as('ana').request('PUT /repos/{owner}/{repo}/actions/permissions', { ...acme, enabled });
    await switchTo(false);
    expect(await problem()).toBe('actions_disabled');
    await switchTo(true);
  });

  const answers = (status: number, message: string, headers: Record<string, string> = {}): void => {
    nock(bed.running.url)
      .post('/api/v3/repos/acme/shop/actions/workflows/entourage.yml/dispatches')
      .reply(status, { message }, headers);
  };

  it('names a permission that the App lacks', async () => {
    answers(403, 'Resource not accessible by integration');
    expect(await dispatch('x')).toEqual({
      result: 'refused',
      problem: 'permission',
      reason: 'Resource not accessible by integration',
    });
  });

  it('KW-3 is none when it is a limit, or GitHub is broken: those are waited for', async () => {
    answers(403, 'You have exceeded a secondary rate limit', { 'retry-after': '60' });
    await expect(dispatch('x')).rejects.toMatchObject({ status: 403, blockedUntil: expect.any(String) });
    answers(502, 'Bad gateway');
    await expect(dispatch('x')).rejects.toMatchObject({ status: 502, blockedUntil: null });
  });
});

describe('a repository', () => {
  it('is read as it is named now; another one that took the name is not it', async () => {
    expect(await port.repository(shop)).toEqual(shop);
    expect(shop).toMatchObject({ owner: 'acme', defaultBranch: 'main', ownerId: expect.any(Number) });
    expect(await port.repository({ ...shop, id: shop.id + 1000 })).toBeNull();
    expect(await port.repository({ ...shop, name: 'nope' })).toBeNull();
  });
});
