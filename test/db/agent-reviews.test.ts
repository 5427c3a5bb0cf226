/** The reviewer agent on a real Postgres: when it is called, what it may write, what its verdict does, and when people go on without. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { AgentReview } from '../../app/domain/agent-review.ts';
import type { Caller } from '../../app/engine/caller.ts';
import { identify } from '../../app/engine/identify.ts';
import { loadSessions, loadTasks } from '../../db/entities.ts';
import { newestRunOfIssue } from '../../db/queries/runs.ts';
import { inTransaction } from '../../db/transaction.ts';
import { engineWorld, installation, repository, team, type EngineWorld } from './engine-world.ts';

let world: EngineWorld;
let runner: Caller;
beforeAll(async () => {
  world = await engineWorld();
  const { token } = await world.must('create_runner_token', {}, world.system());
  const { token: credential } = await world.must('register_runner', { name: 'r1' }, await as(token));
  runner = await as(credential);
});
afterAll(async () => await world.close());
const open: number[] = [];
afterEach(async () => {
  const { differences } = await world.must('verify_events', {}, world.person('ana'));
  expect(differences).toEqual([]);
  for (const run of open.splice(0)) await world.execute('cancel_run', { run }, world.person('ana'));
});

const as = async (token: unknown): Promise<Caller> => (await identify(world.engine, String(token)))!;

type Assignment = {
  session: string;
  kind: string;
  task: string;
  branch: string | null;
  start: string;
  prompt: string;
  agent_token: string;
  runner_token: string;
};
type Work = { run: number; id: string; pull: number; heads: string[]; head: string };

const green = {
  name: 'test',
  status: 'completed',
  conclusion: 'success',
  required: true,
  url: null,
  summary: '',
};

const policy = (review: string): string =>
  team
    .replace(
      'review: { agent: null }',
      `${review === '' ? '' : `review: ${review}\n`}limits: { attempts: 9, max_agents: 9 }`,
    )
    .replace('agents:\n', 'agents:\n  - { name: rev, role: reviewer, engine: command, command: [read] }\n');

async function setPolicy(text: string): Promise<void> {
  world.policy.text = text;
  await world.must('record_policy', { repository, text }, world.system());
}

let issue = 0;
/** A run of one task, in review with green checks, its engineer gone. */
async function inReview(review = ''): Promise<Work> {
  await setPolicy(policy(review));
  const ana = world.person('ana');
  issue += 1;
  const { run } = (await world.must('create_run', { issue, title: 'X', intent: 'X' }, ana)) as {
    run: { run: number };
  };
  open.push(run.run);
  const plan = await claim();
  await world.must('set_run_task_graph', { tasks: [{ title: 'Only' }] }, await as(plan.agent_token));
  await end(plan);
  await world.must('approve_run', { run: run.run }, ana);
  const id = await newestRun();
  const heads = ['c', 'd', 'e', 'f', '9'].map((letter) => `${issue}`.padEnd(40, letter));
  const at = { run: id, task: 1 };
  const [base, start] = [`${issue}`.padEnd(40, 'a'), `${issue}`.padEnd(40, 'b')];
  await world.must('record_branch', { ...at, branch: `t-${issue}`, base, head: start }, world.system());
  await world.must('record_pull_request', { ...at, number: issue, url: 'https://x' }, world.system());
  const work: Work = { run: run.run, id, pull: issue, heads, head: heads[0]! };
  await engineerWorks(work, heads[0]!);
  return work;
}

async function newestRun(): Promise<string> {
  return await inTransaction(world.db, { installation }, async (tx) => {
    const id = await newestRunOfIssue(tx, installation, { repository, issue });
    if (id === null) throw new Error(`no run of #${issue}`);
    return id;
  });
}

/** The engineer's session pushes a head, proves it and ends. */
async function engineerWorks(work: Work, head: string): Promise<Assignment> {
  const assignment = await claim();
  expect(assignment.kind).toBe('work');
  const agent = await as(assignment.agent_token);
  const { bundle } = await world.must(
    'upload_bundle',
    { session: assignment.session, head, bundle: 'AAAA' },
    await as(assignment.runner_token),
  );
  await world.must('record_push', { run: work.id, task: 1, bundle, head, refused: null }, world.system());
  const { reviews } = (await world.must('get_review_feedback', {}, agent)) as {
    reviews: { threads: { thread: number; state: string }[] }[];
  };
  for (const { thread, state } of reviews.flatMap(({ threads }) => threads))
    if (state === 'open')
      await world.must('answer_thread', { thread, outcome: 'fixed', commit: head, why: 'done' }, agent);
  await world.must('request_review', { summary: 'done' }, agent);
  await world.must('record_checks', { run: work.id, task: 1, head, checks: [green] }, world.system());
  work.head = head;
  await end(assignment);
  return assignment;
}

const maybeClaim = async (): Promise<Assignment | null> =>
  (await world.must('claim_session', { engines: ['command'] }, runner))['assignment'] as Assignment | null;
async function claim(): Promise<Assignment> {
  const assignment = await maybeClaim();
  if (assignment === null) throw new Error('nothing to claim');
  return assignment;
}
async function end({ session, runner_token: token }: Assignment, outcome = 'completed'): Promise<void> {
  await world.must('end_session', { session, outcome, reason: outcome }, await as(token));
}

async function task({ id }: Work) {
  const rows = await inTransaction(world.db, { installation }, async (tx) => await loadTasks(tx, id));
  return rows[0]!;
}
const agentReview = async (work: Work): Promise<AgentReview> => (await task(work)).agentReview!;
const kinds = async ({ id }: Work): Promise<string[]> =>
  (await inTransaction(world.db, { installation }, async (tx) => await loadSessions(tx, id)))
    .filter(({ state }) => state !== 'ended')
    .map(({ kind }) => kind);

const remark = { path: 'src/a.ts', line: 2, body: 'This is wrong.' };
async function verdict(given: string, remarks: object[] = []): Promise<Assignment> {
  const review = await claim();
  expect(review.kind).toBe('review');
  await say(review, given, remarks);
  return review;
}
async function say(review: Assignment, given: string, remarks: object[] = []): Promise<void> {
  const agent = await as(review.agent_token);
  for (const one of remarks) await world.must('add_review_comment', one, agent);
  await world.must('submit_review_verdict', { verdict: given, summary: 'I read it.' }, agent);
}

let github = 40_000;
/** What the job reports once the review stands on GitHub; answers the thread's id. */
async function posted(work: Work, head = work.head): Promise<number> {
  github += 10;
  const { remarks } = await agentReview(work);
  const threads = remarks.map(({ path, line, side, body }, index) => ({
    id: github + 1 + index,
    path,
    line,
    side,
    code: '+c',
    body,
    state: 'open',
    commit: null,
    why: null,
  }));
  const report = { run: work.id, task: 1, head, review: github, body: 'I read it.', threads };
  await world.must('record_agent_review', report, world.system());
  return github + 1;
}

async function personSays(work: Work, given: string, head = work.head): Promise<void> {
  github += 10;
  await world.must(
    'record_review',
    {
      repository,
      pull: work.pull,
      review: github,
      by: 'ben',
      verdict: given,
      head,
      body: 'x',
      threads: [],
      counts: true,
    },
    world.system(),
  );
}

describe('RE-2 the reviewer agent', () => {
  it('RE-2 reads every head first, detached at it, and its approval approves nothing (RE-4)', async () => {
    const work = await inReview();
    expect(await agentReview(work)).toMatchObject({ head: work.head, agent: 'rev', state: 'running' });
    const review = await claim();
    expect(review).toMatchObject({ kind: 'review', task: 't1', branch: null, start: work.head });
    expect(review.prompt).toContain('submit_review_verdict');
    const agent = await as(review.agent_token);
    await world.must('submit_review_verdict', { verdict: 'approve', summary: 'Good.' }, agent);
    await end(review);
    expect(await agentReview(work)).toMatchObject({ state: 'given', verdict: 'approve', round: 1 });
    expect(await task(work)).toMatchObject({ state: 'in_review', approvedBy: null, approvedHead: null });
    expect(await maybeClaim(), 'it reads a head once').toBeNull();
    await personSays(work, 'approve');
    expect((await task(work)).state).toBe('merging');
  });

  it('RE-2 RE-3 changes it requests go back to the engineer, whose answers the next round sees', async () => {
    const work = await inReview();
    const review = await verdict('request_changes', [remark]);
    expect((await task(work)).state, 'not before the threads have ids').toBe('in_review');
    const thread = await posted(work);
    await world.must(
      'record_agent_review',
      { run: work.id, task: 1, head: work.head, review: github, body: '', threads: [] },
      world.system(),
    );
    expect(await task(work)).toMatchObject({ state: 'ready', reason: 'rev requested changes' });
    expect(await maybeClaim(), 'work and review never live at the same time').toBeNull();
    await end(review);
    const again = await engineerWorks(work, work.heads[1]!);
    expect(again.prompt).toContain(`Thread ${thread}, by rev, src/a.ts line 2`);
    const second = await claim();
    expect(second.prompt).toContain(`answered: fixed in ${work.head.slice(0, 7)}`);
    expect(second.start).toBe(work.heads[1]);
    await end(second, 'stopped');
  });

  it('RE-2 a line outside of the diff, another file and a 51st comment are refused with what is possible', async () => {
    const work = await inReview();
    const agent = await as((await claim()).agent_token);
    const refused = async (input: object): Promise<string> => {
      const result = await world.execute('add_review_comment', input, agent);
      if (result.ok) throw new Error('was taken');
      return `${result.rejection.rejected}: ${result.rejection.message} ${result.rejection.help ?? ''}`;
    };
    expect(await refused({ ...remark, line: 40 })).toMatch(/invalid_input: Line 40 .* RIGHT\) that are: 1-3/);
    expect(await refused({ ...remark, path: 'README.md' })).toMatch(/It changes src\/a\.ts/);
    expect(await refused({ ...remark, side: 'LEFT', suggestion: 'x' })).toMatch(/RIGHT/);
    expect(await refused({ ...remark, task: 't2' })).toMatch(/not_found|not_permitted/);
    expect(await refused({ ...remark, line: '2' })).toMatch(/invalid_input/);
    for (let index = 0; index < 50; index += 1)
      await world.must('add_review_comment', { ...remark, body: `Remark ${index}` }, agent);
    await world.must('add_review_comment', { ...remark, body: 'Remark 49' }, agent);
    expect(await refused({ ...remark, body: 'One more' })).toMatch(/too_large/);
    expect((await agentReview(work)).remarks).toHaveLength(50);
  });

  it('RE-2 a push stops it, its calls are refused from then on, and the new head is read', async () => {
    const work = await inReview();
    const old = await claim();
    const agent = await as(old.agent_token);
    await world.must(
      'record_head',
      { repository, branch: `t-${work.pull}`, head: work.heads[1]!, by: '@ben' },
      world.system(),
    );
    const late = await world.execute('submit_review_verdict', { verdict: 'approve', summary: 'x' }, agent);
    expect(late).toMatchObject({ ok: false, rejection: { rejected: 'session_ended' } });
    expect(await identify(world.engine, old.agent_token), 'its token is dead').toBeNull();
    const next = await claim();
    expect(next).toMatchObject({ kind: 'review', start: work.heads[1] });
    expect((await agentReview(work)).round, 'only verdicts count').toBe(0);
    await end(next, 'stopped');
  });

  it('RE-2 a verdict whose head is gone before it is posted does nothing', async () => {
    const work = await inReview();
    const review = await verdict('reject', [remark]);
    await world.must(
      'record_head',
      { repository, branch: `t-${work.pull}`, head: work.heads[1]!, by: '@ben' },
      world.system(),
    );
    await posted(work, work.head);
    expect(await task(work)).toMatchObject({ state: 'in_review', head: work.heads[1] });
    await end(review);
    expect(await claim()).toMatchObject({ kind: 'review', start: work.heads[1] });
  });

  it('RE-4 people never wait for it: an approval stops it, and what it says later is an opinion', async () => {
    const work = await inReview();
    await claim();
    await personSays(work, 'approve');
    expect((await task(work)).state).toBe('merging');
    expect(await kinds(work)).toEqual([]);
    expect(await agentReview(work)).toMatchObject({ state: 'closed', verdict: null });

    const other = await inReview();
    const review = await verdict('request_changes', [remark]);
    await personSays(other, 'approve');
    await posted(other);
    expect((await task(other)).state).toBe('merging');
    await end(review);
  });

  it('RE-2 a rejection fails the task and a person retries it, with the feedback', async () => {
    const work = await inReview();
    const review = await verdict('reject', [remark]);
    await posted(work);
    await end(review);
    expect(await task(work)).toMatchObject({ state: 'failed', reason: 'rejected by rev: I read it.' });
    await world.must('retry_task', { run: work.run, task: 't1' }, world.person('ana'));
    expect((await claim()).prompt).toContain('by rev, src/a.ts line 2');
  });

  it('RE-2 after `review.rounds` verdicts people decide; a person’s own request lets it look again', async () => {
    const work = await inReview('{ agent: rev, rounds: 1 }');
    await end(await verdict('request_changes', [remark]));
    await posted(work);
    await engineerWorks(work, work.heads[1]!);
    expect(await maybeClaim()).toBeNull();
    expect(await agentReview(work)).toMatchObject({
      head: work.heads[1],
      state: 'closed',
      reason: 'rev has reviewed once already, so people decide',
    });
    await personSays(work, 'request_changes');
    await engineerWorks(work, work.heads[2]!);
    expect(await claim()).toMatchObject({ kind: 'review', start: work.heads[2] });
  });

  it('RE-2 a session without a verdict is tried once more, then people go on', async () => {
    const work = await inReview();
    const first = await claim();
    await world.must('add_review_comment', remark, await as(first.agent_token));
    await end(first);
    expect(await agentReview(work)).toMatchObject({ state: 'running', failures: 1, remarks: [] });
    await end(await claim(), 'failed');
    expect(await maybeClaim()).toBeNull();
    expect(await agentReview(work)).toMatchObject({ state: 'closed', verdict: null });
    await personSays(work, 'approve');
    expect((await task(work)).state).toBe('merging');
  });

  it('RE-2 a busy reviewer is waited for, and serves the next run when it is free', async () => {
    await inReview();
    const first = await claim();
    const other = await inReview();
    expect(await agentReview(other)).toMatchObject({ state: 'waiting', session: null });
    expect(await maybeClaim()).toBeNull();
    await say(first, 'approve');
    await end(first);
    expect(await claim()).toMatchObject({ kind: 'review', start: other.head });
  });

  it('RE-2 a verdict is given once, and its session is asked to end when it does not', async () => {
    const work = await inReview();
    const review = await verdict('approve');
    const agent = await as(review.agent_token);
    for (const [name, input] of [
      ['add_review_comment', remark],
      ['submit_review_verdict', { verdict: 'reject', summary: 'x' }],
    ] as const)
      expect(await world.execute(name, input, agent)).toMatchObject({
        ok: false,
        rejection: { rejected: 'already_done' },
      });
    const beat = async () =>
      await world.must('heartbeat', { session: review.session, activity: '' }, await as(review.runner_token));
    expect((await beat())['stop']).toBeNull();
    world.clock.now += 61_000;
    expect((await beat())['stop']).toMatch(/verdict/);
    await end(review, 'stopped');
    expect(await agentReview(work)).toMatchObject({ state: 'given', verdict: 'approve' });
  });

  it('RE-2 leaving review and cancelling stop it; a policy without a reviewer asks none', async () => {
    const work = await inReview();
    const review = await claim();
    await world.must('cancel_task', { run: work.run, task: 't1' }, world.person('ana'));
    expect(await kinds(work)).toEqual([]);
    expect(await identify(world.engine, review.agent_token)).toBeNull();
    const without = await inReview('{ agent: null }');
    expect((await task(without)).agentReview).toBeNull();
    expect(await maybeClaim()).toBeNull();
  });
});
