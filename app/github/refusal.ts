/** What GitHub's refusals mean: their words, and until when a limit lasts (G41). */
import { GraphqlResponseError } from '@octokit/graphql';
import { GitHubError } from './port.ts';

type Headers = Readonly<Record<string, string | number | undefined>>;

/** When neither header says how long: G41's minute. */
const patience = 60_000;

/** Any error of a request as `GitHubError`; `now` in milliseconds. The cause may hold the request with its token: never log it. */
export function toGitHubError(purpose: string, error: unknown, now: number): GitHubError {
  if (error instanceof GitHubError) return error;
  if (error instanceof GraphqlResponseError) return graphqlError(purpose, error, now);
  const { status, headers, words } = parts(error);
  const until = limitUntil({ status, headers, words, now });
  return new GitHubError(`GitHub refused when Entourage ${purpose}: ${words}`, {
    status,
    ...(until === null ? {} : { blockedUntil: until }),
    cause: error,
  });
}

function parts(error: unknown): { status: number; headers: Headers; words: string } {
  if (!(error instanceof Error)) return { status: 0, headers: {}, words: String(error) };
  const status = 'status' in error && typeof error.status === 'number' ? error.status : 0;
  const response = 'response' in error ? error.response : undefined;
  const headers =
    typeof response === 'object' && response !== null && 'headers' in response ? response.headers : undefined;
  // Octokit gives 500 to a request that had no answer at all.
  return {
    status: response === undefined && status === 500 ? 0 : status,
    headers: typeof headers === 'object' && headers !== null ? (headers as Headers) : {},
    words: error.message,
  };
}

/** GraphQL answers 200 with errors, limits included. */
function graphqlError(purpose: string, error: GraphqlResponseError<unknown>, now: number): GitHubError {
  const errors = error.errors ?? [];
  const limited = errors.some((item) => item.type === 'RATE_LIMITED' || /rate limit/i.test(item.message));
  const missing = errors.some((item) => item.type === 'NOT_FOUND');
  const status = limited ? 429 : missing ? 404 : 422;
  const words = errors.map((item) => item.message).join('; ') || error.message;
  const until = limitUntil({ status, headers: error.headers, words, now });
  return new GitHubError(`GitHub refused when Entourage ${purpose}: ${words}`, {
    status,
    ...(until === null ? {} : { blockedUntil: until }),
    cause: error,
  });
}

/** ISO, or null when it is no limit: a 403 without these signs is a missing permission. */
function limitUntil({
  status,
  headers,
  words,
  now,
}: {
  status: number;
  headers: Headers;
  words: string;
  now: number;
}): string | null {
  if (status !== 403 && status !== 429) return null;
  const wait = Number(headers['retry-after']);
  if (headers['retry-after'] !== undefined && Number.isFinite(wait)) return iso(now + wait * 1000);
  const reset = Number(headers['x-ratelimit-reset']);
  if (String(headers['x-ratelimit-remaining']) === '0' && Number.isFinite(reset))
    return iso(Math.max(now, reset * 1000));
  return status === 429 || /rate limit/i.test(words) ? iso(now + patience) : null;
}

const iso = (milliseconds: number): string => new Date(milliseconds).toISOString();
