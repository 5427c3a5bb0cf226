/** The doctor's look at the GitHub App: credentials, permissions and events against `app.yml`. */
import { createPrivateKey } from 'node:crypto';
import { SignJWT } from 'jose';
import { parse } from 'yaml';
import { z } from 'zod';
import type { Config } from '../config.ts';
import type { Finding } from './finding.ts';

const Manifest = z.object({
  default_permissions: z.record(z.string(), z.enum(['read', 'write', 'admin'])),
  default_events: z.array(z.string()),
});
const Registered = z.object({
  slug: z.string(),
  permissions: z.record(z.string(), z.string()),
  events: z.array(z.string()),
});

const ranks = ['none', 'read', 'write', 'admin'];

/** Signs a JWT as the App (RS256, at most 10 minutes, G40) and asks GitHub who that is. */
export async function checkGitHub(gitHub: Config['gitHub'], manifest: string): Promise<Finding[]> {
  let response: Response;
  try {
    response = await fetch(`${gitHub.apiUrl}/app`, {
      headers: {
        authorization: `Bearer ${await jwt(gitHub)}`,
        accept: 'application/vnd.github+json',
        'user-agent': 'entourage',
      },
      signal: AbortSignal.timeout(10_000),
    });
  } catch (error) {
    const cause = (error as Error).cause;
    const reason = cause instanceof Error ? cause.message : (error as Error).message;
    const help = 'Check GHE_HOST and the network between here and GitHub.';
    return [{ state: 'bad', what: `GitHub can’t be reached at ${gitHub.apiUrl}: ${reason}`, help }];
  }
  if (!response.ok) return [refused(response.status, gitHub)];
  const parsed = Registered.safeParse(await response.json());
  if (!parsed.success) {
    return [{ state: 'bad', what: `${gitHub.apiUrl} does not answer like GitHub.`, help: 'Check GHE_HOST.' }];
  }
  const wanted = Manifest.parse(parse(manifest));
  return [
    { state: 'good', what: `GitHub knows the App as ${parsed.data.slug}.` },
    permissions(wanted.default_permissions, parsed.data.permissions),
    events(wanted.default_events, parsed.data.events),
  ];
}

function refused(status: number, gitHub: Config['gitHub']): Finding {
  return status === 401 || status === 404
    ? {
        state: 'bad',
        what: `GitHub does not take the key of App ${gitHub.appId}.`,
        help: 'Check that APP_ID and the private key belong to the same App, and that this machine’s clock is right.',
      }
    : { state: 'bad', what: `GitHub answered with ${status}.`, help: 'Try again in a few minutes.' };
}

async function jwt(gitHub: Config['gitHub']): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  // A minute back, because clocks differ.
  return await new SignJWT()
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT' })
    .setIssuer(String(gitHub.appId))
    .setIssuedAt(now - 60)
    .setExpirationTime(now + 300)
    .sign(createPrivateKey(gitHub.privateKey));
}

function permissions(wanted: Record<string, string>, has: Record<string, string>): Finding {
  const missing = Object.entries(wanted)
    .filter(([name, level]) => ranks.indexOf(has[name] ?? 'none') < ranks.indexOf(level))
    .map(([name, level]) => `${name}: ${level}`);
  return missing.length === 0
    ? { state: 'good', what: 'The App has all permissions of app.yml.' }
    : {
        state: 'bad',
        what: `The App lacks permissions: ${missing.join(', ')}.`,
        help: 'Add them in the App’s settings under "Permissions & events"; each installation then has to accept them.',
      };
}

function events(wanted: readonly string[], has: readonly string[]): Finding {
  const missing = wanted.filter((name) => !has.includes(name));
  return missing.length === 0
    ? { state: 'good', what: 'The App hears all events of app.yml.' }
    : {
        state: 'bad',
        what: `The App does not hear: ${missing.join(', ')}.`,
        help: 'Subscribe to them in the App’s settings under "Permissions & events".',
      };
}
