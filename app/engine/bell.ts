/** Wakes whoever waits in this process. Other replicas ring it through NOTIFY; correctness never depends on it. */

export type Bell = {
  /** Something happened here: wakes this process and tells the other replicas. */
  ring(keys: Iterable<string>): void;
  /** Something happened in another replica: wakes this process only. */
  hear(keys: Iterable<string>): void;
  /** Starts listening at once, so nothing rung after this call is missed. Resolves when a key rings, at the deadline, or on abort. */
  listen(keys: readonly string[]): {
    woken(milliseconds: number, signal?: AbortSignal): Promise<boolean>;
    close(): void;
  };
  waiting(): number;
};

/** `tell` passes what rings here on to the other replicas. */
export function createBell(tell: (keys: readonly string[]) => void = () => undefined): Bell {
  const listeners = new Map<string, Set<() => void>>();

  const listen: Bell['listen'] = (keys) => {
    let rung = false;
    let wake: (() => void) | undefined;
    const hearOne = (): void => {
      rung = true;
      wake?.();
    };
    for (const key of keys) {
      const set = listeners.get(key) ?? new Set();
      set.add(hearOne);
      listeners.set(key, set);
    }
    const close = (): void => {
      for (const key of keys) {
        const set = listeners.get(key);
        set?.delete(hearOne);
        if (set?.size === 0) listeners.delete(key);
      }
    };
    const woken = (milliseconds: number, signal?: AbortSignal): Promise<boolean> =>
      new Promise((resolve) => {
        if (rung || milliseconds <= 0 || signal?.aborted === true) {
          resolve(rung);
          return;
        }
        const done = (): void => {
          clearTimeout(timer);
          signal?.removeEventListener('abort', done);
          resolve(rung);
        };
        const timer = setTimeout(done, milliseconds);
        signal?.addEventListener('abort', done, { once: true });
        wake = done;
      });
    return { woken, close };
  };

  const hear: Bell['hear'] = (keys) => {
    for (const key of keys) for (const wake of listeners.get(key) ?? []) wake();
  };

  return {
    ring(keys) {
      const list = [...keys];
      hear(list);
      if (list.length > 0) tell(list);
    },
    hear,
    listen,
    waiting: () => listeners.size,
  };
}

export const claimKey = (installation: number): string => `claim:${installation}`;
export const runKey = (run: string): string => `run:${run}`;
