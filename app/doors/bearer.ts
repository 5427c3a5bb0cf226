/** Who a bearer token stands for: one of ours by its hash, a job of GitHub Actions by its issuer's signature. */
import { isRejection, type Rejection } from '../domain/rejection.ts';
import type { Caller } from '../engine/caller.ts';
import type { Engine } from '../engine/handler.ts';
import { identify, identifyWorkflow } from '../engine/identify.ts';
import type { VerifyToken } from './oidc.ts';

/** Three parts of base64url, as no token of our own has them. The last is empty when nobody signed. */
const looksLikeJwt = (token: string): boolean => /^[\w-]+\.[\w-]+\.[\w-]*$/.test(token);

/** Null: nobody's token, or one that ended. */
export const createIdentify =
  (engine: Engine, verify: VerifyToken) =>
  async (token: string): Promise<Caller | Rejection | null> => {
    if (!looksLikeJwt(token)) return await identify(engine, token);
    const claims = await verify(token);
    return isRejection(claims) ? claims : await identifyWorkflow(engine, claims);
  };
