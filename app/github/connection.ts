/** One installation's Octokit: calls with their errors mapped, lists read to their end, and who we are there. */
import type { Octokit } from '@octokit/core';
import { GitHubError } from './port.ts';
import { toGitHubError } from './refusal.ts';

export type Connection = {
  readonly octokit: Octokit;
  readonly appId: number;
  /** `entourage[bot]`. */
  readonly login: () => Promise<string>;
  /** `purpose` names the call in errors: "reads pull request 3 of acme/shop". */
  readonly call: <T>(purpose: string, request: () => Promise<{ data: T }>) => Promise<T>;
  /** As `call`, with null where GitHub answers 404. */
  readonly find: <T>(purpose: string, request: () => Promise<{ data: T }>) => Promise<T | null>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly graphql: <T>(purpose: string, document: string, variables: Record<string, unknown>) => Promise<T>;
};

export type ConnectionOptions = {
  octokit: Octokit;
  appId: number;
  login: () => Promise<string>;
  /** Milliseconds since 1970. */
  now: () => number;
};

export function createConnection({ octokit, appId, login, now }: ConnectionOptions): Connection {
  const guard = async <T>(purpose: string, request: () => Promise<T>): Promise<T> => {
    try {
      return await request();
    } catch (error) {
      throw toGitHubError(purpose, error, now());
    }
  };
  const call: Connection['call'] = async (purpose, request) => (await guard(purpose, request)).data;
  return {
    octokit,
    appId,
    login,
    now,
    call,
    find: async (purpose, request) => {
      try {
        return await call(purpose, request);
      } catch (error) {
        if (error instanceof GitHubError && error.status === 404) return null;
        throw error;
      }
    },
    graphql: async <T>(purpose: string, document: string, variables: Record<string, unknown>) =>
      await guard(purpose, async () => await octokit.graphql<T>(document, variables)),
  };
}

const pageSize = 100;

/** All rows of a list; `read` is given the page, from 1, and its size. Pages are serial, as G41 wants. */
export async function pages<T>(read: (page: number, size: number) => Promise<readonly T[]>): Promise<T[]> {
  const rows: T[] = [];
  for (let page = 1; ; page += 1) {
    const next = await read(page, pageSize);
    rows.push(...next);
    if (next.length < pageSize) return rows;
  }
}

/** True for a refusal with that status; `words` must then be in its message. */
export function refusedWith(error: unknown, status: number, words?: RegExp): error is GitHubError {
  return (
    error instanceof GitHubError &&
    error.status === status &&
    (words === undefined || words.test(error.message))
  );
}
