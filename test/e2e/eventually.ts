/** Waiting in tests: looks every 50 ms until it is so; gives up with what was seen last. */
import { inspect } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';

export type Patience = {
  /** Seconds. */
  within?: number;
  /** Ends the wait at once with these words: something happened after which it can't become so. */
  hopeless?: () => string | null;
};

/** Looks until `look` gives something that fits and returns it. */
export async function eventually<T>(
  wait: Patience & { what: string },
  look: () => T | Promise<T>,
  fits: (seen: T) => boolean,
): Promise<T> {
  const { what, within = 90, hopeless } = wait;
  const deadline = Date.now() + within * 1_000;
  for (;;) {
    const seen = await look();
    if (fits(seen)) return seen;
    const lost = hopeless?.() ?? null;
    if (lost !== null || Date.now() > deadline) {
      const why = lost ?? `not within ${within} s`;
      throw new Error(
        `Expected ${what}: ${why}.\nSeen last: ${inspect(seen, { depth: 5, maxStringLength: 3_000, breakLength: 110 })}`,
      );
    }
    await sleep(50);
  }
}
