/** A session's time: the agent is told before it is up, and stopped while there is still time to hand its work over. */

export type TimeLimit = { warnMs: number; stopMs: number; words: string };

/** A commit, a bundle and its upload need seconds; a slow engine and a busy App may need more. */
const longestHandOverMs = 120_000;
/** Enough for an agent to finish a thought and commit. */
const longestWarningMs = 300_000;

/** `minutes` is all the time that the session has, from its beginning on. */
export function timeLimit(minutes: number): TimeLimit {
  const all = minutes * 60_000;
  const stopMs = all - Math.min(longestHandOverMs, all * 0.05);
  const warnMs = stopMs - Math.min(longestWarningMs, all * 0.15);
  const left = Math.max(1, Math.round((stopMs - warnMs) / 60_000));
  return {
    warnMs,
    stopMs,
    words: `The time limit of this session comes in ${left === 1 ? 'about a minute' : `${left} minutes`}. Commit what is good now, and save what the next session has to know; it goes on from this branch.`,
  };
}

/** Calls back at both moments, of a session that began at `began` (milliseconds since 1970); the answer ends it. */
export function watchTime(
  limit: TimeLimit,
  began: number,
  tell: { warn(words: string): void; stop(): void },
): () => void {
  const passed = Date.now() - began;
  const timers = [
    setTimeout(() => tell.warn(limit.words), limit.warnMs - passed),
    setTimeout(() => tell.stop(), limit.stopMs - passed),
  ];
  return () => timers.forEach(clearTimeout);
}
