/** Engine `codex`: OpenAI's Codex CLI, headless (tried with 0.169.0). */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { costOf } from '../../app/domain/prices.ts';
import { noUsage, type Usage } from '../../app/domain/session.ts';
import { giveTo } from '../spawn-as.ts';
import { removeTree } from '../tree-removal.ts';
import { placeConversation } from './conversation.ts';
import { digestsOf } from './digests.ts';
import type {
  ConversationFile,
  ConversationPlace,
  Engine,
  EngineEvent,
  EngineRun,
  EngineWork,
  KeptFor,
} from './engine.ts';
import { readinessOf } from './installed.ts';
import {
  adoptProgram,
  objectIn,
  readMcpServer,
  startProgram,
  textEvent,
  type McpServer,
  type Translate,
} from './program.ts';

/** In this order; the first that is set is used. */
const keys = ['CODEX_API_KEY', 'OPENAI_API_KEY'] as const;

export const codex: Engine = {
  name: 'codex',
  ready: (environment) =>
    readinessOf(
      {
        title: 'Codex',
        file: 'codex',
        oldest: '0.169.0',
        install: 'npm install --global @openai/codex',
        keys,
      },
      environment,
    ),
  keeps: placeOf,
  start,
  adopt: (work, process) =>
    adoptProgram(work, process, { translate: codexTranslator(work.model, work.conversation?.before) }),
};

const homeOf = ({ mcpConfig }: Pick<EngineWork, 'mcpConfig'>): string => join(dirname(mcpConfig), 'codex');

function placeOf(work: KeptFor, id: string): ConversationPlace {
  return {
    directory: join(homeOf(work), 'sessions'),
    holds: (path) => path.endsWith(`-${id}.jsonl`),
    used: (files) => usedIn(files, work.model),
  };
}

const Totals = z.object({
  type: z.literal('event_msg'),
  payload: z.object({
    type: z.literal('token_count'),
    info: z.object({
      total_token_usage: z.object({
        input_tokens: z.int().nonnegative(),
        cached_input_tokens: z.int().nonnegative().default(0),
        output_tokens: z.int().nonnegative(),
      }),
    }),
  }),
});

/** The last totals that it wrote down, of the whole conversation. */
function usedIn(files: readonly ConversationFile[], model: string | null): Usage | null {
  const totals = files
    .flatMap(({ data }) => data.toString().split('\n'))
    .filter((line) => line.includes('"token_count"'))
    .map((line) => Totals.safeParse(objectIn(line)))
    .findLast(({ success }) => success)?.data?.payload.info.total_token_usage;
  return totals === undefined ? null : usageFrom(totals, model, noUsage);
}

async function start(work: EngineWork): Promise<EngineRun> {
  // Its whole state lies with the session: what another session or the machine's owner configured is not read.
  const home = homeOf(work);
  const file = join(home, 'config.toml');
  await removeTree(home, work.user);
  await mkdir(home, { mode: 0o700 });
  await writeFile(file, codexConfig(await readMcpServer(work), work.environment), { mode: 0o600 });
  await giveTo(work.user, [file, home]);
  if (work.conversation !== null) await placeConversation(work, placeOf(work, work.conversation.id));
  return startProgram(work, {
    file: 'codex',
    args: codexArguments(work),
    env: { CODEX_HOME: home },
    input: work.prompt,
    translate: codexTranslator(work.model, work.conversation?.before),
  });
}

/** `-` reads the prompt from stdin. The runner keeps engines apart; Codex's own sandbox would refuse MCP and commits. */
export function codexArguments(work: Pick<EngineWork, 'model' | 'cwd' | 'conversation'>): string[] {
  return [
    'exec',
    // `resume` has no `--cd`: it goes on where it is started.
    ...(work.conversation === null ? ['--json', '--cd', work.cwd] : ['resume', '--json']),
    ...(work.model === null ? [] : ['--model', work.model]),
    '--dangerously-bypass-approvals-and-sandbox',
    '--skip-git-repo-check',
    '--disable',
    'plugins',
    '--disable',
    'apps',
    ...(work.conversation === null ? [] : [work.conversation.id]),
    '-',
  ];
}

/**
 * Codex's configuration. A provider of our own, because `OPENAI_BASE_URL` is ignored by the built-in one; the agent's
 * token is in this file and not among the arguments, where everybody on the machine could read it.
 */
export function codexConfig(server: McpServer, environment: Readonly<Record<string, string>>): string {
  const key = keys.find((name) => (environment[name] ?? '') !== '') ?? 'OPENAI_API_KEY';
  const address = environment['OPENAI_BASE_URL'] ?? 'https://api.openai.com/v1';
  return [
    'model_provider = "entourage"',
    'check_for_update_on_startup = false',
    `developer_instructions = ${toml(instructions)}`,
    '[analytics]',
    'enabled = false',
    '[model_providers.entourage]',
    'name = "OpenAI"',
    `base_url = ${toml(address)}`,
    'wire_api = "responses"',
    `env_key = ${toml(key)}`,
    '[mcp_servers.entourage]',
    `command = ${toml(server.command)}`,
    `args = [${server.args.map(toml).join(', ')}]`,
    // Without its tools no session can hand in its work.
    'required = true',
    '[mcp_servers.entourage.env]',
    ...Object.entries(server.env).map(([name, value]) => `${toml(name)} = ${toml(value)}`),
    '',
  ].join('\n');
}

/** Codex shows most models MCP tools only after a search, and some then end without having found them. */
const instructions =
  'The tools of the MCP server `entourage` (namespace `mcp__entourage`) belong to your task. Where they are not offered directly, find them by `tool_search` or in `ALL_TOOLS`.';

/** A TOML string: JSON's, with the one control character that JSON leaves as it is. */
const toml = (text: string): string => JSON.stringify(text).replaceAll('\u007f', '\\u007f');

const Item = z.looseObject({
  type: z.string(),
  text: z.string().optional(),
  message: z.string().optional(),
  command: z.string().optional(),
  server: z.string().optional(),
  tool: z.string().optional(),
  status: z.string().optional(),
});
type Item = z.infer<typeof Item>;

const Line = z.discriminatedUnion('type', [
  z.object({ type: z.literal('thread.started'), thread_id: z.string() }),
  z.object({ type: z.literal('turn.started') }),
  z.object({ type: z.literal('item.started'), item: Item }),
  z.object({ type: z.literal('item.completed'), item: Item }),
  z.object({
    type: z.literal('turn.completed'),
    usage: z.object({
      input_tokens: z.int().nonnegative(),
      cached_input_tokens: z.int().nonnegative().default(0),
      output_tokens: z.int().nonnegative(),
    }),
  }),
  z.object({ type: z.literal('turn.failed'), error: z.object({ message: z.string() }) }),
  z.object({ type: z.literal('error'), message: z.string() }),
]);

/** `before`: what the conversation had used when this session took it up; Codex counts from its beginning. */
export function codexTranslator(model: string | null, before: Usage = noUsage): Translate {
  return (text) => {
    const parsed = Line.safeParse(objectIn(text));
    if (!parsed.success) return [];
    const line = parsed.data;
    switch (line.type) {
      case 'thread.started':
        return [{ type: 'started', conversation: line.thread_id }];
      case 'turn.started':
        return [{ type: 'ended', ok: false, reason: '' }];
      case 'item.started':
        return startedBy(line.item);
      case 'item.completed':
        return completedBy(line.item);
      case 'turn.completed':
        return [...usageOf(line.usage, model, before), { type: 'ended', ok: true, reason: '' }];
      case 'turn.failed':
        return [{ type: 'ended', ok: false, reason: `Codex gave up: ${messageIn(line.error.message)}` }];
      case 'error':
        // What is final comes again as turn.failed.
        return line.message.startsWith('Reconnecting')
          ? [{ type: 'retrying', reason: messageIn(line.message) }]
          : [];
    }
  };
}

const toolOf = (item: Item): string | null => {
  if (item.type === 'mcp_tool_call') {
    const tool = item.tool ?? 'a tool';
    return (item.server === 'entourage' ? tool : `${item.server ?? ''}/${tool}`).slice(0, 200);
  }
  if (item.type === 'command_execution') return 'shell';
  return ['file_change', 'web_search', 'collab_tool_call'].includes(item.type) ? item.type : null;
};

function startedBy(item: Item): EngineEvent[] {
  const tool = toolOf(item);
  return tool === null ? [] : [{ type: 'tool_started', tool }];
}

function completedBy(item: Item): EngineEvent[] {
  // An item of type `error` may be a warning only: it is told, and decides nothing.
  if (item.type === 'agent_message' || item.type === 'error')
    return textEvent(item.text ?? item.message ?? '');
  const tool = toolOf(item);
  if (tool === null) return [];
  const { command, arguments: given, changes, query } = item;
  const { aggregated_output: output, exit_code: code, result, error, status } = item;
  const digests = digestsOf([command, given, changes, query], [output, code, result, error, status]);
  return [{ type: 'tool_ended', tool, ok: item.status !== 'failed', digests }];
}

const since = (now: number, before: number): number => Math.max(0, now - before);

/** OpenAI's input includes cached tokens. Codex knows no prices. */
function usageOf(counted: Counted, model: string | null, before: Usage): EngineEvent[] {
  const usage = usageFrom(counted, model, before);
  const unknown: EngineEvent[] =
    usage.cost === null
      ? [{ type: 'text', text: `The price of ${model ?? 'the default model'} is not known.` }]
      : [];
  return [...unknown, { type: 'usage', usage }];
}

type Counted = { input_tokens: number; cached_input_tokens: number; output_tokens: number };

function usageFrom(counted: Counted, model: string | null, before: Usage): Usage {
  const counts = {
    input_tokens: since(counted.input_tokens - counted.cached_input_tokens, before.input_tokens),
    cached_tokens: since(counted.cached_input_tokens, before.cached_tokens),
    output_tokens: since(counted.output_tokens, before.output_tokens),
  };
  return { ...counts, cost: model === null ? null : costOf(model, counts) };
}

/** Errors of the API come as its JSON in a string. */
function messageIn(text: string): string {
  const inner = z.object({ error: z.object({ message: z.string() }) }).safeParse(objectIn(text));
  return (inner.success ? inner.data.error.message : text).slice(0, 1_000);
}
