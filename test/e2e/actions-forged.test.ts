/** Jobs that want a session that is not theirs, with the real identity tokens that GitHub gives them: the workflow on another branch, in a pull request, in another file, by another's hand (AG-4, G34). */
import { Octokit } from '@octokit/core';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { workflowPath } from '../../app/domain/workflow.ts';
import { eventually } from './eventually.ts';
import { work } from './script.ts';
import { createWorld, owner, repo, type World } from './world.ts';

const patience = { within: 120 };
const at = { owner, repo };

let world: World;
let ben: Octokit;
/** May push to main. */
let olga: Octokit;
beforeAll(async () => {
  world = await createWorld({ on: 'actions' });
  const { forge } = world;
  const person = (login: string): Octokit =>
    new Octokit({ auth: forge.credentials.tokens[login], baseUrl: `${forge.url}/api/v3` });
  [ben, olga] = [person('ben'), person('olga')];
}, 120_000);
afterEach(() => world.isClean());
afterAll(() => world[Symbol.asyncDispose]());

/** Commits the workflow's text, changed, to a branch; a new one when there is none. */
async function writes(branch: string, path: string, change: (text: string) => string): Promise<void> {
  const { data: main } = await ben.request('GET /repos/{owner}/{repo}/git/ref/{ref}', {
    ...at,
    ref: 'heads/main',
  });
  if (branch !== 'main')
    await ben.request('POST /repos/{owner}/{repo}/git/refs', {
      ...at,
      ref: `refs/heads/${branch}`,
      sha: main.object.sha,
    });
  const { data } = await ben.request('GET /repos/{owner}/{repo}/contents/{path}', {
    ...at,
    path: workflowPath,
  });
  if (!('content' in data)) throw new Error(`${workflowPath} is no file`);
  await (branch === 'main' ? olga : ben).request('PUT /repos/{owner}/{repo}/contents/{path}', {
    ...at,
    path,
    branch,
    message: 'Mine now',
    content: Buffer.from(change(Buffer.from(data.content, 'base64').toString())).toString('base64'),
    ...(path === workflowPath ? { sha: data.sha } : {}),
  });
}

/** Its jobs need not wait for the session’s own. */
const alone = (text: string): string => text.replace(/\nconcurrency:\n(?: .*\n)+/, '\n');
const dispatches = async (file: string, ref: string, session: string): Promise<void> => {
  await ben.request('POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches', {
    ...at,
    workflow_id: file,
    ref,
    inputs: { session },
  });
};

it('no other job gets a session, and whose it is works on undisturbed', async () => {
  world.works('Add a gate', [{ do: 'wait_for', file: 'open' }, ...work('gate.txt')]);
  const issue = await world.ana.opensIssue('Add a gate', 'Please.');
  await world.ana.comments(issue, '/entourage dispatch Add a gate');
  const own = await eventually(
    { what: 'the agent at work', ...patience },
    async () => (await world.sessions(issue)).at(-1),
    (row) => row?.state === 'running',
  );
  const session = own!.id;

  await writes('changed', workflowPath, alone);
  await dispatches('entourage.yml', 'changed', session);
  await writes('asked', '.github/workflows/asked.yml', (text) =>
    alone(text)
      .replace(/\non:\n(?: .*\n)+/, '\non: pull_request\n')
      .replaceAll('${{ inputs.session }}', session),
  );
  await ben.request('POST /repos/{owner}/{repo}/pulls', {
    ...at,
    head: 'asked',
    base: 'main',
    title: 'Only a small change',
  });
  await writes('main', '.github/workflows/other.yml', alone);
  await dispatches('other.yml', 'main', session);

  const forged = await eventually(
    { what: 'three refused jobs', ...patience },
    async () =>
      (
        await ben.request('GET /repos/{owner}/{repo}/actions/runs', { ...at, per_page: 100 })
      ).data.workflow_runs.filter((run) => run.head_branch === 'changed' || /asked|other/.test(run.path)),
    (runs) => runs.filter(({ status }) => status === 'completed').length === 3,
  );
  for (const run of forged) {
    expect([run.path, run.conclusion]).toEqual([run.path, 'failure']);
    const { data: jobs } = await ben.request('GET /repos/{owner}/{repo}/actions/runs/{run_id}/jobs', {
      ...at,
      run_id: Number(run.id),
    });
    const { data: log } = await ben.request('GET /repos/{owner}/{repo}/actions/jobs/{job_id}/logs', {
      ...at,
      job_id: Number(jobs.jobs[0]!.id),
    });
    expect(String(log)).toMatch(/The App refused this job: This token’s \S+.* is .*; this session wants/);
    expect(String(log)).not.toMatch(/ent_(?:session|agent)_/);
  }

  // The right file on the right branch, by hand: it waits for the session's own job, and then there is nothing to do.
  await dispatches('entourage.yml', 'main', session);
  world.release('open');
  await world.pull(issue, 't1').isReady(patience);
  const byHand = await eventually(
    { what: 'the run by hand to be over', ...patience },
    async () =>
      (
        await ben.request('GET /repos/{owner}/{repo}/actions/runs', { ...at, event: 'workflow_dispatch' })
      ).data.workflow_runs.find(
        (run) => run.actor?.login === 'ben' && run.head_branch === 'main' && run.path === workflowPath,
      ),
    (run) => run?.status === 'completed',
  );
  expect(byHand?.conclusion).toBe('success');
  const sessions = await world.sessions(issue);
  expect(sessions).toMatchObject([{ id: session, outcome: 'completed' }]);
  const types = await world.records.eventTypes(issue);
  expect(types.filter((type) => type === 'session_bound')).toHaveLength(1);
});
