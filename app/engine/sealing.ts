/** What the App keeps for others and never reads is sealed: AES-256-GCM under one key, bound to what it is kept for. */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

export type Sealing = {
  /** `purpose` says whose it is: opened for another one it is no seal of ours. */
  seal(plain: Buffer, purpose: string): Buffer;
  /** Null when it was sealed with another key or for another purpose, or was changed. */
  open(sealed: Buffer, purpose: string): Buffer | null;
};

const cipher = 'aes-256-gcm';
const form = 1;
const ivBytes = 12;
const tagBytes = 16;
const head = 1 + ivBytes + tagBytes;

/** From a secret that the App has anyway: whoever rotates that one can’t open what was sealed before. */
export const deriveKey = (secret: string): Buffer =>
  Buffer.from(hkdfSync('sha256', secret, '', 'entourage sealing 1', 32));

/** `key`: 32 bytes. Throws on any other length. */
export function createSealing(key: Buffer): Sealing {
  if (key.length !== 32) throw new Error(`a sealing key has 32 bytes, not ${key.length}`);
  return {
    seal(plain, purpose) {
      const iv = randomBytes(ivBytes);
      const sealing = createCipheriv(cipher, key, iv).setAAD(Buffer.from(purpose));
      const data = Buffer.concat([sealing.update(plain), sealing.final()]);
      return Buffer.concat([Buffer.of(form), iv, sealing.getAuthTag(), data]);
    },
    open(sealed, purpose) {
      if (sealed.length < head || sealed[0] !== form) return null;
      const opening = createDecipheriv(cipher, key, sealed.subarray(1, 1 + ivBytes), {
        authTagLength: tagBytes,
      })
        .setAAD(Buffer.from(purpose))
        .setAuthTag(sealed.subarray(1 + ivBytes, head));
      const plain = opening.update(sealed.subarray(head));
      try {
        return Buffer.concat([plain, opening.final()]);
      } catch {
        // The one thing that `final` checks here is the tag.
        return null;
      }
    },
  };
}
