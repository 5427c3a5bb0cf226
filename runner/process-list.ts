/** The processes of this machine as /proc tells them: who they are, whose children, and whether they carry a session's mark. */
import { readFileSync, readdirSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import type { AgentUser } from './agent-user.ts';

/** A process id alone may be somebody else's by now; with its start time (clock ticks since boot) it is one process. */
export type ProcessId = { pid: number; started: string };

export type Entry = ProcessId & { parent: number; group: number; dead: boolean };

/** The variable whose value marks all processes of one session. */
export const markVariable = 'ENTOURAGE_SESSION';

/** The kernel counts in ticks of a hundredth of a second for every program that asks (USER_HZ, proc(5)). */
export const msPerTick = 10;

type Detail = 'stat' | 'environ' | 'status' | 'io';

/** Null when it is gone, or not for us to read. */
export async function readDetail(pid: number, detail: Detail): Promise<string | null> {
  return await readFile(`/proc/${pid}/${detail}`, 'latin1').catch(gone);
}

/** Without a pause between a look at the list and this one: a process that lives for a millisecond is seen only so. */
export function readDetailNow(pid: number, detail: Detail): string | null {
  try {
    return readFileSync(`/proc/${pid}/${detail}`, 'latin1');
  } catch (error) {
    return gone(error as NodeJS.ErrnoException);
  }
}

function gone(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT' || error.code === 'ESRCH' || error.code === 'EACCES' || error.code === 'EPERM')
    return null;
  throw error;
}

export async function readEntry(pid: number): Promise<Entry | null> {
  const text = await readDetail(pid, 'stat');
  return text === null ? null : entryOf(pid, text);
}

export function readEntryNow(pid: number): Entry | null {
  const text = readDetailNow(pid, 'stat');
  return text === null ? null : entryOf(pid, text);
}

function entryOf(pid: number, text: string): Entry {
  const fields = fieldsOf(text);
  return {
    pid,
    parent: Number(fields[1]),
    group: Number(fields[2]),
    started: fields[19] ?? '',
    dead: fields[0] === 'Z' || fields[0] === 'X',
  };
}

/** Of `stat`, from the third on: the name in parentheses may hold anything; what follows the last one is well-formed (proc(5)). */
export const fieldsOf = (stat: string): string[] => stat.slice(stat.lastIndexOf(')') + 2).split(' ');

const isNumber = (name: string): boolean => /^\d+$/.test(name);

/** All that live. */
export async function snapshot(): Promise<Entry[]> {
  const entries = await Promise.all(
    (await readdir('/proc')).filter(isNumber).map((name) => readEntry(Number(name))),
  );
  return entries.filter((entry) => entry !== null && !entry.dead) as Entry[];
}

export const numbersNow = (): number[] => readdirSync('/proc').filter(isNumber).map(Number);

/** What the environment it was started with says. */
export const hasMark = (environ: string | null, mark: string): boolean =>
  environ !== null && environ.split('\0').includes(`${markVariable}=${mark}`);

/** By the real user of a process, which a program with a set-user-id bit does not change. */
export const hasUser = (status: string | null, user: AgentUser): boolean =>
  status !== null && new RegExp(`^Uid:\\t${user.uid}\\t`, 'm').test(status);
