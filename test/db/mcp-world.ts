/** The App's HTTP and MCP doors on a real port, over an engine on a real database, with a run that two agents are on. */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { createHttpDoor } from '../../app/doors/http.ts';
import { createMcpDoor, type McpDoor, type OpenMcpDoor } from '../../app/doors/mcp.ts';
import type { Caller } from '../../app/engine/caller.ts';
import { identify } from '../../app/engine/identify.ts';
import { engineWorld, type EngineWorld } from './engine-world.ts';

export type Seat = { session: string; agent: string; runner: string };
export type McpWorld = EngineWorld & {
  url: string;
  mcp: OpenMcpDoor;
  run: { number: number; id: string };
  /** Works on t1 of two tasks. */
  engineer: Seat;
  /** Plans a run of its own. */
  manager: Seat;
  /** Ana's, who may do everything here. */
  key: string;
  as(token: string): Promise<Caller>;
  claim(): Promise<Seat>;
};

const silent = { debug() {}, info() {}, warn() {}, error() {} };

export async function mcpWorld(options: Partial<McpDoor> = {}): Promise<McpWorld> {
  const world = await engineWorld();
  const known = async (token: string): Promise<Caller | null> => await identify(world.engine, token);
  let url = 'http://127.0.0.1';
  const parts = { execute: world.execute, identify: known, log: silent };
  const here = { url: 'https://entourage.example.com', host: '127.0.0.1' };
  const mcp = createMcpDoor({ ...parts, here, version: 'test', ...options });
  const doors = createHttpDoor(parts).route('/', mcp.app);
  const server = createServer(getRequestListener(doors.fetch));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const as = async (token: string): Promise<Caller> => (await known(token))!;
  const { token } = await world.must('create_runner_token', {}, world.system());
  const { token: credential } = await world.must('register_runner', { name: 'r1' }, await as(String(token)));
  const runner = await as(String(credential));
  const claim = async (): Promise<Seat> => {
    const { assignment } = await world.must('claim_session', { engines: ['command'] }, runner);
    const { session, agent_token, runner_token } = assignment as Record<string, string>;
    return { session: session!, agent: agent_token!, runner: runner_token! };
  };
  const create = async (issue: number): Promise<number> => {
    const wanted = { issue, title: 'Add notifications', intent: 'Add notifications' };
    const { run } = (await world.must('create_run', wanted, world.person('ana'))) as { run: { run: number } };
    return run.run;
  };
  const number = await create(7);
  const planner = await claim();
  const { run: id } = await as(planner.agent);
  const tasks = [
    { title: 'Table', why: 'Rows need a home.' },
    { title: 'API', depends_on: [1] },
  ];
  await world.must('set_run_task_graph', { tasks }, await as(planner.agent));
  const ended = { session: planner.session, outcome: 'completed', reason: 'planned' };
  await world.must('end_session', ended, await as(planner.runner));
  await world.must('approve_run', { run: number }, world.person('ana'));
  const head = { branch: 'entourage/1-t1', base: 'a'.repeat(40), head: 'b'.repeat(40) };
  await world.must('record_branch', { run: id, task: 1, ...head }, world.system());
  const pull = { number: 31, url: 'https://example.com/acme/shop/pull/31' };
  await world.must('record_pull_request', { run: id, task: 1, ...pull }, world.system());
  const engineer = await claim();
  await create(8);
  const manager = await claim();
  const { key } = await world.must(
    'create_api_key',
    { name: `key-${randomUUID()}`, login: 'ana', user_id: 3 },
    world.system(),
  );
  return {
    ...world,
    url,
    mcp,
    run: { number, id: id! },
    engineer,
    manager,
    key: String(key),
    as,
    claim,
    async close() {
      await mcp[Symbol.asyncDispose]();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await world.close();
    },
  };
}
