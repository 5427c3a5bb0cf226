/** How an agent's MCP server asks its runner to push: HTTP over a unix socket that only this user may open. */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { wordsOf } from './log.ts';
import { PushResult, type Uploader } from './upload.ts';

/** What the runner answers: a result, or why there is none. */
const Answer = z.union([
  z.object({ result: PushResult }),
  z.object({ code: z.string(), message: z.string(), help: z.string().optional() }),
]);
export type PushAnswer = z.infer<typeof Answer>;

export type PushSocket = { path: string; close(): Promise<void> };

/** The kernel's limit for a socket's path is 108 bytes with its final zero. */
const longestPath = 100;

/** Opens the socket in `directory`, or in a private directory of its own where that path is too long for a socket. */
export async function openPushSocket(directory: string, uploader: Uploader): Promise<PushSocket> {
  const wanted = join(directory, 'push.socket');
  const path =
    Buffer.byteLength(wanted) <= longestPath
      ? wanted
      : join(await mkdtemp(join(tmpdir(), 'entourage-')), 'push');
  const server = createServer((incoming, response) => {
    const waitMs = Number(new URL(incoming.url ?? '/', 'http://runner').searchParams.get('wait') ?? 0);
    void answer(uploader, Math.min(waitMs, 60_000)).then((body) => {
      response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  await chmod(path, 0o600);
  return {
    path,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
      if (path !== wanted) await rm(dirname(path), { recursive: true, force: true });
    },
  };
}

async function answer(uploader: Uploader, waitMs: number): Promise<PushAnswer> {
  try {
    return { result: await uploader.push(waitMs) };
  } catch (error) {
    const { code, help } = error as { code?: unknown; help?: unknown };
    return {
      code: typeof code === 'string' ? code : 'unavailable',
      message: wordsOf(error),
      ...(typeof help === 'string' ? { help } : {}),
    };
  }
}

/** Asks from the other side. Rejects when the runner is gone. */
export function requestPush(socketPath: string, waitMs: number): Promise<PushAnswer> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, method: 'POST', path: `/push?wait=${waitMs}` }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        try {
          resolve(Answer.parse(JSON.parse(Buffer.concat(chunks).toString())));
        } catch (cause) {
          reject(new Error('the runner’s answer could not be read', { cause }));
        }
      });
    });
    asked.setTimeout(waitMs + 30_000, () => asked.destroy(new Error('the runner gave no answer in time')));
    asked.on('error', (cause) =>
      reject(new Error(`the runner can’t be reached: ${cause.message}`, { cause })),
    );
    asked.end();
  });
}
