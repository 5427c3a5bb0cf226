/** PL-2's middle way on a real Postgres: a model API plans where no manager does, over real HTTP on loopback. */
import { sql } from 'kysely';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Run } from '../../app/domain/run.ts';
import { createExecute, type Execute } from '../../app/engine/execute.ts';
import { createPlanner, plannerName, type PlannerOptions } from '../../app/engine/planner/planner.ts';
import type { GitHub } from '../../app/github/port.ts';
import { runEffect } from '../../app/jobs/effects.ts';
import { loadRun, loadSessions } from '../../db/entities.ts';
import { runByNumber } from '../../db/queries/runs.ts';
import { inTransaction } from '../../db/transaction.ts';
import { engineWorld, installation, repository, team, type EngineWorld } from './engine-world.ts';
import { startModelApi, type ModelApi, type Scripted } from './model-api.ts';

const alone = team.replace('  - { name: manager, role: manager, engine: command, command: [plan] }\n', '');

let world: EngineWorld;
beforeAll(async () => {
  world = await engineWorld();
});
afterAll(async () => await world.close());
beforeEach(async () => await usePolicy(alone));

const usePolicy = async (text: string): Promise<unknown> =>
  await world.must('record_policy', { repository, text }, world.system());

type Setting = {
  api: ModelApi;
  execute: Execute;
  /** Makes a run whose plan the model is asked for. */
  create(more?: object): Promise<{ id: string; number: number }>;
  /** Runs the job, as graphile-worker would. */
  work(id: string, signal?: AbortSignal, version?: number): Promise<void>;
  run(id: string): Promise<Run>;
  [Symbol.asyncDispose](): Promise<void>;
};

let issue = 700;

async function setting(script: readonly Scripted[], more: Partial<PlannerOptions> = {}): Promise<Setting> {
  const api = await startModelApi(script);
  const options: PlannerOptions = {
    provider: 'openai-compatible',
    model: 'gpt-5-mini',
    apiKey: 'sk-test-key',
    baseUrl: api.url,
    ...more,
  };
  const execute = createExecute({ ...world.engine, planner: plannerName(options) });
  const files: Pick<GitHub, 'paths' | 'readFile'> = {
    paths: async () => ({ paths: ['README.md', 'src/login.ts'], truncated: false }),
    readFile: async () => '# Shop',
  };
  const run = async (id: string): Promise<Run> =>
    (await inTransaction(world.db, { installation }, async (tx) => await loadRun(tx, id)))!;
  const made: number[] = [];
  return {
    api,
    execute,
    run,
    async create(about = {}) {
      issue += 1;
      const input = { issue, title: 'Fix the login', intent: 'Fix the login error', ...about };
      const result = await execute('create_run', input, world.person('ana'));
      if (!result.ok) throw new Error(result.rejection.message);
      const { run: created } = result.output as { run: { run: number } };
      const told = created.run;
      made.push(told);
      const id = await inTransaction(
        world.db,
        { installation },
        async (tx) => (await runByNumber(tx, installation, { repository, number: told }))!,
      );
      return { id, number: told };
    },
    async work(id, signal, version = 1) {
      const jobs = {
        db: world.db,
        execute,
        github: () => files as GitHub,
        log: pino({ level: 'silent' }),
        planner: createPlanner(options),
        times: { cardSeconds: 5, checksMinutes: 5 },
        now: () => world.engine.now(),
      };
      const payload = { installation, run: id, version };
      await runEffect(jobs, 'plan_by_model', { job: { id: '1', key: null, signal }, payload });
    },
    async [Symbol.asyncDispose]() {
      await api[Symbol.asyncDispose]();
      for (const number of made) {
        const { differences } = await world.must('verify_events', { run: number }, world.person('ana'));
        expect(differences).toEqual([]);
        await world.execute('cancel_run', { run: number }, world.person('ana'));
      }
    },
  };
}

const task = (title: string, more: object = {}) => ({
  title,
  why: 'It is wanted',
  description: 'In src/login.ts',
  acceptance: ['it works'],
  size: 'S',
  priority: 'medium',
  capabilities: [],
  files: [],
  agent: null,
  depends_on: [],
  ...more,
});
const good = { text: JSON.stringify({ tasks: [task('Mend the login'), task('Tests of the login')] }) };
const cyclic = {
  text: JSON.stringify({ tasks: [task('One', { depends_on: [2] }), task('Two', { depends_on: [1] })] }),
};

async function waiting(id: string): Promise<object[]> {
  const { rows } = await inTransaction(
    world.db,
    { installation },
    async (tx) =>
      await sql<{ payload: { run: string } }>`
        select job.payload from graphile_worker._private_jobs job join graphile_worker._private_tasks task on task.id = job.task_id
        where task.identifier = 'plan_by_model'`.execute(tx),
  );
  return rows.map(({ payload }) => payload).filter(({ run }) => run === id);
}

describe('PL-2 without a manager', () => {
  it('PL-2 PL-6 a model makes the plan, what it lacks is inferred, and its cost is in the ledger', async () => {
    await using at = await setting([good]);
    const { id, number } = await at.create();
    expect(await at.run(id)).toMatchObject({
      state: 'planning',
      planner: { version: 1, model: 'openai-compatible/gpt-5-mini', why: 'The policy has no manager.' },
    });
    expect(await waiting(id)).toEqual([{ installation, type: 'plan_by_model', run: id, version: 1 }]);
    await at.work(id);
    // 600 new, 400 cached and 200 answered tokens at $0.25, $0.025 and $2 a million.
    expect(await at.run(id)).toMatchObject({
      state: 'awaiting_approval',
      planVersion: 1,
      planner: null,
      cost: 560,
      unpriced: 0,
      plan: {
        by: 'model',
        source: 'openai-compatible/gpt-5-mini',
        note: 'The policy has no manager.',
        tasks: [
          { title: 'Mend the login', depends_on: [] },
          { title: 'Tests of the login', depends_on: [1] },
        ],
        inferred: [{ task: 2, on: 1, why: 'tests follow the implementation' }],
      },
    });
    const summary = await world.must('get_cost_summary', { run: number }, world.person('ana'));
    expect(JSON.stringify(summary)).toContain('planner');
    expect(at.api.keys).toEqual(['Bearer sk-test-key']);
    expect(JSON.stringify(at.api.asked[0])).toContain('src/login.ts');
  });

  it('PL-2 Anthropic’s API, and a price that nobody knows', async () => {
    await using at = await setting([good], { provider: 'anthropic', model: 'claude-unheard-of' });
    const { id } = await at.create();
    await at.work(id);
    const run = await at.run(id);
    expect(run).toMatchObject({ cost: 0, unpriced: 1_200, plan: { by: 'model' } });
    expect(at.api.keys).toEqual(['sk-test-key']);
  });

  it('PL-2 a plan that breaks the rules is sent back once with the problems', async () => {
    await using at = await setting([cyclic, good]);
    const { id } = await at.create();
    await at.work(id);
    expect((await at.run(id)).plan).toMatchObject({ by: 'model', tasks: [{}, {}] });
    expect((await at.run(id)).cost).toBe(1_120);
    expect(at.api.asked).toHaveLength(2);
    const [, said, refused] = at.api.asked[1]!.messages;
    expect(said).toMatchObject({ role: 'assistant' });
    expect(JSON.stringify(refused)).toContain('The tasks wait for each other: t1 waits for t2');
  });

  it.each<[string, Scripted[], string]>([
    ['is refused twice', [cyclic, cyclic], 'its plan was refused twice: The tasks wait for each other'],
    ['is no JSON', [{ text: 'Sure!' }, { text: 'I would love to.' }], 'the answer was not JSON'],
    ['has no task', [{ text: '{"tasks":[]}' }, { text: '{}' }], 'its plan was refused twice: tasks: '],
    ['is refused by the API', [{ status: 401, error: 'no such key: sk-test-key' }], 'no such key: ***'],
  ])('PL-2 a plan that %s falls to the template, with the reason', async (_, script, reason) => {
    await using at = await setting(script);
    const { id } = await at.create();
    await at.work(id);
    const { state, plan, planner } = await at.run(id);
    expect({ state, planner, by: plan?.by, source: plan?.source }).toEqual({
      state: 'awaiting_approval',
      planner: null,
      by: 'template',
      source: 'bugfix',
    });
    expect(plan?.note).toContain(
      'The policy has no manager. openai-compatible/gpt-5-mini could not plan either: ',
    );
    expect(plan?.note).toContain(reason);
    expect(at.api.asked).toHaveLength(script.length);
  });

  it('PL-2 a model that never answers has its time, then the template plans', async () => {
    await using at = await setting([{ silent: true }], { milliseconds: 300 });
    const { id } = await at.create();
    await at.work(id);
    expect((await at.run(id)).plan).toMatchObject({
      by: 'template',
      note: expect.stringContaining('did not answer within'),
    });
  });
});

describe('PL-2 a job that does not end as it should', () => {
  it('PL-2 one that is killed while the model thinks runs again; one that runs twice makes one plan and asks once', async () => {
    await using at = await setting([{ silent: true }, good]);
    const { id } = await at.create();
    const stop = new AbortController();
    const first = at.work(id, stop.signal);
    await expect.poll(() => at.api.asked.length).toBe(1);
    stop.abort();
    await expect(first).rejects.toThrow();
    expect(await at.run(id)).toMatchObject({ state: 'planning', plan: null, cost: 0 });
    await at.work(id);
    const { plan, planVersion, cost } = await at.run(id);
    expect({ by: plan?.by, planVersion, cost }).toEqual({ by: 'model', planVersion: 1, cost: 560 });
    await at.work(id, undefined, 1);
    const again = { run: id, version: 1, model: 'm', usage: null, result: { failed: 'late' } };
    expect(await world.must('record_model_plan', again, world.system())).toEqual({ found: false });
    expect((await at.run(id)).planVersion).toBe(1);
    expect(at.api.asked).toHaveLength(2);
  });

  it('PL-2 an answer to a run that is cancelled meanwhile is no plan, but it is paid', async () => {
    await using at = await setting([]);
    const { id, number } = await at.create();
    await world.must('cancel_run', { run: number }, world.person('ana'));
    const usage = { input_tokens: 10, cached_tokens: 0, output_tokens: 0, cost: 42 };
    const late = { run: id, version: 1, model: 'm', usage, result: { tasks: [{ title: 'One' }] } };
    expect(await world.must('record_model_plan', late, world.system())).toEqual({ found: false });
    expect(await at.run(id)).toMatchObject({ state: 'cancelled', plan: null, cost: 42 });
    await at.work(id);
    expect(at.api.asked).toEqual([]);
  });

  it('PL-2 a job that is lost leaves the plan to the template after half an hour', async () => {
    await using at = await setting([]);
    const { id } = await at.create();
    const sweep = async () => await at.execute('sweep_run', { run: id }, world.system());
    await sweep();
    expect((await at.run(id)).state).toBe('planning');
    world.clock.now += 31 * 60_000;
    await sweep();
    expect((await at.run(id)).plan).toMatchObject({
      by: 'template',
      note: expect.stringContaining('gave no plan within 30 minutes'),
    });
  });
});

describe('PL-2 with a manager', () => {
  it('PL-2 a manager that fails is followed by the model, which says why; a revision asks the manager again', async () => {
    await usePolicy(team.replace('dispatch: runner', 'dispatch: actions'));
    await using at = await setting([good]);
    const { id, number } = await at.create();
    const sessions = await inTransaction(
      world.db,
      { installation },
      async (tx) => await loadSessions(tx, id),
    );
    expect(sessions).toMatchObject([{ kind: 'plan', state: 'queued' }]);
    const refused = { session: sessions[0]!.id, reason: 'no file' };
    await at.execute('record_launch_refused', refused, world.system());
    expect(await at.run(id)).toMatchObject({
      state: 'planning',
      planner: { why: 'The manager could not plan: no file.' },
    });
    await at.work(id);
    expect((await at.run(id)).plan).toMatchObject({
      by: 'model',
      note: 'The manager could not plan: no file.',
    });
    const revised = await at.execute('revise_run', { run: number, feedback: 'Smaller' }, world.person('ana'));
    expect(revised.ok).toBe(true);
    expect(await at.run(id)).toMatchObject({ state: 'planning', planVersion: 1, planner: null });
  });

  it('BU-1 PL-2 no model is asked for a plan that nobody can pay', async () => {
    await usePolicy(alone.replace('review:', 'budget: { team_daily_usd: 1 }\nreview:'));
    await using at = await setting([]);
    const { id: dear } = await at.create();
    const usage = { input_tokens: 10, cached_tokens: 0, output_tokens: 0, cost: 1_000_000 };
    const paid = { run: dear, version: 1, model: 'm', usage, result: { failed: 'it gave no reason' } };
    await world.must('record_model_plan', paid, world.system());
    const { id } = await at.create();
    const { plan } = await at.run(id);
    expect(plan).toMatchObject({
      by: 'template',
      note: expect.stringContaining('was not asked: the budget'),
    });
    expect(await waiting(id)).toEqual([]);
  });
});
