/** The process that an engine starts from its MCP configuration: the session's MCP server over stdio. */
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import packageJson from '../package.json' with { type: 'json' };
import { createClient } from '../app/client/client.ts';
import { createLog, wordsOf } from './log.ts';
import { createSessionServer } from './mcp.ts';
import { readSessionFile } from './session-file.ts';

const log = createLog({ part: 'mcp' });

async function main(): Promise<void> {
  const { ENTOURAGE_URL: url, ENTOURAGE_TOKEN: token, ENTOURAGE_SESSION_FILE: file } = process.env;
  if (url === undefined || token === undefined || file === undefined) {
    throw new Error(
      'This MCP server belongs to a session: a runner writes the configuration that starts it, with ENTOURAGE_URL, ENTOURAGE_TOKEN and ENTOURAGE_SESSION_FILE. One of them is missing.',
    );
  }
  const session = await readSessionFile(file);
  const client = createClient({ url, token, outlast: true });
  const server = createSessionServer({ session, client, log, version: packageJson.version });
  // The engine's end is ours: nobody else reads the answers.
  process.stdin.once('close', () => process.exit(0));
  await server.connect(new StdioServerTransport());
}

main().catch((error: unknown) => {
  log('the MCP server can’t start', { error: wordsOf(error) });
  process.exitCode = 1;
});
