/** A coding agent's CLI as a process: started, read line by line, judged by its last event, ended with its whole tree. */
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { identify, processTree } from '../process-tree.ts';
import { mustRunAs, spawnAs, type Program } from '../spawn-as.ts';
import type { EngineEvent, EngineRun, EngineWork } from './engine.ts';
import { lastLines, linesOf, printable } from './lines.ts';

/** It can't do its task whatever it does next, and would only cost money: it is stopped, and this is the reason. */
export type Hopeless = { type: 'hopeless'; reason: string };

/** What a line means. An `ended` may come more than once: the last one holds, and is told when the program is gone. */
export type Translate = (line: string) => readonly (EngineEvent | Hopeless)[];

export const withoutTools: Hopeless = {
  type: 'hopeless',
  reason: 'The engine could not start Entourage’s MCP server, so it has none of its tools.',
};

export type ProgramStart = {
  file: string;
  args: readonly string[];
  /** Added to the session's environment. */
  env: Readonly<Record<string, string>>;
  input: string;
  translate: Translate;
  /** Lines of stderr; most engines say nothing of use there. */
  translateErrors?: Translate;
  /** How its end is judged; by its last event, where nothing else is said. */
  judge?: Judge;
};

/** How long output is read on after the program has ended while its children hold the pipe open. */
const drainMs = 1_000;
const keptErrors = 4_000;
/** For one that is stopped because it is hopeless. */
const hopelessPatienceMs = 2_000;

export async function startProgram(work: EngineWork, start: ProgramStart): Promise<EngineRun> {
  const program = spawnAs(work.user, {
    file: start.file,
    args: start.args,
    cwd: work.cwd,
    env: { ...work.environment, ...start.env },
    input: start.input,
    detached: true,
  });
  const { pid } = program;
  if (pid === undefined) {
    const [error] = (await once(program, 'error')) as [Error];
    throw new Error(`\`${start.file}\` could not be started: ${error.message}`, { cause: error });
  }
  const exited = new Promise<Exit>((resolve) => {
    program.once('exit', (code, signal) => resolve({ code, signal }));
  });
  const tree = processTree((await identify(pid)) ?? { pid, started: '' }, work.session, work.user);
  let stopping: Promise<void> | null = null;
  const stop = (patienceMs: number): Promise<void> => {
    stopping ??= endTree(tree, patienceMs);
    return stopping;
  };
  return { pid, events: eventsOf({ program, start, exited, stop }), refresh: () => tree.refresh(), stop };
}

type Exit = { code: number | null; signal: NodeJS.Signals | null };

async function endTree(tree: ReturnType<typeof processTree>, patienceMs: number): Promise<void> {
  const survivors = await tree.end(patienceMs);
  if (survivors.length > 0) {
    throw new Error(`Processes ${survivors.map(({ pid }) => pid).join(', ')} did not end after SIGKILL.`);
  }
}

type Running = {
  program: Program;
  start: ProgramStart;
  exited: Promise<Exit>;
  stop: (patienceMs: number) => Promise<void>;
};

async function* eventsOf({ program, start, exited, stop }: Running): AsyncGenerator<EngineEvent> {
  void exited.then(async () => {
    await delay(drainMs);
    program.stdout.destroy();
    program.stderr.destroy();
  });
  let last: Last | null = null;
  let hopeless: { ended: Promise<void>; reason: string } | null = null;
  let errors = '';
  for await (const { line, from } of merged(program)) {
    if (from === 'stderr') errors = `${errors}\n${line}`.slice(-keptErrors);
    const translate = from === 'stdout' ? start.translate : start.translateErrors;
    for (const event of translate?.(line) ?? []) {
      if (event.type === 'hopeless') {
        hopeless ??= { ended: stop(hopelessPatienceMs), reason: event.reason };
        // Awaited below; until then nobody would hear of a failure.
        hopeless.ended.catch(() => undefined);
      } else if (event.type === 'ended') last = { ok: event.ok, reason: event.reason };
      else yield event;
    }
  }
  const exit = await exited;
  await hopeless?.ended;
  yield hopeless === null
    ? { type: 'ended', ...(start.judge ?? verdict)(exit, last, errors) }
    : { type: 'ended', ok: false, reason: hopeless.reason };
}

type Line = { line: string; from: 'stdout' | 'stderr' };

/** Both streams as their lines come; each is read on only when its line was taken. */
async function* merged(program: Program): AsyncGenerator<Line> {
  const sources = (['stdout', 'stderr'] as const).map((from) => ({ from, lines: linesOf(program[from]) }));
  const next = async (source: (typeof sources)[number]) => ({ source, step: await source.lines.next() });
  const waiting = new Map(sources.map((source) => [source, next(source)]));
  while (waiting.size > 0) {
    const { source, step } = await Promise.race(waiting.values());
    if (step.done === true) waiting.delete(source);
    else {
      waiting.set(source, next(source));
      yield { line: step.value, from: source.from };
    }
  }
}

type Last = { ok: boolean; reason: string };
export type Judge = (exit: Exit, last: Last | null, errors: string) => Last;

export const exitWords = ({ code, signal }: Exit): string =>
  signal === null ? `exit code ${code ?? 'unknown'}` : `signal ${signal}`;

/** Exit code 0 proves nothing: success needs the engine's successful last event as well. */
export const verdict: Judge = (exit, last, errors) => {
  if (last?.ok === true && exit.code === 0) return last;
  if (last?.ok === false && last.reason !== '') return last;
  const how = exitWords(exit);
  const done = last?.ok === true;
  const words = done ? `was done and ended with ${how}` : `ended with ${how} before it was done`;
  const lines = lastLines(errors);
  return { ok: false, reason: `The engine ${words}.${lines === '' ? '' : `\n${lines}`}` };
};

const McpConfig = z.object({
  mcpServers: z.object({
    entourage: z.object({
      command: z.string(),
      args: z.array(z.string()),
      env: z.record(z.string(), z.string()),
    }),
  }),
});
export type McpServer = z.infer<typeof McpConfig>['mcpServers']['entourage'];

/** The session's MCP server from its configuration. The file is the agent's user's, whom alone it lets read. */
export async function readMcpServer(work: EngineWork): Promise<McpServer> {
  const text = await mustRunAs(work.user, { file: 'cat', args: [work.mcpConfig], cwd: '/' });
  return McpConfig.parse(JSON.parse(text)).mcpServers.entourage;
}

/** The value of a line that is a JSON object; null for anything else, which engines print in between too. */
export function objectIn(line: string): Record<string, unknown> | null {
  const text = line.trim();
  if (!text.startsWith('{')) return null;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Text beyond this is of no use for an activity line. */
const longestText = 4_000;

/** An event of text; none when it says nothing. */
export function textEvent(text: string): EngineEvent[] {
  const words = printable(text).slice(0, longestText);
  return words.trim() === '' ? [] : [{ type: 'text', text: words }];
}

/** A tool by the name that people know: those of Entourage without the prefix that each engine gives them. */
export const toolName = (name: string): string =>
  name.replace(/^(?:mcp_{1,2})?entourage_{1,2}/, '').slice(0, 200);
