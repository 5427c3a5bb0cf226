import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createSealing, deriveKey } from './sealing.ts';

const sealing = createSealing(deriveKey('the App’s private key'));
const plain = Buffer.from('what the agent said');

describe('sealing', () => {
  it('AG-7: opens what it sealed, and what is kept shows nothing of it', () => {
    const sealed = sealing.seal(plain, 'a');
    expect(sealed.includes(plain)).toBe(false);
    expect(sealing.open(sealed, 'a')?.toString()).toBe('what the agent said');
    expect(sealing.seal(plain, 'a').equals(sealed)).toBe(false);
  });
  it('AG-7: fails closed: another key, another purpose, a changed bit, a cut, something else altogether', () => {
    const sealed = sealing.seal(plain, 'a');
    expect(createSealing(randomBytes(32)).open(sealed, 'a')).toBeNull();
    expect(sealing.open(sealed, 'b')).toBeNull();
    for (const at of [0, 1, 13, 20, sealed.length - 1]) {
      const changed = Buffer.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(sealing.open(changed, 'a')).toBeNull();
    }
    expect(sealing.open(sealed.subarray(0, 20), 'a')).toBeNull();
    expect(sealing.open(Buffer.alloc(0), 'a')).toBeNull();
  });
  it('refuses a key of another length', () => {
    expect(() => createSealing(randomBytes(16))).toThrow('32 bytes');
  });
});
