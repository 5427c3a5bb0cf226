/** Git over smart HTTP: `git http-backend` as a CGI program on one repository, pushes reported and guarded. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream as NodeStream } from 'node:stream/web';
import { gitConfiguration, gitEnvironment } from './command.ts';
import { peekCommands, type PushedRef } from './pushed-commands.ts';
import type { GitRepository, Ref } from './repository.ts';

/** `forced`: when the new commit doesn't contain the old one; `merges`: when the push brings merge commits. */
export type RefRefusal = { when: 'always' | 'forced' | 'merges'; reason: string };

export type GitHttpAccess = {
  /** Login the caller authenticated, or null for nobody (a public repository). */
  user: string | null;
  canWrite: boolean;
  /** Why this caller may not move a ref so, with the lines that git shows; none when he may. */
  refuse?: (change: PushedRef) => RefRefusal[];
  /** Awaited before the pusher gets the answer, so that what he asks next already knows of the push. */
  onPush?: (refs: readonly PushedRef[]) => Promise<void>;
};

const hooks = fileURLToPath(new URL('./hooks', import.meta.url));
const nowhere = '0'.repeat(40);

/** What a smart HTTP request wants; null when it is none. The older dumb protocol isn't served. */
export function gitService(request: Request): 'read' | 'write' | null {
  const { pathname, searchParams } = new URL(request.url);
  const suffix = /\/(info\/refs|git-upload-pack|git-receive-pack)$/.exec(pathname)?.[1];
  if (suffix === undefined) return null;
  const service = suffix === 'info/refs' ? searchParams.get('service') : suffix;
  if (service === 'git-upload-pack') return 'read';
  return service === 'git-receive-pack' ? 'write' : null;
}

/** Token of a git client's basic auth (`x-access-token:<token>`, any user name), or null. */
export function basicAuthToken(request: Request): string | null {
  const header = /^Basic (.+)$/i.exec(request.headers.get('authorization') ?? '')?.[1];
  if (header === undefined) return null;
  const text = Buffer.from(header, 'base64').toString();
  const colon = text.indexOf(':');
  const password = text.slice(colon + 1);
  return colon === -1 ? null : password === '' ? text.slice(0, colon) : password;
}

/** 401 that makes git ask its credential helper. */
export function askForCredentials(): Response {
  const headers = { 'www-authenticate': 'Basic realm="GitHub"', 'content-type': 'text/plain' };
  return new Response('Authentication required\n', { status: 401, headers });
}

/**
 * Answers a smart HTTP request. The caller has authenticated it and knows that the user may read. Pushes are
 * serial per repository; their answer is held back until `onPush` is done. Reads stream.
 */
export async function handleGitHttp(
  repository: GitRepository,
  request: Request,
  access: GitHttpAccess,
): Promise<Response> {
  const service = gitService(request);
  if (service === null) return new Response('Not a smart HTTP request\n', { status: 403 });
  if (service === 'write' && !access.canWrite)
    return access.user === null
      ? askForCredentials()
      : new Response(`Permission denied to ${access.user}.\n`, { status: 403 });
  if (service === 'write' && request.method === 'POST')
    return repository.serially(() => receive(repository, request, access));
  const answer = await startBackend(repository, request, access);
  return new Response(Readable.toWeb(answer.body) as ReadableStream, answer.init);
}

async function receive(
  repository: GitRepository,
  request: Request,
  access: GitHttpAccess,
): Promise<Response> {
  const before = await repository.refs();
  const { refused, whole } = await withRefusals(request, access);
  const answer = await startBackend(repository, whole, { ...access, refused });
  const chunks: Buffer[] = [];
  for await (const chunk of answer.body) chunks.push(chunk as Buffer);
  await answer.ended;
  const changes = differences(before, await repository.refs());
  if (changes.length > 0) await access.onPush?.(changes);
  return new Response(Buffer.concat(chunks), answer.init);
}

/** Asks about each ref of the push; what the update hook is handed, one line a reason. */
async function withRefusals(
  request: Request,
  { refuse }: GitHttpAccess,
): Promise<{ refused: string; whole: Request }> {
  if (request.body === null || refuse === undefined) return { refused: '', whole: request };
  const { url, method, signal } = request;
  const headers = new Headers(request.headers);
  // Packed, the commands could not be read, and nothing would be refused.
  const isPacked = headers.get('content-encoding') === 'gzip';
  const plain = isPacked ? request.body.pipeThrough(new DecompressionStream('gzip')) : request.body;
  if (isPacked) for (const name of ['content-encoding', 'content-length']) headers.delete(name);
  const { commands, body } = await peekCommands(plain);
  const refused = commands.flatMap((change) =>
    refuse(change).map(({ when, reason }) => `${change.ref} ${when} ${reason.replaceAll('\n', ' ')}\n`),
  );
  const whole = new Request(url, { method, headers, body, signal, duplex: 'half' });
  return { refused: refused.join(''), whole };
}

function differences(before: readonly Ref[], after: readonly Ref[]): PushedRef[] {
  const old = new Map(before.map(({ ref, sha }) => [ref, sha]));
  const now = new Map(after.map(({ ref, sha }) => [ref, sha]));
  return [...new Set([...old.keys(), ...now.keys()])]
    .map((ref) => ({ ref, before: old.get(ref) ?? nowhere, after: now.get(ref) ?? nowhere }))
    .filter((change) => change.before !== change.after);
}

type CgiAnswer = { init: { status: number; headers: Headers }; body: Readable; ended: Promise<void> };

/** With what the update hook refuses; nothing for reads. */
type BackendAccess = GitHttpAccess & { refused?: string };

async function startBackend(
  repository: GitRepository,
  request: Request,
  access: BackendAccess,
): Promise<CgiAnswer> {
  const child = spawn('git', ['http-backend'], {
    cwd: repository.dir,
    env: cgiEnvironment(repository, request, access),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  request.signal.addEventListener('abort', () => child.kill('SIGTERM'), { once: true });
  // http-backend's own complaints reach the client as status and sideband; the rest is noise.
  child.stderr.resume();
  const ended = new Promise<void>((resolve, reject) => {
    child.once('close', () => resolve());
    child.once('error', reject);
  });
  const fed = feed(child, request);
  const head = await readHead(child.stdout);
  // A backend that answers before it read everything closes its input: its answer counts, not the EPIPE.
  const whole = Promise.all([fed, ended]).then(() => undefined);
  return { init: head.init, body: Readable.from(rest(head.first, child.stdout)), ended: whole };
}

async function feed(child: ChildProcessWithoutNullStreams, request: Request): Promise<void> {
  if (request.body === null) {
    child.stdin.end();
    return;
  }
  try {
    await pipeline(Readable.fromWeb(request.body as NodeStream), child.stdin);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'EPIPE' || code === 'ERR_STREAM_PREMATURE_CLOSE') return;
    // The client went away: git must not act on half a pack.
    child.kill('SIGTERM');
  }
}

function cgiEnvironment(
  repository: GitRepository,
  request: Request,
  access: BackendAccess,
): Record<string, string> {
  const url = new URL(request.url);
  const path = /\/(info\/refs|git-upload-pack|git-receive-pack)$/.exec(url.pathname)?.[0] ?? '';
  const header = (name: string) => request.headers.get(name) ?? '';
  return {
    ...gitEnvironment(),
    ...gitConfiguration({
      'core.hooksPath': hooks,
      'http.receivepack': String(access.canWrite),
      'receive.advertisePushOptions': 'false',
      // GitHub keeps pull request refs to itself; a deleted default branch would leave HEAD dangling.
      'receive.hideRefs': 'refs/pull',
      'receive.denyDeleteCurrent': 'true',
      'uploadpack.allowAnySHA1InWant': 'true',
      'uploadpack.allowFilter': 'true',
    }),
    GIT_PROJECT_ROOT: repository.dir,
    GIT_HTTP_EXPORT_ALL: '1',
    GIT_PROTOCOL: header('git-protocol'),
    GATEWAY_INTERFACE: 'CGI/1.1',
    REQUEST_METHOD: request.method,
    QUERY_STRING: url.search.slice(1),
    PATH_INFO: path,
    CONTENT_TYPE: header('content-type'),
    HTTP_CONTENT_ENCODING: header('content-encoding'),
    ...(header('content-length') === '' ? {} : { CONTENT_LENGTH: header('content-length') }),
    ...(access.user === null ? {} : { REMOTE_USER: access.user }),
    FORGE_REFUSED_REFS: access.refused ?? '',
  };
}

/** Reads the CGI header block; `first` is what came of the body with it. */
async function readHead(stdout: Readable): Promise<{ init: CgiAnswer['init']; first: Buffer }> {
  let seen = Buffer.alloc(0);
  for await (const chunk of stdout.iterator({ destroyOnReturn: false })) {
    seen = Buffer.concat([seen, chunk as Buffer]);
    const end = seen.indexOf('\r\n\r\n');
    if (end !== -1)
      return { init: parseHead(seen.subarray(0, end).toString()), first: seen.subarray(end + 4) };
  }
  return { init: { status: 500, headers: new Headers({ 'content-type': 'text/plain' }) }, first: seen };
}

function parseHead(text: string): CgiAnswer['init'] {
  const headers = new Headers();
  let status = 200;
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).trim().toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (name === 'status') status = Number.parseInt(value, 10);
    else if (name !== '') headers.append(name, value);
  }
  return { status, headers };
}

async function* rest(first: Buffer, stdout: Readable): AsyncGenerator<Buffer> {
  if (first.length > 0) yield first;
  for await (const chunk of stdout) yield chunk as Buffer;
}
