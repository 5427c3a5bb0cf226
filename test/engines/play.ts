/** An engine played for tests: the real CLI, a git checkout, a scripted model, a small MCP server in place of ours. */
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Conversation, Engine, EngineEvent, EngineRun, KeptFor } from '../../runner/engines/engine.ts';
import { temporaryDirectory } from '../../runner/fixtures/origin.ts';
import { markVariable } from '../../runner/process-list.ts';
import { processTree } from '../../runner/process-tree.ts';
import { startModel, type ModelServer } from './model/server.ts';
import type { ScriptInput } from './model/script.ts';

const here = dirname(fileURLToPath(import.meta.url));
/** The CLIs of this folder before any that the machine has; and the node that runs this. */
export const path = [
  join(here, 'node_modules', '.bin'),
  dirname(process.execPath),
  process.env['PATH'] ?? '',
].join(delimiter);

export type Called = { tool: string; input: Record<string, unknown>; token: string };

export type EnginePlay = {
  session: string;
  model: ModelServer;
  worktree: string;
  /** The agent's, as the MCP server has to get it. */
  token: string;
  run: EngineRun;
  /** What tells where its conversation lies. */
  keptFor: KeptFor;
  events: EngineEvent[];
  /** Fulfilled with all events when the engine has ended. */
  done: Promise<EngineEvent[]>;
  calls(): Called[];
  survivors(): Promise<number>;
  /** Hosts that the engine wanted to reach besides the model. */
  strangers: string[];
};

export type EngineOrder = {
  engine: Engine;
  /** As the policy names it; some engines put the provider before it. */
  model: string;
  script: (worktree: string) => ScriptInput;
  /** Of the model's server. */
  environment: (url: string) => Record<string, string>;
  prompt?: string;
  conversation?: Conversation;
  /** The MCP server's arguments, where it is another one. */
  mcp?: string[];
};

export async function playEngine(order: EngineOrder): Promise<EnginePlay> {
  const session = randomUUID();
  const directory = temporaryDirectory();
  const worktree = join(directory, 'worktree');
  const home = join(directory, 'home');
  const temporary = join(directory, 'tmp');
  for (const made of [worktree, home, temporary]) mkdirSync(made, { mode: 0o700 });
  const git = (...args: string[]) => execFileSync('git', args, { cwd: worktree, encoding: 'utf8' });
  git('init', '--quiet', '--initial-branch', 'main');
  git(
    '-c',
    'user.name=Test',
    '-c',
    'user.email=t@example.com',
    'commit',
    '--quiet',
    '--allow-empty',
    '-m',
    'Start',
  );
  const log = join(directory, 'calls');
  writeFileSync(log, '');
  const token = 'ent_agent_secret "quoted\\';
  const mcpConfig = join(directory, 'mcp.json');
  const server = {
    type: 'stdio',
    command: process.execPath,
    args: order.mcp ?? [join(here, 'stand-in', 'mcp.ts')],
    env: { ENTOURAGE_TOKEN: token, STAND_IN_LOG: log, [markVariable]: session },
  };
  writeFileSync(mcpConfig, JSON.stringify({ mcpServers: { entourage: server } }));
  const model = await startModel(order.script(worktree));
  const proxy = await startProxy();
  const environment = {
    PATH: path,
    HOME: home,
    TMPDIR: temporary,
    LANG: 'C.UTF-8',
    TERM: 'dumb',
    CI: 'true',
    [markVariable]: session,
    GIT_AUTHOR_NAME: 'eng-1 (Entourage)',
    GIT_AUTHOR_EMAIL: 'agent@example.com',
    GIT_COMMITTER_NAME: 'eng-1 (Entourage)',
    GIT_COMMITTER_EMAIL: 'agent@example.com',
    // Whoever wants out is noted and refused.
    HTTPS_PROXY: proxy.url,
    HTTP_PROXY: proxy.url,
    https_proxy: proxy.url,
    http_proxy: proxy.url,
    NO_PROXY: '127.0.0.1,localhost',
    no_proxy: '127.0.0.1,localhost',
    ...order.environment(model.url),
  };
  const run = await order.engine.start({
    session,
    command: [],
    model: order.model,
    prompt: order.prompt ?? 'Do the task.',
    conversation: order.conversation ?? null,
    cwd: worktree,
    user: null,
    mcpConfig,
    outputs: join(directory, 'engine'),
    environment,
  });
  const events: EngineEvent[] = [];
  const done = (async () => {
    for await (const event of run.events) events.push(event);
    proxy.close();
    return events;
  })();
  return {
    session,
    model,
    worktree,
    keptFor: { cwd: worktree, environment, mcpConfig, model: order.model },
    token,
    run,
    events,
    done,
    calls: () =>
      readFileSync(log, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Called),
    survivors: async () => (await processTree(null, session).alive()).length,
    strangers: proxy.strangers,
  };
}

async function startProxy(): Promise<{ url: string; strangers: string[]; close(): void }> {
  const strangers: string[] = [];
  const server = createServer((request, response) => {
    strangers.push(request.url ?? '');
    response.writeHead(403).end();
  });
  server.on('connect', (request, socket) => {
    strangers.push(request.url ?? '');
    // It may hang up first.
    socket.on('error', () => socket.destroy());
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, strangers, close };
}
