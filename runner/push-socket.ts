/**
 * How an agent's MCP server reaches its runner, to push and to hear notices: HTTP over a unix socket that only the
 * session's user may open.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { AgentUser } from './agent-user.ts';
import { wordsOf } from './log.ts';
import type { Notices } from './notices.ts';
import { makePassage } from './quarters.ts';
import { giveTo } from './spawn-as.ts';
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

export type SocketOrder = {
  directory: string;
  /** Where an earlier life of this runner had it; null: wherever there is room for it. */
  path?: string | null;
  /** Who may open it; null: the runner's own user. */
  user: AgentUser | null;
  uploader: Uploader;
  notices: Notices;
};

/** Opens the socket in `directory`, or in a directory of its own where that path is too long for a socket. */
export async function openPushSocket(order: SocketOrder): Promise<PushSocket> {
  const { directory, user, uploader, notices } = order;
  const wanted = join(directory, 'push.socket');
  const path = order.path ?? (await newPath(wanted));
  // What is left of one that was not closed.
  await rm(path, { force: true });
  if (path !== wanted) await makePassage(dirname(path));
  const server = createServer((incoming, response) => {
    const path = incoming.url ?? '';
    // An agent may send anything, and nothing that it sends may end the runner.
    const wait = /^\/push\?wait=(\d{1,9})$/.exec(path)?.[1];
    const asked = path === '/notices' ? { notices: notices.take() } : null;
    if (wait === undefined && asked === null) {
      response.writeHead(404).end();
      return;
    }
    const told = asked ?? answer(uploader, Math.min(Number(wait), 60_000));
    void Promise.resolve(told).then((body) => {
      response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  await chmod(path, 0o600);
  await giveTo(user, [path]);
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

async function newPath(wanted: string): Promise<string> {
  if (Buffer.byteLength(wanted) <= longestPath) return wanted;
  return join(await mkdtemp(join(tmpdir(), 'entourage-')), 'push');
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

/** A runner that was killed is started again and goes on with its sessions: worth waiting for. */
const restartMs = 15_000;

/** Asks from the other side. Rejects when the runner is gone, and stays so for a while. */
export async function requestPush(
  socketPath: string,
  waitMs: number,
  patienceMs: number = restartMs,
): Promise<PushAnswer> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    try {
      return await ask({ socketPath, path: `/push?wait=${waitMs}`, waitMs, answer: Answer });
    } catch (error) {
      // A push is safe to repeat: what the App has already is unchanged.
      const { code } = (error as { cause?: NodeJS.ErrnoException }).cause ?? {};
      const away = code === 'ECONNREFUSED' || code === 'ENOENT' || code === 'ECONNRESET' || code === 'EPIPE';
      if (!away || Date.now() > deadline) throw error;
      await delay(500);
    }
  }
}

/** What the agent was not told yet. Rejects when the runner is gone. */
export async function requestNotices(socketPath: string): Promise<string[]> {
  const answer = z.object({ notices: z.array(z.string()) });
  return (await ask({ socketPath, path: '/notices', waitMs: 0, answer })).notices;
}

type Question<T> = { socketPath: string; path: string; waitMs: number; answer: z.ZodType<T> };

function ask<T>({ socketPath, path, waitMs, answer: type }: Question<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, method: 'POST', path }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        try {
          resolve(type.parse(JSON.parse(Buffer.concat(chunks).toString())));
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
