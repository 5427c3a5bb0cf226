/** Engine `command`: any program. The prompt comes on its stdin, its MCP configuration's path in `ENTOURAGE_MCP_CONFIG`. */
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { Usage } from '../../app/domain/session.ts';
import { identify, processTree } from '../process-tree.ts';
import { spawnAs, type Program } from '../spawn-as.ts';
import type { Engine, EngineEvent, EngineRun, EngineWork } from './engine.ts';
import { linesOf, tailOf } from './lines.ts';

/** A line of stdout that is one of these is an event; any other line is text. Unknown fields are ignored. */
const Line = z.discriminatedUnion('type', [
  z.object({ type: z.literal('usage'), ...Usage.shape }),
  z.object({ type: z.literal('text'), text: z.string() }),
  z.object({ type: z.literal('tool_started'), tool: z.string().max(200) }),
  z.object({ type: z.literal('tool_ended'), tool: z.string().max(200), ok: z.boolean().default(true) }),
  z.object({ type: z.literal('retrying'), reason: z.string().default('') }),
  z.object({ type: z.literal('ended'), ok: z.boolean(), reason: z.string().default('') }),
]);
type Line = z.infer<typeof Line>;

/** Text beyond this is of no use for an activity line. */
const longestText = 4_000;
/** How long output is read on after the program has ended while its children hold the pipe open. */
const drainMs = 1_000;
const stderrTail = 4_000;

function parseLine(line: string): Line | { type: 'text'; text: string } | null {
  const text = line.trim();
  if (text === '') return null;
  if (text.startsWith('{')) {
    const parsed = Line.safeParse(json(text));
    if (parsed.success) return parsed.data.type === 'text' ? shortened(parsed.data.text) : parsed.data;
  }
  return shortened(text);
}

const shortened = (text: string) => ({ type: 'text' as const, text: printable(text).slice(0, longestText) });

/** Control characters could rewrite a terminal, and Postgres refuses NUL. Newlines and tabs stay. */
function printable(text: string): string {
  return text.replaceAll(/(?![\n\t])\p{Cc}|\ufffd/gu, '');
}

function json(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

export const commandEngine: Engine = {
  name: 'command',
  ready: async () => ({ ready: true, words: 'runs the program that the policy names' }),
  start,
};

async function start(work: EngineWork): Promise<EngineRun> {
  const [file, ...args] = work.command;
  if (file === undefined || file === '') {
    throw new Error('Engine `command` has no program: the agent’s `command` in ENTOURAGE.md is missing.');
  }
  const program = spawnAs(work.user, {
    file,
    args,
    cwd: work.cwd,
    env: { ...work.environment, ENTOURAGE_MCP_CONFIG: work.mcpConfig },
    input: work.prompt,
    detached: true,
  });
  const { pid } = program;
  if (pid === undefined) {
    const [error] = (await once(program, 'error')) as [Error];
    throw new Error(`\`${file}\` could not be started: ${error.message}`, { cause: error });
  }
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    program.once('exit', (code, signal) => resolve({ code, signal }));
  });
  const tree = processTree((await identify(pid)) ?? { pid, started: '' }, work.session, work.user);
  let stopping: Promise<void> | null = null;
  return {
    pid,
    events: eventsOf(program, exited),
    refresh: () => tree.refresh(),
    stop: (patienceMs) => {
      stopping ??= endTree(tree, patienceMs);
      return stopping;
    },
  };
}

async function endTree(tree: ReturnType<typeof processTree>, patienceMs: number): Promise<void> {
  const survivors = await tree.end(patienceMs);
  if (survivors.length > 0) {
    throw new Error(`Processes ${survivors.map(({ pid }) => pid).join(', ')} did not end after SIGKILL.`);
  }
}

async function* eventsOf(
  program: Program,
  exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>,
): AsyncGenerator<EngineEvent> {
  const stderr = tailOf(program.stderr, stderrTail);
  void exited.then(async () => {
    await delay(drainMs);
    program.stdout.destroy();
    program.stderr.destroy();
  });
  yield { type: 'started', conversation: null };
  let said: { ok: boolean; reason: string } | null = null;
  for await (const line of linesOf(program.stdout)) {
    const event = parseLine(line);
    if (event === null) continue;
    if (event.type === 'ended') said = { ok: event.ok, reason: event.reason };
    else yield event.type === 'usage' ? { type: 'usage', usage: Usage.strip().parse(event) } : event;
  }
  const { code, signal } = await exited;
  yield { type: 'ended', ...verdict({ code, signal, said, stderr: stderr() }) };
}

/** A program of any kind has only its exit code; where it prints a last `ended` line, both must be good. */
function verdict(end: {
  code: number | null;
  signal: NodeJS.Signals | null;
  said: { ok: boolean; reason: string } | null;
  stderr: string;
}): { ok: boolean; reason: string } {
  const how = end.signal === null ? `exit code ${end.code ?? 'unknown'}` : `signal ${end.signal}`;
  if (end.code === 0 && end.said?.ok !== false) return { ok: true, reason: end.said?.reason ?? '' };
  const words = end.said !== null && end.said.reason !== '' ? ` It said: ${end.said.reason}` : '';
  const last = lastLines(end.stderr);
  return { ok: false, reason: `The engine ended with ${how}.${words}${last === '' ? '' : `\n${last}`}` };
}

/** The last few lines of stderr that say something. */
export function lastLines(text: string): string {
  const lines = printable(text)
    .split('\n')
    .map((line) => line.trimEnd());
  return lines
    .filter((line) => line !== '')
    .slice(-12)
    .join('\n')
    .slice(-1_500);
}
