/** The file by which Aider asks for a tool of Entourage, and the call that it becomes. */
import { join } from 'node:path';
import { z } from 'zod';
import { mustRunAs, runAs } from '../spawn-as.ts';
import type { EngineWork } from './engine.ts';
import type { McpServer } from './program.ts';

export const requestFile = '.entourage-request.json';

const Request = z.discriminatedUnion('tool', [
  z.object({
    tool: z.literal('request_review'),
    arguments: z.object({
      summary: z.string(),
      acceptance: z.array(z.object({ item: z.int(), evidence: z.string() })).optional(),
    }),
  }),
  z.object({
    tool: z.literal('ask_human'),
    arguments: z.object({
      question: z.string(),
      options: z.array(z.string()).optional(),
      default: z.string().optional(),
    }),
  }),
]);
type Request = z.infer<typeof Request>;
/** `invalid` is a file that is no request: what is wrong with it is the answer. */
export type Asked = Request | { tool: 'invalid'; arguments: { problem: string } };

/** Enough for any request; a longer file is none. */
const longest = 64 * 1024;

/** Reads and removes the file. All of it as the session's user, whose links and files these are. */
export async function takeRequest(work: EngineWork): Promise<Asked | null> {
  const path = join(work.cwd, requestFile);
  const read = await runAs(work.user, {
    file: 'head',
    args: ['-c', String(longest), '--', path],
    cwd: work.cwd,
  });
  await mustRunAs(work.user, { file: 'rm', args: ['-rf', '--', path], cwd: work.cwd });
  if (read.code !== 0) return null;
  try {
    return Request.parse(JSON.parse(read.stdout));
  } catch (error) {
    const problem =
      error instanceof z.ZodError ? z.prettifyError(error) : error instanceof Error ? error.message : '';
    return { tool: 'invalid', arguments: { problem } };
  }
}

/** Commits what Aider changed, its own files left out: what is not committed can't be reviewed. */
export async function commitWork(work: EngineWork): Promise<void> {
  const git = (args: readonly string[]) =>
    mustRunAs(work.user, { file: 'git', args, cwd: work.cwd, env: work.environment });
  // Its caches lie in the worktree, wherever its history is told to be.
  await git(['clean', '--quiet', '-f', '-d', '-x', '--', '.aider*']);
  await git(['add', '--all']);
  const staged = await git(['diff', '--cached', '--name-only']);
  if (staged !== '') await git(['commit', '--quiet', '--no-verify', '--message', 'Work of Aider']);
}

/** `done`: there is nothing more to do. `words`: for Aider's next message. */
export type Settled = { ok: boolean; done: boolean; words: string };

const Result = z.object({
  isError: z.boolean().optional(),
  content: z.array(z.looseObject({ text: z.string().optional() })).default([]),
  structuredContent: z
    .looseObject({
      state: z.string().optional(),
      pending: z.boolean().optional(),
      question: z.looseObject({ question: z.string(), answer: z.string().nullable() }).optional(),
    })
    .optional(),
});
type Result = z.infer<typeof Result>;

/** Makes the call, and calls again as long as it is pending: the session's time and its stop are the limits. */
export async function settle(work: EngineWork, server: McpServer, asked: Asked): Promise<Settled> {
  if (asked.tool === 'invalid') {
    const words = `${requestFile} was not understood: ${asked.arguments.problem}\nWrite it again as described.`;
    return { ok: false, done: false, words };
  }
  let call: { tool: string; arguments: unknown } = asked;
  for (;;) {
    const result = await callTool(work, server, call);
    const words = result.content.map(({ text = '' }) => text).join('\n');
    if (result.isError === true) {
      return { ok: false, done: false, words: `${asked.tool} was refused:\n${words}` };
    }
    const { state, pending, question } = result.structuredContent ?? {};
    if (asked.tool === 'request_review' && state !== 'pending') return { ok: true, done: true, words };
    if (asked.tool === 'ask_human' && pending !== true) {
      return { ok: true, done: false, words: `The answer to your question:\n${question?.answer ?? words}` };
    }
    if (question !== undefined) call = { tool: 'get_answer', arguments: { question: question.question } };
  }
}

/**
 * An MCP client of three messages, run by node as the session's user: the server, its files and its socket are that
 * user's. A script and no file of ours, so that a bundle needs no second program; the order comes on its input.
 */
const client = `
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
const { server, call } = JSON.parse(readFileSync(0, 'utf8'));
const child = spawn(server.command, server.args, {
  env: { ...process.env, ...server.env },
  stdio: ['pipe', 'pipe', 'inherit'],
});
const send = (message) => child.stdin.write(JSON.stringify({ jsonrpc: '2.0', ...message }) + '\\n');
const clientInfo = { name: 'aider', version: '1.0.0' };
send({ id: 1, method: 'initialize', params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo } });
for await (const line of createInterface({ input: child.stdout })) {
  const { id, result, error } = JSON.parse(line);
  if (id === 1) {
    send({ method: 'notifications/initialized' });
    send({ id: 2, method: 'tools/call', params: { name: call.tool, arguments: call.arguments } });
  }
  if (id !== 2) continue;
  console.log(JSON.stringify(result ?? { isError: true, content: [{ type: 'text', text: error.message }] }));
  child.stdin.end();
  break;
}`;

async function callTool(
  work: EngineWork,
  server: McpServer,
  call: { tool: string; arguments: unknown },
): Promise<Result> {
  const stdout = await mustRunAs(work.user, {
    file: server.command,
    args: ['--input-type=module', '-e', client],
    cwd: work.cwd,
    env: work.environment,
    input: JSON.stringify({ server, call }),
  });
  return Result.parse(JSON.parse(stdout));
}
