/** GitHub's door: Probot verifies the signature, we store the delivery once and answer; a job works on it later. */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createNodeMiddleware, Probot, ProbotOctokit } from 'probot';
import { storeDelivery, type Delivery } from '../../db/queries/inbox.ts';
import type { Log } from '../log.ts';

/** GitHub never sends more than 25 MB (G43). */
const maxBytes = 25 * 1024 * 1024;
const webhookPath = '/api/github/webhooks';

type Storage = Parameters<typeof storeDelivery>[0];
export type WebhookDoor = {
  appId: number;
  privateKey: string;
  secret: string;
  baseUrl: string;
  log: Log;
  /** Stores the delivery and the job that works on it, in one transaction. */
  receive(store: (tx: Storage) => Promise<boolean>, guid: string): Promise<void>;
};

/** Answers true when the request was a webhook and has been answered. */
export async function createWebhookDoor(
  door: WebhookDoor,
): Promise<(request: IncomingMessage, response: ServerResponse) => Promise<boolean>> {
  // The raw text is stored as GitHub sent it; Probot's handlers are given the parsed payload only.
  const rawBody = new AsyncLocalStorage<string>();
  const probot = new Probot({
    appId: door.appId,
    privateKey: door.privateKey,
    secret: door.secret,
    baseUrl: door.baseUrl,
    // Throttling and retries would wait seconds before every write and repeat a POST after a 502.
    Octokit: ProbotOctokit.defaults({ throttle: { enabled: false }, retry: { enabled: false } }),
    logLevel: 'fatal',
    logFormat: 'json',
  });
  const middleware = await createNodeMiddleware(
    (app) => {
      app.onAny(async ({ id, name, payload }) => {
        const delivery: Delivery = {
          guid: id,
          event: name,
          body: rawBody.getStore() ?? JSON.stringify(payload),
          ...address(payload),
        };
        await door.receive(async (tx) => await storeDelivery(tx, delivery), id);
      });
    },
    { probot, webhooksPath: webhookPath },
  );
  const tellRefused = refusals(door.log);
  return async (request, response) => {
    if (request.url?.split('?')[0] !== webhookPath) return false;
    const text = await readBody(request);
    if (text === null) {
      door.log.warn({ path: webhookPath }, 'webhook larger than 25 MB refused');
      response.writeHead(413, { 'content-type': 'application/json', connection: 'close' });
      response.end(JSON.stringify({ error: { code: 'too_large', message: 'A webhook has at most 25 MB.' } }));
      return true;
    }
    request.body = text;
    await rawBody.run(text, async () => await middleware(request, response));
    if (response.statusCode >= 400 && response.statusCode < 500) tellRefused(response.statusCode);
    return true;
  };
}

/** Anybody may knock, so a line a minute at most: a wrong secret is seen, and the log is not filled. */
function refusals(log: Log): (status: number) => void {
  let toldAt = Number.NEGATIVE_INFINITY;
  return (status) => {
    const now = performance.now();
    if (now - toldAt < 60_000) return;
    toldAt = now;
    log.warn(
      { path: webhookPath, status },
      'webhook refused; if GitHub sent it, WEBHOOK_SECRET is not the App’s',
    );
  };
}

/** The whole body as text, or null when it is larger than GitHub would ever send. */
async function readBody(request: IncomingMessage): Promise<string | null> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) return null;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) continue;
    size += chunk.length;
    if (size > maxBytes) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** The tenant and the action of a payload, for the row; everything else is parsed when it is worked on. */
function address(payload: unknown): { installation: number | null; action: string | null } {
  const body = typeof payload === 'object' && payload !== null ? payload : {};
  const installation =
    'installation' in body && typeof body.installation === 'object' && body.installation !== null
      ? body.installation
      : {};
  return {
    installation: 'id' in installation && typeof installation.id === 'number' ? installation.id : null,
    action: 'action' in body && typeof body.action === 'string' ? body.action : null,
  };
}
