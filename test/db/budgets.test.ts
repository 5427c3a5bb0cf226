/** Money on a real Postgres: caps, what is set aside, the ledger, budgets that people set. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Caller } from '../../app/engine/caller.ts';
import { identify } from '../../app/engine/identify.ts';
import { engineWorld, repository, team, type EngineWorld } from './engine-world.ts';

let world: EngineWorld;
let runner: Caller;
beforeAll(async () => {
  world = await engineWorld();
  const { token } = await world.must('create_runner_token', {}, world.system());
  const registration = await identify(world.engine, String(token));
  const { token: credential } = await world.must('register_runner', { name: 'r1' }, registration!);
  runner = (await identify(world.engine, String(credential)))!;
});
afterAll(async () => await world.close());

const as = async (token: string): Promise<Caller> => (await identify(world.engine, token))!;
const ana = (): Caller => world.person('ana');

async function policy(budget: string, agents = ''): Promise<void> {
  const text = team
    .replace('slots: 2', 'slots: 20')
    .replace('agents:\n  - { name: manager, role: manager, engine: command, command: [plan] }\n', 'agents:\n')
    .replace(
      'review:',
      `budget: { ${budget} }\nlimits: { max_agents: 50, max_parallel: 10 }\n${agents}review:`,
    );
  await world.must('record_policy', { repository, text }, world.system());
}

let issue = 500;
type Started = { run: number; tasks: () => Promise<Record<string, { state: string; held: string | null }>> };

/** A run whose plan is the template's: t1 of size L, $2.00 by estimate; the others wait for it. */
async function planned(more: object = {}): Promise<Started> {
  issue += 1;
  const { run } = (await world.must(
    'create_run',
    { issue, title: 'Add a thing', intent: 'Add a thing', template: 'feature', ...more },
    ana(),
  )) as { run: { run: number } };
  return {
    run: run.run,
    tasks: async () => {
      const [{ tasks }, budget] = (await Promise.all([
        world.must('get_run_tasks', { run: run.run }, ana()),
        world.must('get_run_budget', { run: run.run }, ana()),
      ])) as [
        { tasks: { task: string; state: string }[] },
        { tasks: { task: string; waits: string | null }[] },
      ];
      return Object.fromEntries(
        tasks.map(({ task, state }) => [
          task,
          { state, held: budget.tasks.find((row) => row.task === task)?.waits ?? null },
        ]),
      );
    },
  };
}
const approve = async ({ run }: Started) => await world.must('approve_run', { run }, ana());

type Claimed = { session: string; run: number; runner: Caller; agent: Caller };
async function claim(run: Started): Promise<Claimed> {
  await withBranch(run);
  const { assignment } = (await world.must('claim_session', { engines: ['command'] }, runner)) as {
    assignment: { session: string; run: number; runner_token: string; agent_token: string };
  };
  const { session, runner_token, agent_token } = assignment;
  expect(assignment.run).toBe(run.run);
  const caller = await as(runner_token);
  await world.must('start_session', { session, isolation: 'none' }, caller);
  return { session, run: run.run, runner: caller, agent: await as(agent_token) };
}

/** What the effect would have made on GitHub. */
async function withBranch({ run }: Started): Promise<void> {
  const [row] = await rows<{ id: string }>('select id from run where number = $1', [run]);
  const at = { run: row!.id, task: 1, head: 'a'.repeat(40), base: 'a'.repeat(40) };
  await world.must('record_branch', { ...at, branch: `entourage/${run}-t1` }, world.system());
}

async function rows<T extends object>(text: string, values: unknown[] = []): Promise<T[]> {
  const client = await world.db.pool.connect();
  try {
    await client.query("select set_config('entourage.installation', 'all', false)");
    const found = await client.query<T>(text, values);
    await client.query("select set_config('entourage.installation', '', false)");
    return found.rows;
  } finally {
    client.release();
  }
}

const usage = (usd: number | null, tokens = 1_000) => ({
  input_tokens: tokens,
  cached_tokens: 0,
  output_tokens: 0,
  cost: usd === null ? null : Math.round(usd * 1_000_000),
});
type Beat = { stop: string | null; warn: string | null };
const beat = async (at: Claimed, used: ReturnType<typeof usage>): Promise<Beat> =>
  (await world.must('heartbeat', { session: at.session, usage: used }, at.runner)) as Beat;
const end = async (at: Claimed, outcome: string, reason = '') =>
  await world.must('end_session', { session: at.session, outcome, reason }, at.runner);
const cancel = async ({ run }: Started) => await world.must('cancel_run', { run }, ana());
const nextDay = (): void => {
  world.clock.now += 86_400_000;
};

async function verified(): Promise<void> {
  const { differences } = await world.must('verify_events', {}, world.system());
  expect(differences).toEqual([]);
}

describe('caps', () => {
  it('BU-1 of a task: warned once, stopped at the cap, waits with the reason, goes on with a raised budget', async () => {
    await policy('task_usd: 2, run_usd: 20, team_daily_usd: 100');
    const run = await planned();
    await approve(run);
    const work = await claim(run);
    expect(await beat(work, usage(1))).toMatchObject({ warn: null, stop: null });
    expect(await beat(work, usage(1.7))).toMatchObject({ warn: 't1 has spent $1.70 of $2.00', stop: null });
    expect(await beat(work, usage(1.8))).toMatchObject({ warn: null, stop: null });
    const { stop } = await beat(work, usage(2.1));
    expect(stop).toBe('t1 has spent $2.10 of $2.00; nothing more may be spent on it');
    await end(work, 'stopped', stop!);
    const held = 'the budget of t1 ($2.00) is used up';
    expect((await run.tasks())['t1']).toEqual({ state: 'ready', held });
    // A look again is no news.
    await world.must('sweep_run', { run: (await idOf(run))! }, world.system());
    expect(await heldEvents(run)).toEqual([held]);

    const set = await world.must('set_budget', { run: run.run, task: 't1', budget_usd: 4 }, ana());
    expect(set).toEqual({ name: 't1', budget_usd: 4, spent_usd: 2.1 });
    expect((await run.tasks())['t1']).toEqual({ state: 'in_progress', held: null });
    expect(await heldEvents(run)).toEqual([held, null]);
    await cancel(run);
    await verified();
  });

  it('BU-1 of a run: nothing starts once it is used up', async () => {
    await policy('task_usd: 20, run_usd: 1, team_daily_usd: 100');
    const run = await planned();
    await approve(run);
    const work = await claim(run);
    const { stop } = await beat(work, usage(1));
    await end(work, 'stopped', stop!);
    expect((await run.tasks())['t1']?.held).toBe(`the budget of run ${run.run} ($1.00) is used up`);
    await world.must('set_budget', { run: run.run, budget_usd: 3 }, ana());
    expect((await run.tasks())['t1']).toEqual({ state: 'in_progress', held: null });
    await cancel(run);
  });

  it('BU-1 of a team’s day: every run of the team waits, until the day is over in UTC', async () => {
    nextDay();
    await policy('task_usd: 20, run_usd: 20, team_daily_usd: 2');
    const first = await planned();
    const second = await planned();
    await approve(first);
    const work = await claim(first);
    const { stop } = await beat(work, usage(2.5));
    expect(stop).toMatch(/^team default today has spent \$2\.50 of \$2\.00/);
    await end(work, 'stopped', stop!);
    await approve(second);
    const held = 'the budget of team default today ($2.00) is used up';
    expect((await second.tasks())['t1']).toEqual({ state: 'ready', held });
    nextDay();
    await world.must('sweep_run', { run: (await idOf(second))! }, world.system());
    expect((await second.tasks())['t1']).toEqual({ state: 'in_progress', held: null });
    await cancel(first);
    await cancel(second);
  });

  it('BU-1 PL-2 no manager is asked for a plan that nobody can pay; a template plans, and says why', async () => {
    nextDay();
    await policy('task_usd: 20, run_usd: 20, team_daily_usd: 2');
    const first = await planned();
    await approve(first);
    const work = await claim(first);
    await beat(work, usage(2));
    await cancel(first);
    const text = team.replace('review:', 'budget: { team_daily_usd: 2 }\nreview:');
    await world.must('record_policy', { repository, text }, world.system());
    const second = await planned();
    const { run } = (await world.must('get_run', { run: second.run }, ana())) as {
      run: { state: string; plan: { by: string; note: string } };
    };
    expect(run.state).toBe('awaiting_approval');
    expect(run.plan).toMatchObject({
      by: 'template',
      note: 'The manager was not asked: the budget of team default today ($2.00) is used up.',
    });
    await cancel(second);
  });

  it('BU-1 two runs approved at the same moment don’t both take what is left for one', async () => {
    for (let round = 0; round < 5; round += 1) {
      nextDay();
      // $2.00 each by estimate, $3.00 for both.
      await policy('task_usd: 20, run_usd: 20, team_daily_usd: 3');
      const runs = await Promise.all([planned(), planned(), planned()]);
      await Promise.all(runs.map(approve));
      const first = await Promise.all(runs.map(async (run) => (await run.tasks())['t1']!));
      expect(first.filter(({ state }) => state === 'in_progress')).toHaveLength(1);
      const waiting = first.filter(({ state }) => state === 'ready');
      expect(waiting.map(({ held }) => held)).toEqual(
        Array.from(
          { length: 2 },
          () => expect.stringContaining('is set aside for sessions at work') as string,
        ),
      );
      await Promise.all(runs.map(cancel));
    }
    await verified();
  });

  it('BU-1 two sessions at work at the cap: both are told to stop, and together they spent no more than a beat over it', async () => {
    nextDay();
    await policy('task_usd: 20, run_usd: 20, team_daily_usd: 5');
    const [first, second] = [await planned(), await planned()];
    await approve(first);
    const one = await claim(first);
    await approve(second);
    const two = await claim(second);
    // Beyond its own $2.00 the first may use the free dollar, and not what is set aside for the second.
    expect(await beat(one, usage(2.5))).toMatchObject({ stop: null });
    expect(await beat(one, usage(3.1))).toMatchObject({
      stop: expect.stringContaining('the rest is set aside for other sessions') as string,
    });
    expect(await beat(two, usage(1))).toMatchObject({ stop: null });
    const beats = await Promise.all([beat(one, usage(3.1)), beat(two, usage(1.95))]);
    expect(beats[0]?.stop).not.toBeNull();
    expect((await beat(two, usage(1.95))).stop).toMatch(/^team default today has spent \$5\.05 of \$5\.00/);
    await Promise.all([cancel(first), cancel(second)]);
    await verified();
  });
});

describe('the ledger', () => {
  it('AG-8 BU-2 says what is spent by whom, with what, on what and when; unknown prices stay apart', async () => {
    nextDay();
    await policy('task_usd: 20, run_usd: 20, team_daily_usd: 50');
    const run = await planned();
    await approve(run);
    const work = await claim(run);
    await beat(work, usage(1, 100));
    // Backwards, and again: nothing is written.
    await beat(work, usage(0.5, 50));
    await beat(work, usage(1, 100));
    await beat(work, usage(null, 12_100));
    const day = new Date(world.clock.now).toISOString().slice(0, 10);
    const cost = { cost_usd: 1, unpriced_tokens: 12_000, tokens: 12_100 };
    const summary = await world.must('get_cost_summary', { run: run.run }, ana());
    expect(summary).toMatchObject({
      run: run.run,
      cost_usd: 1,
      unpriced_tokens: 12_000,
      merged: 0,
      cost_per_merged_usd: null,
      by_agent: [{ ...cost }],
      by_model: [{ name: 'the engine’s default', ...cost }],
      by_task: [{ name: 't1', ...cost }],
      by_day: [{ name: day, ...cost }],
    });
    const entries = await rows<{ cost: string; unpriced: string; tokens: string }>(
      'select cost, unpriced, tokens from ledger where run = $1 order by event',
      [await idOf(run)],
    );
    expect(entries.map(({ cost: paid, unpriced, tokens }) => [+paid, +unpriced, +tokens])).toEqual([
      [1_000_000, 0, 100],
      [0, 12_000, 12_000],
    ]);
    // The agent sees its own run, whatever it asks for.
    expect(await world.must('get_cost_summary', {}, work.agent)).toMatchObject({ run: run.run });
    expect(await world.must('check_budget', {}, work.agent)).toMatchObject({
      caps: [
        {
          of: 'task',
          name: 't1',
          spent_usd: 1,
          unpriced_tokens: 12_000,
          cap_usd: 5,
          held_usd: 0,
          left_usd: 4,
        },
        { of: 'run', spent_usd: 1, cap_usd: 20 },
        { of: 'team_day', name: 'team default today', spent_usd: 1, cap_usd: 50 },
      ],
      warn: null,
      stop: null,
    });
    await cancel(run);
    await verified();
  });

  it('TR-1 is only added to', async () => {
    await expect(rows('delete from ledger')).rejects.toThrow(/append-only|permission denied/);
    await expect(rows('update ledger set cost = 0')).rejects.toThrow(/append-only|permission denied/);
  });

  it.each([
    { ...usage(1), cost: -1 },
    { ...usage(1), cost: Number.NaN },
    { ...usage(1), cost: 1e15 },
    { ...usage(1), input_tokens: 1.5 },
    { ...usage(1), output_tokens: '12' },
  ])('BU-1 a report that can’t be is refused, and changes nothing: %j', async (bad) => {
    nextDay();
    await policy('task_usd: 20, run_usd: 20, team_daily_usd: 50');
    const run = await planned();
    await approve(run);
    const work = await claim(run);
    const result = await world.execute('record_usage', { session: work.session, usage: bad }, work.runner);
    expect(result).toMatchObject({ ok: false, rejection: { rejected: 'invalid_input' } });
    expect(await rows('select event from ledger where run = $1', [await idOf(run)])).toEqual([]);
    await cancel(run);
  });
});

describe('budgets that people set', () => {
  it('BU-1 need maintain, stay below the server’s ceiling, and not after the end', async () => {
    world.permissions.set('wil', 'write');
    const run = await planned();
    const set = async (input: object, caller = ana()) =>
      await world.execute('set_budget', { run: run.run, ...input }, caller);
    expect(await set({ budget_usd: 3 }, world.person('wil'))).toMatchObject({
      rejection: { rejected: 'not_permitted' },
    });
    expect(await set({ budget_usd: 26 })).toMatchObject({
      rejection: {
        message: 'This server allows at most $25.00 for a run.',
        help: 'Its operator raises that with ENTOURAGE_MAX_RUN_USD.',
      },
    });
    expect(await set({ budget_usd: 0 })).toMatchObject({ rejection: { rejected: 'invalid_input' } });
    expect(await set({ budget_usd: 7 })).toMatchObject({ ok: true });
    await cancel(run);
    expect(await set({ budget_usd: 8 })).toMatchObject({ rejection: { rejected: 'wrong_state' } });
  });
});

async function idOf({ run }: Started): Promise<string | undefined> {
  return (await rows<{ id: string }>('select id from run where number = $1', [run]))[0]?.id;
}

async function heldEvents(run: Started): Promise<(string | null)[]> {
  const found = await rows<{ reason: string | null }>(
    `select data ->> 'reason' as reason from event where run = $1 and type = 'task_held' order by id`,
    [await idOf(run)],
  );
  return found.map(({ reason }) => reason);
}
