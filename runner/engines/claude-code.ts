/** Engine `claude-code`: Anthropic's Claude Code, headless (tried with 2.1.329). */
import { join } from 'node:path';
import { z } from 'zod';
import { costOf, priceOf } from '../../app/domain/prices.ts';
import { micros, type Micros } from '../../app/domain/words.ts';
import { placeConversation } from './conversation.ts';
import { digestOf } from './digests.ts';
import type { ConversationPlace, Engine, EngineEvent, EngineRun, EngineWork, KeptFor } from './engine.ts';
import { readinessOf } from './installed.ts';
import {
  adoptProgram,
  objectIn,
  startProgram,
  textEvent,
  toolName,
  withoutTools,
  type Hopeless,
  type Translate,
} from './program.ts';

export const claudeCode: Engine = {
  name: 'claude-code',
  ready: (environment) =>
    readinessOf(
      {
        title: 'Claude Code',
        file: 'claude',
        oldest: '2.1.329',
        install: 'npm install --global @anthropic-ai/claude-code',
        keys: [
          'ANTHROPIC_API_KEY',
          'ANTHROPIC_AUTH_TOKEN',
          'CLAUDE_CODE_OAUTH_TOKEN',
          'CLAUDE_CODE_USE_BEDROCK',
          'CLAUDE_CODE_USE_VERTEX',
        ],
      },
      environment,
    ),
  keeps: placeOf,
  start,
  adopt: (work, process) => adoptProgram(work, process, { translate: claudeTranslator() }),
};

/** By the working directory: a conversation is found only from there. */
function placeOf({ environment, cwd }: KeptFor, id: string): ConversationPlace {
  return {
    directory: join(environment['HOME'] ?? '/', '.claude', 'projects', cwd.replaceAll(/[^A-Za-z0-9]/g, '-')),
    // Beside the conversation: those of its sub-agents, and long results.
    holds: (path) => path === `${id}.jsonl` || path.startsWith(`${id}/`),
    // It tells what it used with each answer.
    used: () => null,
  };
}

async function start(work: EngineWork): Promise<EngineRun> {
  if (work.conversation !== null) await placeConversation(work, placeOf(work, work.conversation.id));
  // Its own refusal to work unasked as root; elsewhere nothing claims a sandbox.
  const root = work.user === null && process.getuid?.() === 0;
  return startProgram(work, {
    file: 'claude',
    args: claudeArguments(work),
    env: {
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      DISABLE_AUTOUPDATER: '1',
      // Else MCP tools hide behind a search tool.
      ENABLE_TOOL_SEARCH: 'false',
      ...(root ? { IS_SANDBOX: '1' } : {}),
    },
    input: work.prompt,
    translate: claudeTranslator(),
  });
}

/** `--mcp-config` takes all that follows it up to the next flag; the prompt comes on stdin. */
export function claudeArguments(work: Pick<EngineWork, 'model' | 'mcpConfig' | 'conversation'>): string[] {
  return [
    '--print',
    '--output-format',
    'stream-json',
    '--verbose',
    ...(work.model === null ? [] : ['--model', work.model]),
    ...(work.conversation === null ? [] : ['--resume', work.conversation.id]),
    '--mcp-config',
    work.mcpConfig,
    '--strict-mcp-config',
    '--dangerously-skip-permissions',
  ];
}

const Tokens = z.object({
  input_tokens: z.int().nonnegative().default(0),
  cache_creation_input_tokens: z.int().nonnegative().nullish(),
  cache_read_input_tokens: z.int().nonnegative().nullish(),
  output_tokens: z.int().nonnegative().default(0),
});
type Tokens = z.infer<typeof Tokens>;

const Block = z.looseObject({
  type: z.string(),
  text: z.string().optional(),
  id: z.string().optional(),
  name: z.string().optional(),
  tool_use_id: z.string().optional(),
  is_error: z.boolean().nullish(),
  input: z.unknown().optional(),
  content: z.unknown().optional(),
});
type Block = z.infer<typeof Block>;

/** Its lines; `type` need not come first. Unknown types and fields are passed over. */
const Line = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('system'),
    subtype: z.string(),
    session_id: z.string().optional(),
    mcp_servers: z.array(z.object({ name: z.string(), status: z.string() })).optional(),
    error_status: z.number().nullish(),
    error: z.string().nullish(),
  }),
  z.object({
    type: z.literal('assistant'),
    message: z.object({
      id: z.string(),
      model: z.string(),
      content: z.array(Block),
      usage: Tokens.optional(),
    }),
  }),
  z.object({
    type: z.literal('user'),
    message: z.object({ content: z.union([z.string(), z.array(Block)]) }),
  }),
  z.object({
    type: z.literal('result'),
    is_error: z.boolean(),
    subtype: z.string(),
    result: z.string().optional(),
    errors: z.array(z.string()).optional(),
    usage: Tokens,
    total_cost_usd: z.number().nonnegative(),
    model_usage_since_last_result: z.record(z.string(), z.object({ costUSD: z.number() })).optional(),
  }),
]);
type Line = z.infer<typeof Line>;

export function claudeTranslator(): Translate {
  const tools = new Map<string, { tool: string; input: string }>();
  /** Each answer's tokens by its id: an answer comes in several lines. Output is provisional until the result. */
  const answers = new Map<string, { model: string; tokens: Tokens }>();

  const usageSoFar = (): EngineEvent => {
    let cost: Micros | null = 0;
    const sum = { input_tokens: 0, cached_tokens: 0, output_tokens: 0 };
    for (const { model, tokens } of answers.values()) {
      const counted = countsOf(tokens);
      sum.input_tokens += counted.input_tokens;
      sum.cached_tokens += counted.cached_tokens;
      sum.output_tokens += counted.output_tokens;
      const paid = costOf(model, counted);
      cost = cost === null || paid === null ? null : cost + paid;
    }
    return { type: 'usage', usage: { ...sum, cost } };
  };

  const blockEvents = (block: Block): EngineEvent[] => {
    if (block.type === 'text') return textEvent(block.text ?? '');
    if (block.type === 'tool_use') {
      const tool = toolName(block.name ?? 'a tool');
      if (block.id !== undefined) tools.set(block.id, { tool, input: digestOf(block.input) });
      return [{ type: 'tool_started', tool }];
    }
    if (block.type === 'tool_result') {
      const id = block.tool_use_id ?? '';
      const started = tools.get(id);
      tools.delete(id);
      const ok = block.is_error !== true;
      return started === undefined
        ? [{ type: 'tool_ended', tool: 'a tool', ok }]
        : [
            {
              type: 'tool_ended',
              tool: started.tool,
              ok,
              digests: { input: started.input, result: digestOf(block.content) },
            },
          ];
    }
    return [];
  };

  return (text) => {
    const parsed = Line.safeParse(objectIn(text));
    if (!parsed.success) return [];
    const line = parsed.data;
    switch (line.type) {
      case 'system':
        return systemEvents(line);
      case 'assistant': {
        const { id, model, content, usage } = line.message;
        if (usage !== undefined && model !== '<synthetic>') answers.set(id, { model, tokens: usage });
        return [...content.flatMap(blockEvents), ...(usage === undefined ? [] : [usageSoFar()])];
      }
      case 'user':
        return typeof line.message.content === 'string' ? [] : line.message.content.flatMap(blockEvents);
      case 'result':
        return resultEvents(line, new Set([...answers.values()].map(({ model }) => model)));
    }
  };
}

function systemEvents(line: Extract<Line, { type: 'system' }>): (EngineEvent | Hopeless)[] {
  if (line.subtype === 'api_retry') {
    const reason = line.error ?? 'no answer';
    return [
      { type: 'retrying', reason: line.error_status ? `${reason} (HTTP ${line.error_status})` : reason },
    ];
  }
  if (line.subtype !== 'init') return [];
  const ours = line.mcp_servers?.find(({ name }) => name === 'entourage');
  const started: EngineEvent = { type: 'started', conversation: line.session_id ?? null };
  return ours?.status === 'failed' ? [started, withoutTools] : [started];
}

/**
 * An API error says `subtype: "success"` with `is_error: true`. On a resumed conversation `total_cost_usd` counts from
 * its beginning; what this session cost is in `model_usage_since_last_result`. For a model that it doesn't know Claude
 * Code invents a price, so that its word counts only for models with a price of ours.
 */
function resultEvents(line: Extract<Line, { type: 'result' }>, answered: ReadonlySet<string>): EngineEvent[] {
  const since = line.model_usage_since_last_result;
  const usd =
    since === undefined
      ? line.total_cost_usd
      : Object.values(since).reduce((sum, { costUSD }) => sum + costUSD, 0);
  const models = since === undefined ? [...answered] : Object.keys(since);
  const cost = models.every((model) => priceOf(model) !== null) ? micros(usd) : null;
  const reason = line.is_error
    ? `Claude Code ended with an error (${line.subtype}): ${line.result ?? line.errors?.join('; ') ?? 'it gave no reason'}`
    : (line.result ?? '');
  return [
    { type: 'usage', usage: { ...countsOf(line.usage), cost } },
    { type: 'ended', ok: !line.is_error && line.subtype === 'success', reason: reason.slice(0, 1_500) },
  ];
}

/** Anthropic's input excludes cached tokens; those written to the cache were read in full. */
const countsOf = (tokens: Tokens) => ({
  input_tokens: tokens.input_tokens + (tokens.cache_creation_input_tokens ?? 0),
  cached_tokens: tokens.cache_read_input_tokens ?? 0,
  output_tokens: tokens.output_tokens,
});
