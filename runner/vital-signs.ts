/** What a session's processes use and print, read from /proc: an agent whose tool computes or writes is at work. */
import type { AgentUser } from './agent-user.ts';
import { fieldsOf, msPerTick, readDetail, type ProcessId } from './process-list.ts';
import { runAs } from './spawn-as.ts';

export type Vitals = {
  /** CPU time of each process and of its children that ended, in milliseconds. */
  readonly cpu: ReadonlyMap<string, number>;
  /** Bytes that each has written to files, pipes and terminals. */
  readonly written: ReadonlyMap<string, number>;
  /** The parent of each. */
  readonly parents: ReadonlyMap<string, number>;
  /** When, in milliseconds of the clock that never goes back. */
  readonly at: number;
};

/** `user`: whose they are; null: the runner's own. */
export async function readVitals(processes: readonly ProcessId[], user: AgentUser | null): Promise<Vitals> {
  const bytes = await readWritten(
    processes.map(({ pid }) => pid),
    user,
  );
  const cpu = new Map<string, number>();
  const written = new Map<string, number>();
  const parents = new Map<string, number>();
  for (const process of processes) {
    const { pid } = process;
    const stat = await readDetail(pid, 'stat');
    if (stat === null) continue;
    // utime, stime, cutime, cstime are the 14th to 17th of all fields.
    const fields = fieldsOf(stat);
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
    const key = keyOf(process);
    cpu.set(key, ticks * msPerTick);
    parents.set(key, Number(fields[1]));
    const count = bytes.get(pid);
    if (count !== undefined) written.set(key, count);
  }
  return { cpu, written, parents, at: performance.now() };
}

/** The kernel tells it to root and to a process's own user: without root, grep reads it as that user, all in one go. */
async function readWritten(pids: readonly number[], user: AgentUser | null): Promise<Map<number, number>> {
  const written = new Map<number, number>();
  if (pids.length === 0) return written;
  if (user?.by === 'sudo') {
    const files = pids.map((pid) => `/proc/${pid}/io`);
    const { stdout } = await runAs(user, { file: 'grep', args: ['-sH', '^wchar:', ...files], cwd: '/' });
    for (const [, pid, count] of stdout.matchAll(/^\/proc\/(\d+)\/io:wchar: (\d+)$/gm))
      written.set(Number(pid), Number(count));
    return written;
  }
  for (const pid of pids) {
    const count = /^wchar: (\d+)$/m.exec((await readDetail(pid, 'io')) ?? '')?.[1];
    if (count !== undefined) written.set(pid, Number(count));
  }
  return written;
}

const keyOf = ({ pid, started }: ProcessId): string => `${pid}/${started}`;

/**
 * A program that sleeps with timers takes some thousandths of a CPU; what computes takes a whole one.
 */
const busyPart = 0.02;

/** `leader` is the engine, or the parent of it. `computes`: the engine does its work itself and not by tools of its own. */
export type EngineSigns = { leader: number; computes: boolean };

/**
 * What was done between two looks. The writing of the engine itself does not count: its output is read and means more
 * than its length, and while it waits for its model it writes to itself (Claude Code a dozen bytes a second), and opencode
 * comes near to being busy (15 ms a second).
 */
export function signsBetween(before: Vitals, after: Vitals, engine: EngineSigns): 'output' | 'cpu' | null {
  const isEngine = (key: string): boolean =>
    key.startsWith(`${engine.leader}/`) || after.parents.get(key) === engine.leader;
  for (const [key, bytes] of after.written)
    if (!isEngine(key) && bytes > (before.written.get(key) ?? 0)) return 'output';
  let used = 0;
  for (const [key, ms] of after.cpu)
    if (engine.computes || !isEngine(key)) used += Math.max(0, ms - (before.cpu.get(key) ?? 0));
  return used >= (after.at - before.at) * busyPart && used > 0 ? 'cpu' : null;
}
