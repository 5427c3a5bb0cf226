/** A Postgres server process: finding one that runs on a data directory, starting one, stopping it. */
import { execFile, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { open, readFile, readlink, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Who the server runs as; empty for ourselves. */
export type User = { uid?: number; gid?: number };
export type Postmaster = { pid: number; port: number };

/**
 * The server that runs on the data directory, or null. Postgres itself clears a lock file whose process is gone; one
 * whose number another program has now (after a container's restart) it would respect for ever, so that is removed here.
 */
export async function findPostmaster(data: string): Promise<Postmaster | null> {
  const file = join(data, 'postmaster.pid');
  const lines = await linesOf(file);
  if (lines === null) return null;
  const pid = Number(lines[0]);
  const port = Number(lines[3]);
  if (!isRunning(pid)) return null;
  if (await worksIn(pid, data)) return { pid, port };
  await rm(file, { force: true });
  return null;
}

async function linesOf(file: string): Promise<string[] | null> {
  try {
    return (await readFile(file, 'utf8')).split('\n');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

export function isRunning(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
  return !isDefunct(pid);
}

/** An orphan that ended and that a container's first process never collects: it still answers signals. */
function isDefunct(pid: number): boolean {
  try {
    return /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/** A postmaster's working directory is its data directory; where that can't be read, its command line names it. */
async function worksIn(pid: number, data: string): Promise<boolean> {
  try {
    return (await readlink(`/proc/${pid}/cwd`)) === data;
  } catch {
    return (await commandLine(pid)).includes(data);
  }
}

async function commandLine(pid: number): Promise<string> {
  try {
    return (await run('ps', ['-o', 'command=', '-p', String(pid)])).stdout;
  } catch {
    return '';
  }
}

export type Launch = {
  binary: string;
  data: string;
  port: number;
  user: User;
  log: string;
  settings: Readonly<Record<string, string>>;
};

/** A server just launched: `ended` resolves with the tail of its log when it gave up. */
export type Launched = { pid: number; ended: Promise<string> };

/** Starts a server in a session of its own, so that a Ctrl-C in the terminal ends us first and we end it in order. */
export async function launch({ binary, data, port, user, log, settings }: Launch): Promise<Launched> {
  const file = await open(log, 'a', 0o600);
  try {
    const { size } = await file.stat();
    const flags = Object.entries({
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      port: String(port),
      ...settings,
    });
    const child = spawn(
      binary,
      ['-D', data, ...flags.flatMap(([name, value]) => ['-c', `${name}=${value}`])],
      {
        ...user,
        cwd: '/',
        detached: true,
        stdio: ['ignore', file.fd, file.fd],
        env: { LC_ALL: 'C', PGTZ: 'UTC' },
      },
    );
    const ended = new Promise<string>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', () => {
        readFile(log).then((text) => resolve(tail(text.subarray(size))), reject);
      });
    });
    child.unref();
    return { pid: child.pid ?? 0, ended };
  } finally {
    await file.close();
  }
}

const tail = (text: Buffer): string => text.toString().trim().split('\n').slice(-12).join('\n');

/** Fast shutdown: connections are ended, everything is written. After 30 s the immediate one, which recovers at the next start. */
export async function stopPostmaster(pid: number): Promise<void> {
  for (const [signal, milliseconds] of [
    ['SIGINT', 30_000],
    ['SIGQUIT', 10_000],
  ] as const) {
    if (!isRunning(pid)) return;
    process.kill(pid, signal);
    const deadline = Date.now() + milliseconds;
    while (isRunning(pid) && Date.now() < deadline) await sleep(20);
  }
}
