/** The doctor's look at the GitHub App: key, permissions and events against `app.yml`, installations, the server. */
import type { Octokit } from '@octokit/core';
import type { Config } from '../config.ts';
import { named, type Finding, type NamedFinding } from './finding.ts';
import type { Registration } from './registration.ts';
import { asApp, asRefusal, orRefused } from './site.ts';

const ranks = ['none', 'read', 'write', 'admin'];

type Granted = Readonly<Record<string, string | undefined>>;

export async function checkGitHub(
  gitHub: Config['gitHub'],
  registration: Registration,
): Promise<{ findings: NamedFinding[]; app: { slug: string; url: string } | null }> {
  const octokit = asApp({ api: gitHub.apiUrl, web: gitHub.webUrl }, gitHub);
  try {
    const { data, headers } = await octokit.request('GET /app');
    if (typeof data?.slug !== 'string') return { findings: named('app-key', [noGitHub(gitHub)]), app: null };
    const settings = 'the App’s settings, "Permissions & events"';
    const findings = [
      ...named('app-key', [{ state: 'good', what: `GitHub knows the App as ${data.slug}.` }]),
      ...named('app-permissions', permissionFindings(registration, data.permissions, settings)),
      ...named('app-events', eventFindings(registration, data.events)),
      ...named('server-version', serverFindings(gitHub, headers['x-github-enterprise-version'])),
      ...named('installations', await installationFindings(octokit, registration, data.html_url)),
    ];
    return { findings, app: { slug: data.slug, url: data.html_url } };
  } catch (error) {
    return { findings: named('app-key', [refused(error, gitHub)]), app: null };
  }
}

const noGitHub = ({ apiUrl }: Config['gitHub']): Finding => ({
  state: 'bad',
  what: `${apiUrl} does not answer like GitHub.`,
  help: 'Check GHE_HOST.',
});

function refused(error: unknown, gitHub: Config['gitHub']): Finding {
  const { status, message } = asRefusal('', error);
  if (status === 401 || (status === 404 && gitHub.apiUrl.startsWith('https://api.github.com')))
    return {
      state: 'bad',
      what: `GitHub does not take the key of App ${gitHub.appId}.`,
      help: 'Check that APP_ID and the private key belong to the same App, and that this machine’s clock is right.',
    };
  if (status === 404) return noGitHub(gitHub);
  if (status === 0)
    return {
      state: 'bad',
      what: `GitHub can’t be reached at ${gitHub.apiUrl}${message}`,
      help: 'Check GHE_HOST and the network between here and GitHub.',
    };
  return { state: 'bad', what: `GitHub answered with ${status}.`, help: 'Try again in a few minutes.' };
}

const lacking = (wanted: Registration['permissions'], has: Granted): Registration['permissions'] =>
  wanted.filter(({ name, level }) => ranks.indexOf(has[name] ?? 'none') < ranks.indexOf(level));

function permissionFindings({ permissions }: Registration, has: Granted, where: string): Finding[] {
  const missing = lacking(permissions, has);
  if (missing.length === 0) {
    const more = Object.keys(has).filter((name) => !permissions.some((wanted) => wanted.name === name));
    return [
      {
        state: 'good',
        what: `The App has all permissions of app.yml${more.length === 0 ? '' : `, and some that it does not need: ${more.join(', ')}`}.`,
      },
    ];
  }
  return missing.map(({ name, level, reason }) => ({
    state: 'bad',
    what: `The App lacks the permission ${name}: ${level}. It is for: ${reason}`,
    help: `Add it in ${where}; each installation then has to accept it.`,
  }));
}

function eventFindings({ events }: Registration, has: readonly string[]): Finding[] {
  const missing = events.filter(({ name }) => !has.includes(name));
  if (missing.length === 0) return [{ state: 'good', what: 'The App hears all events of app.yml.' }];
  return missing.map(({ name, reason }) => ({
    state: 'bad',
    what: `The App does not hear ${name}. It is for: ${reason}`,
    help: 'Subscribe to it in the App’s settings, "Permissions & events".',
  }));
}

/** What newer GitHub has and a server may not: each is tried where it is needed, and has its fallback. */
function serverFindings({ webUrl }: Config['gitHub'], version: unknown): Finding[] {
  if (webUrl === 'https://github.com') return [];
  return [
    {
      state: typeof version === 'string' ? 'good' : 'unsure',
      what: `${webUrl} is ${typeof version === 'string' ? `GitHub Enterprise Server ${version}` : 'no GitHub that tells its version'}. What it may not know yet is tried and done without: the run’s id at a dispatch, merging by merge-async, the merge queue.`,
      ...(typeof version === 'string' ? {} : { help: 'Check GHE_HOST.' }),
    },
  ];
}

async function installationFindings(
  octokit: Octokit,
  registration: Registration,
  page: string,
): Promise<Finding[]> {
  const { data } = await orRefused(
    'GitHub does not list the installations',
    octokit.request('GET /app/installations', { per_page: 100 }),
  );
  if (data.length === 0)
    return [
      {
        state: 'unsure',
        what: 'The App is installed nowhere.',
        help: `Install it: ${page}/installations/new`,
      },
    ];
  return data.map((row): Finding => {
    const account = row.account !== null && 'login' in row.account ? row.account.login : `#${row.id}`;
    if (row.suspended_at !== null)
      return {
        state: 'unsure',
        what: `The installation on ${account} is suspended: nothing happens there.`,
        help: `Resume it: ${row.html_url}`,
      };
    const missing = lacking(registration.permissions, row.permissions);
    if (missing.length > 0)
      return {
        state: 'bad',
        what: `${account} has not accepted: ${missing.map(({ name, level }) => `${name}: ${level}`).join(', ')}.`,
        help: `An owner accepts the App’s newer permissions: ${row.html_url}`,
      };
    const reach = row.repository_selection === 'all' ? 'all repositories' : 'selected repositories';
    return { state: 'good', what: `Installed on ${account}, ${reach}.` };
  });
}
