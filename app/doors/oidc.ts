/** Tokens of GitHub Actions' jobs (G34): the issuer's signature, our audience, not expired. What they allow is decided by the exchange. */
import { createRemoteJWKSet, errors, jwtVerify } from 'jose';
import { z } from 'zod';
import { reject, type Rejection } from '../domain/rejection.ts';
import type { WorkflowClaims } from '../engine/caller.ts';

/** Ids are strings in these tokens. */
const Id = z.string().regex(/^\d+$/).transform(Number).pipe(z.int().positive());
const Claims = z.object({
  repository: z.string(),
  repository_id: Id,
  repository_owner_id: Id,
  workflow_ref: z.string(),
  job_workflow_ref: z.string(),
  event_name: z.string(),
  ref: z.string(),
  run_id: Id,
  run_attempt: Id,
});

export type VerifyToken = (token: string) => Promise<WorkflowClaims | Rejection>;

/** Clocks of GitHub and of this machine differ a little. */
const tolerance = '30 seconds';

/**
 * `issuer` and `audience` are addresses without a slash at their end. Keys come from below the issuer, are kept, and are
 * asked for again when a token names one that is not known, at most every half minute.
 */
export function createOidc({ issuer, audience }: { issuer: string; audience: string }): VerifyToken {
  const keys = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks`));
  return async (token) => {
    try {
      const { payload } = await jwtVerify(token, keys, {
        issuer,
        audience,
        // Never by the token's own word: `none`, or HS256 with the public key as its secret, would pass then.
        algorithms: ['RS256'],
        clockTolerance: tolerance,
        requiredClaims: ['exp', 'iat', 'jti'],
      });
      const claims = Claims.safeParse(payload);
      if (claims.success) return toClaims(claims.data);
      const lacks = claims.error.issues.map((issue) => issue.path.map(String).join('.'));
      return refuse(`lacks ${lacks.join(', ')}`);
    } catch (error) {
      return refusalOf(error, { issuer, audience });
    }
  };
}

const toClaims = (claims: z.output<typeof Claims>): WorkflowClaims => ({
  repositoryId: claims.repository_id,
  ownerId: claims.repository_owner_id,
  repository: claims.repository,
  workflowRef: claims.workflow_ref,
  jobWorkflowRef: claims.job_workflow_ref,
  event: claims.event_name,
  ref: claims.ref,
  run: { id: claims.run_id, attempt: claims.run_attempt },
});

const refuse = (why: string): Rejection =>
  reject('not_authenticated', `The job’s OIDC token ${why}.`, {
    help: 'The workflow needs `permissions: { id-token: write }`, and `url` must be this App’s address.',
  });

function refusalOf(error: unknown, wanted: { issuer: string; audience: string }): Rejection {
  if (error instanceof errors.JWTExpired) return refuse('has expired');
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === 'aud') return refuse(`is for another audience; this App is ${wanted.audience}`);
    if (error.claim === 'iss') return refuse(`is not by ${wanted.issuer}`);
    return refuse(`has no valid \`${error.claim}\``);
  }
  if (error instanceof errors.JWSSignatureVerificationFailed || error instanceof errors.JWKSNoMatchingKey)
    return refuse(`is not signed by ${wanted.issuer}`);
  if (error instanceof errors.JOSEAlgNotAllowed) return refuse('is not signed with RS256');
  if (error instanceof errors.JWSInvalid || error instanceof errors.JWTInvalid) return refuse('is no token');
  // What the token itself asks for must never look like a GitHub that is away: callers ask that one again.
  if (error instanceof errors.JWKSMultipleMatchingKeys) return refuse('does not name its key');
  if (error instanceof errors.JOSENotSupported) return refuse('asks for what GitHub’s tokens do not need');
  // What is left is the way to the keys: GitHub is away, or answers something else than keys.
  if (error instanceof errors.JOSEError || error instanceof TypeError)
    return reject(
      'unavailable',
      `The keys of ${wanted.issuer} can’t be had now, so no token can be checked.`,
      {
        help: 'Try again in a moment.',
      },
    );
  throw error;
}
