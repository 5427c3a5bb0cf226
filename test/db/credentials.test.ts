/** What each kind of token may do, and what it may not. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { operations, type OperationName } from '../../app/catalog/catalog.ts';
import type { Caller } from '../../app/engine/caller.ts';
import { identify } from '../../app/engine/identify.ts';
import { engineWorld, repository, team, type EngineWorld } from './engine-world.ts';

let world: EngineWorld;
beforeAll(async () => {
  world = await engineWorld();
});
afterAll(async () => await world.close());

const as = async (token: unknown): Promise<Caller> => (await identify(world.engine, String(token)))!;

async function registration(group = 'default'): Promise<string> {
  const { token } = await world.must('create_runner_token', { group }, world.system());
  return String(token);
}

async function runnerOf(group?: string): Promise<Caller> {
  const { token } = await world.must('register_runner', { name: 'r1' }, await as(await registration(group)));
  return await as(token);
}

async function refusal(name: OperationName, input: object, caller: Caller): Promise<string | null> {
  const result = await world.execute(name, input, caller);
  return result.ok ? null : result.rejection.rejected;
}

let issue = 0;
async function planning(): Promise<number> {
  issue += 1;
  const { run } = await world.must(
    'create_run',
    { issue, title: 'Add search', intent: 'Add search' },
    world.person('ana'),
  );
  return (run as { run: number }).run;
}

const usePolicy = async (text: string): Promise<void> => {
  await world.must('record_policy', { repository, text }, world.system());
};

describe('a registration token', () => {
  it('registers one runner', async () => {
    const token = await registration();
    const first = await as(token);
    const second = await as(token);
    await world.must('register_runner', { name: 'r1' }, first);
    expect(await refusal('register_runner', { name: 'r2' }, second)).toBe('not_authenticated');
    expect(await identify(world.engine, token)).toBeNull();
  });

  it('of two that register with it at once, one is refused', async () => {
    const caller = await as(await registration());
    const tries = ['a', 'b', 'c', 'd'].map(
      async (name) => await refusal('register_runner', { name }, caller),
    );
    expect((await Promise.all(tries)).filter((code) => code === null)).toHaveLength(1);
  });

  it('runs out after an hour', async () => {
    const token = await registration();
    const caller = await as(token);
    world.clock.now += 3_600_000;
    expect(await identify(world.engine, token)).toBeNull();
    expect(await refusal('register_runner', { name: 'late' }, caller)).toBe('not_authenticated');
  });

  it('claims no session and does nothing else', async () => {
    await world.must('cancel_run', { run: await planning() }, world.person('ana'));
    const run = await planning();
    const caller = await as(await registration());
    const allowed = new Set(['ping', 'authenticate', 'list_orgs', 'register_runner']);
    for (const { name } of operations.filter((one) => one.runs === 'app' && !allowed.has(one.name))) {
      const result = await world.execute(
        name as OperationName,
        name === 'claim_session' ? { engines: ['command'] } : {},
        caller,
      );
      expect([name, result.ok]).toEqual([name, false]);
    }
    await world.must('cancel_run', { run }, world.person('ana'));
  });
});

describe('a runner’s credential', () => {
  it('registers no other runner', async () => {
    expect(await refusal('register_runner', { name: 'r2' }, await runnerOf())).toBe('not_permitted');
  });

  it('claims only for the group that the policy names', async () => {
    await usePolicy(team.replace('dispatch: runner', 'dispatch: locked-room'));
    const run = await planning();
    const outsider = await world.must('claim_session', { engines: ['command'] }, await runnerOf());
    expect(outsider['assignment']).toBeNull();
    const member = await world.must('claim_session', { engines: ['command'] }, await runnerOf('locked-room'));
    expect(member['assignment']).toMatchObject({ kind: 'plan', run });
    await world.must('cancel_run', { run }, world.person('ana'));
    await usePolicy(team);
  });
});

describe('a session’s two tokens', () => {
  it('each do their own: the runner’s none of the agent’s operations, the agent’s none of the runner’s', async () => {
    const run = await planning();
    const { assignment } = await world.must('claim_session', { engines: ['command'] }, await runnerOf());
    const given = assignment as { session: string; runner_token: string; agent_token: string };
    const { session } = given;
    const runner = await as(given.runner_token);
    const agent = await as(given.agent_token);
    expect(await refusal('set_run_task_graph', { tasks: [{ title: 'x' }] }, runner)).toBe('not_permitted');
    expect(await refusal('ask_human', { question: 'x' }, runner)).toBe('not_permitted');
    expect(await refusal('claim_session', { engines: ['command'] }, runner)).toBe('not_permitted');
    expect(await refusal('heartbeat', { session }, agent)).toBe('not_permitted');
    expect(await refusal('end_session', { session, outcome: 'completed', reason: '' }, agent)).toBe(
      'not_permitted',
    );
    expect(await refusal('heartbeat', { session: randomUUID() }, runner)).toBe('not_permitted');
    await world.must('cancel_run', { run }, world.person('ana'));
    expect(await identify(world.engine, given.runner_token)).toBeNull();
    expect(await identify(world.engine, given.agent_token)).toBeNull();
  });

  it('an agent approves no plan, its own neither, answers no question, and reaches no other run', async () => {
    const run = await planning();
    const { assignment } = await world.must('claim_session', { engines: ['command'] }, await runnerOf());
    expect(assignment).toMatchObject({ run });
    const other = await planning();
    const agent = await as((assignment as { agent_token: string }).agent_token);
    const { question } = await world.must('ask_human', { question: 'Which?', options: ['a', 'b'] }, agent);
    expect(question).toMatchObject({ question: 'q1', state: 'open' });
    expect(await refusal('respond_to_request', { question: 'q1', option: 1 }, agent)).toBe('not_permitted');
    await world.must('set_run_task_graph', { tasks: [{ title: 'x' }] }, agent);
    expect(await refusal('approve_run', { run }, agent)).toBe('not_permitted');
    for (const name of ['get_run', 'get_run_tasks', 'get_timeline', 'get_pending_requests'] as const)
      expect([name, await refusal(name, { run: other }, agent)]).toEqual([name, 'not_permitted']);
    expect(await refusal('get_run', { repository: 'acme/other' }, agent)).toBe('not_found');
    expect(await refusal('send_message', { run: other, to: 'manager', text: 'x' }, agent)).toBe(
      'not_permitted',
    );
    for (const open of [run, other]) await world.must('cancel_run', { run: open }, world.person('ana'));
  });
});

describe('an agent that never stops', () => {
  it('AG-7 TA-10 asks people five questions at a time, and says no more than is read', async () => {
    const run = await planning();
    const { assignment } = await world.must('claim_session', { engines: ['command'] }, await runnerOf());
    const token = (assignment as { agent_token: string }).agent_token;
    for (const number of [1, 2, 3, 4, 5])
      await world.must('ask_human', { question: `Which, ${number}?` }, await as(token));
    expect(await refusal('ask_human', { question: 'Which, 6?' }, await as(token))).toBe('too_large');
    // A call that is repeated is no new question.
    await world.must('ask_human', { question: 'Which, 5?' }, await as(token));
    for (let count = 0; count < 50; count += 1)
      await world.must('send_message', { to: 'engineer', text: `${count}` }, await as(token));
    expect(await refusal('send_message', { to: 'engineer', text: 'x' }, await as(token))).toBe('too_large');
    await world.must('send_message', { run, to: 'engineer', text: 'x' }, world.person('ana'));
    await world.must('cancel_run', { run }, world.person('ana'));
  });
});

describe('people', () => {
  it('TR-2 who may not call learns that alone, however wrong the input is', async () => {
    world.permissions.set('sam', 'read');
    expect(await refusal('create_run', { issue: -1, template: 'none' }, world.person('sam'))).toBe(
      'not_permitted',
    );
    expect(await refusal('create_run', { issue: -1, template: 'none' }, world.person('ana'))).toBe(
      'invalid_input',
    );
  });

  it('TR-2 a permission that policy raises holds for every command that it can name', async () => {
    await usePolicy(
      team.replace(
        'agents:',
        'commands: { run: [admin], status: [admin], tasks: [admin], answer: [admin], tell: [admin], timeline: [admin], agents: [admin] }\nagents:',
      ),
    );
    const inputs = {
      create_run: { issue: 900, title: 'x' },
      get_run: { run: 1 },
      get_run_tasks: { run: 1 },
      respond_to_request: { run: 1, text: 'x' },
      send_message: { run: 1, to: 'manager', text: 'x' },
      get_timeline: { run: 1 },
      list_agents: {},
    } as const;
    for (const [name, input] of Object.entries(inputs)) {
      const code = await refusal(name as OperationName, input, world.person('ana'));
      expect([name, code]).toEqual([name, 'not_permitted']);
    }
    await usePolicy(team);
  });

  it('revoke their own API keys, nobody else’s; the operator any', async () => {
    world.permissions.set('bea', 'admin').set('carla', 'admin');
    const bea = world.person('bea');
    const { key } = await world.must('create_api_key', { name: 'ci' }, bea);
    expect(await identify(world.engine, String(key))).toMatchObject({ actor: { login: 'bea' } });
    expect(await refusal('revoke_api_key', { name: 'ci' }, world.person('carla'))).toBe('not_found');
    expect(await identify(world.engine, String(key))).not.toBeNull();
    await world.must('revoke_api_key', { name: 'ci' }, bea);
    expect(await identify(world.engine, String(key))).toBeNull();
    const { key: again } = await world.must('create_api_key', { name: 'ci' }, bea);
    await world.must('revoke_api_key', { name: 'ci' }, world.system());
    expect(await identify(world.engine, String(again))).toBeNull();
  });
});
