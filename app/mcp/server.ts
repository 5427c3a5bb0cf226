/** The MCP server that both transports share: tools, resources, prompts and completions, all read off the catalog. */
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js';
import {
  CallToolRequestSchema,
  ListToolsRequestSchema,
  type CallToolRequest,
  type CallToolResult,
  type ServerNotification,
  type ServerRequest,
} from '@modelcontextprotocol/sdk/types.js';
import type { Operation } from '../catalog/operation.ts';
import { agentPace, takeCall, tooFast, type Bucket } from '../domain/pace.ts';
import { reportProgress } from './progress.ts';
import { refusalResult, unknownTool, type Refusal } from './refusal.ts';
import { describeTool, waitSeconds, withPatience } from './tools.ts';

export type ToolCall = {
  operation: Operation;
  input: Record<string, unknown>;
  /** Aborted when the client cancels the call, or goes. */
  signal: AbortSignal;
};
export type Answer = { output: unknown } | { refusal: Refusal };

export type McpDesk = {
  version: string;
  /** Where the caller stands, for its model. */
  instructions: string;
  tools: readonly Operation[];
  answer(call: ToolCall): Promise<Answer>;
  /** What else the caller should hear, after a tool's own result. */
  notices?(): Promise<readonly string[]>;
  log(message: string, fields: object): void;
  /** Between two notes of progress; in milliseconds. */
  progressMs?: number;
};

type Extra = RequestHandlerExtra<ServerRequest, ServerNotification>;

/** A server without a transport: the caller connects it. */
export function createMcpServer(desk: McpDesk): Server {
  const tools = new Map(desk.tools.map((operation) => [operation.name, operation]));
  const listed = desk.tools.map(describeTool);
  const server = new Server(
    { name: 'entourage', version: desk.version },
    { capabilities: { tools: {} }, instructions: desk.instructions },
  );
  let bucket: Bucket | undefined;
  const tooSoon = (): Refusal | null => {
    const taken = takeCall(agentPace, bucket, performance.now());
    bucket = taken.bucket;
    return taken.waitSeconds === 0 ? null : tooFast(agentPace, taken.waitSeconds);
  };
  server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: listed }));
  server.setRequestHandler(CallToolRequestSchema, async ({ params }, extra) => {
    const refusal = tooSoon();
    if (refusal !== null) return refusalResult(refusal);
    const operation = tools.get(params.name);
    if (operation === undefined) return refusalResult(unknownTool(params.name, [...tools.keys()]));
    const started = performance.now();
    const result = await callTool(desk, operation, { params, extra });
    const ms = Math.round(performance.now() - started);
    desk.log('tool', { tool: operation.name, ok: result.isError !== true, ms });
    return { ...result, content: [...result.content, ...(await noticesOf(desk))] };
  });
  return server;
}

async function callTool(
  desk: McpDesk,
  operation: Operation,
  { params, extra }: { params: CallToolRequest['params']; extra: Extra },
): Promise<CallToolResult> {
  const input = withPatience(operation, params.arguments ?? {});
  const token = params._meta?.progressToken;
  const seconds = waitSeconds(operation, input);
  const stop =
    token === undefined || seconds <= 0
      ? undefined
      : reportProgress({
          operation,
          token,
          seconds,
          everyMs: desk.progressMs ?? 5_000,
          send: async (note) =>
            await extra.sendNotification({ method: 'notifications/progress', params: note }),
        });
  try {
    const answer = await desk.answer({ operation, input, signal: extra.signal });
    if ('refusal' in answer) return refusalResult(answer.refusal);
    return {
      content: [{ type: 'text', text: JSON.stringify(answer.output, null, 1) }],
      // By the catalog every output is an object.
      structuredContent: answer.output as Record<string, unknown>,
    };
  } finally {
    stop?.();
  }
}

async function noticesOf(desk: McpDesk): Promise<CallToolResult['content']> {
  const notices = (await desk.notices?.()) ?? [];
  return notices.map((text) => ({ type: 'text', text: `Notice: ${text}` }));
}
