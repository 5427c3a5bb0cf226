/** The MCP door: Streamable HTTP at `/mcp` for agents by their session's token and for people by an API key. */
import { randomUUID } from 'node:crypto';
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js';
import { Hono, type Context as HonoContext } from 'hono';
import type { OperationName } from '../catalog/catalog.ts';
import { isRejection, type Rejection } from '../domain/rejection.ts';
import type { Caller } from '../engine/caller.ts';
import type { Execute } from '../engine/execute.ts';
import type { Log } from '../log.ts';
import type { Answer, ToolCall } from '../mcp/call.ts';
import { createMcpServer } from '../mcp/server.ts';
import { toolsFor } from '../mcp/tools.ts';
import { foreign, type Here } from './host.ts';
import { createMcpSessions, usualBounds, type Bounds, type McpSessions, type Use } from './mcp-sessions.ts';

export type McpDoor = {
  here: Here;
  version: string;
  execute: Execute;
  identify(token: string): Promise<Caller | Rejection | null>;
  log: Log;
  bounds?: Bounds;
  /** Between two looks for sessions that are over; in milliseconds. */
  sweepMs?: number;
  /** Between two notes of progress; in milliseconds. */
  progressMs?: number;
};

export type OpenMcpDoor = { app: Hono; sessions: McpSessions; [Symbol.asyncDispose](): Promise<void> };

/** Far above any tool's input; bundles don't come this way. */
const maxBytes = 1024 * 1024;

export function createMcpDoor(door: McpDoor): OpenMcpDoor {
  const sessions = createMcpSessions(door.bounds ?? usualBounds, () => performance.now());
  const alive = async (token: string): Promise<boolean> => admitted(await door.identify(token));
  const sweeper = setInterval(() => {
    sessions.sweep(alive).catch((error: unknown) => door.log.warn({ err: error }, 'MCP sessions not swept'));
  }, door.sweepMs ?? 60_000);
  sweeper.unref();
  const app = new Hono();
  app.all('/mcp', async (context) => await serve(door, sessions, context));
  return {
    app,
    sessions,
    async [Symbol.asyncDispose]() {
      clearInterval(sweeper);
      await sessions.close();
    },
  };
}

/** An agent by its own token, or a person. Runners and jobs have other doors. */
function admitted(caller: Caller | Rejection | null): caller is Caller {
  if (caller === null || isRejection(caller)) return false;
  return caller.actor.kind === 'person' || caller.session?.token === 'agent';
}

async function serve(door: McpDoor, sessions: McpSessions, context: HonoContext): Promise<Response> {
  const { req } = context;
  const problem = foreign(door.here, { host: req.header('host'), origin: req.header('origin') });
  if (problem !== null) return refuse(context, 403, problem);
  const token = /^Bearer (\S+)$/i.exec(req.header('authorization') ?? '')?.[1];
  const caller = token === undefined ? null : await door.identify(token);
  if (token === undefined || caller === null || isRejection(caller)) {
    // What a dead token had kept goes at once.
    if (token !== undefined && caller === null) await sessions.endToken(token);
    context.header('www-authenticate', 'Bearer');
    return refuse(
      context,
      401,
      'Send `Authorization: Bearer <token>`: an API key, or the token of a session that has not ended.',
    );
  }
  if (!admitted(caller))
    return refuse(context, 403, 'This token is not for MCP: an agent’s or an API key is.');
  const id = req.header('mcp-session-id');
  if (id === undefined) return await open({ door, sessions, context }, caller, token);
  const kept = sessions.find(id, token);
  // By the protocol the client then begins a new session.
  if (kept === null) return refuse(context, 404, 'There is no such MCP session. Initialize again.');
  kept.use.at = performance.now();
  return await kept.transport.handleRequest(context.req.raw);
}

type Visit = { door: McpDoor; sessions: McpSessions; context: HonoContext };

/** Only a request that initializes makes a session; the transport refuses every other one. */
async function open({ door, sessions, context }: Visit, caller: Caller, token: string): Promise<Response> {
  if (!sessions.hasRoom(token))
    return refuse(context, 503, 'All MCP sessions are at work. Try again in a moment, or end one of yours.');
  const use: Use = { busy: 0, at: performance.now() };
  let begun = false;
  const transport = new WebStandardStreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    maxRequestBodySize: maxBytes,
    async onsessioninitialized(id) {
      begun = true;
      await sessions.add({ id, token, transport, use });
    },
    onsessionclosed: (id) => sessions.remove(id),
  });
  const server = serverFor(door, caller, use);
  await server.connect(transport);
  const response = await transport.handleRequest(context.req.raw);
  if (!begun) await server.close();
  return response;
}

function serverFor(door: McpDoor, caller: Caller, use: Use): ReturnType<typeof createMcpServer> {
  const role = caller.session?.role ?? 'person';
  return createMcpServer({
    version: door.version,
    instructions: instructionsFor(caller),
    tools: toolsFor(role, 'app'),
    standing: caller.session === undefined ? 'nowhere' : caller.task === undefined ? 'run' : 'task',
    ...(door.progressMs === undefined ? {} : { progressMs: door.progressMs }),
    log: (message, fields) => door.log.debug(fields, message),
    async answer(call) {
      use.busy += 1;
      try {
        return await answer(door, caller, call);
      } finally {
        use.busy -= 1;
        use.at = performance.now();
      }
    },
  });
}

const instructionsFor = (caller: Caller): string =>
  `${
    caller.session === undefined
      ? 'Entourage: runs of AI coding agents on GitHub. Give `repository` as owner/name; runs are numbers, tasks t1, t2, …'
      : '`repository`, `run` and `task` default to your own.'
  } A result with isError says what to do next.`;

/** Each call is a cause of its own; that its token still lives was found when the request came. */
async function answer(door: McpDoor, caller: Caller, call: ToolCall): Promise<Answer> {
  const { operation, input, signal } = call;
  try {
    const cause = `call:${randomUUID()}`;
    const result = await door.execute(operation.name as OperationName, input, { ...caller, cause, signal });
    if (result.ok) return { output: result.output };
    const { rejected, message, help } = result.rejection;
    return { refusal: { code: rejected, message, help } };
  } catch (error) {
    door.log.error({ err: error, tool: operation.name }, 'tool broke');
    const message = 'Something broke on our side.';
    return {
      refusal: {
        code: 'unavailable',
        message,
        help: 'Try again in a moment; look first whether it was done.',
      },
    };
  }
}

/** In the protocol's shape, so that clients show the words. */
function refuse(context: HonoContext, status: 401 | 403 | 404 | 503, message: string): Response {
  return context.json({ jsonrpc: '2.0', error: { code: -32_000, message }, id: null }, status);
}
