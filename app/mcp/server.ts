/** The MCP server that both transports share: tools, resources, prompts and completions, all read off the catalog. */
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js';
import {
  CallToolRequestSchema,
  CompleteRequestSchema,
  ErrorCode,
  GetPromptRequestSchema,
  ListPromptsRequestSchema,
  ListResourcesRequestSchema,
  ListResourceTemplatesRequestSchema,
  ListToolsRequestSchema,
  McpError,
  ReadResourceRequestSchema,
  type CallToolRequest,
  type CallToolResult,
  type ServerNotification,
  type ServerRequest,
} from '@modelcontextprotocol/sdk/types.js';
import type { Operation } from '../catalog/operation.ts';
import { agentPace, takeCall, tooFast, type Bucket } from '../domain/pace.ts';
import type { Answer, ToolCall } from './call.ts';
import { completeArgument } from './completion.ts';
import { getPrompt, listPrompts } from './prompts.ts';
import { reportProgress } from './progress.ts';
import { refusalResult, unknownTool, wordsOfRefusal, type Refusal } from './refusal.ts';
import { findResource, listResources, listTemplates, type Standing } from './resources.ts';
import { describeTool, waitSeconds, withPatience } from './tools.ts';

export type McpDesk = {
  version: string;
  /** Where the caller stands, for its model. */
  instructions: string;
  tools: readonly Operation[];
  /** What addresses without a place in them mean. */
  standing: Standing;
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
    {
      capabilities: { tools: {}, resources: {}, prompts: {}, completions: {} },
      instructions: desk.instructions,
    },
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
  serveResources(server, desk, tooSoon);
  servePrompts(server, desk, tooSoon);
  return server;
}

/** A resource is a reading operation's answer, so it is paced and refused as the tool is; here a refusal is an error. */
function serveResources(server: Server, desk: McpDesk, tooSoon: () => Refusal | null): void {
  server.setRequestHandler(ListResourcesRequestSchema, () => ({
    resources: listResources(desk.tools, desk.standing),
  }));
  server.setRequestHandler(ListResourceTemplatesRequestSchema, () => ({
    resourceTemplates: listTemplates(desk.tools),
  }));
  server.setRequestHandler(ReadResourceRequestSchema, async ({ params: { uri } }, { signal }) => {
    const refusal = tooSoon();
    if (refusal !== null) throw new McpError(ErrorCode.InvalidRequest, wordsOfRefusal(refusal));
    const found = findResource(uri, desk.tools);
    // -32002 is the protocol's own code for it; the SDK's table leaves it out.
    if (found === null) throw new McpError(-32_002, `There is no resource ${uri.slice(0, 200)} for you.`);
    const answer = await desk.answer({ ...found, signal });
    if ('refusal' in answer) throw new McpError(ErrorCode.InvalidParams, wordsOfRefusal(answer.refusal));
    const text = JSON.stringify(answer.output, null, 1);
    return { contents: [{ uri, mimeType: 'application/json', text }] };
  });
}

function servePrompts(server: Server, desk: McpDesk, tooSoon: () => Refusal | null): void {
  server.setRequestHandler(ListPromptsRequestSchema, () => ({ prompts: listPrompts() }));
  server.setRequestHandler(GetPromptRequestSchema, ({ params }) => {
    const prompt = getPrompt(params.name, params.arguments ?? {});
    if (prompt !== null) return prompt;
    throw new McpError(ErrorCode.InvalidParams, `There is no prompt ${params.name.slice(0, 100)}.`);
  });
  server.setRequestHandler(CompleteRequestSchema, async ({ params }, { signal }) => ({
    completion:
      tooSoon() === null
        ? await completeArgument(desk, params, signal)
        : { values: [], total: 0, hasMore: false },
  }));
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
