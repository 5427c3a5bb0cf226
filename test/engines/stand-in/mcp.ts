/** A small MCP server over stdio in place of a session's: takes two tools' calls and writes each to the file that its environment names. */
import { appendFileSync } from 'node:fs';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { z } from 'zod';

const { ENTOURAGE_TOKEN: token, STAND_IN_LOG: file } = process.env;
if (file === undefined) throw new Error('STAND_IN_LOG is missing: the file for the calls.');

const server = new McpServer({ name: 'entourage', version: '1.0.0' });
const note = (tool: string, input: unknown) => {
  appendFileSync(file, `${JSON.stringify({ tool, input, token })}\n`);
};

server.registerTool(
  'request_review',
  { description: 'Hands in the work.', inputSchema: { summary: z.string() } },
  ({ summary }) => {
    note('request_review', { summary });
    return { content: [{ type: 'text', text: 'state: in_review' }] };
  },
);
server.registerTool(
  'ask_human',
  { description: 'Asks a person.', inputSchema: { question: z.string() } },
  async ({ question }) => {
    note('ask_human', { question });
    // Nobody answers: whoever asks is ended before.
    if (process.argv.includes('--silent')) await new Promise(() => setInterval(() => undefined, 60_000));
    return { content: [{ type: 'text', text: 'answer: in cents' }] };
  },
);

await server.connect(new StdioServerTransport());
