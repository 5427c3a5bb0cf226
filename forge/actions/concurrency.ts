/** Who may run when: a number of places for jobs, and the named groups of `concurrency:`. */

/** A bounded number of places, given out in the order they were asked for. */
export function createPlaces(count: number): { take(): Promise<() => void> } {
  const waiting: (() => void)[] = [];
  let free = count;
  const release = (): void => {
    const next = waiting.shift();
    if (next === undefined) free += 1;
    else next();
  };
  return {
    async take() {
      if (free > 0) free -= 1;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      let released = false;
      return () => {
        if (!released) release();
        released = true;
      };
    },
  };
}

export type GroupEntry = {
  /** Repository and group: groups of different repositories never meet. */
  key: string;
  cancelInProgress: boolean;
  /** `max` keeps up to 100 waiting (G33); otherwise a newcomer replaces who waits. */
  queue: 'single' | 'max';
  /** Ends the entry, waiting or running. */
  cancel: () => void;
};

type Member = GroupEntry & { proceed: (admitted: boolean) => void };
type Group = { running: Member | null; waiting: Member[] };

const longestQueue = 100;

/** Groups in which one runs at a time. `enter` gives a function that leaves, or null when somebody newer came. */
export function createGroups(): { enter(entry: GroupEntry): Promise<(() => void) | null> } {
  const groups = new Map<string, Group>();

  const leave = (key: string, member: Member): void => {
    const group = groups.get(key);
    if (group?.running !== member) return;
    group.running = group.waiting.shift() ?? null;
    if (group.running === null) groups.delete(key);
    else group.running.proceed(true);
  };

  return {
    async enter(entry) {
      const group = groups.get(entry.key) ?? { running: null, waiting: [] };
      groups.set(entry.key, group);
      const member: Member = { ...entry, proceed: () => undefined };
      if (group.running === null) group.running = member;
      else {
        const kept = entry.queue === 'max' && !entry.cancelInProgress ? longestQueue - 1 : 0;
        for (const replaced of group.waiting.splice(kept)) {
          replaced.proceed(false);
          replaced.cancel();
        }
        group.waiting.push(member);
        const turn = new Promise<boolean>((resolve) => {
          member.proceed = resolve;
        });
        if (entry.cancelInProgress) group.running.cancel();
        if (!(await turn)) return null;
      }
      return () => leave(entry.key, member);
    },
  };
}
