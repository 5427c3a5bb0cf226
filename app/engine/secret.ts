/** Secrets are kept as hashes only. They are 256 random bits, so a plain SHA-256 is enough: there is nothing to guess. */
import { createHash, randomBytes } from 'node:crypto';

export const hashSecret = (secret: string): Buffer => createHash('sha256').update(secret).digest();

/** `ent_session_…`: the prefix says what it is, to people and to secret scanners. */
export const makeSecret = (prefix: string): string => `${prefix}_${randomBytes(32).toString('base64url')}`;
