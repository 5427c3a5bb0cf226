/**
 * Starts programs for a session, as the session's own user where it has one. Arguments are arrays, the environment is
 * exactly what is given, and no value of it is ever in an argument, where everybody on the machine could read it.
 */
import { execFile, spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, lchown, open, rm, writeFile } from 'node:fs/promises';
import type { Readable, Writable } from 'node:stream';
import { asRoot, type AgentUser } from './agent-user.ts';

export type Launch = {
  file: string;
  args: readonly string[];
  cwd: string;
  /** The whole environment. */
  env: Readonly<Record<string, string>>;
  /** What it reads on its standard input; nothing else follows. */
  input?: string | Buffer;
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

/** Whom root starts it as. */
function idsOf(user: AgentUser | null): { uid: number; gid: number } | Record<string, never> {
  if (user === null || user.by === 'sudo') return {};
  if (!(user.uid > 0 && user.gid > 0)) throw new Error('an agent’s user is never root');
  return { uid: user.uid, gid: user.gid };
}

function spawnHere(user: AgentUser | null, launch: Launch): Program {
  return spawn(launch.file, launch.args, {
    cwd: launch.cwd,
    env: launch.env,
    // Another user's program must not type into our terminal.
    detached: launch.detached === true || user !== null,
    stdio: ['pipe', 'pipe', 'pipe'],
    ...idsOf(user),
  });
}

const ownEnvironment = () => ({ PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C' });

function sudoCommand(name: string, launch: Launch): [string, ...string[]] {
  const command = ['/bin/sh', '-c', launcher, 'sh', launch.cwd, launch.file, ...launch.args];
  return ['sudo', '-n', '-u', name, '--', ...command];
}

function spawnBySudo(name: string, launch: Launch): Program {
  const [file, ...args] = sudoCommand(name, launch);
  return spawn(file, args, {
    cwd: '/',
    env: ownEnvironment(),
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}

/**
 * Waits for the program that its arguments name and writes the exit code to descriptor 3, which the program doesn't get.
 * Signals to the group are the program's affair: a trap, unlike ignoring, is not inherited.
 */
const keeper = `
trap : HUP INT TERM
"$@" 3>&-
code=$?
echo "$code" >&3
exit "$code"`;

export type KeptFiles = {
  /** Where the input lies for the moment of the start: it may hold keys. */
  input: string;
  /** Descriptors. */
  output: number;
  errors: number;
  code: number;
};

export type KeptChild =
  | { pid: number; exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }> }
  | { pid: undefined; error: Error };

/** Starts a program in a session of its own, below a shell that keeps its exit code for whoever asks later. */
export async function spawnKept(
  user: AgentUser | null,
  launch: Launch,
  files: KeptFiles,
): Promise<KeptChild> {
  const bySudo = user?.by === 'sudo';
  const before = bySudo ? `${environmentLines(launch.env)}\n` : '';
  await writeFile(files.input, before, { mode: 0o600 });
  await appendFile(files.input, launch.input ?? '');
  const input = await open(files.input, 'r');
  try {
    await rm(files.input);
    const command = bySudo ? sudoCommand(user.name, launch) : [launch.file, ...launch.args];
    const child = spawn('/bin/sh', ['-c', keeper, 'sh', ...command], {
      cwd: bySudo ? '/' : launch.cwd,
      env: bySudo ? ownEnvironment() : launch.env,
      detached: true,
      stdio: [input.fd, files.output, files.errors, files.code],
      ...idsOf(user),
    });
    // The runner may end before it does.
    child.unref();
    const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
      child.once('exit', (code, signal) => resolve({ code, signal }));
    });
    if (child.pid !== undefined) return { pid: child.pid, exited };
    const [error] = (await once(child, 'error')) as [Error];
    return { pid: undefined, error };
  } finally {
    await input.close();
  }
}

export type Ran = { code: number; stdout: string; stderr: string };

/** Far above what is asked for here. Much of it is about an agent's files, of which there may be as many as it likes. */
const longestAnswer = 64 * 1024 * 1024;
const longestComplaint = 64 * 1024;

/**
 * Runs a small program of the machine to its end; its output is kept whole. Rejects when it can't be started, or prints
 * more than any answer is long: what it goes on to print then ends it.
 */
export function runAs(
  user: AgentUser | null,
  launch: Omit<Launch, 'env'> & { env?: Launch['env'] },
): Promise<Ran> {
  const env = ownEnvironment();
  return new Promise((resolve, reject) => {
    const program = spawnAs(user, { env, ...launch });
    const ran = { code: -1, stdout: '', stderr: '' };
    program.stdout.setEncoding('utf8').on('data', (text: string) => {
      ran.stdout += text;
      if (ran.stdout.length <= longestAnswer) return;
      program.stdout.destroy();
      reject(
        new Error(`\`${launch.file}\` printed more than ${longestAnswer} characters, and was not heard out`),
      );
    });
    program.stderr.setEncoding('utf8').on('data', (text: string) => {
      ran.stderr = (ran.stderr + text).slice(-longestComplaint);
    });
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
 * Ends every process of an agent's user at one blow: the kernel goes through all of them and lets no fork slip through,
 * which no list of numbers can do. The one that asks for it is spared, and ends by itself.
 */
export async function killAllOf(user: AgentUser): Promise<void> {
  // As anybody else, root above all, it would end the machine's own: so who it became is looked at once more.
  const script = '[ "$1" -gt 0 ] && [ "$(id -ru) $(id -u)" = "$1 $1" ] && kill -s KILL -- -1';
  await runAs(user, { file: '/bin/sh', args: ['-c', script, 'sh', String(user.uid)], cwd: '/' });
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

export function signalHere(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ESRCH' || code === 'EPERM') return false;
    throw error;
  }
}
