/** Agents on the forge's Actions when something is wrong there: no workflow, a broken one, a run that people or we cancel (AG-4). */
import { Octokit } from '@octokit/core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { workflowPath } from '../../app/domain/workflow.ts';
import { eventually } from './eventually.ts';
import { work } from './script.ts';
import { createWorld, owner, repo, type World } from './world.ts';

/** Jobs are processes on a machine that others use too. */
const patience = { within: 90 };
const at = { owner, repo };

let world: World;
let olga: Octokit;
beforeAll(async () => {
  world = await createWorld({ on: 'actions' });
  const { forge } = world;
  olga = new Octokit({ auth: forge.credentials.tokens['olga'], baseUrl: `${forge.url}/api/v3` });
}, 120_000);
afterEach(() => world.isClean());
afterAll(() => world[Symbol.asyncDispose]());

/** One task, without a plan. Answers the issue. */
async function dispatched(title: string): Promise<number> {
  const issue = await world.ana.opensIssue(title, 'Please.');
  await world.ana.comments(issue, `/entourage dispatch ${title}`);
  return issue;
}
const newest = async (issue: number) => (await world.sessions(issue)).at(-1);
const workflowRuns = async () =>
  (
    await olga.request('GET /repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs', {
      ...at,
      workflow_id: 'entourage.yml',
    })
  ).data.workflow_runs;
const runOf = async (session: string) =>
  (await workflowRuns()).find((run) => run.display_title.includes(session));

async function file(): Promise<{ text: string; sha: string }> {
  const { data } = await olga.request('GET /repos/{owner}/{repo}/contents/{path}', {
    ...at,
    path: workflowPath,
  });
  if (!('content' in data)) throw new Error(`${workflowPath} is no file`);
  return { text: Buffer.from(data.content, 'base64').toString(), sha: data.sha };
}
async function write(text: string, sha?: string): Promise<void> {
  await olga.request('PUT /repos/{owner}/{repo}/contents/{path}', {
    ...at,
    path: workflowPath,
    message: 'Change the workflow',
    content: Buffer.from(text).toString('base64'),
    ...(sha === undefined ? {} : { sha }),
  });
}

describe('the workflow', () => {
  it('that is missing pauses the run, which says so and goes on when a person resumes', async () => {
    const { text, sha } = await file();
    await olga.request('DELETE /repos/{owner}/{repo}/contents/{path}', {
      ...at,
      path: workflowPath,
      message: 'Off with it',
      sha,
    });
    world.works('Add a lamp', work('lamp.txt'));
    const issue = await dispatched('Add a lamp');
    await world.run(issue).is('paused');
    await world.card(issue).shows(/Paused: acme\/shop has no \.github\/workflows\/entourage\.yml on main\./);
    expect(await world.task(issue, 't1').now()).toMatchObject({ state: 'ready', attempts: 0 });
    await write(text);
    await world.ana.comments(issue, '/entourage resume');
    await world.pull(issue, 't1').isReady(patience);
    await world.card(issue).shows(/in review/);
    expect(world.card(issue).now()?.body).not.toMatch(/Paused:/);
  }, 180_000);

  it('whose steps fail before the session begins waits for a person, with the step’s name and its log', async () => {
    const { text, sha } = await file();
    await write(
      text.replace(/\n( +)steps:\n/, "\n$1steps:\n$1  - name: Install the agent\n$1    run: 'false'\n"),
      sha,
    );
    world.works('Add a door', work('door.txt'));
    const issue = await dispatched('Add a door');
    await world.run(issue).becomes('paused', (run) => run?.state === 'paused', patience);
    await world
      .card(issue)
      .shows(
        /Paused: .*failed again in step “Install the agent” before the session began; its log says why: http/,
      );
    const broken = await file();
    await write(text, broken.sha);
    await world.ana.comments(issue, '/entourage resume');
    await world.pull(issue, 't1').isReady(patience);
  }, 180_000);
});

describe('a workflow run', () => {
  it('that a person cancels stops its agent, keeps its work, and starts nothing again by itself', async () => {
    world.works(
      'Add a roof',
      [
        { do: 'write', path: 'roof.txt', text: 'half a roof\n' },
        { do: 'commit', message: 'Half a roof' },
        { do: 'call', tool: 'get_task' },
        { do: 'wait_for', file: 'never' },
      ],
      work('roof.txt'),
    );
    const issue = await dispatched('Add a roof');
    await world.task(issue, 't1').becomes('at work', (task) => task?.state === 'in_progress', patience);
    const session = await eventually(
      { what: 'the agent at work', ...patience },
      () => newest(issue),
      (row) => row?.state === 'running',
    );
    await eventually(
      { what: 'half a roof', ...patience },
      () => world.transcript().some((entry) => entry.session === 'Add a roof' && entry.step === 'get_task'),
      (committed) => committed,
    );
    const empty = (await world.pull(issue, 't1').now())?.head;
    const run = (await runOf(session!.id))!;
    await olga.request('POST /repos/{owner}/{repo}/actions/runs/{run_id}/cancel', {
      ...at,
      run_id: Number(run.id),
    });
    await world.task(issue, 't1').becomes('failed', (task) => task?.state === 'failed', patience);
    await world.card(issue).shows(/cancelled; \/entourage retry t1 goes on/);
    await world.pull(issue, 't1').becomes('with half a roof', ({ head }) => head !== empty, patience);
    await world.settled();
    expect((await world.sessions(issue)).map(({ id }) => id)).toEqual([session!.id]);
    await world.ana.comments(issue, '/entourage retry t1');
    await world.pull(issue, 't1').isReady(patience);
  }, 240_000);

  it('of a run that is cancelled is cancelled too', async () => {
    world.works('Add a wall', [{ do: 'wait_for', file: 'never' }]);
    const issue = await dispatched('Add a wall');
    const session = await eventually(
      { what: 'the agent at work', ...patience },
      () => newest(issue),
      (row) => row?.state === 'running',
    );
    await world.ana.comments(issue, '/entourage cancel');
    await world.run(issue).is('cancelled');
    await eventually(
      { what: 'the workflow run to be over', ...patience },
      async () => await runOf(session!.id),
      (run) => run?.status === 'completed',
    );
    expect(await runOf(session!.id)).toMatchObject({ conclusion: 'cancelled' });
  }, 180_000);
});
