/** Sessions for GitHub Actions before they begin: dispatched, refused, taken by nobody (AG-4, G33). */
import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import {
  as,
  inDatabase,
  job,
  jobs,
  launched,
  look,
  now,
  onActions,
  oneTask,
  planned,
  twoTasks,
  usePolicy,
  workflowRun,
  world,
  useActionsWorld,
} from './actions-world.ts';
import { team } from './engine-world.ts';

useActionsWorld();

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
