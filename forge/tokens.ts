/** Makes tokens and recognises them; only hashes are kept. */
import { createHash, randomBytes } from 'node:crypto';
import { decodeJwt, errors, importSPKI, jwtVerify } from 'jose';
import { anonymous, type Caller } from './caller.ts';
import type { Forge } from './forge.ts';
import { badCredentials, GitHubError } from './github-error.ts';
import {
  find,
  nextId,
  row,
  type Account,
  type App,
  type Installation,
  type Permissions,
  type State,
} from './state.ts';
import { timestampOf } from './clock.ts';

const hour = 3_600_000;
/** G40: an App JWT may live ten minutes; a minute more for clocks that differ. */
const longestJwt = 11 * 60;

const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex');
const random = (bytes: number): string => randomBytes(bytes).toString('base64url');

/** A person's token, `gho_…`. */
export function createUserToken(state: State, account: Account, given?: string): string {
  const token = given ?? `gho_${random(27)}`;
  const id = nextId(state);
  state.tokens.set(id, { id, hash: hashOf(token), kind: 'user', accountId: account.id });
  return token;
}

export interface NewInstallationToken {
  installation: Installation;
  repositoryIds: number[] | null;
  permissions: Permissions;
  /** For a job's GITHUB_TOKEN. */
  workflowRunId?: number;
}

/** An installation token, valid for an hour, of the long form since April 2026: `ghs_APPID_JWT` (G40). */
export function createInstallationToken(
  forge: Forge,
  { installation, repositoryIds, permissions, workflowRunId }: NewInstallationToken,
): { token: string; expiresAt: string } {
  const { state, clock } = forge;
  const now = clock.now().getTime();
  for (const [id, old] of state.tokens)
    if (old.kind === 'installation' && Date.parse(old.expiresAt) < now - hour) state.tokens.delete(id);
  const token = `ghs_${installation.appId}_${random(27)}.${random(180)}.${random(64)}`;
  const expiresAt = timestampOf(new Date(now + hour));
  const id = nextId(state);
  state.tokens.set(id, {
    id,
    hash: hashOf(token),
    kind: 'installation',
    installationId: installation.id,
    repositoryIds,
    permissions,
    expiresAt,
    workflowRunId: workflowRunId ?? null,
  });
  return { token, expiresAt };
}

/** Makes a token useless. */
export function revokeToken(state: State, token: string): void {
  const found = find(state.tokens, (candidate) => candidate.hash === hashOf(token));
  if (found !== undefined) state.tokens.delete(found.id);
}

/** The secret of an `authorization` header: `token X`, `Bearer X`, or the password of `Basic`. Null without one. */
export function bearerOf(header: string | null): string | null {
  const [scheme = '', value = ''] = (header ?? '').split(' ');
  if (value === '') return null;
  if (/^(token|bearer)$/i.test(scheme)) return value;
  if (!/^basic$/i.test(scheme)) return null;
  const text = Buffer.from(value, 'base64').toString();
  return text.slice(text.indexOf(':') + 1) || text.slice(0, text.indexOf(':'));
}

/** Throws 401 for a token that is unknown, expired or revoked; null is nobody. */
export async function callerOf(forge: Forge, token: string | null): Promise<Caller> {
  if (token === null) return anonymous;
  if (/^eyJ[\w-]*\.[\w-]+\.[\w-]+$/.test(token))
    return { kind: 'app', account: null, app: await appOfJwt(forge, token) };
  const { state, clock } = forge;
  const hash = hashOf(token);
  const found = find(state.tokens, (candidate) => candidate.hash === hash);
  if (found === undefined) throw badCredentials();
  if (found.kind === 'user')
    return { kind: 'user', account: row(state.accounts, found.accountId), app: null };
  if (Date.parse(found.expiresAt) <= clock.now().getTime()) throw badCredentials();
  const installation = state.installations.get(found.installationId);
  if (installation === undefined) throw badCredentials();
  if (installation.suspendedAt !== null) throw new GitHubError(403, 'This installation has been suspended');
  const app = row(state.apps, installation.appId);
  return {
    kind: 'installation',
    account: row(state.accounts, app.botId),
    app,
    installation,
    repositoryIds: found.repositoryIds,
    permissions: found.permissions,
    workflowRunId: found.workflowRunId,
  };
}

/** Octokit looks for these words, takes our `date` header and tries again with a corrected clock. */
const expired =
  "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires";
const tooFar = "'Expiration time' claim ('exp') is too far in the future";

/** A token that is none, or not signed as it says, is for the caller to refuse; anything else is a fault of ours. */
function unsound(error: unknown): null {
  if (error instanceof errors.JOSEError) return null;
  throw error;
}

async function appOfJwt({ state, clock }: Forge, token: string): Promise<App> {
  const undecodable = new GitHubError(401, 'A JSON web token could not be decoded');
  const claims = await Promise.resolve(token).then(decodeJwt).catch(unsound);
  const app = find(state.apps, ({ id, clientId }) => [String(id), clientId].includes(String(claims?.iss)));
  // An App whose manifest was not converted yet has no key, nor has GitHub's own: nothing is signed by it.
  if (claims === null || app === undefined || app.publicKey === '') throw undecodable;
  const now = clock.now().getTime() / 1000;
  if (claims.exp === undefined || claims.exp <= now) throw new GitHubError(401, expired);
  if (claims.exp > now + longestJwt) throw new GitHubError(401, tooFar);
  if (claims.iat === undefined || claims.iat > now + 60)
    throw new GitHubError(
      401,
      "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
    );
  const key = await importSPKI(app.publicKey, 'RS256');
  const verified = await jwtVerify(token, key, {
    algorithms: ['RS256'],
    currentDate: clock.now(),
    clockTolerance: 60,
  }).catch(unsound);
  if (verified === null) throw undecodable;
  return app;
}
