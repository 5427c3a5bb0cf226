/** Turns: one holder at a time for each key, in the order of asking. The directory's own lock keeps other processes out. */

export type Mutex = <T>(key: string, work: () => Promise<T>) => Promise<T>;

export function createMutex(): Mutex {
  const tails = new Map<string, Promise<void>>();
  return async (key, work) => {
    const before = tails.get(key) ?? Promise.resolve();
    let leave = (): void => undefined;
    const tail = new Promise<void>((resolve) => {
      leave = resolve;
    });
    tails.set(key, tail);
    await before;
    try {
      return await work();
    } finally {
      leave();
      if (tails.get(key) === tail) tails.delete(key);
    }
  };
}
