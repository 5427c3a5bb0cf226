/** How sessions on GitHub Actions come to an end: workflow runs that end, silent jobs, what is left behind, time that is up (AG-7, G33). */
import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import type { Session } from '../../app/domain/session.ts';
import { identify } from '../../app/engine/identify.ts';
import { workflowEnded } from '../../app/engine/watch-job.ts';
import {
  as,
  inDatabase,
  job,
  jobs,
  launched,
  look,
  now,
  oneTask,
  over,
  planned,
  started,
  taken,
  workflowRun,
  world,
  useActionsWorld,
} from './actions-world.ts';
import { installation, repository } from './engine-world.ts';

useActionsWorld();

describe('a workflow run that is over while its session is not', () => {
  it('G33: before the session began: tried again once, then a person mends it and no attempt is used', async () => {
    const { number } = await oneTask();
    const { session } = await now(number);
    await launched(session);
    await over(session.id, { step: 'Install the agent' });
    const first = await now(number);
    expect(first.task).toMatchObject({ state: 'in_progress', attempts: 1 });
    expect(first.task.reason).toMatch(
      /failed in step “Install the agent” before the session began, its log says why: http/,
    );
    await launched(first.session, 7002);
    await over(first.session.id, { workflow_run: workflowRun(7002), step: 'Install the agent' });
    const second = await now(number);
    expect(second.task).toMatchObject({ state: 'ready', attempts: 1 });
    expect(second.run).toMatchObject({
      state: 'paused',
      reason: expect.stringMatching(/failed again in step “Install the agent”.*\/entourage resume/),
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
