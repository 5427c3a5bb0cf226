/** Waiting for something to be seen on GitHub: asks politely, gives up with what was seen last. */
import { setTimeout as sleep } from 'node:timers/promises';

export type Watch = {
  /** What is awaited, in words. */
  what: string;
  /** Seconds. */
  within: number;
  /** Called before each look: progress for people. */
  onLook?: (what: string) => void;
};

const pauseMs = 400;

/** Looks until `look` gives something else than null. Rejects with `what` when the time is up. */
export async function until<T>({ what, within, onLook }: Watch, look: () => Promise<T | null>): Promise<T> {
  const deadline = Date.now() + within * 1000;
  for (;;) {
    onLook?.(what);
    const seen = await look();
    if (seen !== null) return seen;
    if (Date.now() > deadline) throw new Error(`Waited ${within} s for ${what}, in vain.`);
    await sleep(pauseMs);
  }
}
