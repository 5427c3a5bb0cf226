/** GitHub's limits (G41): always told in headers, enforced only when a test or the demo turns them on. */
import type { CallKind } from './calls.ts';
import type { Clock } from './clock.ts';
import { GitHubError } from './github-error.ts';

const minute = 60_000;
const hour = 60 * minute;

export interface Limits {
  /** Requests an hour; what the headers count down from. */
  primary: number;
  /** Content creations a minute and an hour. */
  creationsPerMinute: number;
  creationsPerHour: number;
  enforced: boolean;
}

export const githubLimits: Limits = {
  primary: 5000,
  creationsPerMinute: 80,
  creationsPerHour: 500,
  enforced: false,
};

interface Usage {
  used: number;
  resetsAt: number;
  creations: number[];
}

export interface RateLimit {
  limits: Limits;
  /** Counts a request of a caller. Throws the refusal when limits are enforced and used up. */
  spend(caller: string, kind: CallKind): void;
  /** `limit`, `remaining`, `used`, and `reset` in seconds since 1970. */
  of(caller: string): { limit: number; remaining: number; used: number; reset: number };
  headers(caller: string): Record<string, string>;
}

export function createRateLimit(clock: Clock, limits: Limits = { ...githubLimits }): RateLimit {
  const usages = new Map<string, Usage>();
  const usageOf = (caller: string): Usage => {
    const now = clock.now().getTime();
    const found = usages.get(caller);
    if (found !== undefined && found.resetsAt > now) return found;
    const fresh = { used: 0, resetsAt: now + hour, creations: found?.creations ?? [] };
    usages.set(caller, fresh);
    return fresh;
  };
  const of = (caller: string) => {
    const { used, resetsAt } = usageOf(caller);
    const limit = limits.primary;
    return { limit, remaining: Math.max(0, limit - used), used, reset: Math.ceil(resetsAt / 1000) };
  };
  const spend = (caller: string, kind: CallKind): void => {
    const usage = usageOf(caller);
    if (limits.enforced && usage.used >= limits.primary)
      throw new GitHubError(403, `API rate limit exceeded for ${caller}.`);
    usage.used += 1;
    if (kind !== 'create') return;
    const now = clock.now().getTime();
    usage.creations = usage.creations.filter((at) => at > now - hour);
    if (limits.enforced) {
      const recent = usage.creations.filter((at) => at > now - minute).length;
      if (recent >= limits.creationsPerMinute || usage.creations.length >= limits.creationsPerHour)
        throw secondary();
    }
    usage.creations.push(now);
  };
  const headers = (caller: string): Record<string, string> => {
    const { limit, remaining, used, reset } = of(caller);
    return {
      'x-ratelimit-limit': String(limit),
      'x-ratelimit-remaining': String(remaining),
      'x-ratelimit-used': String(used),
      'x-ratelimit-reset': String(reset),
      'x-ratelimit-resource': 'core',
    };
  };
  return { limits, spend, of, headers };
}

const secondary = (): GitHubError =>
  new GitHubError(
    403,
    'You have exceeded a secondary rate limit and have been temporarily blocked from content creation. Please retry your request again later.',
    { headers: { 'retry-after': '60' } },
  );
