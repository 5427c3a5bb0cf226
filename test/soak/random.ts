/** Randomness that can be had again: the same seed, the same sequence. */

export type Random = {
  /** From 0 up to 1. */
  next(): number;
  between(least: number, most: number): number;
  /** Undefined when there is nothing to choose from. */
  one<T>(values: readonly T[]): T | undefined;
};

/** Mulberry32: 32 bits of state are plenty for whom to kill. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    next,
    between: (least, most) => least + next() * (most - least),
    one: (values) => values[Math.floor(next() * values.length)],
  };
}
