/** The agent's MCP server: its role's operations of the catalog, the App's by HTTP, the runner's on the worktree. */
import type { Server } from '@modelcontextprotocol/sdk/server/index.js';
import type { Operation } from '../app/catalog/operation.ts';
import { describeProblems } from '../app/catalog/problems.ts';
import { requestReview } from '../app/catalog/tasks.ts';
import {
  createWorktree,
  getChangedFiles,
  getCommits,
  getTaskDiff,
  getWorktree,
  pushBranch,
  readFile,
  removeWorktree,
} from '../app/catalog/worktree.ts';
import type { Client } from '../app/client/client.ts';
import { pathParameters } from '../app/client/request.ts';
import type { Refusal } from '../app/mcp/refusal.ts';
import type { ToolCall } from '../app/mcp/call.ts';
import { createMcpServer } from '../app/mcp/server.ts';
import { patienceSeconds, toolsFor } from '../app/mcp/tools.ts';
import type { Log } from './log.ts';
import { wordsOf } from './log.ts';
import { requestNotices, requestPush } from './push-socket.ts';
import type { SessionFile } from './session-file.ts';
import { dirtyPaths } from './workspace.ts';
import {
  changedFiles,
  commits,
  describeWorktree,
  readWorktreeFile,
  taskDiff,
  WorktreeRefusal,
} from './worktree-tools.ts';

export type McpContext = {
  session: SessionFile;
  client: Client;
  log: Log;
  version: string;
  /** Between two notes of progress; in milliseconds. */
  progressMs?: number;
};

export function createSessionServer(context: McpContext): Server {
  const { session, version, progressMs } = context;
  return createMcpServer({
    version,
    instructions: instructionsFor(session),
    tools: toolsFor(session.role, 'runner'),
    standing: session.task === null ? 'run' : 'task',
    ...(progressMs === undefined ? {} : { progressMs }),
    log: (message, fields) => context.log(message, { ...fields }),
    notices: async () => await noticesOf(context),
    async answer(call) {
      try {
        return { output: await outputOf(context, call) };
      } catch (error) {
        return { refusal: refusalOf(error) };
      }
    },
  });
}

/** What the runner has to tell. A runner that is gone has nothing more to say. */
async function noticesOf(context: McpContext): Promise<string[]> {
  try {
    return await requestNotices(context.session.socket);
  } catch (error) {
    context.log('no notices', { error: wordsOf(error) });
    return [];
  }
}

function instructionsFor(session: SessionFile): string {
  const place = session.task === null ? `run ${session.run}` : `task ${session.task} of run ${session.run}`;
  return `You are on ${place} in ${session.repository}; \`repository\`, \`run\` and \`task\` default to these. A result with isError says what to do next.`;
}

async function outputOf(context: McpContext, call: ToolCall): Promise<unknown> {
  if (isLocal(context.session, call)) return await answerHere(context, call.operation, call.input);
  if (call.operation.name === requestReview.name) return await reviewAfterPush(context, call);
  return await forward(context, call);
}

/** Git on the own worktree: what the App could answer too, it answers for other tasks only. */
function isLocal({ task, run: number }: SessionFile, { operation, input }: ToolCall): boolean {
  if (operation.runs === 'runner') return true;
  const { task: named, run: ofRun } = input;
  const own = named === undefined || named === task || named === `${number}/${task}`;
  if (!own || (ofRun !== undefined && Number(ofRun) !== number)) return false;
  if (operation.name === readFile.name) return true;
  return task !== null && ofTask.some(({ name }) => name === operation.name);
}
const ofTask = [getTaskDiff, getChangedFiles, getCommits];

/** The App's operations: the session's own repository, run and task where the route names them and the agent does not. */
async function forward(context: McpContext, { operation, input, signal }: ToolCall): Promise<unknown> {
  const { repository, run: number, task } = context.session;
  const own: Record<string, unknown> = { repository, run: number, ...(task === null ? {} : { task }) };
  const named = pathParameters(operation);
  const defaults = Object.fromEntries(Object.entries(own).filter(([name]) => named.includes(name)));
  return await context.client.call(operation, { ...defaults, ...input }, { signal });
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
  const wanted = Number(call.input['wait']);
  const wait = Number.isFinite(wanted) ? Math.min(wanted, left) : call.input['wait'];
  return await forward(context, { ...call, input: { ...call.input, wait } });
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
    case createWorktree.name:
    case getWorktree.name:
      return { worktree: await describeWorktree(workspace) };
    case removeWorktree.name:
      return { removed: false, words: 'It stays until your session ends; then the runner removes it.' };
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

function refusalOf(error: unknown): Refusal {
  const { code, help } = error as { code?: unknown; help?: unknown };
  return {
    code: typeof code === 'string' ? code : 'unavailable',
    message: wordsOf(error),
    help: typeof help === 'string' ? help : undefined,
  };
}
