/** The App's `/mcp`: who is let in, what is kept, and what clients that misbehave do to it. */
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { mcpWorld, type McpWorld } from './mcp-world.ts';

let world: McpWorld;
beforeAll(async () => {
  world = await mcpWorld({ bounds: { all: 40, each: 3, idleMs: 60_000 }, sweepMs: 50, progressMs: 50 });
});
afterAll(async () => await world.close());

const initialize = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
};
type Answer = { status: number; headers: Record<string, unknown>; text: string };

/** Raw, because `fetch` sets Host itself. */
async function send(headers: Record<string, string>, body?: unknown, method = 'POST'): Promise<Answer> {
  const sent = request(`${world.url}/mcp`, {
    method,
    headers: {
      accept: 'application/json, text/event-stream',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
  });
  sent.end(body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body));
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    text: Buffer.concat(chunks).toString(),
  };
}
const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

async function connect(token: string): Promise<{ client: Client; transport: StreamableHTTPClientTransport }> {
  const client = new Client({ name: 'test', version: '1' });
  const transport = new StreamableHTTPClientTransport(new URL(`${world.url}/mcp`), {
    requestInit: { headers: bearer(token) },
  });
  onTestFinished(() => client.close());
  await client.connect(transport);
  return { client, transport };
}

describe('SE-4: who is let in', () => {
  it('a token is needed, and an agent’s or a person’s', async () => {
    const without = await send({}, initialize);
    expect(without).toMatchObject({ status: 401, headers: { 'www-authenticate': 'Bearer' } });
    expect((await send(bearer('ent_agent_nobody'), initialize)).status).toBe(401);
    expect((await send(bearer(world.engineer.runner), initialize)).status).toBe(403);
    expect((await send(bearer(world.engineer.agent), initialize)).status).toBe(200);
    expect((await send(bearer(world.key), initialize)).status).toBe(200);
  });

  it.each([
    [{ host: 'evil.example.com' }, 403],
    [{ host: 'entourage.example.com.evil.example' }, 403],
    [{ host: 'evil.example.com', origin: 'http://evil.example.com' }, 403],
    [{ origin: 'http://evil.example.com' }, 403],
    [{ origin: 'null' }, 403],
    [{ origin: 'http://localhost.evil.example' }, 403],
    [{ host: 'entourage.example.com' }, 200],
    [{ host: 'entourage.example.com:443', origin: 'https://entourage.example.com' }, 200],
    [{ host: 'localhost:3000', origin: 'http://localhost:3000' }, 200],
    [{ host: '[::1]' }, 200],
  ])('%o is answered %i', async (headers, status) => {
    expect((await send({ ...bearer(world.key), ...headers }, initialize)).status).toBe(status);
  });

  it('a session is its token’s alone, and ends by DELETE', async () => {
    const { transport } = await connect(world.engineer.agent);
    const session = { 'mcp-session-id': transport.sessionId!, 'mcp-protocol-version': '2025-11-25' };
    const list = { jsonrpc: '2.0', id: 2, method: 'tools/list' };
    expect((await send({ ...bearer(world.engineer.agent), ...session }, list)).status).toBe(200);
    expect((await send({ ...bearer(world.manager.agent), ...session }, list)).status).toBe(404);
    expect((await send({ ...bearer(world.key), ...session }, undefined, 'DELETE')).status).toBe(404);
    expect((await send({ ...bearer(world.engineer.agent), ...session }, undefined, 'DELETE')).status).toBe(
      200,
    );
    expect((await send({ ...bearer(world.engineer.agent), ...session }, list)).status).toBe(404);
  });

  it('a request without a session, garbage and too much are refused, and nothing is kept of them', async () => {
    const before = world.mcp.sessions.size();
    const key = bearer(world.key);
    expect((await send(key, { jsonrpc: '2.0', id: 2, method: 'tools/list' })).status).toBe(400);
    expect((await send(key, '{"jsonrpc":')).status).toBe(400);
    expect((await send(key, { hello: 'world' })).status).toBe(400);
    expect((await send(key, undefined, 'GET')).status).toBe(400);
    expect((await send(key, undefined, 'PUT')).status).toBe(405);
    const fat = { ...initialize, padding: 'x'.repeat(1024 * 1024) };
    expect((await send(key, fat)).status).toBe(413);
    expect(world.mcp.sessions.size()).toBe(before);
  });

  it('one token keeps few: the longest idle session goes first', async () => {
    const first = await connect(world.manager.agent);
    const others = [await connect(world.manager.agent), await connect(world.manager.agent)];
    await first.client.listTools();
    await connect(world.manager.agent);
    await first.client.listTools();
    await expect(others[0]!.client.listTools()).rejects.toThrow(/Initialize again/);
    await others[1]!.client.listTools();
  });
});

describe('clients that hang up', () => {
  it('in the middle of a call: the call is done once, the session serves the next one', async () => {
    const { client, transport } = await connect(world.engineer.agent);
    const sent = request(`${world.url}/mcp`, {
      method: 'POST',
      headers: {
        ...bearer(world.engineer.agent),
        accept: 'application/json, text/event-stream',
        'content-type': 'application/json',
        'mcp-session-id': transport.sessionId!,
      },
    });
    const asked = { name: 'ask_human', arguments: { question: 'Left alone?' }, _meta: { progressToken: 1 } };
    sent.end(JSON.stringify({ jsonrpc: '2.0', id: 99, method: 'tools/call', params: asked }));
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    // The first note of progress: the call is under way.
    await once(response, 'data');
    response.destroy();
    const open = async (): Promise<string[]> => {
      const result = await client.callTool({ name: 'get_pending_requests', arguments: {} });
      const { questions } = result.structuredContent as { questions: { text: string; question: string }[] };
      return questions.filter(({ text }) => text === 'Left alone?').map(({ question }) => question);
    };
    await expect.poll(open).toHaveLength(1);
    const [question] = await open();
    const answer = { run: world.run.number, question, text: 'Go on.' };
    await world.must('respond_to_request', answer, world.person('ana'));
    expect(await open()).toEqual([]);
  });

  it('AG-7: a cancelled call frees the client at once; what was asked stays asked', async () => {
    const { client } = await connect(world.engineer.agent);
    const cancel = new AbortController();
    const notes: unknown[] = [];
    const call = client.callTool({ name: 'ask_human', arguments: { question: 'Cancelled?' } }, undefined, {
      signal: cancel.signal,
      onprogress: (note) => {
        notes.push(note);
        if (notes.length === 2) cancel.abort('enough');
      },
    });
    await expect(call).rejects.toThrow(/enough/);
    expect(notes[0]).toMatchObject({
      total: 45,
      message: expect.stringMatching(/^waiting for a person’s answer, \d+ s of 45 s$/) as string,
    });
    const { structuredContent } = await client.callTool({ name: 'get_pending_requests', arguments: {} });
    expect(JSON.stringify(structuredContent)).toContain('Cancelled?');
  });
});

describe('after its end', () => {
  it('a session’s token opens nothing, and what listened is closed', async () => {
    const agent = world.engineer.agent;
    const { client } = await connect(agent);
    const begun = await send(bearer(agent), initialize);
    const id = String(begun.headers['mcp-session-id']);
    const headers = { ...bearer(agent), accept: 'text/event-stream', 'mcp-session-id': id };
    const listening = request(`${world.url}/mcp`, { headers }).end();
    const [stream] = (await once(listening, 'response')) as [IncomingMessage];
    expect(stream.statusCode).toBe(200);
    const ended = { session: world.engineer.session, outcome: 'failed', reason: 'killed' };
    await world.must('end_session', ended, await world.as(world.engineer.runner));
    // Nobody calls any more: the sweep finds the token dead.
    stream.resume();
    await once(stream, 'close');
    expect(world.mcp.sessions.find(id, agent)).toBeNull();
    await expect(client.callTool({ name: 'get_task', arguments: {} })).rejects.toThrow(/has not ended/);
  });
});
