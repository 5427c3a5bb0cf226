/**
 * A program and everything it started, found and ended. On Linux by snapshots of /proc: children by parent, and, for
 * those that were orphaned or made themselves daemons, by the session's mark in their environment and by the session's
 * own user, whom no process can shed. Elsewhere only the program's own process group is known, and what left that
 * group survives.
 */
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { AgentUser } from './agent-user.ts';
import { signalAs } from './spawn-as.ts';

/** A process id alone may be somebody else's by now; with its start time (clock ticks since boot) it is one process. */
export type ProcessId = { pid: number; started: string };

type Entry = ProcessId & { parent: number; dead: boolean };

export const onLinux = process.platform === 'linux';

/** The variable whose value marks all processes of one session. */
export const markVariable = 'ENTOURAGE_SESSION';

/** The process as it is now; null when there is none (or off Linux, where start times are unknown, `started` is empty). */
export async function identify(pid: number): Promise<ProcessId | null> {
  if (!onLinux) return (await signalAs(null, [pid], 0)) ? { pid, started: '' } : null;
  const entry = await readEntry(pid);
  return entry === null || entry.dead ? null : { pid, started: entry.started };
}

async function readEntry(pid: number): Promise<Entry | null> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(gone);
  if (text === null) return null;
  // The name in parentheses may hold anything; what follows the last one is well-formed (proc(5)).
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return {
    pid,
    parent: Number(fields[1]),
    started: fields[19] ?? '',
    dead: fields[0] === 'Z' || fields[0] === 'X',
  };
}

function gone(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT' || error.code === 'ESRCH' || error.code === 'EACCES' || error.code === 'EPERM')
    return null;
  throw error;
}

async function snapshot(): Promise<Entry[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const entries = await Promise.all(pids.map(readEntry));
  return entries.filter((entry) => entry !== null && !entry.dead) as Entry[];
}

async function isMarked(pid: number, mark: string): Promise<boolean> {
  const environment = await readFile(`/proc/${pid}/environ`, 'latin1').catch(gone);
  return environment !== null && environment.split('\0').includes(`${markVariable}=${mark}`);
}

/** By the real user of a process, which a program with a set-user-id bit does not change. */
async function isOf(pid: number, user: AgentUser): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(gone);
  return status !== null && new RegExp(`^Uid:\\t${user.uid}\\t`, 'm').test(status);
}

export type ProcessTree = {
  /** Looks again, so that a child is remembered even when its parents die before the end. */
  refresh(): Promise<void>;
  /** Those still alive. */
  alive(): Promise<ProcessId[]>;
  /** SIGINT to the program's group, patience, SIGKILL to whoever is left. Answers with survivors: none, normally. */
  end(patienceMs: number): Promise<ProcessId[]>;
};

/** How long children may go on after the program itself has ended. */
const childPatienceMs = 500;
/** SIGKILL is sent again while new children keep appearing; a process that sits in the kernel longer is reported. */
const killMs = 10_000;

/** `root` null: only the mark, and the user where there is one, are known, as after a crash of the runner. */
export function processTree(
  root: ProcessId | null,
  mark: string,
  user: AgentUser | null = null,
): ProcessTree {
  const seen = new Map<number, string>();
  if (root !== null) seen.set(root.pid, root.started);

  async function find(): Promise<ProcessId[]> {
    if (!onLinux) return root !== null && (await signalAs(null, [-root.pid], 0)) ? [root] : [];
    const entries = (await snapshot()).filter((entry) => entry.pid !== process.pid);
    const found = new Map(
      entries.filter((entry) => seen.get(entry.pid) === entry.started).map((entry) => [entry.pid, entry]),
    );
    for (const entry of entries) {
      if (found.has(entry.pid)) continue;
      if ((await isMarked(entry.pid, mark)) || (user !== null && (await isOf(entry.pid, user))))
        found.set(entry.pid, entry);
    }
    for (let grew = true; grew;) {
      const children = entries.filter((entry) => !found.has(entry.pid) && found.has(entry.parent));
      for (const child of children) found.set(child.pid, child);
      grew = children.length > 0;
    }
    for (const { pid, started } of found.values()) seen.set(pid, started);
    return [...found.values()].map(({ pid, started }) => ({ pid, started }));
  }

  async function kill(): Promise<ProcessId[]> {
    const deadline = Date.now() + killMs;
    for (;;) {
      const left = await find();
      if (left.length === 0 || Date.now() > deadline) return left;
      const pids = left.map(({ pid }) => (onLinux ? pid : -pid));
      await signalAs(user, pids, 'SIGKILL');
      await delay(20);
    }
  }

  return {
    async refresh() {
      await find();
    },
    alive: find,
    async end(patienceMs) {
      let left = await find();
      if (root !== null && left.length > 0) await signalAs(user, [-root.pid], 'SIGINT');
      const deadline = Date.now() + patienceMs;
      let alone = Number.POSITIVE_INFINITY;
      while (left.length > 0 && Date.now() < Math.min(deadline, alone)) {
        await delay(50);
        left = await find();
        if (!left.some(({ pid }) => pid === root?.pid)) alone = Math.min(alone, Date.now() + childPatienceMs);
      }
      return await kill();
    },
  };
}
