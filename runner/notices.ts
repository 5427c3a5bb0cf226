/** Words for an agent that works: each is told once, with the result of its next tool call. */

export type Notices = {
  /** `again`: what is said is news each time. */
  add(text: string, how?: { again: boolean }): void;
  /** Those that were not told yet. */
  take(): string[];
};

export function createNotices(): Notices {
  let waiting: string[] = [];
  const known = new Set<string>();
  return {
    add(text, how) {
      // A warning comes with every heartbeat for as long as it holds.
      if (known.has(text) && how?.again !== true) return;
      known.add(text);
      waiting.push(text);
    },
    take() {
      const taken = waiting;
      waiting = [];
      return taken;
    },
  };
}
