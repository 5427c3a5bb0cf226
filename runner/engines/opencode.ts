/** Engine `opencode`: headless (tried with 1.18.33). */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { costOf, type Counts } from '../../app/domain/prices.ts';
import { noUsage, type Usage } from '../../app/domain/session.ts';
import { micros, type Micros } from '../../app/domain/words.ts';
import { giveTo } from '../spawn-as.ts';
import { digestsOf } from './digests.ts';
import type { Engine, EngineEvent, EngineRun, EngineWork } from './engine.ts';
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

export const opencode: Engine = {
  name: 'opencode',
  ready: (environment) =>
    readinessOf(
      {
        title: 'opencode',
        file: 'opencode',
        oldest: '1.18.33',
        install: 'npm install --global opencode-ai',
        keys: ['ANTHROPIC_API_KEY', 'OPENAI_API_KEY', 'GEMINI_API_KEY', 'OPENROUTER_API_KEY', 'GROQ_API_KEY'],
      },
      environment,
    ),
  // Its database, put back in another place, was waited for without end (seen with 1.18.33).
  keeps: null,
  start,
  adopt: (work, process) =>
    adoptProgram(work, process, {
      translate: opencodeTranslator(work.model),
      translateErrors: opencodeErrors,
    }),
};

async function start(work: EngineWork): Promise<EngineRun> {
  const config = opencodeConfig(await readMcpServer(work), work.environment);
  const home = join(dirname(work.mcpConfig), 'opencode');
  await fillConfiguration(home, work);
  return startProgram(work, {
    file: 'opencode',
    args: opencodeArguments(work),
    env: {
      XDG_CONFIG_HOME: home,
      // Wins over every configuration in the home and in the worktree.
      OPENCODE_CONFIG_CONTENT: JSON.stringify(config),
      OPENCODE_DISABLE_AUTOUPDATE: '1',
      OPENCODE_DISABLE_MODELS_FETCH: '1',
    },
    input: work.prompt,
    translate: opencodeTranslator(work.model),
    translateErrors: opencodeErrors,
  });
}

/**
 * In each directory of configuration opencode installs its plugin package from npm, at every first start: it wants
 * `node_modules` and a lock file that names the package. No plugin of ours needs it.
 */
async function fillConfiguration(home: string, work: EngineWork): Promise<void> {
  const directory = join(home, 'opencode');
  const modules = join(directory, 'node_modules');
  const lock = join(directory, 'package-lock.json');
  await mkdir(modules, { recursive: true, mode: 0o700 });
  const named = { dependencies: { '@opencode-ai/plugin': '*' } };
  await writeFile(lock, JSON.stringify({ lockfileVersion: 3, packages: { '': named } }));
  await giveTo(work.user, [lock, modules, directory, home]);
}

/** A model is `provider/model` here. Without words of its own it reads the prompt from stdin. */
function opencodeArguments(work: Pick<EngineWork, 'model' | 'cwd'>): string[] {
  return [
    'run',
    '--format',
    'json',
    '--auto',
    '--print-logs',
    '--log-level',
    'WARN',
    ...(work.model === null ? [] : ['--model', work.model]),
    '--dir',
    work.cwd,
  ];
}

/** Addresses of models come by the variables that the other engines read. */
export function opencodeConfig(
  server: McpServer,
  environment: Readonly<Record<string, string>>,
): Record<string, unknown> {
  const provider: Record<string, unknown> = {};
  const anthropic = environment['ANTHROPIC_BASE_URL'];
  if (anthropic !== undefined)
    provider['anthropic'] = { options: { baseURL: `${anthropic.replace(/\/$/, '')}/v1` } };
  const openai = environment['OPENAI_BASE_URL'];
  if (openai !== undefined) provider['openai'] = { options: { baseURL: openai } };
  return {
    mcp: {
      entourage: { type: 'local', command: [server.command, ...server.args], environment: server.env },
    },
    permission: { '*': 'allow' },
    provider,
    autoupdate: false,
    share: 'disabled',
    // It would keep a copy of the worktree after each step, to undo it.
    snapshot: false,
  };
}

const Line = z.discriminatedUnion('type', [
  z.object({ type: z.literal('step_start'), sessionID: z.string() }),
  z.object({ type: z.literal('text'), part: z.object({ text: z.string() }) }),
  z.object({
    type: z.literal('tool_use'),
    part: z.object({
      tool: z.string(),
      state: z.object({
        status: z.string(),
        input: z.unknown().optional(),
        output: z.unknown().optional(),
        error: z.unknown().optional(),
      }),
    }),
  }),
  z.object({
    type: z.literal('step_finish'),
    part: z.object({
      reason: z.string(),
      cost: z.number().nonnegative().optional(),
      tokens: z.object({
        input: z.int().nonnegative(),
        output: z.int().nonnegative(),
        reasoning: z.int().nonnegative().default(0),
        cache: z.object({ read: z.int().nonnegative(), write: z.int().nonnegative() }),
      }),
    }),
  }),
  z.object({
    type: z.literal('error'),
    error: z.object({ name: z.string(), data: z.looseObject({ message: z.string().optional() }).optional() }),
  }),
]);

const priced = (model: string | null, counts: Counts): Micros | null =>
  model === null ? null : costOf(model, counts);

/** There is no last event: a step that finished for the reason `stop` is one as long as none follows. */
export function opencodeTranslator(model: string | null): Translate {
  let conversation: string | null = null;
  const sum: Usage = { ...noUsage };
  return (text) => {
    const parsed = Line.safeParse(objectIn(text));
    if (!parsed.success) return [];
    const line = parsed.data;
    switch (line.type) {
      case 'step_start': {
        const first = conversation === null;
        conversation = line.sessionID;
        const started: EngineEvent[] = first ? [{ type: 'started', conversation }] : [];
        return [...started, { type: 'ended', ok: false, reason: '' }];
      }
      case 'text':
        return textEvent(line.part.text);
      case 'tool_use': {
        // Told when it is over; there is no line at its start.
        const tool = toolName(line.part.tool);
        const { status, input, output, error } = line.part.state;
        return [
          { type: 'tool_started', tool },
          {
            type: 'tool_ended',
            tool,
            ok: status === 'completed',
            digests: digestsOf(input, [output, error]),
          },
        ];
      }
      case 'step_finish': {
        const { tokens, cost, reason } = line.part;
        // Its input excludes cached tokens; those written to the cache were read in full.
        const counts = {
          input_tokens: tokens.input + tokens.cache.write,
          cached_tokens: tokens.cache.read,
          output_tokens: tokens.output + tokens.reasoning,
        };
        // It says 0 for a model whose price it doesn't know.
        const paid = cost === undefined || cost === 0 ? priced(model, counts) : micros(cost);
        sum.input_tokens += counts.input_tokens;
        sum.cached_tokens += counts.cached_tokens;
        sum.output_tokens += counts.output_tokens;
        sum.cost = sum.cost === null || paid === null ? null : sum.cost + paid;
        const ok = reason === 'stop';
        return [
          { type: 'usage', usage: { ...sum } },
          { type: 'ended', ok, reason: ok || reason === 'tool-calls' ? '' : `opencode stopped: ${reason}` },
        ];
      }
      case 'error': {
        const reason = line.error.data?.message ?? line.error.name;
        return [
          { type: 'ended', ok: false, reason: `opencode ended with an error: ${reason.slice(0, 1_000)}` },
        ];
      }
    }
  };
}

/** What only its log on stderr tells: that it tries again, for over 40 seconds, and that our MCP server did not start. */
export const opencodeErrors: Translate = (line) => {
  if (line.includes('message="server unavailable" key=entourage')) return [withoutTools];
  // `small`: the title of the conversation, which nobody waits for.
  if (!line.includes('message="stream error"') || line.includes(' small=true ')) return [];
  const reason = /error\.error="([^"]*)"/.exec(line)?.[1] ?? 'the model gave no answer';
  return [{ type: 'retrying', reason: reason.slice(0, 300) }];
};
