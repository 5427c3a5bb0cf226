/**
 * Starts programs for a session, as the session's own user where it has one. Arguments are arrays, the environment is
 * exactly what is given, and no value of it is ever in an argument, where everybody on the machine could read it.
 */
import { execFile, spawn, type ChildProcessByStdio } from 'node:child_process';
import { lchown } from 'node:fs/promises';
import type { Readable, Writable } from 'node:stream';
import { asRoot, type AgentUser } from './agent-user.ts';

export type Launch = {
  file: string;
  args: readonly string[];
  cwd: string;
  /** The whole environment. */
  env: Readonly<Record<string, string>>;
  /** What it reads on its standard input; nothing else follows. */
  input?: string;
  /** A process group and session of its own. */
  detached?: boolean;
};

export type Program = ChildProcessByStdio<Writable, Readable, Readable>;

/**
 * Read by the shell that sudo starts: the environment line by line from standard input (sudo clears the one it was
 * given and its arguments are public), then the directory and the program from its arguments. `read` takes byte by
 * byte from a pipe, so that the rest of the input is the program's.
 */
const launcher = `
unset SUDO_COMMAND SUDO_USER SUDO_UID SUDO_GID SUDO_HOME MAIL LOGNAME USER SHELL
while IFS= read -r line && [ -n "$line" ]; do
  value=$(printf '%b.' "\${line#*=}")
  export "\${line%%=*}=\${value%.}"
done
cd -- "$1" || exit 126
shift
exec "$@"`;

const environmentLines = (env: Readonly<Record<string, string>>): string =>
  Object.entries(env)
    .map(([name, value]) => `${name}=${value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n`)
    .join('');

export function spawnAs(user: AgentUser | null, launch: Launch): Program {
  const program = user?.by === 'sudo' ? spawnBySudo(user.name, launch) : spawnHere(user, launch);
  // A program need not read its input: EPIPE is its choice, and its end tells the rest.
  program.stdin.on('error', () => program.stdin.destroy());
  if (user?.by === 'sudo') program.stdin.write(`${environmentLines(launch.env)}\n`);
  program.stdin.end(launch.input ?? '');
  return program;
}

function spawnHere(user: AgentUser | null, launch: Launch): Program {
  if (user !== null && !(user.uid > 0 && user.gid > 0)) throw new Error('an agent’s user is never root');
  return spawn(launch.file, launch.args, {
    cwd: launch.cwd,
    env: launch.env,
    // Another user's program must not type into our terminal.
    detached: launch.detached === true || user !== null,
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(user === null ? {} : { uid: user.uid, gid: user.gid }),
  });
}

function spawnBySudo(name: string, launch: Launch): Program {
  const command = ['/bin/sh', '-c', launcher, 'sh', launch.cwd, launch.file, ...launch.args];
  return spawn('sudo', ['-n', '-u', name, '--', ...command], {
    cwd: '/',
    env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C' },
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}

export type Ran = { code: number; stdout: string; stderr: string };

/** Runs a small program of the machine to its end; its output is kept whole. Rejects when it can't be started. */
export function runAs(
  user: AgentUser | null,
  launch: Omit<Launch, 'env'> & { env?: Launch['env'] },
): Promise<Ran> {
  const env = { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C' };
  return new Promise((resolve, reject) => {
    const program = spawnAs(user, { env, ...launch });
    const ran = { code: -1, stdout: '', stderr: '' };
    program.stdout.on('data', (chunk: Buffer) => (ran.stdout += chunk.toString()));
    program.stderr.on('data', (chunk: Buffer) => (ran.stderr += chunk.toString()));
    program.on('error', reject);
    program.on('close', (code) => resolve({ ...ran, code: code ?? -1 }));
  });
}

/** As `runAs`, and rejects on another exit code than 0. */
export async function mustRunAs(
  user: AgentUser | null,
  launch: Omit<Launch, 'env'> & { env?: Launch['env'] },
): Promise<string> {
  const { code, stdout, stderr } = await runAs(user, launch);
  if (code === 0) return stdout;
  throw new Error(`\`${launch.file}\` ended with ${code}: ${stderr.trim().slice(-500)}`);
}

/** Makes files and directories of ours the user's, not what is inside of them; links are not followed. */
export async function giveTo(user: AgentUser | null, paths: readonly string[]): Promise<void> {
  if (user === null) return;
  if (user.by === 'root') for (const path of paths) await lchown(path, user.uid, user.gid);
  else await asRoot('sudo', 'chown', ['-h', '--', `${user.uid}:${user.gid}`, ...paths]);
}

/**
 * Sends a signal (0: only asks) to processes and, by negative numbers, groups. False when there was nobody, or nobody
 * who is ours.
 */
export async function signalAs(
  user: AgentUser | null,
  pids: readonly number[],
  name: NodeJS.Signals | 0,
): Promise<boolean> {
  if (pids.some((pid) => pid === -1 || pid === 0)) throw new Error('a signal to everybody is never meant');
  if (user?.by !== 'sudo') return pids.map((pid) => signalHere(pid, name)).some(Boolean);
  const kill = ['/bin/sh', '-c', 'kill "$@"', 'sh', '-s', name === 0 ? '0' : name.slice(3), '--'];
  return await new Promise((resolve) => {
    execFile('sudo', ['-n', '-u', user.name, '--', ...kill, ...pids.map(String)], (error) =>
      resolve(error === null),
    );
  });
}

function signalHere(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ESRCH' || code === 'EPERM') return false;
    throw error;
  }
}
