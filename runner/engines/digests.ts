/** Digests of a tool call's input and result, for who looks whether an agent goes in circles. */
import { createHash } from 'node:crypto';
import { normalise } from '../../app/domain/loops.ts';
import type { Digests } from './engine.ts';

/** Beyond this two results are hardly the same by chance. */
const longest = 64 * 1024;

export const digestsOf = (input: unknown, result: unknown): Digests => ({
  input: digestOf(input),
  result: digestOf(result),
});

export function digestOf(value: unknown): string {
  // What the model says about its call differs each time, and is not the call.
  const text = typeof value === 'string' ? value : (JSON.stringify(value, withoutWords) ?? '');
  return createHash('sha256')
    .update(normalise(text.slice(0, longest)))
    .digest('base64url')
    .slice(0, 16);
}

const withoutWords = (key: string, value: unknown): unknown => (key === 'description' ? undefined : value);
