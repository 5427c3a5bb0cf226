/**
 * A program and everything it started, found and ended. On Linux by snapshots of /proc: children by parent, and, for
 * those that were orphaned or made themselves daemons, by the session's mark in their environment and by the session's
 * own user, whom no process can shed. Elsewhere only the program's own process group is known, and what left that
 * group survives.
 */
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { AgentUser } from './agent-user.ts';
import { chase } from './chase.ts';
import {
  hasMark,
  hasUser,
  msPerTick,
  readDetail,
  readEntry,
  snapshot,
  type Entry,
  type ProcessId,
} from './process-list.ts';
import { killAllOf, signalAs } from './spawn-as.ts';

export const onLinux = process.platform === 'linux';

/** The process as it is now; null when there is none (or off Linux, where start times are unknown, `started` is empty). */
export async function identify(pid: number): Promise<ProcessId | null> {
  if (!onLinux) return (await signalAs(null, [pid], 0)) ? { pid, started: '' } : null;
  const entry = await readEntry(pid);
  return entry === null || entry.dead ? null : { pid, started: entry.started };
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

  const strangers = new Map<number, string>();

  async function isOurs({ pid, started }: Entry, uptimeMs: number): Promise<boolean> {
    if (strangers.get(pid) === started) return false;
    if (hasMark(await readDetail(pid, 'environ'), mark)) return true;
    if (user !== null && hasUser(await readDetail(pid, 'status'), user)) return true;
    if (uptimeMs - Number(started) * msPerTick > settledMs) strangers.set(pid, started);
    return false;
  }

  async function find(): Promise<ProcessId[]> {
    if (!onLinux) return root !== null && (await signalAs(null, [-root.pid], 0)) ? [root] : [];
    const entries = (await snapshot()).filter((entry) => entry.pid !== process.pid);
    const found = new Map(
      entries.filter((entry) => seen.get(entry.pid) === entry.started).map((entry) => [entry.pid, entry]),
    );
    const uptimeMs = await readUptime();
    for (const entry of entries)
      if (!found.has(entry.pid) && (await isOurs(entry, uptimeMs))) found.set(entry.pid, entry);
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
      if (user !== null) await killAllOf(user);
      if (onLinux && user?.by !== 'sudo') await chase({ seen, mark, user }, deadline);
      else if (left.length > 0) {
        const pids = left.map(({ pid }) => (onLinux ? pid : -pid));
        await signalAs(user, pids, 'SIGKILL');
      }
      const rest = await find();
      if (rest.length === 0 || Date.now() > deadline) return rest;
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

/** Between a fork and what makes a process another one (its user, its program) it looks like its parent. */
const settledMs = 2_000;

async function readUptime(): Promise<number> {
  const [seconds = '0'] = (await readFile('/proc/uptime', 'utf8')).split(' ');
  return Number(seconds) * 1_000;
}
