/** A session whose time comes while it works, in a job of the forge's Actions: nothing is lost, and it goes on (AG-7). */
import { Octokit } from '@octokit/core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from './eventually.ts';
import { work } from './script.ts';
import { createWorld, owner, repo, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld({
    on: 'actions',
    policy: { limits: '{ max_agents: 8, max_parallel: 4, attempts: 2, session_minutes: 1 }' },
  });
}, 120_000);
afterAll(() => world[Symbol.asyncDispose]());

it('AG-7: the work is handed over before the limit, and another session goes on from the branch', async () => {
  const { forge } = world;
  world.works(
    'Add a bell',
    [
      { do: 'write', path: 'half.txt', text: 'half a bell\n' },
      { do: 'commit', message: 'Half a bell' },
      { do: 'write', path: 'rest.txt', text: 'not committed\n' },
      { do: 'wait_for', file: 'never' },
    ],
    work('bell.txt'),
  );
  const issue = await world.ana.opensIssue('Add a bell', 'Please.');
  await world.ana.comments(issue, '/entourage dispatch Add a bell');
  await world.pull(issue, 't1').isReady({ within: 200 });
  const sessions = await eventually(
    { what: 'both sessions to be over', within: 60 },
    () => world.sessions(issue),
    (all) => all.length === 2 && all.every(({ outcome }) => outcome !== null),
  );
  expect(sessions).toMatchObject([
    { outcome: 'suspended', reason: 'The job’s time limit of a minute came.' },
    { outcome: 'completed' },
  ]);
  // Neither a failure of the agent nor of the job: no attempt is used up.
  expect(await world.task(issue, 't1').now()).toMatchObject({ attempts: 0 });
  const olga = new Octokit({ auth: forge.credentials.tokens['olga'], baseUrl: `${forge.url}/api/v3` });
  const task = await world.task(issue, 't1').now();
  const { data: commits } = await olga.request('GET /repos/{owner}/{repo}/commits', {
    owner,
    repo,
    sha: task?.branch ?? '',
  });
  const subjects = commits.map(({ commit }) => commit.message.split('\n')[0]);
  expect(subjects).toEqual(
    expect.arrayContaining(['Half a bell', 'Work of eng-one that was not committed', 'Write bell.txt']),
  );
  const runs = await eventually(
    { what: 'both workflow runs to be over', within: 30 },
    async () =>
      (
        await olga.request('GET /repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs', {
          owner,
          repo,
          workflow_id: 'entourage.yml',
        })
      ).data.workflow_runs.filter(({ display_title }) =>
        sessions.some(({ id }) => display_title.includes(id)),
      ),
    (all) => all.length === 2 && all.every(({ status }) => status === 'completed'),
  );
  expect(runs.map(({ conclusion }) => conclusion)).toEqual(['success', 'success']);
  const first = runs.find(({ display_title }) => display_title.includes(sessions[0]!.id))!;
  const { data: jobs } = await olga.request('GET /repos/{owner}/{repo}/actions/runs/{run_id}/jobs', {
    owner,
    repo,
    run_id: Number(first.id),
  });
  const summary = await fetch(`${forge.url}/_forge/actions/summaries/${jobs.jobs[0]!.id}`);
  const text = await summary.text();
  expect(text).toContain('Run 1, t1: handed over, to go on in another session');
  expect(text).toContain('Half a bell');
  expect(text).toContain(`${forge.url}/${owner}/${repo}/issues/${issue}`);
  await world.isClean();
}, 300_000);
