/** The agent's only way out: the MCP server named in ENTOURAGE_MCP_CONFIG, called as any MCP client would. */
import { readFile } from 'node:fs/promises';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { z } from 'zod';

const Configuration = z.object({
  mcpServers: z.record(
    z.string(),
    z.object({
      command: z.string(),
      args: z.array(z.string()).default([]),
      env: z.record(z.string(), z.string()).default({}),
    }),
  ),
});

/** A tool's failure, in the words of its server. */
export class ToolRefusal extends Error {}

export interface Tools extends AsyncDisposable {
  has(name: string): boolean;
  /** Calls a tool and checks what comes back. Throws `ToolRefusal` when the tool says no. */
  call<T>(name: string, input: Record<string, unknown>, output: z.ZodType<T>): Promise<T>;
}

/** Starts the first server of the configuration file. Rejects when there is none or it doesn't start. */
export async function connectTools(configurationFile: string): Promise<Tools> {
  const { mcpServers } = Configuration.parse(JSON.parse(await readFile(configurationFile, 'utf8')));
  const server = Object.values(mcpServers)[0];
  if (server === undefined) throw new Error(`${configurationFile} names no MCP server`);
  const client = new Client({ name: 'demo-agent', version: '1.0.0' });
  const { command, args, env } = server;
  const { PATH = '', NODE_COMPILE_CACHE = '' } = process.env;
  const inherited = { PATH, ...(NODE_COMPILE_CACHE === '' ? {} : { NODE_COMPILE_CACHE }) };
  await client.connect(
    new StdioClientTransport({ command, args, env: { ...inherited, ...env }, stderr: 'inherit' }),
  );
  const names = new Set((await client.listTools()).tools.map(({ name }) => name));
  return {
    has: (name) => names.has(name),
    async call(name, input, output) {
      const result = await client.callTool({ name, arguments: input }, undefined, { timeout: 60_000 });
      if (result.isError === true) throw new ToolRefusal(`${name}: ${words(result.content)}`);
      return output.parse(result.structuredContent);
    },
    [Symbol.asyncDispose]: () => client.close(),
  };
}

function words(content: unknown): string {
  const texts = z.array(z.object({ type: z.literal('text'), text: z.string() })).safeParse(content);
  return texts.success ? texts.data.map(({ text }) => text).join('\n') : 'refused without words';
}
