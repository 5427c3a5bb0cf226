/**
 * A system user for one session: made when the session begins, gone when it ends. Its name comes from the session's
 * id, so that the next start of a killed runner knows whom to clear away. One for each session, not one for all:
 * agents that work beside each other would read each other's tokens.
 */
import { execFile } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

/** `by`: how its programs are started. Root changes the user itself; others need sudo without a password. */
export type AgentUser = { name: string; uid: number; gid: number; by: 'root' | 'sudo' };

/** Made, or why not, in words. */
export type UserAnswer = { user: AgentUser; problem: null } | { user: null; problem: string };

const run = promisify(execFile);

/** A name that `useradd` takes: the end of the id, because ids that begin with the time begin alike. */
const nameFor = (session: string): string => `ent-${session.replaceAll('-', '').slice(-12)}`;

export async function makeAgentUser(session: string): Promise<UserAnswer> {
  const by = await privilege();
  if (by === null) {
    return {
      user: null,
      problem:
        process.platform === 'linux'
          ? 'making a user needs root, or sudo without a password'
          : `users are made on Linux only, and this is ${process.platform}`,
    };
  }
  const name = nameFor(session);
  const args = ['--system', '--user-group', '--no-create-home', '--home-dir', '/nonexistent'];
  try {
    await outlastLock(() => asRoot(by, 'useradd', [...args, '--shell', '/usr/sbin/nologin', name]));
  } catch (error) {
    return { user: null, problem: `useradd did not make one: ${lastLine(error)}` };
  }
  const user = await findAgentUser(session);
  if (user === null) return { user: null, problem: `useradd made ${name}, and nobody knows it` };
  return { user, problem: null };
}

/** The session's user, when there is one on this machine. */
export async function findAgentUser(session: string): Promise<AgentUser | null> {
  const by = await privilege();
  if (by === null) return null;
  const name = nameFor(session);
  try {
    const [uid, gid] = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])]);
    const user = { name, uid: Number(uid.stdout), gid: Number(gid.stdout), by };
    // What is started as this user must never be started as root.
    return user.uid > 0 && user.gid > 0 ? user : null;
  } catch (error) {
    if (typeof (error as { code?: unknown }).code === 'number') return null;
    throw error;
  }
}

/** When none of its processes is left. Its crontab goes with it. */
export async function removeAgentUser(user: AgentUser): Promise<void> {
  await outlastLock(() => asRoot(user.by, 'userdel', ['--force', user.name]));
}

/** Runs a program of the machine as root. Rejects with its words when it ends with another code than 0. */
export async function asRoot(by: AgentUser['by'], file: string, args: readonly string[]): Promise<void> {
  // Where a user's PATH has no sbin.
  const env = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin:/usr/bin:/bin` };
  if (by === 'root') await run(file, args, { env });
  else await run('sudo', ['-n', '--', file, ...args], { env });
}

/** Asked once: it does not change while we run. */
let known: Promise<AgentUser['by'] | null> | null = null;

function privilege(): Promise<AgentUser['by'] | null> {
  known ??= look();
  return known;
}

async function look(): Promise<AgentUser['by'] | null> {
  if (process.platform !== 'linux') return null;
  if (process.getuid?.() === 0) return 'root';
  try {
    await run('sudo', ['-n', '--', 'true'], { timeout: 10_000 });
    return 'sudo';
  } catch (error) {
    // No sudo, a password is asked for, or this user has no right to it: all of them mean no.
    if (error instanceof Error) return null;
    throw error;
  }
}

/** Programs that change the list of users lock it, and give up when another one has it. */
async function outlastLock(work: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt >= 10 || !/lock/.test(lastLine(error))) throw error;
      await delay(50 * attempt);
    }
  }
}

function lastLine(error: unknown): string {
  const { stderr, message } = error as { stderr?: string; message?: string };
  const text = stderr?.trim() || (message ?? String(error));
  return text.split('\n').at(-1) ?? '';
}
