/** Sessions for GitHub Actions on a real Postgres: dispatched, refused, silent, cancelled, out of time (AG-4, G33). */
import { sql } from 'kysely';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Assignment } from '../../app/catalog/assignment.ts';
import type { Run } from '../../app/domain/run.ts';
import type { Session } from '../../app/domain/session.ts';
import type { Task } from '../../app/domain/task.ts';
import type { Caller } from '../../app/engine/caller.ts';
import { identify } from '../../app/engine/identify.ts';
import { workflowEnded } from '../../app/engine/watch-job.ts';
import { sweep } from '../../app/jobs/sweep.ts';
import { loadRun, loadSessions, loadTasks } from '../../db/entities.ts';
import { runByNumber } from '../../db/queries/runs.ts';
import { inTransaction, type Transaction } from '../../db/transaction.ts';
import { engineWorld, installation, repository, team, type EngineWorld } from './engine-world.ts';

const onActions = team
  .replace('dispatch: runner', 'dispatch: actions')
  .replace('role: manager,', 'role: manager, slots: 50,')
  .replace('slots: 2 }', 'slots: 4 }')
  .replace('review:', 'limits: { attempts: 2, session_minutes: 60 }\nreview:');

let world: EngineWorld;
beforeAll(async () => {
  world = await engineWorld();
});
afterAll(async () => await world.close());
beforeEach(async () => await usePolicy(onActions));
afterEach(async () => {
  // Every story's record folds to its rows, and no story takes another's slots.
  for (const number of told.splice(0)) {
    const { differences } = await world.must('verify_events', { run: number }, world.person('ana'));
    expect(differences).toEqual([]);
    await world.execute('cancel_run', { run: number }, world.person('ana'));
  }
});

const usePolicy = async (text: string): Promise<unknown> =>
  await world.must('record_policy', { repository, text }, world.system());
const inDatabase = async <T>(query: (tx: Transaction) => Promise<T>): Promise<T> =>
  await inTransaction(world.db, { installation }, query);

let issue = 100;
const told: number[] = [];

/** A run of one task, whose session is queued and whose branch exists. */
async function oneTask(): Promise<{ number: number; id: string }> {
  issue += 1;
  const { run } = await world.must('dispatch', { issue, prompt: 'Do it' }, world.person('ana'));
  const number = (run as { run: number }).run;
  told.push(number);
  const id = (await inDatabase(async (tx) => await runByNumber(tx, installation, { repository, number })))!;
  const branch = { run: id, task: 1, branch: `e/${number}-t1`, base: 'b'.repeat(40), head: 'c'.repeat(40) };
  await world.must('record_branch', branch, world.system());
  return { number, id };
}
async function planned(): Promise<number> {
  issue += 1;
  const { run } = await world.must('create_run', { issue }, world.person('ana'));
  told.push((run as { run: number }).run);
  return (run as { run: number }).run;
}

/** A planned run whose two tasks both have a queued session. */
async function twoTasks(): Promise<number> {
  const number = await planned();
  const { session, run } = await now(number);
  await launched(session, 6000);
  const { runner_token, agent_token } = await taken(session, 6000);
  const tasks = [{ title: 'One' }, { title: 'Two' }];
  await world.must('set_run_task_graph', { tasks }, await as(agent_token));
  const end = { session: session.id, outcome: 'completed', reason: 'planned' };
  await world.must('end_session', end, await as(runner_token));
  await world.must('approve_run', { run: number }, world.person('ana'));
  for (const task of [1, 2]) {
    const branch = { run: run.id, task, branch: `e/${number}-t${task}`, base: 'b'.repeat(40) };
    await world.must('record_branch', { ...branch, head: 'c'.repeat(40) }, world.system());
  }
  return number;
}

type Now = { run: Run; task: Task; session: Session; sessions: Session[] };
/** The run, its task, and the newest session. */
async function now(number: number): Promise<Now> {
  return await inDatabase(async (tx) => {
    const id = (await runByNumber(tx, installation, { repository, number }))!;
    const sessions = await loadSessions(tx, id);
    const session = sessions.toSorted((first, second) => second.fencing - first.fencing)[0]!;
    const live = sessions
      .filter(({ state }) => state !== 'ended')
      .toSorted((first, second) => (first.task ?? 0) - (second.task ?? 0));
    return { run: (await loadRun(tx, id))!, task: (await loadTasks(tx, id))[0]!, session, sessions: live };
  });
}

const workflowRun = (id = 7001, attempt = 1) => ({ id, attempt, url: `https://example.com/runs/${id}` });
const launched = async (session: Session, id: number | null = 7001): Promise<unknown> =>
  await world.must(
    'record_launch',
    { session: session.id, workflow_run: id === null ? null : workflowRun(id) },
    world.system(),
  );
const file = 'acme/shop/.github/workflows/entourage.yml@refs/heads/main';
const job = (id = 7001): Caller => ({
  actor: { kind: 'workflow', run: id, attempt: 1 },
  installation,
  cause: `call:${id}`,
  workflow: {
    repositoryId: repository,
    ownerId: 88,
    repository: 'acme/shop',
    workflowRef: file,
    jobWorkflowRef: file,
    event: 'workflow_dispatch',
    ref: 'refs/heads/main',
    run: { id, attempt: 1 },
  },
});
async function taken(session: Session, id = 7001): Promise<Assignment> {
  const { assignment } = await world.must('exchange_session', { session: session.id }, job(id));
  return assignment as Assignment;
}
const as = async (token: string): Promise<Caller> => (await identify(world.engine, token))!;
async function started(number: number): Promise<Assignment> {
  const { session } = await now(number);
  await launched(session);
  const assignment = await taken(session);
  const runner = await as(assignment.runner_token);
  await world.must('start_session', { session: session.id, isolation: 'user' }, runner);
  return assignment;
}
const over = async (session: string, about: object): Promise<unknown> =>
  await world.must(
    'record_workflow_run',
    {
      session,
      workflow_run: workflowRun(),
      conclusion: 'failure',
      step: null,
      minutes: 3,
      created_at: world.engine.now(),
      ...about,
    },
    world.system(),
  );
/** Payloads of the jobs of that name that wait for the session or its run. */
async function jobs(task: string, at: { run: string; session?: string }): Promise<object[]> {
  const { rows } = await inDatabase(
    async (tx) =>
      await sql<{ payload: { run: string; session?: string } }>`
        select job.payload from graphile_worker._private_jobs job join graphile_worker._private_tasks task on task.id = job.task_id
        where task.identifier = ${task}`.execute(tx),
  );
  return rows
    .map(({ payload }) => payload)
    .filter(({ run, session }) => run === at.run && (at.session === undefined || session === at.session));
}
const look = async (seconds: number): Promise<void> => {
  world.clock.now += seconds * 1000;
  await sweep({
    db: world.db,
    execute: world.execute,
    log: pino({ level: 'silent' }),
    now: () => world.engine.now(),
    planQueueSeconds: 600,
    startMinutes: 5,
  });
};

describe('dispatch', () => {
  it('AG-4 policy says where sessions are hosted; a session for Actions asks for its dispatch when it has a branch', async () => {
    const { number, id } = await oneTask();
    expect((await now(number)).session).toMatchObject({ place: 'actions', state: 'queued', launches: 0 });
    expect(await jobs('launch_session', { run: id })).toEqual([
      expect.objectContaining({ run: id, task: 1 }),
    ]);
  });

  it('no runner claims a session for Actions, nor Actions one for a runner', async () => {
    const { token } = await world.must('create_runner_token', {}, world.system());
    const registration = await as(String(token));
    const { token: credential } = await world.must('register_runner', { name: 'r' }, registration);
    const runner = await as(String(credential));
    await oneTask();
    expect(await world.must('claim_session', { engines: ['command'] }, runner)).toEqual({ assignment: null });
    await usePolicy(team);
    const { number } = await oneTask();
    const { session } = await now(number);
    expect(await world.execute('exchange_session', { session: session.id }, job())).toMatchObject({
      rejection: { rejected: 'wrong_state' },
    });
  });

  it('a policy that changes the place moves what nobody took yet, both ways', async () => {
    const { number, id } = await oneTask();
    const { number: other } = await oneTask();
    await launched((await now(other)).session);
    const both = await twoTasks();
    await launched((await now(both)).sessions[0]!);
    await usePolicy(team);
    expect((await now(number)).session).toMatchObject({ place: 'runner', state: 'queued' });
    expect((await now(both)).sessions.map(({ place }) => place)).toEqual(['actions', 'runner']);
    // What GitHub has started goes on there.
    expect((await now(other)).session).toMatchObject({ place: 'actions', state: 'dispatched' });
    await inDatabase(async (tx) => await sql`delete from graphile_worker._private_jobs`.execute(tx));
    await usePolicy(onActions);
    expect((await now(number)).session).toMatchObject({ place: 'actions', state: 'queued' });
    expect(await jobs('launch_session', { run: id })).toHaveLength(1);
  });

  it('a dispatch whose session moved to a runner meanwhile is too much', async () => {
    const { number } = await oneTask();
    const { session } = await now(number);
    await usePolicy(team);
    const late = { session: session.id, workflow_run: workflowRun() };
    expect(await world.execute('record_launch', late, world.system())).toMatchObject({
      rejection: { rejected: 'already_done' },
    });
  });

  it('one that GitHub refuses pauses the run with the reason, uses no attempt, and goes on when a person resumes', async () => {
    const { number } = await oneTask();
    const { session } = await now(number);
    const reason = 'acme/shop has no workflow.';
    await world.must('record_launch_refused', { session: session.id, reason }, world.system());
    expect(await now(number)).toMatchObject({
      run: { state: 'paused', reason },
      task: { state: 'ready', attempts: 0, reason, session: null },
      session: { id: session.id, state: 'ended', outcome: 'stopped', reason },
    });
    await look(60);
    expect((await now(number)).session.id).toBe(session.id);
    await world.must('resume_run', { run: number }, world.person('ana'));
    expect(await now(number)).toMatchObject({
      run: { state: 'executing', reason: null },
      task: { state: 'in_progress', attempts: 0 },
      session: { state: 'queued' },
    });
  });

  it('PL-2 a plan that GitHub does not start falls to a template, which says why', async () => {
    const number = await planned();
    const { session } = await now(number);
    await world.must('record_launch_refused', { session: session.id, reason: 'no file' }, world.system());
    expect((await now(number)).run).toMatchObject({
      state: 'awaiting_approval',
      plan: { by: 'template', note: 'The manager could not plan: no file' },
    });
  });
});

describe('a dispatched session that nobody takes', () => {
  it('G33: is looked at after a while, again and again, and lost to nothing', async () => {
    const { number, id } = await oneTask();
    const { session } = await now(number);
    await launched(session);
    await look(299);
    expect(await jobs('watch_session', { run: id })).toEqual([]);
    for (let hour = 0; hour < 3; hour += 1) await look(3600);
    expect(await jobs('watch_session', { run: id, session: session.id })).toHaveLength(1);
    expect((await now(number)).session).toMatchObject({ state: 'dispatched', launches: 1 });
  });

  it('is dispatched once more when GitHub has no run for it, then lost', async () => {
    const { number, id } = await oneTask();
    const { session } = await now(number);
    await launched(session, null);
    await world.must('record_workflow_missing', { session: session.id }, world.system());
    expect((await now(number)).session).toMatchObject({ state: 'queued', id: session.id });
    expect(await jobs('launch_session', { run: id })).toHaveLength(1);
    await launched(session, null);
    await world.must('record_workflow_missing', { session: session.id }, world.system());
    const after = await now(number);
    expect(after.task).toMatchObject({ attempts: 1, state: 'in_progress' });
    expect(after.session.id).not.toBe(session.id);
  });

  it('whose dispatching job was lost is dispatched by the sweep', async () => {
    const { id } = await oneTask();
    await inDatabase(async (tx) => await sql`delete from graphile_worker._private_jobs`.execute(tx));
    await look(200);
    expect(await jobs('launch_session', { run: id })).toEqual([]);
    await look(200);
    expect(await jobs('launch_session', { run: id })).toHaveLength(1);
  });

  it('PL-2 a plan waits for a GitHub runner only so long; then a template plans and the run on GitHub is cancelled', async () => {
    const number = await planned();
    const { session, run } = await now(number);
    await launched(session);
    await look(305);
    expect((await now(number)).run.state).toBe('planning');
    await look(296);
    expect((await now(number)).run).toMatchObject({
      state: 'awaiting_approval',
      plan: { by: 'template', note: 'The manager could not plan: no GitHub runner took it in time' },
    });
    expect(await jobs('cancel_launch', { run: run.id, session: session.id })).toHaveLength(1);
  });
});

describe('a workflow run that is over while its session is not', () => {
  it('G33: before the session began: the failing step is the reason, and it is tried again', async () => {
    const { number } = await oneTask();
    const { session } = await now(number);
    await launched(session);
    await over(session.id, { step: 'Install the agent' });
    const reason = 'its workflow run failed in step “Install the agent” before the session began';
    const first = await now(number);
    expect(first.task).toMatchObject({ state: 'in_progress', attempts: 1 });
    expect(first.task.reason).toContain(reason);
    await launched(first.session, 7002);
    await over(first.session.id, { workflow_run: workflowRun(7002), step: 'Install the agent' });
    expect((await now(number)).task).toMatchObject({
      state: 'failed',
      reason: `${reason} (attempt 2 of 2)`,
    });
  });

  it('while the agent worked: lost at once, without waiting for the lease', async () => {
    const { number } = await oneTask();
    const { session } = await started(number);
    await over(session, { step: 'Session' });
    expect((await now(number)).task).toMatchObject({ attempts: 1, state: 'in_progress' });
    expect((await now(number)).session.id).not.toBe(session);
  });

  it('cancelled by hand: the task fails with how to go on, and nothing starts by itself', async () => {
    const { number, id } = await oneTask();
    const { session } = await started(number);
    await over(session, { conclusion: 'cancelled' });
    expect((await now(number)).task).toMatchObject({
      state: 'failed',
      reason: 'its workflow run was cancelled on GitHub; /entourage retry t1 goes on',
      session: null,
    });
    await look(60);
    expect((await now(number)).session.id).toBe(session);
    expect(await jobs('cancel_launch', { run: id, session })).toEqual([]);
    await world.must('retry_task', { run: number, task: 't1' }, world.person('ana'));
    expect((await now(number)).task).toMatchObject({ state: 'in_progress', attempts: 0 });
  });

  it('cancelled by hand, as its own job reports it', async () => {
    const { number } = await oneTask();
    const assignment = await started(number);
    const end = {
      session: assignment.session,
      outcome: 'stopped',
      reason: 'cancelled by ana',
      cancelled: true,
    };
    await world.must('end_session', end, await as(assignment.runner_token));
    expect((await now(number)).task).toMatchObject({
      state: 'failed',
      reason: 'cancelled by ana; /entourage retry t1 goes on',
    });
  });

  it('PL-2 a plan whose workflow run was cancelled by hand is not asked for again', async () => {
    const number = await planned();
    const { session } = await now(number);
    await launched(session);
    await over(session.id, { conclusion: 'cancelled' });
    expect((await now(number)).run).toMatchObject({
      state: 'awaiting_approval',
      plan: { note: 'The manager could not plan: its workflow run was cancelled on GitHub' },
    });
  });

  it('that could not start as it is set up pauses the run', async () => {
    const { number } = await oneTask();
    const { session } = await now(number);
    await launched(session);
    await over(session.id, { conclusion: 'startup_failure', minutes: null });
    expect(await now(number)).toMatchObject({
      run: { state: 'paused', reason: expect.stringMatching(/could not start .*\/entourage resume/) },
      task: { state: 'ready', attempts: 0 },
    });
  });

  it('of an earlier attempt, or another run, says nothing of this session', async () => {
    const { number } = await oneTask();
    const { session } = await now(number);
    await launched(session);
    await world.must(
      'exchange_session',
      { session: session.id },
      {
        ...job(),
        workflow: { ...job().workflow!, run: { id: 7001, attempt: 2 } },
      },
    );
    await over(session.id, {});
    await over(session.id, { workflow_run: workflowRun(7009, 2) });
    expect((await now(number)).session).toMatchObject({ id: session.id, state: 'dispatched' });
  });

  it('is looked at as soon as GitHub tells, by its number or by the session in its name', async () => {
    const { number, id } = await oneTask();
    const { session } = await now(number);
    await launched(session, null);
    const ended = { repository, workflowRun: 7001, session: session.id };
    await workflowEnded(world.engine, installation, { ...ended, repository: 999 });
    await workflowEnded(world.engine, installation, { ...ended, session: null });
    expect(await jobs('watch_session', { run: id })).toEqual([]);
    await workflowEnded(world.engine, installation, ended);
    expect(await jobs('watch_session', { run: id, session: session.id })).toHaveLength(1);
    await taken(session);
    await inDatabase(async (tx) => await sql`delete from graphile_worker._private_jobs`.execute(tx));
    await workflowEnded(world.engine, installation, { ...ended, session: null });
    expect(await jobs('watch_session', { run: id, session: session.id })).toHaveLength(1);
  });
});

describe('a job that is silent', () => {
  it('KW-1 is looked at before it counts as lost; a heartbeat in between forgives it', async () => {
    const { number, id } = await oneTask();
    const assignment = await started(number);
    const runner = await as(assignment.runner_token);
    await look(301);
    expect(await jobs('watch_session', { run: id, session: assignment.session })).toHaveLength(1);
    expect((await now(number)).session).toMatchObject({ state: 'running' });
    await world.must('heartbeat', { session: assignment.session }, runner);
    await look(301);
    expect((await now(number)).session).toMatchObject({ state: 'running' });
    await look(61);
    const after = await now(number);
    expect(after.task).toMatchObject({ attempts: 1, state: 'in_progress' });
    expect(after.session.id).not.toBe(assignment.session);
    // Its job may still run: nobody needs it.
    expect(await jobs('cancel_launch', { run: id, session: assignment.session })).toHaveLength(1);
  });

  it('whose workflow run was deleted is lost', async () => {
    const { number } = await oneTask();
    const { session } = await started(number);
    await world.must('record_workflow_missing', { session }, world.system());
    const { task } = await now(number);
    expect(task.reason).toContain('its workflow run was deleted on GitHub');
  });
});

describe('what is left behind', () => {
  it('a cancelled run’s workflow run is cancelled, waiting or at work', async () => {
    for (const begin of [
      launched,
      async (session: Session) => (await launched(session), await taken(session)),
    ]) {
      const { number, id } = await oneTask();
      const { session } = await now(number);
      await begin(session);
      await world.must('cancel_run', { run: number }, world.person('ana'));
      expect(await jobs('cancel_launch', { run: id, session: session.id })).toHaveLength(1);
    }
  });

  it('a session that ended by itself, or was never dispatched, leaves nothing', async () => {
    const { number, id } = await oneTask();
    const assignment = await started(number);
    const end = { session: assignment.session, outcome: 'suspended', reason: 'time is up' };
    await world.must('end_session', end, await as(assignment.runner_token));
    await world.must('cancel_run', { run: number }, world.person('ana'));
    expect(await jobs('cancel_launch', { run: id })).toEqual([]);
  });

  it('AG-4 a session’s tokens die with it', async () => {
    const { number } = await oneTask();
    const assignment = await started(number);
    await over(assignment.session, {});
    expect(await identify(world.engine, assignment.runner_token)).toBeNull();
    expect(await identify(world.engine, assignment.agent_token)).toBeNull();
  });
});

describe('a session whose time is up', () => {
  const suspend = async (number: number): Promise<void> => {
    const { session } = await now(number);
    await launched(session, 100 + session.fencing);
    const { runner_token } = await taken(session, 100 + session.fencing);
    const runner = await as(runner_token);
    await world.must('start_session', { session: session.id, isolation: 'user' }, runner);
    const end = { session: session.id, outcome: 'suspended', reason: 'its time was up' };
    await world.must('end_session', end, runner);
  };

  it('AG-7 goes on in a new one from the branch, and that is no attempt', async () => {
    const { number } = await oneTask();
    await suspend(number);
    const after = await now(number);
    expect(after.task).toMatchObject({ state: 'in_progress', attempts: 0, suspensions: 1 });
    expect(after.session).toMatchObject({ state: 'queued', fencing: 2 });
  });

  it('more often than policy tries, without a new commit, fails: no endless bill', async () => {
    const { number } = await oneTask();
    await suspend(number);
    await suspend(number);
    const head = { repository, branch: `e/${number}-t1`, head: 'd'.repeat(40), by: 'eng-a' };
    await world.must('record_head', head, world.system());
    for (const suspensions of [1, 2]) {
      await suspend(number);
      expect((await now(number)).task).toMatchObject({ state: 'in_progress', suspensions });
    }
    await suspend(number);
    expect((await now(number)).task).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('3 sessions in a row met their time limit without a new commit'),
    });
    await world.must('retry_task', { run: number, task: 't1' }, world.person('ana'));
    expect((await now(number)).task).toMatchObject({ state: 'in_progress', suspensions: 0 });
  });
});
