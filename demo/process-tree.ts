/** Processes below a process, and their memory, from /proc. On systems without it the lists are empty. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** A pid alone may be used again; with the start time it names one process. */
export type Identity = { pid: number; parent: number; started: string };

/** Everything below a process, at this moment. */
export function descendants(root: number): Identity[] {
  const children = Map.groupBy(processes(), ({ parent }) => parent);
  const found: Identity[] = [];
  const open = [root];
  for (let pid = open.pop(); pid !== undefined; pid = open.pop()) {
    for (const child of children.get(pid) ?? []) {
      found.push(child);
      open.push(child.pid);
    }
  }
  return found;
}

export function isAlive({ pid, started }: Identity): boolean {
  const now = identity(pid);
  return now !== null && now.started === started;
}

/** Bytes of memory that the process keeps: its share of what it shares where the system tells, else all it maps. */
export function memoryOf(pid: number): number {
  const shares = field(`/proc/${pid}/smaps_rollup`, /^Pss:\s+(\d+) kB/m);
  return (shares ?? field(`/proc/${pid}/status`, /^VmRSS:\s+(\d+) kB/m) ?? 0) * 1024;
}

function processes(): Identity[] {
  if (!existsSync('/proc/self/stat')) return [];
  return readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? (identity(Number(name)) ?? []) : []));
}

function identity(pid: number): Identity | null {
  const stat = read(`/proc/${pid}/stat`);
  if (stat === null) return null;
  // The second field is the program's name in parentheses and may hold anything; the others follow its last one.
  const [state, parent, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (state === 'Z') return null;
  return { pid, parent: Number(parent), started: rest[17] ?? '' };
}

function field(file: string, pattern: RegExp): number | null {
  const match = pattern.exec(read(file) ?? '');
  return match === null ? null : Number(match[1]);
}

/** Null when the process is gone or not ours to see. */
function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (
      error instanceof Error &&
      'code' in error &&
      ['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes(String(error.code))
    )
      return null;
    throw error;
  }
}
