/** The protocol's own test suite and the Inspector's command line against `/mcp`, behind a proxy that adds the bearer they don't send. */
import { execFile } from 'node:child_process';
import { copyFileSync, cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { mcpWorld, type McpWorld } from './mcp-world.ts';

const modules = join(import.meta.dirname, '../../node_modules');

/** Expected failures, which run as such: one that passes fails the test. The suite plays with a server made for it. */
const fixtures = 'calls a tool, resource or prompt of the suite’s own example server';
const asks = 'wants a tool that asks the client (sampling, elicitation); Entourage asks people';
const inapplicable: Readonly<Record<string, string>> = {
  'logging-set-level': 'Entourage sends no log messages, so it does not declare them',
  'tools-call-image': fixtures,
  'tools-call-audio': fixtures,
  'tools-call-embedded-resource': fixtures,
  'tools-call-mixed-content': fixtures,
  'tools-call-with-logging': fixtures,
  'tools-call-with-progress': fixtures,
  'tools-call-sampling': asks,
  'tools-call-elicitation': asks,
  'json-schema-2020-12': fixtures,
  'elicitation-sep1034-defaults': asks,
  'elicitation-sep1330-enums': asks,
  'server-sse-polling': 'wants a tool that closes its stream; Entourage keeps streams open until the answer',
  'resources-read-text': fixtures,
  'resources-read-binary': fixtures,
  'resources-templates-read': fixtures,
  'resources-subscribe': 'Entourage does not tell of changed resources, so it does not declare it',
  'resources-unsubscribe': 'the same',
  'prompts-get-simple': fixtures,
  'prompts-get-with-args': fixtures,
  'prompts-get-embedded-resource': fixtures,
  'prompts-get-with-image': fixtures,
};
const applicable = [
  'server-initialize',
  'ping',
  'completion-complete',
  'tools-list',
  'server-sse-multiple-streams',
  'resources-list',
  'prompts-list',
  'dns-rebinding-protection',
];

let world: McpWorld;
let proxy: Server;
let url: string;
let directory: string;
beforeAll(async () => {
  world = await mcpWorld();
  directory = mkdtempSync(join(tmpdir(), 'entourage-test-'));
  proxy = createServer((incoming, outgoing) => {
    const headers = { ...incoming.headers, authorization: `Bearer ${world.engineer.agent}` };
    const passed = request(`${world.url}${incoming.url}`, { method: incoming.method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    passed.on('error', () => outgoing.destroy());
    outgoing.on('close', () => passed.destroy());
    incoming.pipe(passed);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/mcp`;
});
afterAll(async () => {
  proxy.closeAllConnections();
  proxy.close();
  await world.close();
  rmSync(directory, { recursive: true, force: true });
});

/** The Inspector's command line reads the manifest of a package around it, which is not published with it: lay that out. */
function layOut(): string {
  const own = join(modules, '@modelcontextprotocol/inspector-cli');
  const around = join(directory, 'inspector');
  cpSync(join(own, 'build'), join(around, 'cli/build'), { recursive: true });
  copyFileSync(join(own, 'package.json'), join(around, 'package.json'));
  copyFileSync(join(own, 'package.json'), join(around, 'cli/package.json'));
  symlinkSync(join(own, 'node_modules'), join(around, 'cli/node_modules'));
  symlinkSync(modules, join(around, 'node_modules'));
  return join(around, 'cli/build/index.js');
}

function run(program: string, args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...args], { cwd: directory }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), out: stdout, err: stderr }),
    );
  });
}

it('SE-4: the conformance suite passes where it applies', { timeout: 180_000 }, async () => {
  const baseline = join(directory, 'expected.yml');
  writeFileSync(
    baseline,
    `server:\n${Object.keys(inapplicable)
      .map((name) => `  - ${name}\n`)
      .join('')}`,
  );
  const suite = ['server', '--url', url, '--suite', 'all', '--expected-failures', baseline];
  const { code, out, err } = await run(
    join(modules, '@modelcontextprotocol/conformance/dist/index.js'),
    suite,
  );
  expect(code, out + err).toBe(0);
  for (const name of applicable) expect(out).toMatch(new RegExp(`✓ ${name}: [1-9]\\d* passed, 0 failed`));
});

it(
  'SE-4: the Inspector’s command line lists and calls tools, and reads a resource and a prompt',
  { timeout: 120_000 },
  async () => {
    const inspector = layOut();
    const inspect = async (...args: string[]): Promise<Record<string, unknown>> => {
      const { code, out, err } = await run(inspector, [url, '--transport', 'http', ...args]);
      expect(code, out + err).toBe(0);
      return JSON.parse(out) as Record<string, unknown>;
    };
    const { tools } = (await inspect('--method', 'tools/list')) as { tools: { name: string }[] };
    expect(tools.map(({ name }) => name)).toContain('get_task');
    expect(
      await inspect('--method', 'tools/call', '--tool-name', 'get_task', '--tool-arg', 'task=t2'),
    ).toMatchObject({
      structuredContent: { task: { task: 't2', title: 'API' } },
    });
    expect(await inspect('--method', 'resources/read', '--uri', 'entourage://task')).toMatchObject({
      contents: [{ uri: 'entourage://task', text: expect.stringContaining('"title": "Table"') as string }],
    });
    expect(await inspect('--method', 'prompts/get', '--prompt-name', 'reviewer')).toMatchObject({
      messages: [{ content: { text: expect.stringMatching(/^You are a reviewer/) as string } }],
    });
  },
);
