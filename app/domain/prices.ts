/**
 * What models cost, for engines that count tokens and not money. US dollars per million tokens, as the price lists of
 * https://models.dev had them on 2026-09-28 (the copy that comes with opencode 1.18.33, `opencode models --verbose`);
 * the Claude rows agree with https://platform.claude.com/docs/en/about-claude/pricing as of November 2026.
 *
 * Prices of answers to long prompts (above 200,000 or 272,000 tokens with some models) and of priority service are
 * higher and not here: a session's totals don't say which answers were such. A model that isn't listed has no price:
 * it is never guessed from its name.
 */
import type { Usage } from './session.ts';
import type { Micros } from './words.ts';

/** `input`: what was not cached. */
export type Price = { input: number; cached: number; output: number };

const price = (input: number, cached: number, output: number): Price => ({ input, cached, output });

/** By model name, without its provider and without the date of a snapshot. */
export const prices: Readonly<Record<string, Price>> = {
  'claude-fable-5': price(10, 1, 50),
  'claude-fable-5-1': price(10, 0.25, 50),
  'claude-haiku-4-5': price(1, 0.1, 5),
  'claude-opus-4-5': price(5, 0.5, 25),
  'claude-opus-4-6': price(5, 0.5, 25),
  'claude-opus-4-7': price(5, 0.5, 25),
  'claude-opus-4-8': price(5, 0.5, 25),
  'claude-opus-5': price(5, 0.5, 25),
  'claude-opus-5-5': price(4, 0.2, 20),
  'claude-sonnet-4-5': price(3, 0.3, 15),
  'claude-sonnet-4-6': price(3, 0.3, 15),
  'claude-sonnet-5': price(2, 0.2, 10),
  'gemini-2.5-flash': price(0.3, 0.03, 2.5),
  'gemini-2.5-flash-lite': price(0.1, 0.01, 0.4),
  'gemini-2.5-pro': price(1.25, 0.125, 10),
  'gemini-3-flash-preview': price(0.5, 0.05, 3),
  'gemini-3.1-flash-lite': price(0.25, 0.025, 1.5),
  'gemini-3.1-pro-preview': price(2, 0.2, 12),
  'gemini-3.1-pro-preview-customtools': price(2, 0.2, 12),
  'gemini-3.5-flash': price(1.5, 0.15, 9),
  'gemini-3.5-flash-lite': price(0.3, 0.03, 2.5),
  'gemini-3.6-flash': price(0.75, 0.075, 3.75),
  'gemini-3.7-flash': price(0.75, 0.075, 3.75),
  'gemini-3.8-flash': price(0.75, 0.075, 3.75),
  'gpt-5': price(1.25, 0.125, 10),
  'gpt-5-mini': price(0.25, 0.025, 2),
  'gpt-5.1': price(1.25, 0.125, 10),
  'gpt-5.2': price(1.75, 0.175, 14),
  'gpt-5.3-codex': price(1.75, 0.175, 14),
  'gpt-5.4': price(2.5, 0.25, 15),
  'gpt-5.4-mini': price(0.75, 0.075, 4.5),
  'gpt-5.5': price(5, 0.5, 30),
  'gpt-5.6': price(4, 0.4, 20),
  'gpt-5.6-luna': price(0.2, 0.02, 1.2),
  'gpt-5.6-sol': price(4, 0.4, 20),
  'gpt-5.6-terra': price(2, 0.2, 12),
  'gpt-6-astra': price(10, 1, 50),
  'gpt-6-luna': price(0.1, 0.01, 0.5),
  'gpt-6-sol': price(2, 0.2, 10),
};

/** Null: nobody knows. `models/` and `provider/` before the name and a snapshot's date behind it don't count. */
export function priceOf(model: string): Price | null {
  const name = model.slice(model.lastIndexOf('/') + 1).replace(/\[[^\]]*\]$/, '');
  const undated = name.replace(/-(?:\d{8}|\d{4}-\d{2}-\d{2})$/, '');
  for (const key of [name, undated]) if (Object.hasOwn(prices, key)) return prices[key] ?? null;
  return null;
}

export type Counts = Pick<Usage, 'input_tokens' | 'cached_tokens' | 'output_tokens'>;

/** In millionths of a dollar; null when the model's price is not known. */
export function costOf(model: string, counts: Counts): Micros | null {
  const known = priceOf(model);
  if (known === null) return null;
  // Dollars per million tokens are millionths of a dollar per token.
  const { input_tokens, cached_tokens, output_tokens } = counts;
  return Math.round(input_tokens * known.input + cached_tokens * known.cached + output_tokens * known.output);
}
