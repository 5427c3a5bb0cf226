/** The named groups of `concurrency:`, in which one runs at a time. */

export type GroupEntry = {
  /** Repository and group: groups of different repositories never meet. */
  key: string;
  cancelInProgress: boolean;
  /** `max` keeps up to 100 waiting (G33); otherwise a newcomer replaces who waits. */
  queue: 'single' | 'max';
  /** Ends the entry, waiting or running. */
  cancel: () => void;
  /** Fires when somebody else ends the entry: it waits no longer. */
  signal: AbortSignal;
};

type Member = GroupEntry & { proceed: (admitted: boolean) => void };
type Group = { running: Member | null; waiting: Member[] };

const longestQueue = 100;

export type Groups = {
  /** Resolves when it is the entry's turn, with a function that leaves; null when it will not come. */
  enter(entry: GroupEntry): Promise<(() => void) | null>;
};

export function createGroups(): Groups {
  const groups = new Map<string, Group>();

  const leave = (key: string, member: Member): void => {
    const group = groups.get(key);
    if (group?.running !== member) return;
    group.running = group.waiting.shift() ?? null;
    if (group.running === null) groups.delete(key);
    else group.running.proceed(true);
  };

  const wait = (group: Group, member: Member): Promise<boolean> => {
    const kept = member.queue === 'max' && !member.cancelInProgress ? longestQueue - 1 : 0;
    // The oldest goes: whoever comes is newer than all that wait.
    for (const replaced of group.waiting.splice(0, Math.max(0, group.waiting.length - kept))) {
      replaced.proceed(false);
      replaced.cancel();
    }
    group.waiting.push(member);
    const turn = new Promise<boolean>((resolve) => {
      member.proceed = resolve;
    });
    const giveUp = (): void => {
      group.waiting = group.waiting.filter((other) => other !== member);
      member.proceed(false);
    };
    member.signal.addEventListener('abort', giveUp, { once: true });
    if (member.cancelInProgress) group.running?.cancel();
    return turn.finally(() => member.signal.removeEventListener('abort', giveUp));
  };

  return {
    async enter(entry) {
      if (entry.signal.aborted) return null;
      const group = groups.get(entry.key) ?? { running: null, waiting: [] };
      groups.set(entry.key, group);
      const member: Member = { ...entry, proceed: () => undefined };
      if (group.running === null) group.running = member;
      else if (!(await wait(group, member))) return null;
      return () => leave(entry.key, member);
    },
  };
}
