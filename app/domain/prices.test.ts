import { describe, expect, test } from 'vitest';
import { costOf, priceOf, prices } from './prices.ts';

const counts = { input_tokens: 1_000_000, cached_tokens: 2_000_000, output_tokens: 100_000 };

describe('prices', () => {
  test('AG-8: a cost is the sum of what was read, read from the cache, and written', () => {
    // 2 + 2 × 0.2 + 0.1 × 10 dollars
    expect(costOf('claude-sonnet-5', counts)).toBe(3_400_000);
    expect(costOf('gpt-5.3-codex', { input_tokens: 3, cached_tokens: 0, output_tokens: 1 })).toBe(19);
    expect(costOf('gpt-5.5', { input_tokens: 0, cached_tokens: 0, output_tokens: 0 })).toBe(0);
  });

  test.each(['anthropic/claude-sonnet-4-5', 'claude-sonnet-4-5-20250929', 'claude-sonnet-4-5[1m]'])(
    '%s is priced as the model it is',
    (model) => {
      expect(priceOf(model)).toEqual({ input: 3, cached: 0.3, output: 15 });
    },
  );

  test.each(['claude-sonnet-9', 'gpt-5.5-something', '', 'toString', 'constructor'])(
    'BU-1: the price of %o is unknown, not guessed',
    (model) => {
      expect(priceOf(model)).toBeNull();
      expect(costOf(model, counts)).toBeNull();
    },
  );

  test('what is cached is never dearer than what is not', () => {
    for (const [model, { input, cached, output }] of Object.entries(prices)) {
      expect(cached, model).toBeLessThan(input);
      expect(input, model).toBeLessThan(output);
    }
  });
});
