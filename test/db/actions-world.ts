/** Stories of sessions for GitHub Actions on a real Postgres: how they come about, and what GitHub says of them. */
import { sql } from 'kysely';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import type { Assignment } from '../../app/catalog/assignment.ts';
import type { Run } from '../../app/domain/run.ts';
import type { Session } from '../../app/domain/session.ts';
import type { Task } from '../../app/domain/task.ts';
import type { Caller } from '../../app/engine/caller.ts';
import { identify } from '../../app/engine/identify.ts';
import { sweep } from '../../app/jobs/sweep.ts';
import { loadRun, loadSessions, loadTasks } from '../../db/entities.ts';
import { runByNumber } from '../../db/queries/runs.ts';
import { inTransaction, type Transaction } from '../../db/transaction.ts';
import { engineWorld, installation, repository, team, type EngineWorld } from './engine-world.ts';

export const onActions = team
  .replace('dispatch: runner', 'dispatch: actions')
  .replace('role: manager,', 'role: manager, slots: 50,')
  .replace('slots: 2 }', 'slots: 4 }')
  .replace('review:', 'limits: { attempts: 2, session_minutes: 60 }\nreview:');

/** The world of the test file that imports this; there from `beforeAll` on. */
export let world: EngineWorld;

/** Opens the world for a test file; after each test every record folds to its rows, and no slot stays taken. */
export function useActionsWorld(): void {
  beforeAll(async () => {
    world = await engineWorld();
  });
  afterAll(async () => await world.close());
  beforeEach(async () => await usePolicy(onActions));
  afterEach(async () => {
    for (const number of told.splice(0)) {
      const { differences } = await world.must('verify_events', { run: number }, world.person('ana'));
      expect(differences).toEqual([]);
      await world.execute('cancel_run', { run: number }, world.person('ana'));
    }
  });
}

export const usePolicy = async (text: string): Promise<unknown> =>
  await world.must('record_policy', { repository, text }, world.system());
/** A query of the installation’s own. */
export const inDatabase = async <T>(query: (tx: Transaction) => Promise<T>): Promise<T> =>
  await inTransaction(world.db, { installation }, query);

let issue = 100;
const told: number[] = [];

/** A run of one task, whose session is queued and whose branch exists. */
export async function oneTask(): Promise<{ number: number; id: string }> {
  issue += 1;
  const { run } = await world.must('dispatch', { issue, prompt: 'Do it' }, world.person('ana'));
  const number = (run as { run: number }).run;
  told.push(number);
  const id = (await inDatabase(async (tx) => await runByNumber(tx, installation, { repository, number })))!;
  const branch = { run: id, task: 1, branch: `e/${number}-t1`, base: 'b'.repeat(40), head: 'c'.repeat(40) };
  await world.must('record_branch', branch, world.system());
  return { number, id };
}
/** A run whose manager’s session is queued. */
export async function planned(): Promise<number> {
  issue += 1;
  const { run } = await world.must('create_run', { issue }, world.person('ana'));
  told.push((run as { run: number }).run);
  return (run as { run: number }).run;
}

/** A planned run whose two tasks both have a queued session. */
export async function twoTasks(): Promise<number> {
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
export async function now(number: number): Promise<Now> {
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

export const workflowRun = (id = 7001, attempt = 1) => ({
  id,
  attempt,
  url: `https://example.com/runs/${id}`,
});
/** GitHub accepted the dispatch; `id` null: it did not tell which run it made. */
export const launched = async (session: Session, id: number | null = 7001): Promise<unknown> =>
  await world.must(
    'record_launch',
    { session: session.id, workflow_run: id === null ? null : workflowRun(id) },
    world.system(),
  );
const file = 'acme/shop/.github/workflows/entourage.yml@refs/heads/main';
/** A job of GitHub Actions, as its token says who it is. */
export const job = (id = 7001): Caller => ({
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
/** The job exchanged its token. */
export async function taken(session: Session, id = 7001): Promise<Assignment> {
  const { assignment } = await world.must('exchange_session', { session: session.id }, job(id));
  return assignment as Assignment;
}
export const as = async (token: string): Promise<Caller> => (await identify(world.engine, token))!;
/** Launched, taken, and at work. */
export async function started(number: number): Promise<Assignment> {
  const { session } = await now(number);
  await launched(session);
  const assignment = await taken(session);
  const runner = await as(assignment.runner_token);
  await world.must('start_session', { session: session.id, isolation: 'user' }, runner);
  return assignment;
}
/** GitHub says that the session’s workflow run is over. */
export const over = async (session: string, about: object): Promise<unknown> =>
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
export async function jobs(task: string, at: { run: string; session?: string }): Promise<object[]> {
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
/** The sweep, so many seconds later. */
export const look = async (seconds: number): Promise<void> => {
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
