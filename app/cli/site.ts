/** GitHub as the terminal meets it: which site, with which token, and its refusals in words. */
import { createAppAuth } from '@octokit/auth-app';
import { Octokit } from '@octokit/core';
import { GitHubRefusal, UsageError } from './failure.ts';

export type Environment = Readonly<Record<string, string | undefined>>;
/** Addresses without a slash at their ends. */
export type Site = { api: string; web: string };
export type RepositoryName = { owner: string; repo: string };

/** github.com, or the Enterprise Server that GHE_HOST names. */
export function siteOf(environment: Environment): Site {
  const host = environment['GHE_HOST']?.trim() ?? '';
  if (host === '') return { api: 'https://api.github.com', web: 'https://github.com' };
  if (!/^[A-Za-z0-9.:[\]-]+$/.test(host))
    throw new UsageError('GHE_HOST is not a host name: give it without protocol and path.');
  const protocol = environment['GHE_PROTOCOL'] === 'http' ? 'http' : 'https';
  return { api: `${protocol}://${host}/api/v3`, web: `${protocol}://${host}` };
}

/** `owner/name`. */
export function repositoryName(text: string): RepositoryName {
  const [owner = '', repo = '', ...more] = text.split('/');
  if (!/^[\w-]+$/.test(owner) || !/^[\w.-]+$/.test(repo) || more.length > 0)
    throw new UsageError(`${text} is not a repository: expected owner/name.`);
  return { owner, repo };
}

/** A person’s token, from where GitHub’s own CLI takes it too; null without one. A server’s own one comes first there. */
export function tokenOf(environment: Environment): string | null {
  const anywhere = ['GITHUB_TOKEN', 'GH_TOKEN'];
  const onServer = ['GH_ENTERPRISE_TOKEN', 'GITHUB_ENTERPRISE_TOKEN', ...anywhere];
  for (const name of (environment['GHE_HOST'] ?? '') === '' ? anywhere : onServer) {
    const token = environment[name]?.trim() ?? '';
    if (token !== '') return token;
  }
  return null;
}

const userAgent = 'entourage';

export const asPerson = (site: Site, token: string | null): Octokit =>
  new Octokit({ baseUrl: site.api, userAgent, ...(token === null ? {} : { auth: token }) });

export type AppKey = { appId: number; privateKey: string };

/** With the App’s JWT, or with tokens of one installation. */
export const asApp = (site: Site, key: AppKey, installationId?: number): Octokit =>
  new Octokit({
    baseUrl: site.api,
    userAgent,
    authStrategy: createAppAuth,
    auth: { ...key, ...(installationId === undefined ? {} : { installationId }) },
  });

/** Any error of a request in words. Nothing of the request itself is kept: it holds the token. */
export function asRefusal(doing: string, error: unknown): GitHubRefusal {
  if (error instanceof GitHubRefusal) return error;
  if (!(error instanceof Error)) return new GitHubRefusal(`${doing}: ${String(error)}`, 0);
  const answered = 'response' in error && error.response !== undefined;
  const status = answered && 'status' in error && typeof error.status === 'number' ? error.status : 0;
  const cause = error.cause instanceof Error ? ` (${error.cause.message})` : '';
  return new GitHubRefusal(`${doing}: ${error.message}${cause}`, status);
}

/** The answer, null where GitHub says there is no such thing; throws `GitHubRefusal` for everything else. */
export async function orMissing<T>(doing: string, request: Promise<T>): Promise<T | null> {
  try {
    return await request;
  } catch (error) {
    const refusal = asRefusal(doing, error);
    if (refusal.status === 404) return null;
    throw refusal;
  }
}

/** The answer; throws `GitHubRefusal`. */
export async function orRefused<T>(doing: string, request: Promise<T>): Promise<T> {
  try {
    return await request;
  } catch (error) {
    throw asRefusal(doing, error);
  }
}

/** A file’s text at a ref, null where it is not. A directory or a submodule of that name is none. */
export async function readFile(
  octokit: Octokit,
  { owner, repo }: RepositoryName,
  { path, ref }: { path: string; ref: string },
): Promise<string | null> {
  const answer = await orMissing(
    `GitHub does not show ${path}`,
    octokit.request('GET /repos/{owner}/{repo}/contents/{path}', { owner, repo, path, ref }),
  );
  const file = answer?.data;
  return file === undefined || Array.isArray(file) || file.type !== 'file'
    ? null
    : Buffer.from(file.content, 'base64').toString();
}
