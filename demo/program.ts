/** One process of the demo: its log in a file, its end without orphans. */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { descendants, isAlive, type Identity } from './process-tree.ts';

export interface Program {
  name: string;
  pid: number;
  logFile: string;
  /** The first line of its log that fits, waiting for it. Rejects with the log's end when it exits before, or with the wait. */
  line(fits: RegExp, withinMs: number): Promise<string>;
  running(): boolean;
  /** SIGTERM, patience, then SIGKILL of it and of everything it started. */
  stop(patienceMs: number): Promise<void>;
}

export type ProgramOptions = {
  name: string;
  argv: string[];
  cwd: string;
  env: Record<string, string>;
  logFile: string;
};

export function startProgram(options: ProgramOptions): Program {
  const { name, logFile } = options;
  const log = openSync(logFile, 'a', 0o600);
  // A group of its own: Ctrl-C in the terminal is the demo's to hear, which then stops everything in order.
  const child = spawn(process.execPath, options.argv, {
    cwd: options.cwd,
    env: options.env,
    stdio: ['ignore', log, log],
    detached: true,
  });
  closeSync(log);
  const { pid } = child;
  if (pid === undefined) throw new Error(`${name} could not be started: ${process.execPath} is no program`);
  const running = (): boolean => child.exitCode === null && child.signalCode === null;
  return {
    name,
    pid,
    logFile,
    running,
    async line(fits, withinMs) {
      const deadline = Date.now() + withinMs;
      for (;;) {
        const text = readFileSync(logFile, 'utf8');
        const found = text.split('\n').find((line) => fits.test(line));
        if (found !== undefined) return found;
        if (!running()) throw new Error(`${name} ended before it was ready.\n${lastLines(text)}`);
        if (Date.now() > deadline)
          throw new Error(`${name} was not ready after ${withinMs / 1000} s.\n${lastLines(text)}`);
        await sleep(50);
      }
    },
    stop: (patienceMs) => stop(child, pid, patienceMs),
  };
}

export const lastLines = (text: string): string => text.trim().split('\n').slice(-12).join('\n');

async function stop(child: ChildProcess, pid: number, patienceMs: number): Promise<void> {
  const family = [...descendants(pid)];
  const ended = new Promise<void>((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once('exit', () => resolve());
  });
  child.kill('SIGTERM');
  await Promise.race([ended, sleep(patienceMs, undefined, { ref: false })]);
  // What it started may have groups and parents of its own by now, so everyone seen is asked for by name.
  const left = [...family, ...descendants(pid)].filter(isAlive);
  child.kill('SIGKILL');
  for (const process of left) end(process);
  await ended;
}

function end({ pid }: Identity): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
