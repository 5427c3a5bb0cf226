/** The agent's MCP server: its role's operations of the catalog, the App's by HTTP, the runner's on the worktree. */
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import {
  CallToolRequestSchema,
  ListToolsRequestSchema,
  type CallToolResult,
  type Tool,
} from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import { operations } from '../app/catalog/catalog.ts';
import type { Operation } from '../app/catalog/operation.ts';
import { describeProblems } from '../app/catalog/problems.ts';
import { getAnswer, askHuman } from '../app/catalog/questions.ts';
import { requestReview } from '../app/catalog/tasks.ts';
import { getChangedFiles, getCommits, getTaskDiff, pushBranch, readFile } from '../app/catalog/worktree.ts';
import type { Client } from '../app/client/client.ts';
import { pathParameters } from '../app/client/request.ts';
import type { Role } from '../app/domain/words.ts';
import type { Log } from './log.ts';
import { wordsOf } from './log.ts';
import { requestNotices, requestPush } from './push-socket.ts';
import type { SessionFile } from './session-file.ts';
import { dirtyPaths } from './workspace.ts';
import { changedFiles, commits, readWorktreeFile, taskDiff, WorktreeRefusal } from './worktree-tools.ts';

export type McpContext = { session: SessionFile; client: Client; log: Log; version: string };

/** MCP clients give up after 60 seconds: what blocks answers within about this many. */
const patienceSeconds = 45;

/** The tools of a role, by the catalog alone. */
function toolsFor(role: Role): Operation[] {
  return operations.filter(
    (operation) => operation.doors.includes('mcp') && operation.allow.agent?.includes(role) === true,
  );
}

export function createMcpServer(context: McpContext): Server {
  const tools = new Map(toolsFor(context.session.role).map((operation) => [operation.name, operation]));
  const server = new Server(
    { name: 'entourage', version: context.version },
    { capabilities: { tools: {} }, instructions: instructionsFor(context.session) },
  );
  server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: [...tools.values()].map(describe) }));
  server.setRequestHandler(CallToolRequestSchema, async ({ params }, { signal }) => {
    const operation = tools.get(params.name);
    if (operation === undefined) return unknownTool(params.name, [...tools.keys()]);
    const started = Date.now();
    const result = await run(context, { operation, input: params.arguments ?? {}, signal });
    context.log('tool', { tool: operation.name, ok: result.isError !== true, ms: Date.now() - started });
    return { ...result, content: [...result.content, ...(await noticesOf(context))] };
  });
  return server;
}

/** What the runner has to tell, after a tool's own result. A runner that is gone has nothing more to say. */
async function noticesOf(context: McpContext): Promise<CallToolResult['content']> {
  try {
    const notices = await requestNotices(context.session.socket);
    return notices.map((text) => ({ type: 'text', text: `Notice: ${text}` }));
  } catch (error) {
    context.log('no notices', { error: wordsOf(error) });
    return [];
  }
}

function instructionsFor(session: SessionFile): string {
  const place = session.task === null ? `run ${session.run}` : `task ${session.task} of run ${session.run}`;
  return `You are on ${place} in ${session.repository}; \`repository\`, \`run\` and \`task\` default to these. A result with isError says what to do next.`;
}

function describe(operation: Operation): Tool {
  return {
    name: operation.name,
    description: operation.summary,
    inputSchema: schemaOf(operation.input, 'input'),
    outputSchema: schemaOf(operation.output, 'output'),
    annotations: {
      readOnlyHint: operation.reads === true,
      destructiveHint: operation.destroys === true,
    },
  };
}

function schemaOf(type: z.ZodType, io: 'input' | 'output'): Tool['inputSchema'] {
  // MCP's schemas are JSON Schema objects; zod's type for them is wider.
  return z.toJSONSchema(type, { io, unrepresentable: 'any' }) as Tool['inputSchema'];
}

type ToolCall = { operation: Operation; input: Record<string, unknown>; signal: AbortSignal };

async function run(context: McpContext, call: ToolCall): Promise<CallToolResult> {
  try {
    const output = await outputOf(context, call);
    return {
      content: [{ type: 'text', text: JSON.stringify(output, null, 1) }],
      structuredContent: output as Record<string, unknown>,
    };
  } catch (error) {
    return refusal(error);
  }
}

async function outputOf(context: McpContext, call: ToolCall): Promise<unknown> {
  if (call.operation.runs === 'runner') return await answerHere(context, call.operation, call.input);
  if (call.operation.name === requestReview.name) return await reviewAfterPush(context, call);
  return await forward(context, call);
}

/** The App's operations: the session's own repository, run and task where the route names them and the agent does not. */
async function forward(context: McpContext, { operation, input, signal }: ToolCall): Promise<unknown> {
  const { repository, run: number, task } = context.session;
  const own: Record<string, unknown> = { repository, run: number, ...(task === null ? {} : { task }) };
  const named = pathParameters(operation);
  const defaults = Object.fromEntries(Object.entries(own).filter(([name]) => named.includes(name)));
  const blocks = [askHuman.name, getAnswer.name, requestReview.name].some((name) => name === operation.name);
  const wait = blocks ? { wait: patienceSeconds } : {};
  return await context.client.call(operation, { ...wait, ...defaults, ...input }, { signal });
}

/** What is not pushed can't be reviewed, and the work's proof is about commits: so push first, and nothing left over. */
async function reviewAfterPush(context: McpContext, call: ToolCall): Promise<unknown> {
  const dirty = await dirtyPaths(context.session.workspace);
  if (dirty.length > 0) {
    const names = dirty.slice(0, 10).map(({ path }) => `\`${path}\``);
    const more = dirty.length > 10 ? ` and ${dirty.length - 10} more` : '';
    throw new WorktreeRefusal(
      'wrong_state',
      `There are changes that are not committed: ${names.join(', ')}${more}.`,
      'Commit them, or remove what is not part of the task, then call request_review again.',
    );
  }
  const started = Date.now();
  await push(context, requestReview.name);
  const left = Math.max(0, patienceSeconds - Math.ceil((Date.now() - started) / 1000));
  return await forward(context, { ...call, input: { wait: left, ...call.input } });
}

async function push(
  context: McpContext,
  tool: string,
): Promise<{ state: 'pushed' | 'unchanged'; head: string }> {
  const answer = await requestPush(context.session.socket, (patienceSeconds - 5) * 1000);
  if (!('result' in answer)) throw new WorktreeRefusal(answer.code, answer.message, answer.help);
  const { result } = answer;
  if (result.state === 'refused') {
    throw new WorktreeRefusal(
      'push_refused',
      `The push was refused: ${result.reason}`,
      `Change the commits so that this no longer holds, then call ${tool} again.`,
    );
  }
  if (result.state === 'pending') {
    throw new WorktreeRefusal(
      'unavailable',
      'The commits are handed over and still being checked.',
      `Call ${tool} again.`,
    );
  }
  return result;
}

async function answerHere(context: McpContext, operation: Operation, given: unknown): Promise<unknown> {
  const { workspace } = context.session;
  const parsed = operation.input.safeParse(given);
  if (!parsed.success) throw new WorktreeRefusal('invalid_input', describeProblems(operation, parsed.error));
  switch (operation.name) {
    case pushBranch.name:
      return await push(context, pushBranch.name);
    case readFile.name:
      return await readWorktreeFile(workspace, readFile.input.parse(parsed.data));
    case getTaskDiff.name:
      return await taskDiff(workspace, getTaskDiff.input.parse(parsed.data));
    case getChangedFiles.name:
      return await changedFiles(workspace);
    case getCommits.name:
      return await commits(workspace);
    default:
      throw new Error(`no answer to ${operation.name} on a runner`);
  }
}

/** A tool's failure is a result that the model can read: what happened, what to do, the code. */
function refusal(error: unknown): CallToolResult {
  const { code, help } = error as { code?: unknown; help?: unknown };
  const lines = [wordsOf(error)];
  if (typeof help === 'string' && help !== '') lines.push(help);
  lines.push(`(${typeof code === 'string' ? code : 'unavailable'})`);
  return { isError: true, content: [{ type: 'text', text: lines.join('\n') }] };
}

function unknownTool(name: string, known: readonly string[]): CallToolResult {
  const text = `There is no tool ${JSON.stringify(name.slice(0, 100))} for you.\nThese are: ${known.join(', ')}.\n(not_found)`;
  return { isError: true, content: [{ type: 'text', text }] };
}
