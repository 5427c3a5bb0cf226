/** AG-7, KW-1: a question that suspends its session, and the answer in every moment in which it may come. */
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Caller } from '../../app/engine/caller.ts';
import { createExecute } from '../../app/engine/execute.ts';
import { identify } from '../../app/engine/identify.ts';
import { createSealing } from '../../app/engine/sealing.ts';
import { engineWorld, team, type EngineWorld } from './engine-world.ts';

let world: EngineWorld;
let runner: Caller;
let run: number;
let first: Assignment;
beforeAll(async () => {
  world = await engineWorld();
  world.policy.text = team.replace('review:', 'questions: { hold_minutes: 2 }\nreview:');
  const { token } = await world.must('create_runner_token', {}, world.system());
  const registration = await identify(world.engine, String(token));
  const { token: credential } = await world.must('register_runner', { name: 'r1' }, registration!);
  runner = (await identify(world.engine, String(credential)))!;
});
afterAll(async () => await world.close());

type Assignment = {
  session: string;
  kind: string;
  runner_token: string;
  agent_token: string;
  prompt: string;
  resume: { prompt: string } | null;
};

const as = async (token: string): Promise<Caller> => (await identify(world.engine, token))!;
const ana = (): Caller => world.person('ana');

async function claim(): Promise<Assignment | null> {
  const { assignment } = await world.must('claim_session', { engines: ['command'] }, runner);
  return assignment as Assignment | null;
}

const ask = async (by: Assignment, more: object = {}): Promise<void> => {
  const input = { question: 'Empty list?', wait: 0, ...more };
  await world.must('ask_human', input, await as(by.agent_token));
};
const heartbeat = async (by: Assignment): Promise<Record<string, unknown>> =>
  await world.must('heartbeat', { session: by.session }, await as(by.runner_token));
const leave = async (by: Assignment, text = 'all that was said'): Promise<void> => {
  const conversation = Buffer.from(text).toString('base64');
  const input = { session: by.session, conversation };
  await world.must('upload_conversation', input, await as(by.runner_token));
};
const end = async (by: Assignment, outcome = 'suspended'): Promise<void> => {
  const input = { session: by.session, outcome, reason: 'q1 waits for a person’s answer.' };
  await world.must('end_session', input, await as(by.runner_token));
};
const answer = async (): Promise<void> => {
  await world.must('respond_to_request', { run, text: '204' }, ana());
};
const lose = async (by: Assignment): Promise<void> => {
  world.clock.now += 301_000;
  await world.must('expire_lease', { session: by.session }, world.system());
};
const task = async (): Promise<{ state: string; attempts: number }> =>
  (
    (await world.must('get_task', { run, task: 't1' }, ana())) as {
      task: { state: string; attempts: number };
    }
  ).task;
const conversationOf = async (by: Assignment): Promise<string | null> => {
  const input = { session: by.session };
  const { conversation } = await world.must('get_conversation', input, await as(by.runner_token));
  return conversation === null ? null : Buffer.from(conversation as string, 'base64').toString();
};

async function rows(text: string): Promise<Record<string, unknown>[]> {
  const client = await world.db.pool.connect();
  try {
    await client.query("select set_config('entourage.installation', 'all', false)");
    const result = await client.query<Record<string, unknown>>(text);
    await client.query("select set_config('entourage.installation', '', false)");
    return result.rows;
  } finally {
    client.release();
  }
}

let issue = 7_000;
async function newRun(): Promise<number> {
  issue += 1;
  const input = { issue, title: 'Lists', intent: 'Lists' };
  const made = (await world.must('create_run', input, ana())) as { run: { run: number } };
  return made.run.run;
}

async function dispatched(): Promise<Assignment> {
  run = await newRun();
  const plan = (await claim())!;
  await world.must('set_run_task_graph', { tasks: [{ title: 'Lists' }] }, await as(plan.agent_token));
  await end(plan, 'completed');
  await world.must('approve_run', { run }, ana());
  const [row] = await rows(`select id from run where number = ${run}`);
  const at = { run: row?.['id'], task: 1 };
  const head = randomUUID().replaceAll('-', '').padEnd(40, '0');
  const branch = { ...at, branch: `entourage/${run}/t1`, base: 'a'.repeat(40), head };
  await world.must('record_branch', branch, world.system());
  return (await claim())!;
}

afterEach(async () => {
  await world.must('cancel_run', { run }, ana());
  const { differences } = await world.must('verify_events', { run }, ana());
  expect(differences).toEqual([]);
  expect(await rows('select 1 from conversation')).toEqual([]);
  expect(await rows('select 1 from agent_slot where session is not null')).toEqual([]);
});

describe('a question of an engineer', () => {
  beforeEach(async () => {
    first = await dispatched();
  });

  it('AG-7: holds its session as long as policy says, and not longer', async () => {
    expect(first.resume).toBeNull();
    await ask(first);
    expect(await heartbeat(first)).toMatchObject({ suspend: null });
    world.clock.now += 119_000;
    expect(await heartbeat(first)).toMatchObject({ suspend: null });
    world.clock.now += 1_000;
    expect(await heartbeat(first)).toMatchObject({ stop: null, suspend: 'q1 waits for a person’s answer.' });
    await answer();
    expect(await heartbeat(first)).toMatchObject({ suspend: null });
  });

  it('AG-7, AG-11: answered after the suspension, another session goes on with what it left', async () => {
    await ask(first);
    await leave(first);
    await end(first);
    expect(await task()).toMatchObject({ state: 'waiting', attempts: 0 });
    expect(await rows('select 1 from agent_slot where session is not null')).toEqual([]);
    expect(await claim()).toBeNull();
    const [kept] = await rows('select data from conversation');
    expect(String(kept?.['data'])).not.toContain('all that was said');
    await answer();
    const second = (await claim())!;
    expect(second.resume?.prompt).toContain('204');
    expect(second.prompt).toContain('204');
    expect(await conversationOf(second)).toBe('all that was said');
    expect(await claim()).toBeNull();
  });

  it('KW-1: answered while the runner suspends it, nothing is lost and nothing counts against it', async () => {
    await ask(first);
    await answer();
    expect((await task()).state).toBe('in_progress');
    await leave(first);
    await end(first);
    expect(await task()).toMatchObject({ state: 'in_progress', attempts: 0 });
    const second = (await claim())!;
    expect(second.resume?.prompt).toContain('204');
    expect(await claim()).toBeNull();
    expect(await rows("select 1 from question where state = 'open'")).toEqual([]);
  });

  it('KW-1: an end that is told twice ends once', async () => {
    await ask(first);
    const { runner_token: token } = first;
    const caller = await as(token);
    await end(first);
    const input = { session: first.session, outcome: 'suspended', reason: 'again' };
    const again = await world.execute('end_session', input, caller);
    expect(again.ok ? 'ended' : again.rejection.rejected).toBe('session_ended');
    await answer();
    expect((await claim())?.resume).toBeNull();
    expect(await claim()).toBeNull();
  });

  it('KW-1: its runner dies before it left the conversation: the question stays, the answer begins anew', async () => {
    await ask(first, { timeout_minutes: 60 });
    await lose(first);
    expect((await task()).state).toBe('waiting');
    await answer();
    const second = (await claim())!;
    expect(second.resume).toBeNull();
    expect(second.prompt).toContain('204');
  });

  it('KW-1: its runner dies after it left the conversation; so does the next one: a third goes on with it', async () => {
    await ask(first, { timeout_minutes: 60 });
    await leave(first);
    await lose(first);
    await answer();
    const second = (await claim())!;
    expect(await conversationOf(second)).toBe('all that was said');
    await lose(second);
    const third = (await claim())!;
    expect(third.resume?.prompt).toContain('204');
    expect(await conversationOf(third)).toBe('all that was said');
    // Suspended again without leaving one: what is there lacks what the third did.
    await ask(third, { question: 'And now?', timeout_minutes: 60 });
    await end(third);
    await world.must('respond_to_request', { run, question: 'q2', text: 'Stop.' }, ana());
    expect((await claim())?.resume).toBeNull();
  });

  it('AG-7: nobody answers in time: the default begins the next session', async () => {
    await ask(first, { default: '200', timeout_minutes: 5 });
    await leave(first);
    await end(first);
    world.clock.now += 301_000;
    const [row] = await rows(`select id from run where number = ${run}`);
    await world.must('expire_question', { run: row?.['id'], question: 1 }, world.system());
    const second = (await claim())!;
    expect(second.resume?.prompt).toContain('nobody answered in time');
    expect(second.resume?.prompt).toContain('200');
  });

  it('AG-11: under another key it begins anew, and after a failure too', async () => {
    await ask(first);
    await leave(first);
    await end(first);
    const other = { ...world.engine, sealing: createSealing(Buffer.alloc(32, 8)) };
    await answer();
    const second = (await claim())!;
    const caller = await as(second.runner_token);
    const read = await createExecute(other)('get_conversation', { session: second.session }, caller);
    expect(read).toEqual({ ok: true, output: { conversation: null } });
    await end(second, 'failed');
    expect(await rows('select 1 from conversation')).toEqual([]);
    expect((await claim())?.resume).toBeNull();
  });

  it('AG-7: no session reads or leaves another one’s', async () => {
    const caller = await as(first.runner_token);
    for (const name of ['get_conversation', 'upload_conversation'] as const) {
      const input = {
        session: randomUUID(),
        ...(name === 'upload_conversation' ? { conversation: 'AAAA' } : {}),
      };
      const result = await world.execute(name, input, caller);
      expect(result.ok ? 'done' : result.rejection.rejected).toBe('not_permitted');
    }
    const agent = await world.execute(
      'get_conversation',
      { session: first.session },
      await as(first.agent_token),
    );
    expect(agent.ok ? 'done' : agent.rejection.rejected).toBe('not_permitted');
  });
});

describe('a question of a manager that plans', () => {
  it('AG-7: its session is suspended, no plan is made without the answer, and the answer begins another', async () => {
    run = await newRun();
    const plan = (await claim())!;
    await ask(plan);
    world.clock.now += 121_000;
    expect(await heartbeat(plan)).toMatchObject({ suspend: 'q1 waits for a person’s answer.' });
    await leave(plan);
    await end(plan);
    const state = async (): Promise<unknown> =>
      ((await world.must('get_run', { run }, ana())) as { run: { state: string } }).run.state;
    expect(await state()).toBe('planning');
    expect(await claim()).toBeNull();
    await answer();
    const second = (await claim())!;
    expect(second).toMatchObject({ kind: 'plan' });
    expect(second.prompt).toContain('204');
    expect(second.resume?.prompt).toContain('204');
    expect(await conversationOf(second)).toBe('all that was said');
  });

  it('AG-7: cancelled while it waits, its question is withdrawn', async () => {
    run = await newRun();
    const plan = (await claim())!;
    await ask(plan);
    await end(plan);
    await world.must('cancel_run', { run }, ana());
    expect(await rows("select 1 from question where state = 'open'")).toEqual([]);
    run = await newRun();
  });
});
