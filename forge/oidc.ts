/** OIDC tokens of jobs (G34): the issuer with its keys, and the door where a job asks for one. */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Hono } from 'hono';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from 'jose';
import type { Forge } from './forge.ts';
import { bearerOf } from './tokens.ts';

/** The issuer's path below the forge's address, as GitHub Enterprise Server has it. */
export const issuerPath = '/_services/token';

/** Claims about the job; `iss`, `aud`, `exp`, `iat`, `nbf` and `jti` are added. */
export type JobClaims = Record<string, string>;

/** Where a job asks for a token, in the variables that `@actions/core` reads. */
export type TokenRequest = { environment: Record<string, string>; secret: string; end(): void };

export interface Oidc {
  /** Lets a job ask for tokens until `end`. */
  open(job: { id: number; claims: JobClaims }): TokenRequest;
  /** Discovery, keys and the jobs' door; mounted at `issuerPath`. */
  door: Hono;
}

/** Seconds that a token lives, and that its `nbf` lies before it is made, as GitHub's do. */
const lifetime = 300;
const early = 600;

type Key = { jwk: JWK; kid: string };

/** The issuer's key pair, kept beside the state so that tokens outlive a restart. */
async function keyIn(dataDir: string): Promise<Key> {
  const file = join(dataDir, 'oidc-key.json');
  if (existsSync(file)) {
    const jwk = JSON.parse(readFileSync(file, 'utf8')) as JWK;
    return { jwk, kid: await calculateJwkThumbprint(jwk) };
  }
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  const jwk = await exportJWK(privateKey);
  writeFileSync(file, JSON.stringify(jwk), { mode: 0o600 });
  return { jwk, kid: await calculateJwkThumbprint(jwk) };
}

const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex');

export function createOidc(forge: Pick<Forge, 'url' | 'dataDir' | 'clock'>): Oidc {
  let loaded: Promise<Key> | null = null;
  const key = (): Promise<Key> => (loaded ??= keyIn(forge.dataDir));
  /** By job. Not on disk: the jobs of a forge that was killed are gone with it. */
  const jobs = new Map<number, { hash: string; claims: JobClaims }>();
  const issuer = (): string => `${forge.url}${issuerPath}`;

  const sign = async (claims: JobClaims, audience: string): Promise<string> => {
    const { jwk, kid } = await key();
    const now = Math.floor(forge.clock.now().getTime() / 1000);
    return new SignJWT({ jti: randomUUID(), ...claims })
      .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid })
      .setIssuer(issuer())
      .setAudience(audience)
      .setIssuedAt(now)
      .setNotBefore(now - early)
      .setExpirationTime(now + lifetime)
      .sign(await importJWK(jwk, 'RS256'));
  };

  const door = new Hono();
  door.get('/.well-known/openid-configuration', (context) =>
    context.json({
      issuer: issuer(),
      jwks_uri: `${issuer()}/.well-known/jwks`,
      subject_types_supported: ['public', 'pairwise'],
      response_types_supported: ['id_token'],
      claims_supported: supportedClaims,
      id_token_signing_alg_values_supported: ['RS256'],
      scopes_supported: ['openid'],
    }),
  );
  door.get('/.well-known/jwks', async (context) => {
    const { jwk, kid } = await key();
    const { n, e } = jwk;
    return context.json({ keys: [{ kty: 'RSA', alg: 'RS256', use: 'sig', kid, n, e }] });
  });
  door.get('/jobs/:id', async (context) => {
    const job = jobs.get(Number(context.req.param('id')));
    const token = bearerOf(context.req.header('authorization') ?? null);
    if (job === undefined || token === null || hashOf(token) !== job.hash)
      return context.json({ message: 'The job is over, or the token is not its own.' }, 401);
    const owner = job.claims['repository_owner'] ?? '';
    const audience = context.req.query('audience') ?? `${forge.url}/${owner}`;
    const value = await sign(job.claims, audience);
    return context.json({ count: value.length, value });
  });

  return {
    door,
    open({ id, claims }) {
      const secret = randomBytes(48).toString('base64url');
      jobs.set(id, { hash: hashOf(secret), claims });
      return {
        environment: {
          // `@actions/core` appends `&audience=…`, so there must be a query already.
          ACTIONS_ID_TOKEN_REQUEST_URL: `${issuer()}/jobs/${id}?api-version=2.0`,
          ACTIONS_ID_TOKEN_REQUEST_TOKEN: secret,
        },
        secret,
        end: () => void jobs.delete(id),
      };
    },
  };
}

const supportedClaims = [
  'sub',
  'aud',
  'exp',
  'iat',
  'iss',
  'jti',
  'nbf',
  'ref',
  'sha',
  'repository',
  'repository_id',
  'repository_owner',
  'repository_owner_id',
  'repository_visibility',
  'actor',
  'actor_id',
  'workflow',
  'workflow_ref',
  'workflow_sha',
  'job_workflow_ref',
  'job_workflow_sha',
  'head_ref',
  'base_ref',
  'event_name',
  'ref_type',
  'ref_protected',
  'run_id',
  'run_number',
  'run_attempt',
  'runner_environment',
  'check_run_id',
];
