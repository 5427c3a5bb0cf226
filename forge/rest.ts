/** The REST door: from an HTTP request to a route and back, judged by GitHub's description on both ways. */
import { createHash, randomUUID } from 'node:crypto';
import { authorize, may, type RepositoryAccess } from './access.ts';
import { anonymous, type Caller } from './caller.ts';
import { kindOf } from './calls.ts';
import { recordCrash } from './crash.ts';
import type { Forge } from './forge.ts';
import {
  GitHubError,
  MovedError,
  notByIntegration,
  notFound,
  requiresAuthentication,
} from './github-error.ts';
import { RawContent, type Route, type RoutedRequest, type RouteResult } from './route.ts';
import { matchOperation, type Match } from './router.ts';
import { checkParameters, checkRequestBody, checkResponse } from './schema/validate.ts';
import { find, row, type Account, type Repository, type State } from './state.ts';
import { bearerOf, callerOf } from './tokens.ts';

/** The version that the description in schema/ is of, and that GitHub serves without the header (G1). */
const servedVersion = '2022-11-28';
/** Served where a route says so. */
const newerVersion = '2026-03-10';

/** What is asked, after routing. */
interface Incoming {
  request: Request;
  match: Match;
  route: Route;
}

/** @returns a handler of requests whose path starts with `prefix`, GitHub Enterprise's `/api/v3` */
export function createRest(
  forge: Forge,
  routes: Route[],
  prefix: string,
): (request: Request) => Promise<Response> {
  const byId = new Map(routes.map((route) => [route.id as string, route]));
  return async (request) => {
    const { pathname } = new URL(request.url);
    const match = matchOperation(request.method, pathById(forge.state, pathname.slice(prefix.length)));
    const route = match === null ? undefined : byId.get(match.id);
    if (match === null || route === undefined) {
      const where = `${request.method} ${pathname}`;
      forge.violations.push({
        kind: 'unknown_route',
        where,
        findings: [match?.id ?? 'not in forge/schema/used.ts'],
      });
      return answer(forge, { status: 501, body: { message: `The forge doesn't know ${where}` } });
    }
    return answerRoute(forge, { request, match, route });
  };
}

async function answerRoute(forge: Forge, { request, match, route }: Incoming): Promise<Response> {
  let result: RouteResult;
  let who: Caller = anonymous;
  let leave: (() => void) | null = null;
  try {
    const token = bearerOf(request.headers.get('authorization'));
    const caller = await callerOf(forge, token);
    who = caller;
    leave = forge.rateLimit.enter(caller);
    forge.calls.record(match.id);
    const version = request.headers.get('x-github-api-version') ?? servedVersion;
    if (version !== servedVersion && !(version === newerVersion && route.newer === true))
      throw new GitHubError(400, `The API version ${version} isn't served here, ${servedVersion} is`);
    const fault = forge.faults.takeAnswer(match.id);
    if (fault?.milliseconds !== undefined)
      await new Promise((resolve) => setTimeout(resolve, fault.milliseconds));
    const refusal = fault?.status === undefined ? null : refusalOf(fault.status, fault.retryAfter);
    if (refusal !== null && fault?.afterwards !== true) throw refusal;
    await forge.faults.takeMeanwhile(match.id)?.();
    forge.rateLimit.spend({ caller, resource: 'core', kind: kindOf(match.id) });
    result = await run(forge, { request, match, route }, { caller, token });
    if (refusal !== null) throw refusal;
  } catch (error) {
    result = resultOfError(forge, match.id, error);
  } finally {
    leave?.();
  }
  if (request.method !== 'GET') await forge.save();
  return judge(forge, { request, id: match.id, result, caller: who });
}

function refusalOf(status: number, retryAfter: number | undefined): GitHubError {
  const headers = retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) };
  const message = status >= 500 ? 'Server Error' : 'You have exceeded a secondary rate limit.';
  return new GitHubError(status, message, { headers });
}

function resultOfError(forge: Forge, id: string, error: unknown): RouteResult {
  if (error instanceof RawContent) {
    const headers = { 'content-type': 'application/vnd.github.raw+json; charset=utf-8' };
    return { status: 200, body: error.content, headers };
  }
  if (error instanceof GitHubError)
    return { status: error.status, body: error.body(), headers: error.headers };
  recordCrash(forge, id, error);
  return { status: 500, body: { message: `The forge failed in ${id}; see its violations` } };
}

async function run(
  forge: Forge,
  { request, match, route }: Incoming,
  { caller, token }: { caller: Caller; token: string | null },
): Promise<RouteResult> {
  const url = new URL(request.url);
  const params: Record<string, unknown> = { ...Object.fromEntries(url.searchParams), ...match.params };
  const misfits = checkParameters(match.id, params);
  sendOn(forge, caller, { request, params });
  const repository = permit(forge.state, caller, { route, params });
  const body = await bodyOf(request);
  misfits.push(...checkRequestBody(match.id, body));
  if (misfits.length > 0) {
    forge.calls.refuse(match.id, misfits);
    throw new GitHubError(422, `Invalid request.\n\n${misfits.join('\n')}`);
  }
  const routed: RoutedRequest = {
    forge,
    params,
    body,
    caller,
    get actor(): Account {
      if (caller.account === null) throw requiresAuthentication();
      return caller.account;
    },
    url,
    accept: request.headers.get('accept') ?? '',
    token,
    repository,
    newer: request.headers.get('x-github-api-version') === newerVersion,
  };
  return route.handle(routed);
}

/** Throws what GitHub answers to somebody who may not; gives the repository that the path names. */
function permit(
  state: State,
  caller: Caller,
  { route, params }: { route: Route; params: Record<string, unknown> },
): Repository | null {
  const { access } = route;
  const repository =
    'repo' in params ? repositoryNamed(state, String(params['owner']), String(params['repo'])) : null;
  if (access === 'anyone') return repository;
  if (access === 'app') {
    if (caller.kind !== 'app') throw new GitHubError(401, 'A JSON web token could not be decoded');
    if ('repo' in params && repository === null) throw notFound();
    return repository;
  }
  if (access === 'user' || access === 'installation') {
    if (caller.kind === 'anonymous') throw requiresAuthentication();
    if (caller.kind === 'app' || (access === 'installation') !== (caller.kind === 'installation'))
      throw notByIntegration();
    return repository;
  }
  if (repository === null) throw notFound();
  authorize(state, caller, { repository, access });
  return repository;
}

/** `/repositories/17/…`, where a redirect leads, is `/repos/acme/shop/…`. */
function pathById(state: State, path: string): string {
  const [, id, rest = ''] = /^\/repositories\/(\d+)(\/.*)?$/.exec(path) ?? [];
  const repository = id === undefined ? undefined : state.repositories.get(Number(id));
  if (repository === undefined) return path;
  return `/repos/${row(state.accounts, repository.ownerId).login}/${repository.name}${rest}`;
}

/** A repository that had this name before it was renamed or handed over; null when there is none, or another one by now. */
export function repositoryFormerly(state: State, owner: string, name: string): Repository | null {
  if (repositoryNamed(state, owner, name) !== null) return null;
  const former = `${owner}/${name}`.toLowerCase();
  return find(state.repositories, ({ formerNames }) => formerNames.includes(former)) ?? null;
}

/** Throws GitHub's redirect to who asks for a repository by a name that it had, if he may see it. */
function sendOn(
  { state, url }: Forge,
  caller: Caller,
  { request, params }: { request: Request; params: Record<string, unknown> },
): void {
  if (!('repo' in params)) return;
  const repository = repositoryFormerly(state, String(params['owner']), String(params['repo']));
  const access: RepositoryAccess = { role: 'read', level: 'read', permissions: ['metadata'] };
  if (repository === null || !may(state, caller, { repository, access })) return;
  const asked = new URL(request.url);
  const rest = asked.pathname.replace(/^.*?\/repos\/[^/]+\/[^/]+/, '');
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  throw new MovedError(
    isRead ? 301 : 307,
    `${url}/api/v3/repositories/${repository.id}${rest}${asked.search}`,
  );
}

/** Names are compared as GitHub does, without case. */
export function repositoryNamed(state: State, owner: string, name: string): Repository | null {
  const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();
  const account = find(state.accounts, ({ login }) => same(login, owner));
  if (account === undefined) return null;
  return find(state.repositories, (row) => row.ownerId === account.id && same(row.name, name)) ?? null;
}

async function bodyOf(request: Request): Promise<unknown> {
  if (request.method === 'GET' || request.method === 'HEAD') return undefined;
  const text = await request.text();
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw new GitHubError(400, 'Problems parsing JSON');
  }
}

/** An answer that GitHub's description forbids is our bug: a 500, and a violation for the test to fail on. */
function judge(
  forge: Forge,
  { request, id, result, caller }: { request: Request; id: string; result: RouteResult; caller: Caller },
): Response {
  const findings = result.body instanceof Buffer ? [] : checkResponse(id, result.status, result.body);
  if (findings.length > 0) {
    forge.violations.push({ kind: 'response', where: `${id} ${result.status}`, findings });
    const message = `The forge's answer to ${id} is not what GitHub describes:\n${findings.join('\n')}`;
    return answer(forge, { status: 500, body: { message } });
  }
  const etag = result.status === 200 ? etagOf(result.body) : null;
  const unchanged =
    request.method === 'GET' && etag !== null && request.headers.get('if-none-match') === etag;
  if (unchanged) forge.rateLimit.refund(caller);
  const limits = forge.rateLimit.headers(caller, 'core');
  const headers = { ...limits, ...result.headers, ...(etag === null ? {} : { etag }) };
  return answer(forge, unchanged ? { status: 304, headers } : { ...result, headers });
}

/** Null for an answer without a body. */
function etagOf(body: unknown): string | null {
  if (body === undefined || body === null) return null;
  const hash = createHash('sha256').update(body instanceof Buffer ? body : JSON.stringify(body));
  return `W/"${hash.digest('hex')}"`;
}

function answer(forge: Forge, result: RouteResult): Response {
  const headers = new Headers({
    'content-type': 'application/json; charset=utf-8',
    date: forge.clock.now().toUTCString(),
    'x-github-media-type': 'github.v3; format=json',
    'x-github-request-id': randomUUID(),
    'x-github-api-version-selected': servedVersion,
    ...result.headers,
  });
  if (result.body === undefined || result.body === null)
    return new Response(null, { status: result.status, headers });
  const body = result.body instanceof Buffer ? new Uint8Array(result.body) : JSON.stringify(result.body);
  return new Response(body, { status: result.status, headers });
}
