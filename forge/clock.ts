/** The forge's time: the machine's, moved by tests so that an hour passes without waiting for it. */

export interface Clock {
  now(): Date;
  /** The present as GitHub writes it: whole seconds, UTC. */
  timestamp(): string;
  /** Moves the clock forward (or back) by milliseconds. */
  advance(milliseconds: number): void;
  offset(): number;
}

export function createClock(offset = 0): Clock {
  let moved = offset;
  const now = (): Date => new Date(Date.now() + moved);
  return {
    now,
    timestamp: () => timestampOf(now()),
    advance: (milliseconds) => {
      moved += milliseconds;
    },
    offset: () => moved,
  };
}

export function timestampOf(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}
