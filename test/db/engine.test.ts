/** The engine on a real Postgres: dispatch, dependencies, fencing, slots, leases, tenants. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { operations, type OperationName } from '../../app/catalog/catalog.ts';
import type { Caller } from '../../app/engine/caller.ts';
import { identify } from '../../app/engine/identify.ts';
import { engineWorld, repository, team, type EngineWorld } from './engine-world.ts';

let world: EngineWorld;
let runner: Caller;
beforeAll(async () => {
  world = await engineWorld();
});
afterAll(async () => await world.close());
beforeEach(async () => {
  const { token } = await world.must('create_runner_token', {}, world.system());
  const registration = await identify(world.engine, String(token));
  const { token: credential } = await world.must('register_runner', { name: 'r1' }, registration!);
  runner = (await identify(world.engine, String(credential)))!;
});

type Assignment = {
  session: string;
  task: string | null;
  kind: string;
  runner_token: string;
  agent_token: string;
  prompt: string;
  start: string;
};
type Task = { task: string; state: string; reason: string; attempts: number };

async function claim(): Promise<Assignment | null> {
  const { assignment } = await world.must('claim_session', { engines: ['command'] }, runner);
  return assignment as Assignment | null;
}
const as = async (token: string): Promise<Caller> => (await identify(world.engine, token))!;

let issue = 100;
async function approved(tasks: object[]): Promise<{ run: number; id: string; caller: Caller }> {
  const ana = world.person('ana');
  issue += 1;
  const { run } = (await world.must(
    'create_run',
    { issue, title: 'Add notifications', intent: 'Add notifications' },
    ana,
  )) as { run: { run: number } };
  const plan = await claim();
  expect(plan?.kind).toBe('plan');
  await world.must('set_run_task_graph', { tasks }, await as(plan!.agent_token));
  await world.must(
    'end_session',
    { session: plan!.session, outcome: 'completed', reason: 'planned' },
    await as(plan!.runner_token),
  );
  await world.must('approve_run', { run: run.run }, ana);
  return { run: run.run, id: await runId(run.run), caller: ana };
}

async function runId(number: number): Promise<string> {
  const client = await world.db.pool.connect();
  try {
    await client.query("select set_config('entourage.installation', 'all', false)");
    const { rows } = await client.query<{ id: string }>(
      'select id from run where repository = $1 and number = $2',
      [repository, number],
    );
    await client.query("select set_config('entourage.installation', '', false)");
    return rows[0]!.id;
  } finally {
    client.release();
  }
}

async function tasksOf(run: number): Promise<Record<string, string>> {
  const { tasks } = (await world.must('get_run_tasks', { run }, world.person('ana'))) as { tasks: Task[] };
  return Object.fromEntries(tasks.map((task) => [task.task, task.state]));
}

const branchOf = async (run: string, task: number): Promise<void> => {
  await world.must(
    'record_branch',
    {
      run,
      task,
      branch: `entourage/${run.slice(0, 4)}-t${task}`,
      base: 'a'.repeat(40),
      head: sha(run, task, 0),
    },
    world.system(),
  );
  await world.must(
    'record_pull_request',
    { run, task, number: Number.parseInt(run.slice(0, 5), 16) * 10 + task, url: 'https://example.com/pull' },
    world.system(),
  );
};
const sha = (run: string, task: number, step: number): string =>
  `${run.replaceAll('-', '')}${task}${step}`.padEnd(40, '0').slice(0, 40);

const pullOf = (run: string, task: number): number => Number.parseInt(run.slice(0, 5), 16) * 10 + task;

/** Plays an engineer: work, proof, the end of the session. */
async function prove(run: string, assignment: Assignment): Promise<void> {
  const task = Number(assignment.task!.slice(1));
  const head = sha(run, task, 1);
  const runnerSide = await as(assignment.runner_token);
  const { bundle } = await world.must(
    'upload_bundle',
    { session: assignment.session, head, bundle: 'AAAA' },
    runnerSide,
  );
  await world.must('record_push', { run, task, bundle, head, refused: null }, world.system());
  const check = {
    name: 'test',
    status: 'completed',
    conclusion: 'success',
    required: true,
    url: null,
    summary: '',
  };
  await world.must('record_checks', { run, task, head, checks: [check] }, world.system());
  await world.must('request_review', { summary: 'done' }, await as(assignment.agent_token));
  await world.must(
    'end_session',
    { session: assignment.session, outcome: 'completed', reason: 'done' },
    runnerSide,
  );
}

/** Plays a person and GitHub: approval, merge. */
async function land(run: string, task: number): Promise<void> {
  const pull = pullOf(run, task);
  const review = {
    repository,
    pull,
    review: Math.floor(Math.random() * 1e12),
    by: 'ana',
    verdict: 'approve',
    head: sha(run, task, 1),
    body: '',
    threads: [],
    counts: true,
  };
  await world.must('record_review', review, world.system());
  await world.must('record_merge', { repository, pull, commit: 'c'.repeat(40), by: 'ana' }, world.system());
}

async function finish(run: string, assignment: Assignment): Promise<void> {
  await prove(run, assignment);
  await land(run, Number(assignment.task!.slice(1)));
}

async function clean(run: number): Promise<void> {
  const { differences } = await world.must('verify_events', { run }, world.person('ana'));
  expect(differences).toEqual([]);
}

const diamond = [
  { title: 'Table' },
  { title: 'API', depends_on: [1] },
  { title: 'Bell', depends_on: [1] },
  { title: 'Tests', depends_on: [2, 3] },
];

describe('the graph', () => {
  it('TA-2 TA-7 a diamond runs in order, each task dispatched in the transaction that finished its predecessor', async () => {
    const { run, id } = await approved(diamond);
    expect(await tasksOf(run)).toEqual({ t1: 'in_progress', t2: 'todo', t3: 'todo', t4: 'todo' });
    await branchOf(id, 1);
    const first = await claim();
    expect(first?.task).toBe('t1');
    await finish(id, first!);
    // No poll, no sweep, no job ran between: the merge's own transaction assigned both.
    expect(await tasksOf(run)).toEqual({ t1: 'done', t2: 'in_progress', t3: 'in_progress', t4: 'todo' });
    await branchOf(id, 2);
    await branchOf(id, 3);
    const second = await claim();
    const third = await claim();
    expect(new Set([second?.task, third?.task])).toEqual(new Set(['t2', 't3']));
    await finish(id, second!);
    expect((await tasksOf(run))['t4']).toBe('todo');
    await finish(id, third!);
    expect((await tasksOf(run))['t4']).toBe('in_progress');
    await branchOf(id, 4);
    await finish(id, (await claim())!);
    const { run: view } = (await world.must('get_run', { run }, world.person('ana'))) as {
      run: { state: string };
    };
    expect(view.state).toBe('done');
    await clean(run);
  });

  it('TA-2 a cycle, an unknown dependency, no task and too many are refused as one, and nothing of them stays', async () => {
    const ana = world.person('ana');
    issue += 1;
    const { run } = (await world.must('create_run', { issue, title: 'X', intent: 'X' }, ana)) as {
      run: { run: number };
    };
    const plan = (await claim())!;
    const manager = await as(plan.agent_token);
    const refused = async (tasks: object[]): Promise<string> => {
      const result = await world.execute('set_run_task_graph', { tasks }, manager);
      return result.ok ? 'accepted' : result.rejection.rejected;
    };
    expect(
      await refused([
        { title: 'a', depends_on: [2] },
        { title: 'b', depends_on: [1] },
      ]),
    ).toBe('cycle');
    expect(await refused([{ title: 'a', depends_on: [9] }])).toBe('unknown_dependency');
    expect(await refused([])).toBe('invalid_input');
    expect(await refused(Array.from({ length: 500 }, (_, index) => ({ title: `t${index}` })))).toBe(
      'too_many_tasks',
    );
    expect(await refused([{ title: 'two\nlines' }])).toBe('invalid_input');
    const { run: view } = (await world.must('get_run', { run: run.run }, ana)) as {
      run: { plan: unknown; state: string };
    };
    expect(view).toMatchObject({ plan: null, state: 'planning' });
    await world.must('cancel_run', { run: run.run }, ana);
    await clean(run.run);
  });
});

describe('sessions', () => {
  it('TA-5 a lost session is replaced once, and its writes are refused from then on', async () => {
    const { run, id } = await approved([{ title: 'Only' }]);
    await branchOf(id, 1);
    const first = (await claim())!;
    const agent = await as(first.agent_token);
    world.clock.now += 301_000;
    await world.must('expire_lease', { session: first.session }, world.system());
    // The token died with its session.
    expect(await identify(world.engine, first.agent_token)).toBeNull();
    const late = await world.execute('save_context', { key: 'k', value: 'v' }, agent);
    expect(late.ok ? 'written' : late.rejection.rejected).toBe('session_ended');
    const second = (await claim())!;
    expect(second.task).toBe('t1');
    expect(await claim()).toBeNull();
    const { task } = (await world.must('get_task', { run, task: 't1' }, world.person('ana'))) as {
      task: Task;
    };
    expect(task.attempts).toBe(1);
    await finish(id, second);
    await clean(run);
  });

  it('AG-9 KW-4 a stuck agent is told of once, in words, until it moves; stopped, its task is tried again', async () => {
    const ana = world.person('ana');
    const { run, id } = await approved([{ title: 'Only' }]);
    await branchOf(id, 1);
    const { session, ...assignment } = (await claim())!;
    expect(assignment).toMatchObject({ stuck: { stuck_minutes: 10, warn_minutes: 10, stop_minutes: 20 } });
    const side = await as(assignment.runner_token);
    const beat = (condition: string, activity: string) =>
      world.must('heartbeat', { session, condition, activity }, side);
    const now = async () => (await world.must('get_run', { run }, ana))['sessions'];
    const told = async () => {
      const { events } = await world.must('get_timeline', { run, limit: 100 }, ana);
      return (events as { type: string; words: string }[])
        .filter(({ type }) => /stuck|recovered/.test(type))
        .map(({ words }) => words);
    };
    expect(await now()).toMatchObject([{ task: 't1', condition: null, doing: 'waits for its start' }]);
    await world.must('start_session', { session, isolation: 'none' }, side);
    await beat('active', 'using Bash');
    expect(await now()).toMatchObject([{ condition: 'active', doing: 'using Bash' }]);
    await beat('waiting', 'using ask_human');
    expect(await now()).toMatchObject([{ condition: 'waiting', doing: 'waiting for an answer' }]);
    const evidence = 'no event, no output for 10 minutes; last: Bash running';
    for (let beats = 0; beats < 3; beats += 1) await beat('stuck', evidence);
    expect(await now()).toMatchObject([
      { condition: 'stuck', doing: expect.stringMatching(/^stuck since \d\d:\d\d UTC: no event, no output/) },
    ]);
    expect(await told()).toEqual([`the agent of t1 seems stuck: ${evidence}`]);
    await beat('active', 'using Edit');
    await beat('active', 'using Bash');
    expect(await now()).toMatchObject([{ condition: 'active', doing: 'using Bash' }]);
    expect(await told()).toHaveLength(2);
    await beat('stuck', evidence);
    const end = { session, outcome: 'failed', reason: `The agent was stuck and was stopped: ${evidence}.` };
    await world.must('end_session', end, side);
    const { task } = (await world.must('get_task', { run, task: 't1' }, ana)) as { task: Task };
    expect(task).toMatchObject({ attempts: 1, state: 'in_progress' });
    expect(await now()).toMatchObject([{ task: 't1', condition: null }]);
    await clean(run);
    await world.must('cancel_run', { run }, ana);
    await clean(run);
  });

  it('TA-5 two runners that claim at once get different sessions', async () => {
    const { run, id } = await approved([{ title: 'One' }, { title: 'Two' }]);
    await branchOf(id, 1);
    await branchOf(id, 2);
    const claimed = await Promise.all([claim(), claim(), claim()]);
    expect(claimed.filter((assignment) => assignment !== null)).toHaveLength(2);
    expect(new Set(claimed.map((assignment) => assignment?.task))).toEqual(new Set(['t1', 't2', undefined]));
    for (const assignment of claimed) if (assignment !== null) await finish(id, assignment);
    await clean(run);
  });

  it('TA-6 max_parallel holds, and the most urgent and oldest goes first', async () => {
    const tasks = ['low', 'critical', 'medium', 'high'].map((priority) => ({ title: priority, priority }));
    const { run, id } = await approved(tasks);
    // Three slots in the team, three in parallel by policy: the least urgent waits.
    expect(await tasksOf(run)).toEqual({
      t1: 'ready',
      t2: 'in_progress',
      t3: 'in_progress',
      t4: 'in_progress',
    });
    for (const task of [2, 3, 4]) await branchOf(id, task);
    const order = [await claim(), await claim(), await claim()];
    expect(order.map((assignment) => assignment?.task)).toEqual(['t2', 't4', 't3']);
    await finish(id, order[0]!);
    expect((await tasksOf(run))['t1']).toBe('in_progress');
    await world.must('cancel_run', { run }, world.person('ana'));
    await clean(run);
  });

  it('TA-7 a slot that a session frees is taken in the same transaction', async () => {
    const { run, id } = await approved(
      [1, 2, 3, 4].map((number) => ({
        title: `Task ${number}`,
        ...(number === 4 ? { priority: 'low' } : {}),
      })),
    );
    expect(await tasksOf(run)).toMatchObject({ t3: 'in_progress', t4: 'ready' });
    await branchOf(id, 1);
    const assignment = (await claim())!;
    const end = { session: assignment.session, outcome: 'suspended', reason: 'handed over' };
    await world.must('end_session', end, await as(assignment.runner_token));
    // t1 is ready again and was the more urgent: it got its slot back, without a sweep.
    expect(await tasksOf(run)).toMatchObject({ t1: 'in_progress', t4: 'ready' });
    await world.must('cancel_task', { run, task: 't1' }, world.person('ana'));
    expect((await tasksOf(run))['t4']).toBe('in_progress');
    await world.must('cancel_run', { run }, world.person('ana'));
    await clean(run);
  });

  it('TA-8 with as many reviews waiting as policy allows nothing new is started', async () => {
    world.policy.text = team.replace('review:', 'limits: { waiting_reviews: 1, max_parallel: 1 }\nreview:');
    await world.must('record_policy', { repository, text: world.policy.text }, world.system());
    const { run, id } = await approved([{ title: 'One' }, { title: 'Two' }]);
    await branchOf(id, 1);
    const assignment = (await claim())!;
    await prove(id, assignment);
    expect(await tasksOf(run)).toEqual({ t1: 'in_review', t2: 'ready' });
    await land(id, 1);
    expect(await tasksOf(run)).toEqual({ t1: 'done', t2: 'in_progress' });
    world.policy.text = team;
    await world.must('record_policy', { repository, text: team }, world.system());
    await world.must('cancel_run', { run }, world.person('ana'));
    await clean(run);
  });

  it('TA-6 no more of the team’s slots are taken than max_agents', async () => {
    await world.must(
      'record_policy',
      { repository, text: team.replace('review:', 'limits: { max_agents: 1 }\nreview:') },
      world.system(),
    );
    const { run } = await approved([{ title: 'One' }, { title: 'Two' }]);
    expect(await tasksOf(run)).toEqual({ t1: 'in_progress', t2: 'ready' });
    await world.must('record_policy', { repository, text: team }, world.system());
    expect(await tasksOf(run)).toEqual({ t1: 'in_progress', t2: 'in_progress' });
    await world.must('cancel_run', { run }, world.person('ana'));
    await clean(run);
  });

  it('RE-5 merge.by person: an approved task waits for a merge by hand, which makes it done', async () => {
    const byHand = team.replace('review:', 'merge: { by: person }\nreview:');
    await world.must('record_policy', { repository, text: byHand }, world.system());
    const { run, id } = await approved([{ title: 'One' }]);
    await branchOf(id, 1);
    await prove(id, (await claim())!);
    const pull = pullOf(id, 1);
    const approval = {
      repository,
      pull,
      review: 4_711,
      by: 'ana',
      verdict: 'approve',
      head: sha(id, 1, 1),
      body: '',
      threads: [],
      counts: true,
    };
    await world.must('record_review', approval, world.system());
    expect(await tasksOf(run)).toEqual({ t1: 'approved' });
    await world.must('record_merge', { repository, pull, commit: 'c'.repeat(40), by: 'ana' }, world.system());
    expect(await tasksOf(run)).toEqual({ t1: 'done' });
    await world.must('record_policy', { repository, text: team }, world.system());
    await clean(run);
  });

  it('TA-4 an explicit assignee wins over the free one', async () => {
    const { run } = await approved([
      { title: 'One', agent: 'eng-b' },
      { title: 'Two', agent: 'eng-b' },
    ]);
    expect(await tasksOf(run)).toEqual({ t1: 'in_progress', t2: 'ready' });
    await world.must('cancel_run', { run }, world.person('ana'));
    await clean(run);
  });

  it('a waiting claim is woken by the commit that made work', async () => {
    const waiting = world.must('claim_session', { engines: ['command'], wait: 45 }, runner);
    issue += 1;
    const { run } = (await world.must(
      'create_run',
      { issue, title: 'Wake', intent: 'Wake' },
      world.person('ana'),
    )) as { run: { run: number } };
    const { assignment } = (await waiting) as { assignment: Assignment };
    expect(assignment.kind).toBe('plan');
    await world.must('cancel_run', { run: run.run }, world.person('ana'));
  });

  it('PL-2 a manager that ends without a plan leaves the planning to a template, and the plan says why', async () => {
    issue += 1;
    const { run } = (await world.must(
      'create_run',
      { issue, title: 'Fix the login', intent: 'Fix the login error' },
      world.person('ana'),
    )) as { run: { run: number } };
    const plan = (await claim())!;
    await world.must(
      'end_session',
      { session: plan.session, outcome: 'failed', reason: 'exit code 1' },
      await as(plan.runner_token),
    );
    const { run: view } = (await world.must('get_run', { run: run.run }, world.person('ana'))) as {
      run: { state: string; plan: { by: string; source: string; note: string } };
    };
    expect(view.state).toBe('awaiting_approval');
    expect(view.plan).toMatchObject({
      by: 'template',
      source: 'bugfix',
      note: expect.stringContaining('exit code 1'),
    });
    await world.must('cancel_run', { run: run.run }, world.person('ana'));
    await clean(run.run);
  });
});

describe('a run that can’t work is refused at once', () => {
  const refusal = async (input: object) => {
    const result = await world.execute(
      'create_run',
      { issue: 1, title: 'X', intent: 'X', ...input },
      world.person('ana'),
    );
    return result.ok ? null : result.rejection;
  };

  it('IN-1 on a base that is no branch', async () => {
    expect(await refusal({ base: 'nope' })).toMatchObject({
      rejected: 'not_found',
      message: expect.stringContaining('no branch nope'),
    });
  });

  it('IN-1 on an issue that is none; one that is there gives its own words', async () => {
    const start = async (number: number) =>
      await world.execute('create_run', { issue: number }, world.person('ana'));
    expect(await start(999)).toMatchObject({
      ok: false,
      rejection: { message: expect.stringContaining('#999') },
    });
    const started = await start(998);
    expect(started).toMatchObject({
      ok: true,
      output: { run: { title: 'Issue 998', intent: expect.stringContaining('As the issue says.') } },
    });
    const { run } = (started as { output: { run: { run: number } } }).output;
    await world.must('cancel_run', { run: run.run }, world.person('ana'));
  });

  it('KW-4 a retried task has all its attempts again', async () => {
    const { run, id } = await approved([{ title: 'Fragile' }]);
    await branchOf(id, 1);
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      const { session, runner_token } = (await claim())!;
      await world.must(
        'end_session',
        { session, outcome: 'failed', reason: 'exit code 1' },
        await as(runner_token),
      );
    }
    expect(await tasksOf(run)).toEqual({ t1: 'failed' });
    await world.must('retry_task', { run, task: 't1' }, world.person('ana'));
    const { session, runner_token } = (await claim())!;
    await world.must(
      'end_session',
      { session, outcome: 'failed', reason: 'exit code 1' },
      await as(runner_token),
    );
    const { task } = (await world.must('get_task', { run, task: 't1' }, world.person('ana'))) as {
      task: Task;
    };
    expect(task).toMatchObject({ state: 'in_progress', attempts: 1 });
    await world.must('cancel_run', { run }, world.person('ana'));
    await clean(run);
  });
});

describe('questions', () => {
  it('AG-7 a question makes its task wait, an answer lets it go on, and a second answer is refused', async () => {
    const { run, id } = await approved([{ title: 'Ask' }]);
    await branchOf(id, 1);
    const assignment = (await claim())!;
    const agent = await as(assignment.agent_token);
    const asked = world.must(
      'ask_human',
      { question: 'Empty list?', options: ['200', '204'], wait: 45 },
      agent,
    );
    await expect.poll(async () => (await tasksOf(run))['t1'], { interval: 10 }).toBe('waiting');
    await world.must('respond_to_request', { run, option: 2 }, world.person('ana'));
    expect(await asked).toMatchObject({ pending: false, question: { answer: '204', answered_by: 'ana' } });
    expect((await tasksOf(run))['t1']).toBe('in_progress');
    const again = await world.execute(
      'respond_to_request',
      { run, question: 'q1', text: '200' },
      world.person('ana'),
    );
    expect(again.ok ? null : again.rejection).toMatchObject({
      rejected: 'question_closed',
      message: expect.stringContaining('@ana'),
    });
    await finish(id, assignment);
    await clean(run);
  });
});

describe('who may', () => {
  it('TR-2 a person without the permission is refused, whatever they ask', async () => {
    world.permissions.set('sam', 'read');
    for (const name of [
      'create_run',
      'approve_run',
      'cancel_run',
      'respond_to_request',
      'retry_task',
    ] as const) {
      const result = await world.execute(
        name,
        { issue: 1, title: 'x', run: 1, task: 't1', text: 'x' },
        world.person('sam'),
      );
      expect(result.ok ? name : result.rejection.rejected).toMatch(/not_permitted|invalid_input/);
    }
    const result = await world.execute('approve_run', { run: 1 }, world.person('sam'));
    expect(result.ok ? null : result.rejection).toMatchObject({
      rejected: 'not_permitted',
      data: { has: 'read', needed: 'write' },
    });
  });

  it('another installation’s run is out of reach through every operation', async () => {
    const { run, id } = await approved([{ title: 'Secret' }]);
    await branchOf(id, 1);
    const before = await tasksOf(run);
    const other = 78;
    await world.must(
      'record_installation',
      { account: 'evil', account_type: 'User' },
      world.system({ installation: other }),
    );
    await world.must(
      'record_repository',
      { repository: 502, owner: 'evil', name: 'repo', default_branch: 'main', private: true },
      world.system({ installation: other }),
    );
    world.permissions.set('eve', 'admin');
    const session = randomUUID();
    const callers: Caller[] = [
      world.person('eve', { installation: other, repository: 502, run: id, task: 1 }),
      world.system({ installation: other, run: id, task: 1 }),
      {
        actor: { kind: 'agent', name: 'x', role: 'engineer', session },
        installation: other,
        cause: 'call:x',
        repository: 502,
        run: id,
        task: 1,
        session: { id: session, role: 'engineer', token: 'agent' },
      },
      {
        actor: { kind: 'runner', runner: randomUUID(), session },
        installation: other,
        cause: 'call:x',
        repository: 502,
        run: id,
        task: 1,
        session: { id: session, role: 'engineer', token: 'runner' },
      },
    ];
    const own = new Set([
      'ping',
      'authenticate',
      'create_run',
      'dispatch',
      'create_api_key',
      'create_runner_token',
      'register_runner',
      'list_agents',
      'list_runs',
      'record_installation',
      'record_repository',
      'record_policy',
      'claim_session',
      'verify_events',
      'list_orgs',
      'list_teams',
      'get_team',
      'list_team_agents',
      'list_repos',
      'get_team_settings',
      'get_team_conventions',
    ]);
    const reached: string[] = [];
    for (const operation of operations.filter(
      (candidate) => candidate.runs === 'app' && !own.has(candidate.name),
    )) {
      for (const caller of callers) {
        const input = inputFor(operation.name, { run, id, session });
        const result = await world.execute(operation.name as OperationName, input, caller);
        const nothing =
          result.ok &&
          ['{"found":false}', '{"tasks":[],"cursor":null}'].includes(JSON.stringify(result.output));
        if (result.ok && !nothing) reached.push(`${operation.name} as ${caller.actor.kind}`);
      }
    }
    expect(reached).toEqual([]);
    const named = await world.execute('get_run', { repository: 'acme/shop', run }, callers[0]!);
    expect(named.ok ? 'read' : named.rejection.rejected).toBe('not_found');
    expect(await tasksOf(run)).toEqual(before);
    await world.must('cancel_run', { run }, world.person('ana'));
    await clean(run);
  });
});

/** A well-formed input that points at somebody else's run. */
function inputFor(name: string, at: { run: number; id: string; session: string }): Record<string, unknown> {
  const facts = { run: at.id, task: 1, head: 'd'.repeat(40) };
  const byName: Record<string, Record<string, unknown>> = {
    record_branch: { ...facts, branch: 'x', base: 'a'.repeat(40) },
    record_pull_request: { run: at.id, task: 1, number: 1, url: 'https://example.com' },
    record_head: { repository, branch: 'x', head: 'd'.repeat(40), by: 'eve' },
    record_checks: { ...facts, checks: [] },
    record_review: {
      repository,
      pull: 1,
      review: 1,
      by: 'eve',
      verdict: 'approve',
      head: 'd'.repeat(40),
      body: '',
      threads: [],
      counts: true,
    },
    record_review_dismissed: { repository, pull: 1, review: 1 },
    record_merge: { repository, pull: 1, commit: null, by: 'eve' },
    record_close: { repository, pull: 1, by: 'eve' },
    record_reopen: { repository, pull: 1, by: 'eve' },
    record_branch_deleted: { repository, branch: 'x', by: 'eve' },
    record_push: { ...facts, bundle: randomUUID(), refused: null },
    return_task: { run: at.id, task: 1, reason: 'x' },
    record_blocked: { run: at.id, task: 1, reason: 'x' },
    accept_unproven: facts,
    expire_question: { run: at.id, question: 1 },
    expire_lease: { session: at.session },
    sweep_run: { run: at.id },
    set_run_task_graph: { tasks: [{ title: 'x' }] },
    revise_run: { feedback: 'x' },
    save_context: { key: 'k', value: 'v' },
    request_review: { summary: 'x' },
    answer_thread: { thread: 1, outcome: 'kept', why: 'x' },
    send_message: { to: 't1', text: 'x' },
    ask_human: { question: 'x' },
    get_answer: { question: 'q1' },
    respond_to_request: { text: 'x' },
    start_session: { session: at.session, isolation: 'none' },
    heartbeat: { session: at.session },
    record_usage: {
      session: at.session,
      usage: { input_tokens: 1, cached_tokens: 0, output_tokens: 0, cost: 1 },
    },
    upload_bundle: { session: at.session, head: 'd'.repeat(40), bundle: 'AAAA' },
    get_bundle: { session: at.session, bundle: randomUUID() },
    end_session: { session: at.session, outcome: 'completed', reason: '' },
    revoke_api_key: { name: 'x' },
  };
  return byName[name] ?? {};
}

it('KW-1 a delivery’s command that was done before a crash is not done twice', async () => {
  issue += 1;
  const caller = world.person('ana', { cause: `delivery:${randomUUID()}/0` });
  const first = await world.execute('create_run', { issue, title: 'Once', intent: 'Once' }, caller);
  const second = await world.execute('create_run', { issue, title: 'Once', intent: 'Once' }, caller);
  expect(first.ok && second.ok).toBe(true);
  const { runs } = (await world.must('list_runs', { limit: 100 }, world.person('ana'))) as {
    runs: { issue: number; run: number }[];
  };
  const made = runs.filter((run) => run.issue === issue);
  expect(made).toHaveLength(1);
  await world.must('cancel_run', { run: made[0]!.run }, world.person('ana'));
});
