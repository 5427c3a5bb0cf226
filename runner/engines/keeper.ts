/**
 * Starts a program so that it outlives the runner, and finds it again. Its output goes to files that the runner follows;
 * its exit code goes to another one, written by a shell of a megabyte that waits for it. Pipes would end with the
 * runner, and a Node process for each session would cost fifty times as much memory.
 */
import { mkdir, open, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { AgentUser } from '../agent-user.ts';
import type { ProcessId } from '../process-list.ts';
import { identify } from '../process-tree.ts';
import { spawnKept, type Launch } from '../spawn-as.ts';

export type Exit = { code: number | null; signal: NodeJS.Signals | null };

export type Kept = {
  /** The keeper's, which is the leader of the program's group. */
  process: ProcessId;
  /** What the program prints, from its beginning to its end. */
  output(): AsyncGenerator<Buffer>;
  errors(): AsyncGenerator<Buffer>;
  exited: Promise<Exit>;
  /** Ends the reading where it is. */
  abandon(): void;
};

/** More output than this is no agent's work, and would fill the disk. It is for the reader to act on. */
export const longestOutput = 256 * 1024 * 1024;

/** `directory` is the runner's own and made here; programs of a session are kept one after the other. */
export async function keep(user: AgentUser | null, directory: string, launch: Launch): Promise<Kept> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const files = filesIn(directory);
  for (const path of Object.values(files)) await rm(path, { force: true });
  const handles = await Promise.all(
    (['output', 'errors', 'code'] as const).map((name) => open(files[name], 'a', 0o600)),
  );
  try {
    const [output, errors, code] = handles.map(({ fd }) => fd);
    if (output === undefined || errors === undefined || code === undefined) throw new Error('three files');
    const child = await spawnKept(user, launch, { input: files.input, output, errors, code });
    const { pid } = child;
    if (pid === undefined) throw child.error;
    const ended = latch<Exit>();
    void child.exited.then(({ code: told, signal }) =>
      ended.set(signal === null ? exitOf(told) : { code: null, signal }),
    );
    return keptIn(files, (await identify(pid)) ?? { pid, started: '' }, ended);
  } finally {
    await Promise.all(handles.map((handle) => handle.close()));
  }
}

/** The program that an earlier life of this runner started; its exit may lie in the past. */
export async function keepAgain(directory: string, process: ProcessId): Promise<Kept> {
  const files = filesIn(directory);
  const ended = latch<Exit>();
  void awaitEnd(files.code, process).then((exit) => ended.set(exit));
  return keptIn(files, process, ended);
}

/** Whether it still runs, or ended while nobody looked and left its exit code. */
export async function isKept(directory: string, process: ProcessId): Promise<boolean> {
  return (await isAlive(process)) || (await readCode(filesIn(directory).code)) !== null;
}

type Files = { input: string; output: string; errors: string; code: string };

const filesIn = (directory: string): Files => ({
  input: join(directory, 'input'),
  output: join(directory, 'output'),
  errors: join(directory, 'errors'),
  code: join(directory, 'exit-code'),
});

const isAlive = async ({ pid, started }: ProcessId): Promise<boolean> =>
  (await identify(pid))?.started === started;

/** Not our child: there is nobody to tell us. */
const lookMs = 100;

async function awaitEnd(file: string, process: ProcessId): Promise<Exit> {
  for (;;) {
    const alive = await isAlive(process);
    const code = await readCode(file);
    if (code !== null) return exitOf(code);
    if (!alive) return { code: null, signal: null };
    await delay(lookMs);
  }
}

async function readCode(file: string): Promise<number | null> {
  try {
    const text = await readFile(file, 'utf8');
    return /^\d+\n$/.test(text) ? Number(text) : null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** A shell tells a signal as 128 and its number. Others are left alone: some engines end with an HTTP status modulo 256. */
const signals = new Map<number, NodeJS.Signals>([
  [129, 'SIGHUP'],
  [130, 'SIGINT'],
  [134, 'SIGABRT'],
  [137, 'SIGKILL'],
  [139, 'SIGSEGV'],
  [143, 'SIGTERM'],
]);

function exitOf(code: number | null): Exit {
  const signal = code === null ? undefined : signals.get(code);
  return signal === undefined ? { code, signal: null } : { code: null, signal };
}

function keptIn(files: Files, process: ProcessId, ended: Latch<Exit>): Kept {
  let abandoned = false;
  const isWanted = () => !abandoned;
  return {
    process,
    output: () => follow(files.output, ended, isWanted),
    errors: () => follow(files.errors, ended, isWanted),
    exited: ended.value,
    abandon: () => (abandoned = true),
  };
}

const shortestPauseMs = 20;
const longestPauseMs = 250;

/**
 * A file's bytes as they come, until the program has ended; what its children write after that is not waited for.
 * Looked at in growing pauses: watchers are few on a machine, and a look at a file costs microseconds.
 */
async function* follow(path: string, ended: Latch<unknown>, isWanted: () => boolean): AsyncGenerator<Buffer> {
  const file = await open(path, 'r');
  try {
    let position = 0;
    for (let pauseMs = shortestPauseMs; isWanted();) {
      const { done } = ended;
      const { bytesRead, buffer } = await file.read({ buffer: Buffer.alloc(64 * 1024), position });
      if (bytesRead > 0) {
        position += bytesRead;
        pauseMs = shortestPauseMs;
        yield buffer.subarray(0, bytesRead);
      } else if (done) return;
      else {
        await ended.wait(pauseMs);
        pauseMs = Math.min(longestPauseMs, pauseMs * 1.5);
      }
    }
  } finally {
    await file.close();
  }
}

/** How large the file of its output is by now. */
export async function outputSize(directory: string): Promise<number> {
  const { output, errors } = filesIn(directory);
  const sizes = await Promise.all([output, errors].map((path) => stat(path)));
  return sizes.reduce((sum, { size }) => sum + size, 0);
}

/** A value that comes once. Waiting for it with a time limit leaves nothing behind, as racing a promise would. */
type Latch<T> = { done: boolean; value: Promise<T>; set(value: T): void; wait(ms: number): Promise<void> };

function latch<T>(): Latch<T> {
  const { promise, resolve } = Promise.withResolvers<T>();
  const waiting = new Set<() => void>();
  const self: Latch<T> = {
    done: false,
    value: promise,
    set(value) {
      self.done = true;
      resolve(value);
      for (const wake of waiting) wake();
    },
    wait: (ms) =>
      new Promise((wakeUp) => {
        const wake = () => {
          clearTimeout(timer);
          waiting.delete(wake);
          wakeUp();
        };
        const timer = setTimeout(wake, self.done ? 0 : ms);
        waiting.add(wake);
      }),
  };
  return self;
}
