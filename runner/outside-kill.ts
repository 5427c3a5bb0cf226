/** Why an engine ended that Entourage did not end: the machine was out of memory, or somebody killed it. */
import { readFile } from 'node:fs/promises';

/**
 * How often the kernel has ended a program for want of memory since it started, in a container or outside (`oom_kill`,
 * counted since Linux 4.13). Null where it does not tell.
 */
export async function memoryKills(): Promise<number | null> {
  try {
    const count = /^oom_kill (\d+)$/m.exec(await readFile('/proc/vmstat', 'utf8'))?.[1];
    return count === undefined ? null : Number(count);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'EACCES') return null;
    throw error;
  }
}

/** Adds to the reason of a failure what the engine could not say itself. */
export function explainKill(reason: string, memory: { before: number | null; after: number | null }): string {
  const { before, after } = memory;
  if (before !== null && after !== null && after > before)
    return `${reason}\nThe machine ran out of memory meanwhile, and its kernel ended programs for it. Give it more memory, or fewer sessions at a time.`;
  return reason.includes('signal SIGKILL')
    ? `${reason}\nEntourage did not send it: somebody or something on the machine killed the engine.`
    : reason;
}
