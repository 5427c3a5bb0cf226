/** A tool's failure is a result that the model can read: what happened, what to do, the code. Never a protocol error. */
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';

export type Refusal = {
  readonly code: string;
  readonly message: string;
  readonly help?: string | undefined;
};

export const wordsOfRefusal = ({ code, message, help }: Refusal): string =>
  [message, ...(help === undefined || help === '' ? [] : [help]), `(${code})`].join('\n');

export const refusalResult = (refusal: Refusal): CallToolResult => ({
  isError: true,
  content: [{ type: 'text', text: wordsOfRefusal(refusal) }],
});

export const unknownTool = (name: string, known: readonly string[]): Refusal => ({
  code: 'not_found',
  message: `There is no tool ${JSON.stringify(name.slice(0, 100))} for you.`,
  help: `These are: ${known.join(', ')}.`,
});
