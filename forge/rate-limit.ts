/** GitHub's limits (G41, G42): always told in headers, enforced only when a test or the demo turns them on. */
import type { CallKind } from './calls.ts';
import { callerName, type Caller } from './caller.ts';
import type { Clock } from './clock.ts';
import { GitHubError } from './github-error.ts';

const minute = 60_000;
const hour = 60 * minute;

export interface Limits {
  /** REST requests an hour of a person or an installation; what the headers count down from. */
  primary: number;
  /** Without a token. */
  anonymous: number;
  /** Of all GITHUB_TOKENs of a repository together (G32). */
  jobs: number;
  /** GraphQL points an hour. */
  graphql: number;
  /** Secondary: requests at once, REST and GraphQL together. */
  concurrent: number;
  /** Secondary: points a minute; reading costs 1, writing 5. */
  restPoints: number;
  graphqlPoints: number;
  /** Secondary: content creations a minute and an hour. */
  creationsPerMinute: number;
  creationsPerHour: number;
  enforced: boolean;
}

export const githubLimits: Limits = {
  primary: 5000,
  anonymous: 60,
  jobs: 1000,
  graphql: 5000,
  concurrent: 100,
  restPoints: 900,
  graphqlPoints: 2000,
  creationsPerMinute: 80,
  creationsPerHour: 500,
  enforced: false,
};

export type Resource = 'core' | 'graphql';

export interface Spending {
  caller: Caller;
  resource: Resource;
  kind: CallKind;
  /** Of the primary limit; 1 when it isn't given. A GraphQL document costs more (G42). */
  cost?: number;
}

interface Usage {
  used: Record<Resource, number>;
  resetsAt: number;
  atOnce: number;
  /** Points of the last minute, by resource. */
  points: { at: number; resource: Resource; points: number }[];
  creations: number[];
}

export interface RateLimit {
  limits: Limits;
  /** Counts a request among those at once until the answer calls what it gets. Throws the refusal of one too many. */
  enter(caller: Caller): () => void;
  /** Counts a request. Throws the refusal when limits are enforced and used up. */
  spend(spending: Spending): void;
  /** A 304 costs nothing (G41). */
  refund(caller: Caller): void;
  /** `limit`, `remaining`, `used`, and `reset` in seconds since 1970. */
  of(caller: Caller, resource: Resource): { limit: number; remaining: number; used: number; reset: number };
  headers(caller: Caller, resource: Resource): Record<string, string>;
}

/** Whose budget a request uses: jobs share their repository's, everybody else has his own. */
function budgetOf(caller: Caller): string {
  const isJob = caller.kind === 'installation' && caller.workflowRunId !== null;
  return isJob ? `jobs of ${caller.repositoryIds?.join() ?? 'all'}` : callerName(caller);
}

/** The hour's budget is used up: REST says it by 403, GraphQL by 200 with an error of the type RATE_LIMITED. */
export class PrimaryLimitError extends GitHubError {
  constructor(caller: Caller) {
    super(403, `API rate limit exceeded for ${callerName(caller)}.`);
    this.name = 'PrimaryLimitError';
  }
}

export function createRateLimit(clock: Clock, limits: Limits = { ...githubLimits }): RateLimit {
  const usages = new Map<string, Usage>();
  const usageOf = (caller: Caller): Usage => {
    const name = budgetOf(caller);
    const now = clock.now().getTime();
    const found = usages.get(name);
    if (found === undefined) {
      const fresh: Usage = {
        used: { core: 0, graphql: 0 },
        resetsAt: now + hour,
        atOnce: 0,
        points: [],
        creations: [],
      };
      usages.set(name, fresh);
      return fresh;
    }
    if (found.resetsAt <= now) Object.assign(found, { used: { core: 0, graphql: 0 }, resetsAt: now + hour });
    return found;
  };
  const of: RateLimit['of'] = (caller, resource) => {
    const { used, resetsAt } = usageOf(caller);
    const limit = primaryOf(limits, caller, resource);
    const remaining = Math.max(0, limit - used[resource]);
    return { limit, remaining, used: used[resource], reset: Math.ceil(resetsAt / 1000) };
  };
  const spend = (spending: Spending): void => {
    const { caller, resource, cost = 1 } = spending;
    const usage = usageOf(caller);
    if (limits.enforced && usage.used[resource] >= primaryOf(limits, caller, resource))
      throw new PrimaryLimitError(caller);
    usage.used[resource] += cost;
    spendSecondary(usage, spending, { now: clock.now().getTime(), limits });
  };
  const headers: RateLimit['headers'] = (caller, resource) => {
    const { limit, remaining, used, reset } = of(caller, resource);
    return {
      'x-ratelimit-limit': String(limit),
      'x-ratelimit-remaining': String(remaining),
      'x-ratelimit-used': String(used),
      'x-ratelimit-reset': String(reset),
      'x-ratelimit-resource': resource,
    };
  };
  const enter: RateLimit['enter'] = (caller) => {
    const usage = usageOf(caller);
    if (limits.enforced && usage.atOnce >= limits.concurrent) throw secondary(tooFast);
    usage.atOnce += 1;
    return () => {
      usage.atOnce -= 1;
    };
  };
  const refund = (caller: Caller): void => {
    usageOf(caller).used.core -= 1;
  };
  return { limits, enter, spend, refund, of, headers };
}

function primaryOf(limits: Limits, caller: Caller, resource: Resource): number {
  if (resource === 'graphql') return limits.graphql;
  if (caller.kind === 'anonymous') return limits.anonymous;
  if (caller.kind === 'installation' && caller.workflowRunId !== null) return limits.jobs;
  return limits.primary;
}

/** Points and creations: counted as time passes, whether they are enforced or not. */
function spendSecondary(
  usage: Usage,
  { resource, kind }: Spending,
  { now, limits }: { now: number; limits: Limits },
): void {
  usage.points = usage.points.filter(({ at }) => at > now - minute);
  usage.creations = usage.creations.filter((at) => at > now - hour);
  const points = kind === 'read' ? 1 : 5;
  if (limits.enforced) {
    const spent = usage.points.reduce((sum, one) => (one.resource === resource ? sum + one.points : sum), 0);
    const most = resource === 'core' ? limits.restPoints : limits.graphqlPoints;
    if (spent + points > most) throw secondary(tooFast);
    const recent = usage.creations.filter((at) => at > now - minute).length;
    const used = recent >= limits.creationsPerMinute || usage.creations.length >= limits.creationsPerHour;
    if (kind === 'create' && used) throw secondary(tooMuch);
  }
  usage.points.push({ at: now, resource, points });
  if (kind === 'create') usage.creations.push(now);
}

const tooFast = 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.';
const tooMuch =
  'You have exceeded a secondary rate limit and have been temporarily blocked from content creation. Please retry your request again later.';

const secondary = (message: string): GitHubError =>
  new GitHubError(403, message, { headers: { 'retry-after': '60' } });
