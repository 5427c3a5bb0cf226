/** Our GitHub App: opens the port of an installation. No throttling or retry plugins: they wait before every write and repeat a POST after a 502. */
import { createAppAuth } from '@octokit/auth-app';
import { Octokit } from '@octokit/core';
import type { SiteMemory } from './actions.ts';
import { createConnection, pages } from './connection.ts';
import type { MergeMemory } from './merges.ts';
import { createDeliveries, type Deliveries } from './deliveries.ts';
import { createPort } from './octokit.ts';
import type { GitHubFor } from './port.ts';
import { createPusher } from './push.ts';
import { toGitHubError } from './refusal.ts';

export type AppOptions = {
  appId: number;
  /** PEM. While two keys overlap (rotation) either of them will do. */
  privateKey: string;
  /** Where GitHub is; github.com when left out. `siteUrl('ghe.example.com', 'https')`. */
  site?: Site;
  /** A directory of our own for bare repositories; may be lost at any time. */
  cacheDir: string;
  /** Milliseconds since 1970. */
  now?: () => number;
};

export type Site = { readonly api: string; readonly web: string };

/** As Probot reads `GHE_HOST` and `GHE_PROTOCOL`: REST under `/api/v3`, from which Octokit finds GraphQL under `/api/graphql`. */
export function siteOf(host: string | undefined, protocol = 'https'): Site {
  return host === undefined || host === ''
    ? { api: 'https://api.github.com', web: 'https://github.com' }
    : { api: `${protocol}://${host}/api/v3`, web: `${protocol}://${host}` };
}

export type App = {
  readonly github: GitHubFor;
  /** `entourage[bot]`. */
  login(): Promise<string>;
  /** Where the App is installed now, suspended installations left out. */
  installations(): Promise<Installation[]>;
  readonly deliveries: Deliveries;
  cloneUrl(repository: { owner: string; name: string }): string;
};
export type Installation = { readonly id: number; readonly account: string; readonly accountType: string };

export function createGitHub(options: AppOptions): App {
  const site = options.site ?? siteOf(undefined);
  const now = options.now ?? Date.now;
  const userAgent = 'entourage';
  const open = (auth: Record<string, unknown>): Octokit =>
    new Octokit({ authStrategy: createAppAuth, auth, baseUrl: site.api, userAgent });
  const key = { appId: options.appId, privateKey: options.privateKey };
  const app = open(key);
  const pusher = createPusher({ cacheDir: options.cacheDir });

  let name: Promise<string> | null = null;
  const login = (): Promise<string> => {
    // A failure is not remembered: GitHub may be back at the next call.
    name ??= readLogin(app, now).catch((error: unknown) => {
      name = null;
      throw error;
    });
    return name;
  };
  const cloneUrl = ({ owner, name: repository }: { owner: string; name: string }): string =>
    `${site.web}/${encodeURIComponent(owner)}/${encodeURIComponent(repository)}.git`;

  const memory: SiteMemory & MergeMemory = { tellsRunDetails: true, asyncUnknownUntil: 0 };
  const ports = new Map<number, ReturnType<GitHubFor>>();
  const github: GitHubFor = (installation) => {
    const known = ports.get(installation);
    if (known !== undefined) return known;
    const octokit = open({ ...key, installationId: installation });
    const port = createPort(createConnection({ octokit, appId: options.appId, login, now }), {
      pusher,
      cloneUrl,
      memory,
    });
    ports.set(installation, port);
    return port;
  };
  return {
    github,
    login,
    cloneUrl,
    installations: async () => await readInstallations(app, now),
    deliveries: createDeliveries(app, now),
  };
}

async function readLogin(app: Octokit, now: () => number): Promise<string> {
  try {
    const { data } = await app.request('GET /app');
    return `${data?.slug ?? ''}[bot]`;
  } catch (error) {
    throw toGitHubError('reads which App it is', error, now());
  }
}

async function readInstallations(app: Octokit, now: () => number): Promise<Installation[]> {
  const rows = await pages(async (page, size) => {
    try {
      return (await app.request('GET /app/installations', { page, per_page: size })).data;
    } catch (error) {
      throw toGitHubError('lists its installations', error, now());
    }
  });
  return rows
    .filter((row) => row.suspended_at === null)
    .map((row) => {
      const { account } = row;
      const login = account !== null && 'login' in account ? account.login : '';
      return { id: row.id, account: login, accountType: row.target_type };
    });
}
