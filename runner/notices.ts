/** Words for an agent that works: each is told once, with the result of its next tool call. */

export type Notices = {
  add(text: string): void;
  /** Those that were not told yet. */
  take(): string[];
};

export function createNotices(): Notices {
  let waiting: string[] = [];
  const known = new Set<string>();
  return {
    add(text) {
      // A warning comes with every heartbeat for as long as it holds.
      if (known.has(text)) return;
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
