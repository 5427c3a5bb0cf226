/** How often somebody may call: a bucket of calls that fills again with time. A tight loop empties it. */

export type Pace = {
  /** Calls at once. */
  readonly burst: number;
  readonly perSecond: number;
};
/** `at`: milliseconds of any clock that only goes forward. */
export type Bucket = { readonly calls: number; readonly at: number };

/** Far above what a model does that reads its results, far below what a loop does that does not. */
export const agentPace: Pace = { burst: 120, perSecond: 4 };

/** Takes one call. `waitSeconds` 0: it may be made; else how long until the next one may. */
export function takeCall(
  pace: Pace,
  bucket: Bucket | undefined,
  now: number,
): { bucket: Bucket; waitSeconds: number } {
  const before = bucket ?? { calls: pace.burst, at: now };
  const since = Math.max(0, now - before.at) / 1000;
  const calls = Math.min(pace.burst, before.calls + since * pace.perSecond);
  if (calls < 1)
    return { bucket: { calls, at: now }, waitSeconds: Math.max(1, Math.ceil((1 - calls) / pace.perSecond)) };
  return { bucket: { calls: calls - 1, at: now }, waitSeconds: 0 };
}

export const tooFast = (
  pace: Pace,
  waitSeconds: number,
): { code: 'rate_limited'; message: string; help: string } => ({
  code: 'rate_limited',
  message: `You call tools in a tight loop: ${pace.burst} at once and ${pace.perSecond} a second after that are the most. This call was not made.`,
  help: `Wait ${waitSeconds} s, and read the results that you have before you call again. To wait for somebody, call a tool that waits.`,
});
