/** The manager while a run goes on and at its end, on a real Postgres (TA-14): what wakes it, once for all, and when nobody does. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { OperationName } from '../../app/catalog/catalog.ts';
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
const live: Assignment[] = [];
afterEach(async () => {
  for (const run of open) await world.execute('cancel_run', { run }, world.person('ana'));
  for (const left of live.splice(0)) {
    const caller = await identify(world.engine, left.runner_token);
    if (caller !== null) await end(left, 'completed');
  }
  for (let left = await claim(); left !== null; left = await claim()) await end(left, 'completed');
  live.splice(0);
  for (const run of open.splice(0)) {
    const { differences } = await world.must('verify_events', { run }, world.person('ana'));
    expect(differences).toEqual([]);
  }
});

const as = async (token: unknown): Promise<Caller> => (await identify(world.engine, String(token)))!;
const ana = (): Caller => world.person('ana');

type Assignment = {
  session: string;
  task: string | null;
  kind: string;
  prompt: string;
  agent_token: string;
  runner_token: string;
};
async function claim(): Promise<Assignment | null> {
  const { assignment } = await world.must('claim_session', { engines: ['command'] }, runner);
  if (assignment !== null) live.push(assignment as Assignment);
  return assignment as Assignment | null;
}
async function claimed(kind: string): Promise<Assignment> {
  const assignment = await claim();
  expect(assignment?.kind).toBe(kind);
  return assignment!;
}
async function end(of: Assignment, outcome: string, reason = outcome): Promise<void> {
  await world.must('end_session', { session: of.session, outcome, reason }, await as(of.runner_token));
}

const policyWith = (changes: string): string =>
  team
    .replace('manage: { woken_by: [] }', changes)
    .replace('slots: 2', 'slots: 4')
    .replace('---\ndispatch', '---\nlimits: { attempts: 1, max_parallel: 4 }\ndispatch');
const managed = policyWith('plan: { max_tasks: 6 }');

let issue = 700;
/** An approved run; its tasks' sessions are handed out in their order. */
async function approved(tasks: object[], policy = managed): Promise<{ run: number; work: Assignment[] }> {
  await world.must('record_policy', { repository, text: policy }, world.system());
  issue += 1;
  const { run } = (await world.must('create_run', { issue, title: 'X', intent: 'X' }, ana())) as {
    run: { run: number };
  };
  open.push(run.run);
  const plan = await claimed('plan');
  await world.must('set_run_task_graph', { tasks }, await as(plan.agent_token));
  await end(plan, 'completed');
  await world.must('approve_run', { run: run.run }, ana());
  return { run: run.run, work: await hands(run.run) };
}

async function idOf(run: number): Promise<string> {
  const { events } = (await world.must('get_timeline', { run, limit: 1 }, ana())) as {
    events: { id: string }[];
  };
  return await world.db.pool.connect().then(async (client) => {
    try {
      await client.query("select set_config('entourage.installation', 'all', false)");
      const { rows } = await client.query<{ run: string }>('select run from event where id = $1', [
        events[0]!.id,
      ]);
      await client.query("select set_config('entourage.installation', '', false)");
      return rows[0]!.run;
    } finally {
      client.release();
    }
  });
}

/** Gives every task at work a branch and claims the sessions that wait. */
async function hands(run: number): Promise<Assignment[]> {
  const id = await idOf(run);
  const working = Object.entries(await states(run)).filter(([, state]) => state === 'in_progress');
  for (const [name] of working) {
    const task = Number(name.slice(1));
    const branch = { run: id, task, branch: `entourage/${run}-t${task}` };
    const commits = { base: sha(run, task, 'a'), head: sha(run, task, 'b') };
    await world.must('record_branch', { ...branch, ...commits }, world.system());
  }
  const assignments: Assignment[] = [];
  for (let next = await claim(); next !== null; next = await claim()) {
    expect(next.kind).toBe('work');
    assignments.push(next);
  }
  return assignments;
}
const sha = (run: number, task: number, letter: string): string => `${run}${task}`.padEnd(40, letter);

type Task = { task: string; state: string; added_by: string | null; depends_on: string[]; reason: string };
async function tasksOf(run: number): Promise<Task[]> {
  const { tasks } = (await world.must('get_run_tasks', { run }, ana())) as { tasks: Task[] };
  return tasks;
}
async function states(run: number): Promise<Record<string, string>> {
  return Object.fromEntries((await tasksOf(run)).map(({ task, state }) => [task, state]));
}
async function runOf(run: number): Promise<{ state: string; summary: string | null; cost_usd: number }> {
  const { run: view } = await world.must('get_run', { run }, ana());
  return view as { state: string; summary: string | null; cost_usd: number };
}
async function timeline(run: number): Promise<string[]> {
  const { events } = (await world.must('get_timeline', { run, limit: 100 }, ana())) as {
    events: { words: string }[];
  };
  return events.map(({ words }) => words);
}
const count = (words: string[], part: string): number => words.filter((line) => line.includes(part)).length;

async function refusal(name: OperationName, input: object, caller: Caller): Promise<string> {
  const result = await world.execute(name, input, caller);
  if (result.ok) throw new Error(`${name} was not refused`);
  return `${result.rejection.rejected}: ${result.rejection.message}`;
}

it('TA-14 failures that come together wake the manager once, with all of them and what was last said', async () => {
  const { run, work } = await approved([{ title: 'A' }, { title: 'B' }, { title: 'C' }]);
  await end(work[0]!, 'failed', 'The disk is full.');
  await end(work[1]!, 'failed', 'Out of ideas.');
  const manage = await claimed('manage');
  expect(manage.task).toBeNull();
  expect(manage.prompt).toMatch(/- t1 failed\n- t2 failed\n/);
  expect(manage.prompt).toContain('The disk is full.');
  expect(manage.prompt).toContain('Out of ideas.');
  // What comes while it is at work waits for its end: never two at a time.
  await end(work[2]!, 'failed');
  expect(await claim()).toBeNull();
  expect((await runOf(run)).state).toBe('failed');
  await end(manage, 'completed');
  const next = await claimed('manage');
  expect(next.prompt).toMatch(/- t3 failed\n- the run is failed\n/);
  expect(next.prompt).not.toContain('- t1 failed\n');
  await end(next, 'completed');
  expect(await claim()).toBeNull();
  expect(count(await timeline(run), 'manage session queued')).toBe(2);
});

it('TA-14 a manager that fails is tried as often as a task, then given up: it wakes nobody by failing', async () => {
  const policy = managed.replace('attempts: 1', 'attempts: 2');
  const { run, work } = await approved([{ title: 'A' }, { title: 'B' }], policy);
  await end(work[0]!, 'failed');
  await end((await hands(run))[0]!, 'failed');
  await end(await claimed('manage'), 'failed', 'No model key.');
  const second = await claimed('manage');
  expect(second.prompt).toContain('- t1 failed\n');
  expect(second.prompt).toContain('came to nothing');
  await end(second, 'failed', 'No model key.');
  expect(await claim()).toBeNull();
  expect(await timeline(run)).toContain(
    "the manager is not woken: the manager's session failed 2 times: No model key.",
  );
  await world.must('sweep_run', { run: await idOf(run) }, world.system());
  expect(await claim()).toBeNull();
  // A person's word begins anew.
  await world.must('send_message', { run, to: 'run', text: 'The key is there now.' }, ana());
  const third = await claimed('manage');
  expect(third.prompt).toContain('The key is there now.');
});

it('TA-14 nothing of a paused run wakes it until the run goes on, and a cancelled run wakes nobody', async () => {
  const { run, work } = await approved([{ title: 'A' }, { title: 'B' }]);
  await world.must('pause_run', { run }, ana());
  await end(work[0]!, 'failed');
  await world.must('sweep_run', { run: await idOf(run) }, world.system());
  expect(await claim()).toBeNull();
  await world.must('resume_run', { run }, ana());
  const manage = await claimed('manage');
  await world.must('cancel_run', { run }, ana());
  expect(await identify(world.engine, manage.agent_token), 'its session ended with the run').toBeNull();
  expect(await claim()).toBeNull();
});

it('TA-14 it waits for a free manager, and gets it in the transaction that frees one', async () => {
  const { work } = await approved([{ title: 'A' }, { title: 'B' }]);
  issue += 1;
  const other = (await world.must('create_run', { issue, title: 'Y', intent: 'Y' }, ana())) as {
    run: { run: number };
  };
  open.push(other.run.run);
  const plan = await claimed('plan');
  await end(work[0]!, 'failed');
  expect(await claim()).toBeNull();
  await world.must('set_run_task_graph', { tasks: [{ title: 'Z' }] }, await as(plan.agent_token));
  await end(plan, 'completed');
  await end(await claimed('manage'), 'completed');
});

it('TA-14 one that no runner takes in time gives its slot back, so that other runs are planned', async () => {
  const { work, run } = await approved([{ title: 'A' }, { title: 'B' }]);
  await end(work[0]!, 'failed');
  const { sessions } = await sessionsOf(run);
  world.clock.now += 601_000;
  await world.must('expire_lease', { session: sessions.at(-1) }, world.system());
  world.clock.now -= 601_000;
  expect(await timeline(run)).toContain(
    "the manager is not woken: the manager's session failed once: no runner took it in time",
  );
  expect(await claim()).toBeNull();
});

async function sessionsOf(run: number): Promise<{ sessions: string[] }> {
  const id = await idOf(run);
  const client = await world.db.pool.connect();
  try {
    await client.query("select set_config('entourage.installation', 'all', false)");
    const { rows } = await client.query<{ id: string }>(
      "select id from session where run = $1 and state <> 'ended' and kind = 'manage'",
      [id],
    );
    await client.query("select set_config('entourage.installation', '', false)");
    return { sessions: rows.map((row) => row.id) };
  } finally {
    client.release();
  }
}

it('TA-14 TA-10 a message to the manager wakes it once; a live one hears of it; its own words wake nobody', async () => {
  const { run, work } = await approved([{ title: 'A' }]);
  const engineer = await as(work[0]!.agent_token);
  await world.must('send_message', { to: 'manager', text: 'Is the API stable?' }, engineer);
  const manage = await claimed('manage');
  expect(manage.prompt).toContain('- a message from eng-a\n');
  expect(manage.prompt).toContain('Is the API stable?');
  const [runnerSide, agentSide] = [await as(manage.runner_token), await as(manage.agent_token)];
  await world.must('send_message', { to: 't1', text: 'It is.' }, agentSide);
  world.clock.now += 1_000;
  await world.must('send_message', { to: 'manager', text: 'A note to myself.' }, agentSide);
  const beat = { session: manage.session };
  world.clock.now += 1_000;
  await world.must('send_message', { run, to: 'manager', text: 'And another thing.' }, ana());
  const told = (await world.must('heartbeat', beat, runnerSide))['messages'];
  expect(told).toBe('2 messages wait for you, the last from @ana at 10:00:02 UTC: call get_inbox.');
  const { messages } = (await world.must('get_inbox', {}, agentSide)) as { messages: { text: string }[] };
  expect(messages.map(({ text }) => text)).toEqual([
    'Is the API stable?',
    'A note to myself.',
    'And another thing.',
  ]);
  expect((await world.must('heartbeat', beat, runnerSide))['messages']).toBeNull();
  await end(manage, 'completed');
  expect(await claim(), 'it has read everything').toBeNull();
  // The engineer at work is told in the same way.
  const heard = await world.must('heartbeat', { session: work[0]!.session }, await as(work[0]!.runner_token));
  expect(heard['messages']).toBeNull();
  world.clock.now += 1_000;
  await world.must('send_message', { run, to: 't1', text: 'Hurry.' }, ana());
  expect(
    (await world.must('heartbeat', { session: work[0]!.session }, await as(work[0]!.runner_token)))[
      'messages'
    ],
  ).toMatch(/^A message waits for you, the last from @ana/);
  expect(await refusal('send_message', { run, to: 'eng-z', text: 'Hello?' }, ana())).toMatch(
    /no agent eng-z/,
  );
});

it('TA-14 what a session was told is told once; a session that was lost is told again', async () => {
  const policy = managed.replace('attempts: 1', 'attempts: 3');
  const { run } = await approved([{ title: 'A' }], policy);
  await world.must('send_message', { run, to: 'manager', text: 'Look at the docs.' }, ana());
  await end(await claimed('manage'), 'lost', 'gone');
  const again = await claimed('manage');
  expect(again.prompt).toContain('Look at the docs.');
  await end(again, 'completed');
  await world.must('send_message', { run, to: 'manager', text: 'And at the tests.' }, ana());
  const next = await claimed('manage');
  expect(next.prompt).toContain('And at the tests.');
  expect(next.prompt).not.toContain('Look at the docs.');
});

it('TA-14 the run does not wait for its summary, which the card gets when it comes', async () => {
  const { run, work } = await approved([{ title: 'A' }, { title: 'B', depends_on: [1] }]);
  expect(await refusal('summarize_run', { text: 'x' }, await as(work[0]!.agent_token))).toMatch(
    /^not_permitted/,
  );
  const id = await idOf(run);
  const pull = run * 10 + 1;
  await world.must(
    'record_pull_request',
    { run: id, task: 1, number: pull, url: 'https://example.com' },
    world.system(),
  );
  await world.must('record_merge', { repository, pull, commit: 'c'.repeat(40), by: 'ana' }, world.system());
  await world.must('drop_task', { run, task: 't2' }, ana());
  expect((await runOf(run)).state).toBe('done');
  const manage = await claimed('manage');
  expect(manage.prompt).toMatch(/- the run is done\n/);
  const manager = await as(manage.agent_token);
  expect(await refusal('create_task', { title: 'More' }, manager)).toMatch(/Run \d+ is done; its graph/);
  await world.must(
    'heartbeat',
    { session: manage.session, usage: usage(250_000) },
    await as(manage.runner_token),
  );
  await world.must('summarize_run', { text: 'A landed; B was dropped.' }, manager);
  await end(manage, 'completed');
  expect(await runOf(run)).toMatchObject({
    state: 'done',
    summary: 'A landed; B was dropped.',
    cost_usd: 0.25,
  });
  expect(await claim()).toBeNull();
});

const usage = (cost: number) => ({ input_tokens: 1, cached_tokens: 0, output_tokens: 1, cost });

it('TA-14 BU-1 a run that has spent its budget wakes no manager, and says so', async () => {
  const { run, work } = await approved([{ title: 'A' }]);
  await world.must(
    'record_usage',
    { session: work[0]!.session, usage: usage(25_000_000) },
    await as(work[0]!.runner_token),
  );
  await end(work[0]!, 'failed');
  expect(await claim()).toBeNull();
  expect((await timeline(run)).join('\n')).toMatch(
    /the manager is not woken: the budget of run \d+ \(\$25\.00\) is used up/,
  );
});

it.each([
  ['a policy without a manager', policyWith('').replace(/.*role: manager.*\n/, '')],
  ['a policy that wakes it for nothing', policyWith('manage: { woken_by: [] }')],
])('TA-14 with %s nothing happens', async (_, policy) => {
  await world.must('record_policy', { repository, text: policy }, world.system());
  issue += 1;
  const { run } = (await world.must('create_run', { issue, title: 'X', intent: 'X' }, ana())) as {
    run: { run: number; state: string };
  };
  open.push(run.run);
  if (run.state === 'planning') {
    const plan = await claimed('plan');
    await world.must('set_run_task_graph', { tasks: [{ title: 'A' }] }, await as(plan.agent_token));
    await end(plan, 'completed');
  }
  await world.must('approve_run', { run: run.run }, ana());
  for (const work of await hands(run.run)) await end(work, 'failed');
  expect(await claim()).toBeNull();
  expect(count(await timeline(run.run), 'the manager')).toBe(0);
});

it('TA-14 IN-3 one dispatched task has no manager; a person who writes to it gets one', async () => {
  await world.must('record_policy', { repository, text: managed }, world.system());
  issue += 1;
  const { run } = (await world.must('dispatch', { issue, prompt: 'Do it' }, ana())) as {
    run: { run: number };
  };
  open.push(run.run);
  await end((await hands(run.run))[0]!, 'failed');
  expect(await claim()).toBeNull();
  await world.must('send_message', { run: run.run, to: 'manager', text: 'What now?' }, ana());
  await end(await claimed('manage'), 'completed');
});

it('TA-14 PL-7 a manager retries a task and adds others within the plan’s limits; each is recorded as its doing', async () => {
  const { run, work } = await approved([{ title: 'A' }, { title: 'B', depends_on: [1] }]);
  await end(work[0]!, 'failed');
  const manage = await claimed('manage');
  const manager = await as(manage.agent_token);
  await world.must('update_task', { task: 't1', description: 'Use the pager.' }, manager);
  await world.must('retry_task', { task: 't1' }, manager);
  await world.must('create_task', { title: 'Free the disk', before: ['t2'] }, manager);
  await world.must(
    'create_tasks_batch',
    { tasks: [{ title: 'D' }, { title: 'E', depends_on: [1, 't1'] }] },
    manager,
  );
  const tasks = await tasksOf(run);
  expect(tasks.map(({ task, state, added_by }) => [task, state, added_by])).toEqual([
    ['t1', 'in_progress', null],
    ['t2', 'todo', null],
    ['t3', 'in_progress', 'manager'],
    ['t4', 'in_progress', 'manager'],
    ['t5', 'todo', 'manager'],
  ]);
  expect(tasks[1]!.depends_on).toEqual(['t1', 't3']);
  expect(tasks[4]!.depends_on).toEqual(['t1', 't4']);
  const two = { tasks: [{ title: 'F' }, { title: 'G' }] };
  expect(await refusal('create_tasks_batch', two, manager)).toMatch(
    /too_many_tasks: .* would have 7 tasks; policy allows 6/,
  );
  expect(await tasksOf(run)).toHaveLength(5);
});

it('TA-14 a manager retries a task so often and not more: then a person decides', async () => {
  const { run } = await approved([{ title: 'A' }]);
  const retried = async (): Promise<Caller> => {
    for (const session of live.splice(0)) if (session.task === 't1') await end(session, 'failed');
    return await as((await claimed('manage')).agent_token);
  };
  for (const _ of [1, 2]) {
    await world.must('retry_task', { task: 't1' }, await retried());
    expect(await runOf(run)).toMatchObject({ state: 'executing' });
    const [work] = live.splice(0);
    await end(work!, 'completed');
    await hands(run);
  }
  const manager = await retried();
  expect(await refusal('retry_task', { task: 't1' }, manager)).toMatch(/retried t1 2 times already/);
  await world.must('retry_task', { run, task: 't1' }, ana());
});

it('PL-7 the graph is refused what would break it, with the reason, and nothing of it stays', async () => {
  const { run, work } = await approved([
    { title: 'A' },
    { title: 'B', depends_on: [1] },
    { title: 'C', depends_on: [2] },
  ]);
  const refused: [OperationName, object, RegExp][] = [
    ['link_tasks', { task: 't2', depends_on: 't3' }, /^cycle: .*t2 waits for t3 waits for t2/],
    ['link_tasks', { task: 't2', depends_on: 't2' }, /^cycle/],
    ['link_tasks', { task: 't1', depends_on: 't3' }, /t1 is in progress/],
    ['link_tasks', { task: 't2', depends_on: 't9' }, /^not_found/],
    ['unlink_tasks', { task: 't3', depends_on: 't1' }, /t3 does not wait for t1/],
    ['create_task', { title: 'A' }, /^already_done: t1 has the title/],
    ['create_task', { title: 'D', depends_on: ['t8'] }, /^unknown_dependency/],
    ['create_task', { title: 'D', agent: 'nobody' }, /no agent nobody/],
    [
      'create_tasks_batch',
      {
        tasks: [
          { title: 'D', depends_on: [2] },
          { title: 'E', depends_on: [1] },
        ],
      },
      /^cycle/,
    ],
    [
      'create_tasks_batch',
      { tasks: [{ title: 'D', depends_on: [3] }] },
      /^unknown_dependency: .* position 3/,
    ],
    ['create_tasks_batch', { tasks: [{ title: 'D' }, { title: 'D' }] }, /^already_done/],
    ['create_task', { title: 'D', before: ['t1'] }, /t1 is in progress/],
    [
      'update_task',
      { task: 't1', description: 'Other' },
      /t1 is in progress; it can't get another description/,
    ],
    ['update_task', { task: 't2' }, /^invalid_input/],
    ['update_task', { task: 't2', state: 'done' }, /^invalid_input/],
    ['assign_task', { task: 't1', agent: 'eng-b' }, /t1 is in progress/],
    ['assign_task', { task: 't2', agent: 'eng-z' }, /no agent eng-z/],
    ['change_task_status', { task: 't2', status: 'done' }, /^invalid_input/],
    ['change_task_status', { task: 't2', status: 'ready' }, /t2 can't start: it waits for t1/],
    ['change_task_status', { task: 't1', status: 'todo' }, /t1 is in progress/],
  ];
  const before = (await timeline(run)).length;
  for (const [name, input, reason] of refused)
    expect(await refusal(name, { run, ...input }, ana()), `${name} ${JSON.stringify(input)}`).toMatch(reason);
  expect(await timeline(run)).toHaveLength(before);
  const engineer = await as(work[0]!.agent_token);
  for (const name of ['create_task', 'drop_task', 'wait_for_task_completion'] as const)
    expect(await refusal(name, name === 'create_task' ? { title: 'D' } : {}, engineer)).toMatch(
      /^not_permitted/,
    );
});

it('PL-7 tasks are dropped, held back, assigned, re-prioritised and freed of each other while the run goes on', async () => {
  const { run } = await approved([
    { title: 'A' },
    { title: 'B', depends_on: [1] },
    { title: 'C', depends_on: [2] },
  ]);
  await world.must('assign_task', { run, task: 't2', agent: 'eng-b' }, ana());
  await world.must('update_task', { run, task: 't1', priority: 'critical' }, ana());
  await world.must('unlink_tasks', { run, task: 't2', depends_on: 't1' }, ana());
  expect(await states(run)).toEqual({ t1: 'in_progress', t2: 'in_progress', t3: 'todo' });
  const [b] = await hands(run);
  expect(b).toMatchObject({ task: 't2', agent: 'eng-b' });
  await world.must('drop_task', { run, task: 't2', reason: 'not wanted' }, ana());
  expect(await states(run)).toEqual({ t1: 'in_progress', t2: 'cancelled', t3: 'in_progress' });
  expect((await tasksOf(run))[2]!.depends_on).toEqual([]);
  await world.must('pause_run', { run }, ana());
  await world.must('create_task', { run, title: 'D' }, ana());
  await world.must('change_task_status', { run, task: 't4', status: 'todo' }, ana());
  await world.must('resume_run', { run }, ana());
  expect((await states(run))['t4'], 'held back').toBe('todo');
  await world.must('change_task_status', { run, task: 't4', status: 'ready' }, ana());
  expect((await states(run))['t4']).toBe('in_progress');
  expect((await tasksOf(run))[3]!.added_by).toBe('@ana');
});

it('PL-7 TA-14 what a person approved an agent does not stop, and what a person cancelled it does not start', async () => {
  const { run, work } = await approved([{ title: 'A' }, { title: 'B' }, { title: 'C' }]);
  await world.must('cancel_task', { run, task: 't2' }, ana());
  await end(work[2]!, 'failed');
  const manager = await as((await claimed('manage')).agent_token);
  expect(await refusal('retry_task', { task: 't2' }, manager)).toMatch(
    /t2 is cancelled; a manager retries failed tasks only/,
  );
  expect(await refusal('change_task_status', { task: 't2', status: 'ready' }, manager)).toMatch(
    /^not_permitted/,
  );
  await world.must('send_message', { run, to: 't1', text: 'hold on' }, ana());
  await world.must('cancel_task', { task: 't1', reason: 'not needed' }, manager);
  expect(await states(run)).toEqual({ t1: 'cancelled', t2: 'cancelled', t3: 'failed' });
});

it('TA-14 waiting for tasks answers pending, and at once when the last of them is over', async () => {
  const { run, work } = await approved([{ title: 'A' }, { title: 'B' }]);
  const now = await world.must('wait_for_task_completion', { run, timeout_seconds: 0 }, ana());
  expect(now).toMatchObject({
    pending: true,
    next: expect.stringContaining('wait_for_task_completion again'),
  });
  const waiting = world.must(
    'wait_for_task_completion',
    { run, tasks: ['t1'], timeout_seconds: 3_600 },
    ana(),
  );
  await end(work[0]!, 'failed', 'no way');
  expect(await waiting).toMatchObject({ pending: false, tasks: [{ task: 't1', state: 'failed' }] });
  expect(await refusal('wait_for_task_completion', { run, tasks: ['t7'] }, ana())).toMatch(/^not_found/);
  const away = new AbortController();
  const gone = world.must(
    'wait_for_task_completion',
    { run, tasks: ['t2'] },
    { ...ana(), signal: away.signal },
  );
  away.abort();
  expect(await gone, 'whoever hangs up is not waited for').toMatchObject({ pending: true });
});
