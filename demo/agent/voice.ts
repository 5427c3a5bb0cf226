/** What the agent prints: one JSON object a line, as engines do: text, and usage as totals that grow. */

export interface Voice {
  say(text: string): void;
  /** Stands for one exchange with a model: counts what was read and written, in tokens. */
  think(read: number, written: number): void;
}

/** Prices in millionths of a dollar for a token: input, cached input, output. */
const price = { input: 3, cached: 0.3, output: 15 };

export function createVoice(print: (line: string) => void): Voice {
  const total = { input: 0, cached: 0, output: 0 };
  let context = 0;
  return {
    say: (text) => print(JSON.stringify({ type: 'text', text })),
    think(read, written) {
      total.cached += context;
      total.input += read + context;
      total.output += written;
      context += read + written;
      const cost =
        (total.input - total.cached) * price.input +
        total.cached * price.cached +
        total.output * price.output;
      print(
        JSON.stringify({
          type: 'usage',
          input_tokens: total.input,
          cached_tokens: total.cached,
          output_tokens: total.output,
          cost: Math.round(cost),
        }),
      );
    },
  };
}
