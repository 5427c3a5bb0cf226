/** A coding agent's CLI as a process: started or found again, read line by line, judged by its last event, ended with its whole tree. */
import { z } from 'zod';
import type { ProcessId } from '../process-list.ts';
import { processTree } from '../process-tree.ts';
import { mustRunAs } from '../spawn-as.ts';
import type { EngineEvent, EngineRun, EngineWork } from './engine.ts';
import { findProgram } from './installed.ts';
import { keep, keepAgain, longestOutput, outputSize, type Exit, type Kept } from './keeper.ts';
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

const keptErrors = 4_000;
/** For one that is stopped because it is hopeless. */
const hopelessPatienceMs = 2_000;

export async function startProgram(work: EngineWork, start: ProgramStart): Promise<EngineRun> {
  const { file, args, input } = start;
  const env = { ...work.environment, ...start.env };
  if ((await findProgram(file, env['PATH'] ?? '')) === null)
    throw new Error(`\`${file}\` could not be started: there is no such program here.`);
  return run(work, start, await keep(work.user, work.outputs, { file, args, cwd: work.cwd, env, input }));
}

export type Reading = Pick<ProgramStart, 'translate' | 'translateErrors' | 'judge'>;

/** The same for a program that an earlier life of this runner started. */
export async function adoptProgram(
  work: EngineWork,
  process: ProcessId,
  reading: Reading,
): Promise<EngineRun> {
  return run(work, reading, await keepAgain(work.outputs, process));
}

function run(work: EngineWork, reading: Reading, kept: Kept): EngineRun {
  const tree = processTree(kept.process, work.session, work.user);
  let stopping: Promise<void> | null = null;
  const stop = (patienceMs: number): Promise<void> => {
    stopping ??= endTree(tree, patienceMs);
    return stopping;
  };
  const events = eventsOf({ outputs: work.outputs, reading, kept, stop });
  return { process: kept.process, events, refresh: () => tree.refresh(), stop };
}

async function endTree(tree: ReturnType<typeof processTree>, patienceMs: number): Promise<void> {
  const survivors = await tree.end(patienceMs);
  if (survivors.length > 0) {
    throw new Error(`Processes ${survivors.map(({ pid }) => pid).join(', ')} did not end after SIGKILL.`);
  }
}

type Running = {
  outputs: string;
  reading: Reading;
  kept: Kept;
  stop: (patienceMs: number) => Promise<void>;
};

async function* eventsOf({ outputs, reading, kept, stop }: Running): AsyncGenerator<EngineEvent> {
  let last: Last | null = null;
  let hopeless: { ended: Promise<void>; reason: string } | null = null;
  let errors = '';
  const giveUp = (reason: string): void => {
    hopeless ??= { ended: stop(hopelessPatienceMs), reason };
    // Awaited below; until then nobody would hear of a failure.
    hopeless.ended.catch(() => undefined);
  };
  const ignoreSize = watchSize(outputs, (reason) => {
    giveUp(reason);
    kept.abandon();
  });
  try {
    for await (const { line, from } of merged(kept)) {
      if (from === 'errors') errors = `${errors}\n${line}`.slice(-keptErrors);
      const translate = from === 'output' ? reading.translate : reading.translateErrors;
      for (const event of translate?.(line) ?? []) {
        if (event.type === 'hopeless') giveUp(event.reason);
        else if (event.type === 'ended') last = { ok: event.ok, reason: event.reason };
        else yield event;
      }
    }
  } finally {
    ignoreSize();
  }
  const exit = await kept.exited;
  yield { type: 'ended', ...((await endOf(hopeless)) ?? (reading.judge ?? verdict)(exit, last, errors)) };
}

type Hope = { ended: Promise<void>; reason: string } | null;

/** What was hopeless has failed, whatever it said after that. */
async function endOf(hopeless: Hope): Promise<Last | null> {
  await hopeless?.ended;
  return hopeless === null ? null : { ok: false, reason: hopeless.reason };
}

const lookAtSizeMs = 500;

/** By the clock and not by what was read: a program can print faster than anybody reads. */
function watchSize(outputs: string, giveUp: (reason: string) => void): () => void {
  const timer = setInterval(() => {
    outputSize(outputs).then(
      (size) => {
        if (size > longestOutput)
          giveUp(`The engine printed more than ${longestOutput / 1024 / 1024} MiB, and was stopped.`);
      },
      // It is removed with its session.
      (error: NodeJS.ErrnoException) => error.code === 'ENOENT' || giveUp(error.message),
    );
  }, lookAtSizeMs);
  return () => clearInterval(timer);
}

type Line = { line: string; from: 'output' | 'errors' };

/** Both files as their lines come; each is read on only when its line was taken. */
async function* merged(kept: Kept): AsyncGenerator<Line> {
  const sources = (['output', 'errors'] as const).map((from) => ({ from, lines: linesOf(kept[from]()) }));
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

export const exitWords = ({ code, signal }: Exit): string => {
  if (signal !== null) return `signal ${signal}`;
  return code === null ? 'no exit code: something killed it' : `exit code ${code}`;
};

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
