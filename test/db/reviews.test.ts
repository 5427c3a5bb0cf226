/** Whose approval of which commit counts, on a real Postgres: GitHub's facts go in, the task's state comes out. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { Caller } from '../../app/engine/caller.ts';
import { identify } from '../../app/engine/identify.ts';
import { engineWorld, repository, team, type EngineWorld } from './engine-world.ts';

let world: EngineWorld;
let runner: Caller;
beforeAll(async () => {
  world = await engineWorld();
  const { token } = await world.must('create_runner_token', {}, world.system());
  const { token: credential } = await world.must('register_runner', { name: 'r1' }, await as(token));
  runner = await as(credential);
});
afterAll(async () => await world.close());
/** What a test leaves to be done, the next one's runner would take. */
const open: number[] = [];
afterEach(async () => {
  for (const run of open.splice(0)) await world.execute('cancel_run', { run }, world.person('ana'));
});

const as = async (token: unknown): Promise<Caller> => (await identify(world.engine, String(token)))!;

type Task = { state: string; reason: string; head: string | null };
type Assignment = { session: string; run: string; agent_token: string; runner_token: string };
/** A run of one task, the task's pull request, and what stands on its branch. */
type Work = { run: number; id: string; pull: number; heads: [string, string]; assignment: Assignment };

const green = {
  name: 'test',
  status: 'completed',
  conclusion: 'success',
  required: true,
  url: null,
  summary: '',
};

let issue = 0;
/** The agent has pushed and asked for review of the first head; no check has reported. */
async function asked(review = '{ agent: null }', tasks: (string | object)[] = ['Only']): Promise<Work> {
  const text = team.replace('{ agent: null }', review);
  world.policy.text = text;
  await world.must('record_policy', { repository, text }, world.system());
  const ana = world.person('ana');
  issue += 1;
  const { run } = (await world.must('create_run', { issue, title: 'X', intent: 'X' }, ana)) as {
    run: { run: number };
  };
  open.push(run.run);
  const plan = await claim();
  await world.must(
    'set_run_task_graph',
    { tasks: tasks.map((task) => (typeof task === 'string' ? { title: task } : task)) },
    await as(plan.agent_token),
  );
  await end(plan);
  await world.must('approve_run', { run: run.run }, ana);
  const id = await runId(run.run);
  const [base, start, first, second] = ['a', 'b', 'c', 'd'].map((letter) =>
    `${issue}`.padEnd(40, letter),
  ) as [string, string, string, string];
  const at = { run: id, task: 1 };
  await world.must('record_branch', { ...at, branch: `t-${issue}`, base, head: start }, world.system());
  await world.must(
    'record_pull_request',
    { ...at, number: issue, url: 'https://example.com' },
    world.system(),
  );
  // Nobody gets the work before its branch stands.
  const assignment = await claim();
  const { bundle } = await world.must(
    'upload_bundle',
    { session: assignment.session, head: first, bundle: 'AAAA' },
    await as(assignment.runner_token),
  );
  await world.must('record_push', { ...at, bundle, head: first, refused: null }, world.system());
  await world.must('request_review', { summary: 'done' }, await as(assignment.agent_token));
  return { run: run.run, id, pull: issue, heads: [first, second], assignment };
}

/** Asked for review, green, and its agent gone: people have the word. */
async function inReview(review?: string, tasks?: (string | object)[]): Promise<Work> {
  const work = await asked(review, tasks);
  await checks(work);
  await end(work.assignment);
  await is(work, 'in_review');
  return work;
}

async function claim(): Promise<Assignment> {
  const { assignment } = await world.must('claim_session', { engines: ['command'] }, runner);
  return assignment as Assignment;
}

async function end({ session, runner_token: token }: Assignment): Promise<void> {
  await world.must('end_session', { session, outcome: 'completed', reason: 'done' }, await as(token));
}

async function checks({ id, heads }: Work): Promise<void> {
  await world.must('record_checks', { run: id, task: 1, head: heads[0], checks: [green] }, world.system());
}

async function runId(number: number): Promise<string> {
  const client = await world.db.pool.connect();
  try {
    await client.query('begin');
    await client.query("select set_config('entourage.installation', 'all', true)");
    const { rows } = await client.query<{ id: string }>(
      'select id from run where repository = $1 and number = $2',
      [repository, number],
    );
    await client.query('commit');
    return rows[0]!.id;
  } finally {
    client.release();
  }
}

let reviews = 0;
/** Answers the review's number, for its dismissal. */
async function reviewed(work: Work, by: string, more: object = {}): Promise<number> {
  reviews += 1;
  const review = {
    repository,
    pull: work.pull,
    review: reviews,
    by,
    verdict: 'approve',
    head: work.heads[0],
    body: '',
    threads: [],
    counts: true,
    ...more,
  };
  await world.must('record_review', review, world.system());
  return reviews;
}

async function pushed(work: Work): Promise<void> {
  const push = { repository, branch: `t-${work.pull}`, head: work.heads[1], by: '@ben' };
  await world.must('record_head', push, world.system());
}

async function now(work: Work): Promise<Task> {
  const { task } = await world.must('get_task', { run: work.run, task: 't1' }, world.person('ana'));
  return task as Task;
}

async function is(work: Work, state: string): Promise<void> {
  expect(await now(work)).toMatchObject({ state });
  const { differences } = await world.must('verify_events', { run: work.run }, world.person('ana'));
  expect(differences).toEqual([]);
}

it('RE-4 where policy asks for two people, one is not enough, the same one twice is not, two are', async () => {
  const work = await inReview('{ agent: null, people: 2 }');
  await reviewed(work, 'ben');
  await is(work, 'in_review');
  await reviewed(work, 'ben');
  await is(work, 'in_review');
  await reviewed(work, 'cleo');
  await is(work, 'merging');
});

it('RE-4 of two people one approved the head before: only the other counts', async () => {
  const work = await inReview('{ agent: null, people: 2 }');
  await reviewed(work, 'ben');
  await pushed(work);
  await reviewed(work, 'cleo', { head: work.heads[1] });
  await is(work, 'in_review');
  await reviewed(work, 'ben', { head: work.heads[1] });
  await is(work, 'merging');
});

it('RE-4 one of two approvals that was dismissed does not count any more', async () => {
  const work = await inReview('{ agent: null, people: 2 }');
  const first = await reviewed(work, 'ben');
  await world.must('record_review_dismissed', { repository, pull: work.pull, review: first }, world.system());
  await reviewed(work, 'cleo');
  await is(work, 'in_review');
});

it('RE-4 an approval of an outdated head does not count', async () => {
  const work = await inReview();
  await pushed(work);
  await reviewed(work, 'ben');
  await is(work, 'in_review');
  await reviewed(work, 'ben', { head: work.heads[1] });
  await is(work, 'merging');
});

it('RE-4 the requester’s approval counts, unless policy says that it does not', async () => {
  await reviewedByRequester('{ agent: null }', 'merging');
  const work = await reviewedByRequester('{ agent: null, requesters_approval_counts: false }', 'in_review');
  await reviewed(work, 'ben');
  await is(work, 'merging');
});

async function reviewedByRequester(policy: string, state: string): Promise<Work> {
  const work = await inReview(policy);
  await reviewed(work, 'ana');
  await is(work, state);
  return work;
}

it('TR-2 the verdict of somebody who may not write is an opinion', async () => {
  const work = await inReview();
  await reviewed(work, 'sam', { counts: false });
  await is(work, 'in_review');
  await reviewed(work, 'sam', { counts: false, verdict: 'request_changes', body: 'No.' });
  await is(work, 'in_review');
});

it('RE-4 a dismissed approval puts the task back in review, and a new one approves it again', async () => {
  const work = await inReview();
  const review = await reviewed(work, 'ben');
  await is(work, 'merging');
  await world.must('record_review_dismissed', { repository, pull: work.pull, review }, world.system());
  await is(work, 'in_review');
  expect((await now(work)).reason).toContain('@ben was dismissed');
  await reviewed(work, 'cleo');
  await is(work, 'merging');
});

it('RE-3 changes requested after the approval stop the merge', async () => {
  const work = await inReview();
  await reviewed(work, 'ben');
  await is(work, 'merging');
  await reviewed(work, 'cleo', { verdict: 'request_changes', body: 'Wait, the list is empty.' });
  // Ready, and taken up again at once.
  await is(work, 'in_progress');
  expect((await now(work)).reason).toContain('@cleo requested changes');
});

it('RE-4 a push after the approval asks again', async () => {
  const work = await inReview();
  await reviewed(work, 'ben');
  await is(work, 'merging');
  await pushed(work);
  await is(work, 'in_review');
  expect(await now(work)).toMatchObject({
    head: work.heads[1],
    reason: '@ben pushed after the approval',
  });
});

it('RE-1 a head that nobody checked is given to people, by the timer of exactly that head', async () => {
  const work = await asked();
  await end(work.assignment);
  await is(work, 'in_progress');
  const at = { run: work.id, task: 1 };
  const other = await world.must('accept_unproven', { ...at, head: work.heads[1] }, world.system());
  expect(other).toEqual({ found: false });
  await is(work, 'in_progress');
  await world.must('accept_unproven', { ...at, head: work.heads[0] }, world.system());
  await is(work, 'in_review');
  expect((await now(work)).reason).toMatch(/unproven/);
});

it('RE-1 a head with a check waits for it, however late it is', async () => {
  const work = await asked();
  const open = { ...green, status: 'in_progress', conclusion: null };
  const at = { run: work.id, task: 1, head: work.heads[0] };
  await world.must('record_checks', { ...at, checks: [open] }, world.system());
  await end(work.assignment);
  await world.must('accept_unproven', at, world.system());
  await is(work, 'in_progress');
  await checks(work);
  await is(work, 'in_review');
});

it('RE-8 a pull request that is reopened brings its task back, as often as somebody closes it', async () => {
  const work = await inReview(undefined, ['Only', 'Other']);
  const by = { repository, pull: work.pull, by: '@ben' };
  for (const time of [1, 2]) {
    await world.must('record_close', by, world.system());
    await is(work, 'cancelled');
    await world.must('record_reopen', by, world.system());
    // Ready, and taken up again at once.
    await is(work, 'in_progress');
    const { reason } = await now(work);
    expect([time, reason]).toEqual([time, expect.stringContaining('its pull request was reopened by @ben')]);
    await world.must('record_reopen', by, world.system());
    await is(work, 'in_progress');
  }
});

it('RE-8 the failed run of a closed pull request goes on when it is reopened', async () => {
  const work = await inReview(undefined, ['Only', { title: 'Next', depends_on: [1] }]);
  const by = { repository, pull: work.pull, by: '@ben' };
  const state = async (): Promise<unknown> =>
    (await world.must('get_run', { run: work.run }, world.person('ana')))['run'];
  await world.must('record_close', by, world.system());
  expect(await state()).toMatchObject({ state: 'failed' });
  await world.must('record_reopen', by, world.system());
  expect(await state()).toMatchObject({ state: 'executing' });
  await is(work, 'in_progress');
});

it('RE-8 a run that was cancelled stays so, whatever is reopened', async () => {
  const work = await inReview();
  await world.must('cancel_run', { run: work.run }, world.person('ana'));
  const by = { repository, pull: work.pull, by: '@ben' };
  expect(await world.must('record_reopen', by, world.system())).toEqual({ found: false });
  await is(work, 'cancelled');
});

it('RE-5 why GitHub does not merge is told once, however often it is asked', async () => {
  const work = await inReview();
  await reviewed(work, 'ben');
  const events = async (): Promise<number> => {
    const { events: all } = await world.must('get_timeline', { run: work.run }, world.person('ana'));
    return (all as unknown[]).length;
  };
  const before = await events();
  const blocked = { run: work.id, task: 1, reason: 'A review of a code owner is missing.' };
  for (let time = 0; time < 3; time += 1) await world.must('record_blocked', blocked, world.system());
  expect(await now(work)).toMatchObject({ state: 'merging', reason: blocked.reason });
  expect((await events()) - before).toBe(1);
  await is(work, 'merging');
});
