/** Engine `gemini`: Google's Gemini CLI, headless (tried with 0.61.0). */
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { costOf } from '../../app/domain/prices.ts';
import { addUsage, noUsage, type Usage } from '../../app/domain/session.ts';
import { giveTo } from '../spawn-as.ts';
import { removeTree } from '../tree-removal.ts';
import { placeConversation } from './conversation.ts';
import { digestOf } from './digests.ts';
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
  toolName,
  withoutTools,
  type McpServer,
  type Translate,
} from './program.ts';

export const gemini: Engine = {
  name: 'gemini',
  ready: (environment) =>
    readinessOf(
      {
        title: 'Gemini CLI',
        file: 'gemini',
        oldest: '0.61.0',
        install: 'npm install --global @google/gemini-cli',
        keys: ['GEMINI_API_KEY'],
      },
      environment,
    ),
  keeps: placeOf,
  start,
  adopt: (work, process) =>
    adoptProgram(work, process, { translate: geminiTranslator(), translateErrors: geminiErrors }),
};

const homeOf = ({ mcpConfig }: Pick<EngineWork, 'mcpConfig'>): string => join(dirname(mcpConfig), 'gemini');

/** A project is known by the last part of its path, the first that has it; the file by the first part of its id. */
function placeOf(work: KeptFor, id: string): ConversationPlace {
  return {
    directory: join(homeOf(work), '.gemini', 'tmp', basename(work.cwd), 'chats'),
    holds: (path) => path.startsWith('session-') && path.includes(id.slice(0, 8)),
    used: usedIn,
  };
}

const Answer = z.object({
  id: z.string(),
  type: z.literal('gemini'),
  model: z.string(),
  tokens: z.object({
    input: z.int().nonnegative(),
    output: z.int().nonnegative(),
    cached: z.int().nonnegative().default(0),
    thoughts: z.int().nonnegative().default(0),
  }),
});
type Answer = z.infer<typeof Answer>;

/** Each answer is written down with its tokens, some of them more than once. */
function usedIn(files: readonly ConversationFile[]): Usage | null {
  const answers = new Map<string, Answer>();
  for (const line of files.flatMap(({ data }) => data.toString().split('\n'))) {
    const { success, data } = Answer.safeParse(objectIn(line));
    if (success) answers.set(data.id, data);
  }
  if (answers.size === 0) return null;
  let total: Usage = noUsage;
  for (const { model, tokens } of answers.values()) {
    const counts = normalised({
      input_tokens: tokens.input,
      cached: tokens.cached,
      output_tokens: tokens.output + tokens.thoughts,
    });
    total = addUsage(total, { ...counts, cost: costOf(model, counts) });
  }
  return total;
}

async function start(work: EngineWork): Promise<EngineRun> {
  const home = homeOf(work);
  const directory = join(home, '.gemini');
  const file = join(directory, 'settings.json');
  await removeTree(home, work.user);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await writeFile(file, JSON.stringify(geminiSettings(await readMcpServer(work))), { mode: 0o600 });
  await giveTo(work.user, [file, directory, home]);
  if (work.conversation !== null) await placeConversation(work, placeOf(work, work.conversation.id));
  return startProgram(work, {
    file: 'gemini',
    args: geminiArguments(work),
    env: {
      GEMINI_CLI_HOME: home,
      // The worktree's own settings come after the user's and before these, which are the same file.
      GEMINI_CLI_SYSTEM_SETTINGS_PATH: file,
      GEMINI_CLI_TRUST_WORKSPACE: 'true',
      // Else it starts itself again as a child, and a signal reaches the wrong one.
      GEMINI_CLI_NO_RELAUNCH: 'true',
    },
    input: work.prompt,
    translate: geminiTranslator(),
    translateErrors: geminiErrors,
  });
}

/** Without `yolo` tools that write vanish silently. */
export function geminiArguments(work: Pick<EngineWork, 'model' | 'conversation'>): string[] {
  return [
    '--output-format',
    'stream-json',
    '--allowed-mcp-server-names',
    'entourage',
    ...(work.model === null ? [] : ['--model', work.model]),
    ...(work.conversation === null ? [] : ['--resume', work.conversation.id]),
    '--approval-mode',
    'yolo',
  ];
}

function geminiSettings(server: McpServer): Record<string, unknown> {
  return {
    mcpServers: { entourage: { ...server, trust: true } },
    security: { auth: { selectedType: 'gemini-api-key' }, folderTrust: { enabled: false } },
    privacy: { usageStatisticsEnabled: false },
    general: { enableAutoUpdate: false },
  };
}

const Counts = z.looseObject({
  input_tokens: z.int().nonnegative(),
  cached: z.int().nonnegative().default(0),
  output_tokens: z.int().nonnegative(),
});
type Counts = z.infer<typeof Counts>;

const Line = z.discriminatedUnion('type', [
  z.object({ type: z.literal('init'), session_id: z.string() }),
  z.object({ type: z.literal('message'), role: z.string(), content: z.string() }),
  z.object({
    type: z.literal('tool_use'),
    tool_name: z.string(),
    tool_id: z.string(),
    parameters: z.unknown().optional(),
  }),
  z.object({
    type: z.literal('tool_result'),
    tool_id: z.string(),
    status: z.string(),
    output: z.unknown().optional(),
    error: z.unknown().optional(),
  }),
  z.object({ type: z.literal('error'), severity: z.string().optional(), message: z.string() }),
  z.object({
    type: z.literal('result'),
    status: z.string(),
    error: z.object({ message: z.string() }).optional(),
    stats: Counts.extend({ models: z.record(z.string(), Counts).default({}) }).optional(),
  }),
]);
type Line = z.infer<typeof Line>;

export function geminiTranslator(): Translate {
  const tools = new Map<string, { tool: string; input: string }>();
  return (text) => {
    const parsed = Line.safeParse(objectIn(text));
    if (!parsed.success) return [];
    const line = parsed.data;
    switch (line.type) {
      case 'init':
        return [{ type: 'started', conversation: line.session_id }];
      case 'message':
        return line.role === 'assistant' ? textEvent(line.content) : [];
      case 'tool_use': {
        const tool = toolName(line.tool_name);
        tools.set(line.tool_id, { tool, input: digestOf(line.parameters) });
        return [{ type: 'tool_started', tool }];
      }
      case 'tool_result': {
        const started = tools.get(line.tool_id);
        tools.delete(line.tool_id);
        const ok = line.status === 'success';
        if (started === undefined) return [{ type: 'tool_ended', tool: 'a tool', ok }];
        const digests = { input: started.input, result: digestOf([line.output, line.error]) };
        return [{ type: 'tool_ended', tool: started.tool, ok, digests }];
      }
      case 'error':
        return textEvent(line.message);
      case 'result':
        return resultEvents(line);
    }
  };
}

function resultEvents(line: Extract<Line, { type: 'result' }>): EngineEvent[] {
  const ok = line.status === 'success';
  const reason = ok
    ? ''
    : `Gemini CLI ended with an error: ${(line.error?.message ?? line.status).slice(0, 1_000)}`;
  return [
    ...(line.stats === undefined ? [] : usageOf(line.stats, line.stats.models)),
    { type: 'ended', ok, reason },
  ];
}

/** Gemini's input includes cached tokens. The CLI knows no prices; it may use several models in one session. */
function usageOf(total: Counts, models: Readonly<Record<string, Counts>>): EngineEvent[] {
  let cost = 0;
  const unknown: string[] = [];
  for (const [model, counted] of Object.entries(models)) {
    const known = costOf(model, normalised(counted));
    if (known === null) unknown.push(model);
    else cost += known;
  }
  const said: EngineEvent[] =
    unknown.length === 0 ? [] : [{ type: 'text', text: `The price of ${unknown.join(', ')} is not known.` }];
  return [
    ...said,
    { type: 'usage', usage: { ...normalised(total), cost: unknown.length === 0 ? cost : null } },
  ];
}

const normalised = (counted: Counts) => ({
  input_tokens: Math.max(0, counted.input_tokens - counted.cached),
  cached_tokens: counted.cached,
  output_tokens: counted.output_tokens,
});

/**
 * What it says on stderr only: that it tries again, for up to 45 seconds, and that an MCP server did not start; ours is
 * the only one that it may start.
 */
export const geminiErrors: Translate = (line) => {
  if (line.startsWith('MCP issues detected')) return [withoutTools];
  const match = /^Attempt \d+ failed.*/.exec(line);
  return match === null ? [] : [{ type: 'retrying', reason: match[0].slice(0, 300) }];
};
