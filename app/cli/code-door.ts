/** A door on this machine that shows one page and waits for GitHub to send the browser back with a code. */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { messageHtml } from './manifest.ts';

export type CodeDoor = {
  /** The page’s address; nobody guesses it. */
  url: string;
  /** The code that came with our own `state`. */
  code: Promise<string>;
  [Symbol.asyncDispose](): Promise<void>;
};

export type Shown = { state: string; redirect: string };

/** Listens on 127.0.0.1 only. `page` makes the page once the door’s address is known. */
export async function openCodeDoor(port: number, page: (shown: Shown) => string): Promise<CodeDoor> {
  const state = randomBytes(24).toString('hex');
  const path = `/${randomBytes(12).toString('hex')}`;
  const found = Promise.withResolvers<string>();
  let html = '';
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    // Any page in the browser may ask for anything here: what is no address is no reason to end.
    const url = URL.parse(`http://127.0.0.1${request.url ?? '/'}`);
    const host = (request.headers.host ?? '').replace(/:\d+$/, '');
    // Another site's name may be made to point here; its page must not read ours.
    if (url === null || request.method !== 'GET' || !['127.0.0.1', 'localhost'].includes(host))
      return say(response, 404, 'Nothing here.');
    if (url.pathname === path) return send(response, 200, html);
    if (url.pathname !== '/registered') return say(response, 404, 'Nothing here.');
    const code = url.searchParams.get('code') ?? '';
    if (!same(url.searchParams.get('state') ?? '', state) || !/^[\w-]{1,200}$/.test(code))
      return say(
        response,
        400,
        'This did not come from the page that the terminal opened. Nothing was done; start again there.',
      );
    say(response, 200, 'Done. You can close this page; the terminal says what comes next.');
    found.resolve(code);
  };
  const server = createServer(answer);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const address = server.address();
  const base = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : port}`;
  html = page({ state, redirect: `${base}/registered` });
  return {
    url: `${base}${path}`,
    code: found.promise,
    [Symbol.asyncDispose]: async () => {
      // The last page is on its way to a browser that may keep the connection.
      server.closeIdleConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function same(given: string, expected: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(expected)];
  return one.byteLength === other.byteLength && timingSafeEqual(one, other);
}

const say = (response: ServerResponse, status: number, words: string): void =>
  send(response, status, messageHtml(words));

function send(response: ServerResponse, status: number, html: string): void {
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
    connection: 'close',
  });
  response.end(html);
}
