/** How a route is written: an operation of GitHub's description, who may call it, and what it does. */
import type { operations as Operations } from '@octokit/openapi-types';
import type { RepositoryAccess } from './access.ts';
import type { Caller } from './caller.ts';
import type { Forge } from './forge.ts';
import type { Account, Repository } from './state.ts';

export type OperationId = keyof Operations;

/** The description's int64 ids are `number | bigint` to TypeScript; JSON only ever gives us numbers. */
type Numbers<Params> = { [Name in keyof Params]: bigint extends Params[Name] ? number : Params[Name] };

type PathOf<Id extends OperationId> = Operations[Id] extends { parameters: { path: infer Path } }
  ? Numbers<Path>
  : unknown;
type QueryOf<Id extends OperationId> = Operations[Id] extends { parameters: { query?: infer Query } }
  ? NonNullable<Query>
  : unknown;
type JsonOf<Value> = Value extends { content: { 'application/json': infer Json } } ? Json : undefined;
type BodyOf<Id extends OperationId> = Operations[Id] extends { requestBody?: infer Body }
  ? JsonOf<NonNullable<Body>>
  : undefined;
type AnswersOf<Id extends OperationId> = Operations[Id]['responses'];

type Success<Id extends OperationId> = Extract<keyof AnswersOf<Id>, 200 | 201 | 202 | 204>;

/** A success that the description names; refusals are thrown as GitHubError. */
export interface ResultOf<Id extends OperationId> {
  status: Success<Id>;
  headers?: Record<string, string>;
  body?: JsonOf<AnswersOf<Id>[Success<Id>]>;
}

/** A request whose operation isn't known to the compiler: what the dispatcher hands over. */
export interface RoutedRequest {
  forge: Forge;
  params: unknown;
  body: unknown;
  caller: Caller;
  /** The account that acts. Throws 401 when nobody does. */
  readonly actor: Account;
  /** The URL asked for, for Link headers. */
  url: URL;
  accept: string;
  /** The token it came with, for revoking it. */
  token: string | null;
  /** The repository that the path names. */
  repository: Repository | null;
  /** Whether the API version 2026-03-10 was asked for (G1). */
  newer: boolean;
}

export interface RouteRequest<Id extends OperationId> extends RoutedRequest {
  /** Path and query parameters, already numbers and booleans where the description says so. */
  params: PathOf<Id> & QueryOf<Id>;
  /** Valid by the description. */
  body: BodyOf<Id>;
}

export interface RepositoryRequest<Id extends OperationId> extends RouteRequest<Id> {
  repository: Repository;
}

export interface RouteResult {
  status: number;
  body?: unknown;
  headers?: Record<string, string>;
}

/** `anyone` needs no token; `app` an App JWT; `user` a person's or installation's token; the rest a repository. */
export type Access = 'anyone' | 'app' | 'user' | 'installation' | RepositoryAccess;

export interface Route {
  id: OperationId;
  access: Access;
  /** It serves the API version 2026-03-10 too. */
  newer?: boolean;
  handle(request: RoutedRequest): RouteResult | Promise<RouteResult>;
}

type Answer<Id extends OperationId> = ResultOf<Id> | Promise<ResultOf<Id>>;

/** A route outside repositories. */
export function route<Id extends OperationId>(
  id: Id,
  access: 'anyone' | 'app' | 'user' | 'installation',
  handle: (request: RouteRequest<Id>) => Answer<Id>,
): Route {
  return {
    id,
    access,
    handle: (request) => handle(request as RouteRequest<Id>) as RouteResult | Promise<RouteResult>,
  };
}

/**
 * A route under `/repos/{owner}/{repo}`: the repository is found and the access checked before `handle` runs.
 *
 * @param access `reads('issues')`, `writes('write', 'contents')`: see below
 */
export function repositoryRoute<Id extends OperationId>(
  id: Id,
  access: RepositoryAccess | 'app',
  handle: (request: RepositoryRequest<Id>) => Answer<Id>,
): Route {
  return {
    id,
    access,
    handle: (request) => {
      if (request.repository === null)
        throw new Error(`${id} is a route of a repository, its path names none`);
      return handle(request as RepositoryRequest<Id>) as RouteResult | Promise<RouteResult>;
    },
  };
}

/** Anybody who sees the repository; installations with one of the permissions. */
export const reads = (...permissions: string[]): RepositoryAccess => ({
  role: 'read',
  level: 'read',
  permissions,
});

/** People from a role upwards; installations with write on one of the permissions. */
export const writes = (role: RepositoryAccess['role'], ...permissions: string[]): RepositoryAccess => ({
  role,
  level: 'write',
  permissions,
});

/** Thrown by a handler to answer bytes instead of JSON: `application/vnd.github.raw`, logs. */
export class RawContent extends Error {
  readonly content: Buffer;

  constructor(content: Buffer) {
    super('raw content');
    this.name = 'RawContent';
    this.content = content;
  }
}
