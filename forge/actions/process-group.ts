/** A command in a process group of its own, so that everything it started can be ended with it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Readable } from 'node:stream';
import { ActionsError } from './refusal.ts';

export type Command = {
  file: string;
  args: readonly string[];
  cwd: string;
  env: Record<string, string>;
  /** Called with every line of both outputs, without its newline. */
  onLine: (line: string) => void;
  /** Ends the group: SIGTERM, and SIGKILL after `graceMs`. */
  signal: AbortSignal;
  graceMs: number;
  /** Told the group's id at its start; the caller reaps what outlives the command. */
  onGroup?: (group: number) => void;
};

/** How long output of processes that outlive the command is waited for. */
const drainMs = 1_000;

/** Runs a command to its end and gives its exit code; a death by signal counts 128 and more, as in a shell. */
export async function runCommand(command: Command): Promise<number> {
  command.signal.throwIfAborted();
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
    child.once('exit', (code, signal) => resolve(code ?? (signal === 'SIGKILL' ? 137 : 143)));
  });
  const end = () => void endGroup(pid, command.graceMs);
  command.signal.addEventListener('abort', end, { once: true });
  try {
    const code = await exited;
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
  }
}

function ignoreAbort(error: unknown): void {
  if (!(error instanceof Error) || error.name !== 'AbortError') throw error;
}

async function endGroup(group: number, graceMs: number): Promise<void> {
  signalGroup(group, 'SIGTERM');
  await delay(graceMs, undefined, { ref: false });
  signalGroup(group, 'SIGKILL');
}

/** Signals a group; one that is gone already is no error. */
export function signalGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
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
