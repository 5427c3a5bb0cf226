/** The token that reads a repository goes to the host it is for, and nowhere else. */
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createObjectCache } from './object-cache.ts';

type Host = { url: string; seen: (string | undefined)[] } & AsyncDisposable;

async function host(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<Host> {
  const seen: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    seen.push(request.headers.authorization);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

test('AG-5 a redirection is not followed, so the token stays where it belongs', async () => {
  // One that git takes for a repository: only then would it ask on, with the header that it has.
  await using other = await host((_, response) => {
    const ref = `${'a'.repeat(40)} refs/heads/main\0\n`;
    const line = (text: string) => `${(text.length + 4).toString(16).padStart(4, '0')}${text}`;
    response.setHeader('content-type', 'application/x-git-upload-pack-advertisement');
    response.end(`${line('# service=git-upload-pack\n')}0000${line(ref)}0000`);
  });
  await using first = await host((request, response) => {
    response.writeHead(302, { location: `${other.url}${request.url ?? ''}` }).end();
  });
  const directory = await mkdtemp(join(tmpdir(), 'entourage-cache-'));
  try {
    const cache = createObjectCache(directory);
    const origin = { repository: 'acme/shop', cloneUrl: `${first.url}/acme/shop.git`, token: 'read-token' };
    const want = { commit: 'a'.repeat(40), ref: 'refs/entourage/start/x', base: 'main' };
    await expect(cache.alone(origin.repository, async () => await cache.fetch(origin, want))).rejects.toThrow(
      /git fetch ended/,
    );
    expect(first.seen).toEqual([expect.stringMatching(/^Basic /)]);
    expect(other.seen).toEqual([]);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
