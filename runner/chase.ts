/**
 * Kills processes that start the next one and are gone before anybody has found them: by passes over /proc without a
 * pause in between. Only Linux, and only what this process may kill itself.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { AgentUser } from './agent-user.ts';
import { hasMark, hasUser, numbersNow, readDetailNow, readEntryNow, type Entry } from './process-list.ts';
import { signalHere } from './spawn-as.ts';

export type Prey = {
  /** Processes that are known to belong to it, dead ones too: start times by number. What is found is added. */
  seen: Map<number, string>;
  mark: string;
  user: AgentUser | null;
};

/** As many passes without a find, one after the other, mean that there is nothing left to find. */
const quietPasses = 3;

/** `deadline`: an instant in milliseconds. What is left then is for the caller to find and to tell. */
export async function chase(prey: Prey, deadline: number): Promise<void> {
  // Those of others are looked at once; their numbers are passed over from then on.
  const others = new Set<number>([process.pid]);
  let quiet = 0;
  while (quiet < quietPasses && Date.now() < deadline) {
    quiet = strike(prey, others) ? 0 : quiet + 1;
    await delay(quiet === 0 ? 1 : 5);
  }
}

function strike(prey: Prey, others: Set<number>): boolean {
  let struck = false;
  for (const pid of numbersNow()) {
    if (others.has(pid)) continue;
    const entry = readEntryNow(pid);
    if (entry === null || entry.dead) continue;
    if (!isPrey(prey, entry)) {
      others.add(pid);
      continue;
    }
    prey.seen.set(pid, entry.started);
    struck = true;
    // Its group first: a fork that is under way has no number yet, but it has the group.
    if (entry.group > 1 && entry.group !== ownGroup()) signalHere(-entry.group, 'SIGKILL');
    signalHere(pid, 'SIGKILL');
  }
  return struck;
}

function isPrey({ seen, mark, user }: Prey, entry: Entry): boolean {
  if (seen.get(entry.pid) === entry.started) return true;
  const parent = seen.has(entry.parent) ? readEntryNow(entry.parent) : null;
  if (parent !== null && seen.get(parent.pid) === parent.started) return true;
  return (
    hasMark(readDetailNow(entry.pid, 'environ'), mark) ||
    (user !== null && hasUser(readDetailNow(entry.pid, 'status'), user))
  );
}

/** What the runner starts without a group of its own is in there, and the runner too. A group from outside of its container has number 0. */
function ownGroup(): number | null {
  own ??= readEntryNow(process.pid)?.group ?? null;
  return own;
}
let own: number | null = null;
