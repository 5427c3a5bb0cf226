import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ping } from '../catalog/platform.ts';
import { getAnswer } from '../catalog/questions.ts';
import { approveRun, listRuns } from '../catalog/runs.ts';
import { claimSession, endSession } from '../catalog/sessions.ts';
import { createClient } from './client.ts';
import { ClientError, TransportError } from './failure.ts';
import { playApp, PlayedRefusal } from './fixtures/played-app.ts';
import { requestFor } from './request.ts';

const session = '018f0000-0000-7000-8000-000000000001';
const pong = { ok: true, version: '1.0.0', database: 'reachable' };

async function listen(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('the request', () => {
  test('takes path parameters out of the input and leaves the rest to the query of a GET', () => {
    expect(requestFor(listRuns, { repository: 'acme/shop', limit: 5, cursor: undefined })).toEqual({
      method: 'GET',
      path: '/api/v1/repos/acme/shop/runs?limit=5',
      body: null,
    });
  });

  test('escapes what comes from outside, so that a value stays one segment', () => {
    const { path } = requestFor(getAnswer, { repository: 'acme/sh?op', run: 1, question: '../q2#' });
    expect(path).toBe('/api/v1/repos/acme/sh%3Fop/runs/1/questions/..%2Fq2%23');
  });

  test('puts everything else into a JSON body', () => {
    const request = requestFor(endSession, { session, outcome: 'completed', reason: '' });
    expect(request.path).toBe(`/api/v1/sessions/${session}/end`);
    expect(JSON.parse(request.body ?? '')).toEqual({ outcome: 'completed', reason: '' });
  });

  test('says which path parameter is missing', () => {
    expect(() => requestFor(approveRun, { repository: 'acme/shop' })).toThrow(/approve_run needs `run`/);
  });
});

describe('the client', () => {
  test('gives the output and sends its token', async () => {
    await using app = await playApp({ ping: () => pong });
    const client = createClient({ url: `${app.url}/`, token: 'secret-token' });
    expect(await client.call(ping, {})).toEqual(pong);
    expect(app.calls[0]?.token).toBe('secret-token');
  });

  test('throws the refusal with code, words, help and status, and does not ask again', async () => {
    await using app = await playApp({
      approve_run: () => {
        throw new PlayedRefusal('outdated_plan', 'That was version 1.', 'Read version 2.');
      },
    });
    const client = createClient({ url: app.url, token: 't' });
    const error = await client.call(approveRun, { repository: 'acme/shop', run: 1 }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ClientError);
    expect(error).toMatchObject({
      code: 'outdated_plan',
      status: 409,
      message: 'That was version 1.',
      help: 'Read version 2.',
    });
    expect(app.calls).toHaveLength(1);
  });

  test('repeats a read while the App is away, and gives up in the end', async () => {
    let asked = 0;
    const url = await listen((request, response) => {
      asked += 1;
      if (asked < 3) request.socket.destroy();
      else response.end(JSON.stringify(pong));
    });
    expect(await createClient({ url, token: 't', pauseMs: 1 }).call(ping, {})).toEqual(pong);
    expect(asked).toBe(3);
    asked = -100;
    await expect(createClient({ url, token: 't', pauseMs: 1 }).call(ping, {})).rejects.toThrow(
      TransportError,
    );
    expect(asked).toBe(-96);
  });

  test('sends a write once, unless the caller says that repeating it changes nothing', async () => {
    let asked = 0;
    const url = await listen((request) => {
      asked += 1;
      request.socket.destroy();
    });
    const client = createClient({ url, token: 't', pauseMs: 1 });
    const input = { session, outcome: 'completed', reason: '' } as const;
    await expect(client.call(endSession, input)).rejects.toThrow(TransportError);
    expect(asked).toBe(1);
    await expect(client.call(endSession, input, { idempotent: true })).rejects.toThrow(TransportError);
    expect(asked).toBe(5);
  });

  test('waits as long as a long poll may take and its patience, not longer', async () => {
    const url = await listen((request, response) => {
      void delay(1_300).then(() => response.end(JSON.stringify({ assignment: null })));
    });
    const client = createClient({ url, token: 't', patienceMs: 600 });
    expect(await client.call(claimSession, { engines: [], wait: 1 })).toEqual({ assignment: null });
    await expect(client.call(claimSession, { engines: [], wait: 0 })).rejects.toThrow(/took too long/);
  });

  test('ends at once when the caller gives up', async () => {
    const url = await listen(() => undefined);
    const abort = new AbortController();
    const call = createClient({ url, token: 't' }).call(ping, {}, { signal: abort.signal });
    abort.abort(new Error('enough'));
    await expect(call).rejects.toThrow('enough');
  });

  test('carries its token nowhere else', async () => {
    let reached = false;
    const elsewhere = await listen((_, response) => {
      reached = true;
      response.end(JSON.stringify(pong));
    });
    const url = await listen((_, response) => response.writeHead(302, { location: elsewhere }).end());
    await expect(createClient({ url, token: 't', pauseMs: 1 }).call(ping, {})).rejects.toThrow(
      TransportError,
    );
    expect(reached).toBe(false);
  });

  test.each([
    ['a proxy’s page', 502, '<html>bad gateway</html>', TransportError],
    ['another server', 404, '<html>nothing here</html>', ClientError],
    ['an answer of another version', 200, '{"ok":"yes"}', TransportError],
    ['half an answer', 200, '{"ok":', TransportError],
  ])('tells %s from the App', async (...[, status, body, kind]) => {
    const url = await listen((__, response) => response.writeHead(status).end(body));
    const client = createClient({ url, token: 't', pauseMs: 1 });
    await expect(client.call(ping, {})).rejects.toThrow(kind);
  });
});
