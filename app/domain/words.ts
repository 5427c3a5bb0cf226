/** The small shared words of the domain: ids, refs, instants, money, priorities, roles. */
import { z } from 'zod';

/** An ISO 8601 instant in UTC with milliseconds. It always arrives as data; the domain has no clock. */
export const Instant = z.iso.datetime();
export type Instant = z.infer<typeof Instant>;

/** US dollars in millionths, so that sums never drift. */
export const Micros = z.int().nonnegative();
export type Micros = z.infer<typeof Micros>;

export const RunId = z.uuid();
export type RunId = z.infer<typeof RunId>;
export const SessionId = z.uuid();
export type SessionId = z.infer<typeof SessionId>;

/** A full git object name: 40 hex digits for SHA-1, 64 for SHA-256. */
export const Sha = z.string().regex(/^([0-9a-f]{40}|[0-9a-f]{64})$/, 'a full commit id in lower case');
export type Sha = z.infer<typeof Sha>;

/** A GitHub login; bots end in `[bot]`. */
export const Login = z
  .string()
  .regex(/^[A-Za-z0-9](?:[A-Za-z0-9-]{0,60}[A-Za-z0-9])?(?:_[A-Za-z0-9]+)?(?:\[bot\])?$/, 'a GitHub login');

export const Role = z.enum(['manager', 'engineer', 'reviewer']);
export type Role = z.infer<typeof Role>;

export const Priority = z.enum(['critical', 'high', 'medium', 'low']);
export type Priority = z.infer<typeof Priority>;

export const Size = z.enum(['S', 'M', 'L', 'XL']);
export type Size = z.infer<typeof Size>;

export const Template = z.enum(['feature', 'bugfix', 'refactor', 'migration', 'custom']);
export type Template = z.infer<typeof Template>;

/** `1500000` → `$1.50`. Rounds to cents, half up, and shows `<$0.01` rather than a false zero. */
export function dollars(micros: Micros): string {
  if (micros > 0 && micros < 10_000) return '<$0.01';
  return `$${(Math.round(micros / 10_000) / 100).toFixed(2)}`;
}

/**
 * What something cost, with what is not known of it: `$0.40 + 12k tokens of unknown price`. Tokens without a price are
 * never counted as free.
 */
export function costWords({ cost, unpriced }: { cost: Micros; unpriced: number }): string {
  if (unpriced === 0) return dollars(cost);
  const unknown = `${tokenWords(unpriced)} of unknown price`;
  return cost === 0 ? unknown : `${dollars(cost)} + ${unknown}`;
}

/** `1 token`, `840 tokens`, `12k tokens`, `3.4M tokens`. */
function tokenWords(count: number): string {
  if (count < 1_000) return `${count} token${count === 1 ? '' : 's'}`;
  // 999,500 and more would round to `1000k`.
  return count < 999_500
    ? `${Math.round(count / 1_000)}k tokens`
    : `${(count / 1_000_000).toFixed(1).replace(/\.0$/, '')}M tokens`;
}

/** US dollars as a number → millionths. */
export const micros = (usd: number): Micros => Math.round(usd * 1_000_000);
