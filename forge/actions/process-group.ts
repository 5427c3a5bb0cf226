/** A command in a process group of its own, so that everything it started can be ended with it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { Readable } from 'node:stream';
import { ActionsError } from './refusal.ts';

/** How long a command that was asked to end is waited for, in milliseconds. */
export type Patience = {
  /** Between SIGINT and SIGTERM. */
  interrupt: number;
  /** Between SIGTERM and SIGKILL. */
  terminate: number;
};

/** GitHub's own, by its reference of workflow cancellation: 7.5 s, then 2.5 s. */
export const runnerPatience: Patience = { interrupt: 7_500, terminate: 2_500 };

export type Command = {
  file: string;
  args: readonly string[];
  cwd: string;
  env: Record<string, string>;
  /** Called with every line of both outputs, without its newline. */
  onLine: (line: string) => void;
  /** Asks the command to end: SIGINT, SIGTERM, SIGKILL, each after some patience. */
  signal: AbortSignal;
  /** Ends it and all it started at once. */
  kill: AbortSignal;
  patience: Patience;
  /** Told the group's id at its start; the caller reaps what outlives the command. */
  onGroup?: (group: number) => void;
};

/** How long output of processes that outlive the command is waited for. */
const drainMs = 1_000;

/** Runs a command to its end and gives its exit code; a death by signal counts 128 and more, as in a shell. */
export async function runCommand(command: Command): Promise<number> {
  command.signal.throwIfAborted();
  command.kill.throwIfAborted();
  const child = spawn(command.file, command.args, {
    cwd: command.cwd,
    env: command.env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { pid } = child;
  if (pid === undefined) {
    const [error] = (await once(child, 'error')) as [Error];
    throw new ActionsError(
      'command',
      `Could not start ${command.file} in ${command.cwd}: ${error.message}`,
      error,
    );
  }
  command.onGroup?.(pid);
  const outputs = [readLines(child.stdout, command.onLine), readLines(child.stderr, command.onLine)];
  const exited = new Promise<number>((resolve) => {
    child.once('exit', (code, signal) =>
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
    );
  });
  const over = new AbortController();
  const end = () => void endProcess(pid, command.patience, over.signal);
  const kill = () => killTree(pid);
  command.signal.addEventListener('abort', end, { once: true });
  command.kill.addEventListener('abort', kill, { once: true });
  try {
    const code = await exited;
    over.abort();
    // A background process may hold the outputs open for ever; the command itself has ended.
    const closed = new AbortController();
    await Promise.race([
      Promise.all(outputs),
      delay(drainMs, undefined, { signal: closed.signal }).catch(ignoreAbort),
    ]);
    closed.abort();
    child.stdout.destroy();
    child.stderr.destroy();
    return code;
  } finally {
    command.signal.removeEventListener('abort', end);
    command.kill.removeEventListener('abort', kill);
  }
}

function ignoreAbort(error: unknown): void {
  if (!(error instanceof Error) || error.name !== 'AbortError') throw error;
}

/** As GitHub's runner does it: the signals go to the command alone, only the kill at the end to all it started. */
async function endProcess(pid: number, patience: Patience, over: AbortSignal): Promise<void> {
  if (over.aborted) return;
  signalProcess(pid, 'SIGINT');
  await delay(patience.interrupt, undefined, { ref: false, signal: over }).catch(ignoreAbort);
  if (over.aborted) return;
  signalProcess(pid, 'SIGTERM');
  await delay(patience.terminate, undefined, { ref: false, signal: over }).catch(ignoreAbort);
  if (!over.aborted) killTree(pid);
}

/** Kills a process, its group, and whatever descends from it in groups of its own. */
function killTree(pid: number): void {
  const descendants = descendantsOf(pid);
  signalProcess(-pid, 'SIGKILL');
  for (const descendant of descendants) signalProcess(descendant, 'SIGKILL');
}

/** Signals a process, or a group by its negative id; one that is gone already is no error. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function descendantsOf(pid: number): number[] {
  const parents = new Map(processIds().map((id) => [id, parentOf(id)]));
  const found = [pid];
  for (const ancestor of found) for (const [id, parent] of parents) if (parent === ancestor) found.push(id);
  return found.slice(1);
}

/** Empty where there is no /proc: then groups alone are killed. */
function processIds(): number[] {
  return existsSync('/proc/self')
    ? readdirSync('/proc')
        .filter((name) => /^[0-9]+$/.test(name))
        .map(Number)
    : [];
}

function parentOf(pid: number): number | null {
  // The name, in brackets, may hold brackets itself; state and parent follow the last one.
  const [, parent] = /^.*\) \S+ ([0-9]+)/s.exec(procFile(pid, 'stat')) ?? [];
  return parent === undefined ? null : Number(parent);
}

/** Empty when the process is gone meanwhile, or somebody else's. */
function procFile(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'EACCES' || code === 'EPERM') return '';
    throw error;
  }
}

/** Kills what a job left behind: all that still carries its tracking variable, as GitHub's runner does. */
export function killTracked(variable: string): void {
  for (const pid of processIds())
    if (procFile(pid, 'environ').split('\0').includes(variable)) signalProcess(pid, 'SIGKILL');
}

/** A line longer than this is cut up: a program may print for ever without a newline. */
const longestLine = 64 * 1024;

async function readLines(stream: Readable, onLine: (line: string) => void): Promise<void> {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const lines = (rest + chunk).split(/\r?\n/);
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
    if (rest.length > longestLine) {
      onLine(rest);
      rest = '';
    }
  });
  await new Promise<void>((resolve) => stream.once('close', resolve));
  if (rest !== '') onLine(rest);
}

/** A signal that fires after minutes; it keeps no process alive. */
export function timeoutAfter(minutes: number): AbortSignal {
  return AbortSignal.timeout(Math.round(minutes * 60_000));
}
