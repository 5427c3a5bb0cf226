/** The GraphQL door: GitHub's schema, resolvers for what is used; a field without one is an error, never null. */
import {
  execute,
  GraphQLError,
  Kind,
  OperationTypeNode,
  parse,
  validate,
  type DocumentNode,
  type GraphQLFieldResolver,
} from 'graphql';
import { callerName } from '../caller.ts';
import { kindOf } from '../calls.ts';
import type { Forge } from '../forge.ts';
import { GitHubError } from '../github-error.ts';
import { bearerOf, callerOf } from '../tokens.ts';
import type { GraphqlRequest } from './request.ts';
import { mutations, queries } from './root.ts';
import { githubSchema } from './schema.ts';

/** Takes a field from its object: a function is called, a value given, and what isn't there refused by name. */
const fieldResolver: GraphQLFieldResolver<unknown, GraphqlRequest> = (...given) => {
  const [source, input, request, info] = given;
  const type = info.parentType.name;
  const roots: Record<string, Record<string, unknown>> = { Query: queries, Mutation: mutations };
  const root = roots[type];
  const object = root ?? (source as Record<string, unknown>);
  const value = object[info.fieldName];
  if (value === undefined) {
    const where = `${type}.${info.fieldName}`;
    request.forge.violations.push({ kind: 'graphql', where, findings: ['the forge has no resolver for it'] });
    throw new GraphQLError(`The forge has no resolver for ${where}`);
  }
  if (typeof value !== 'function') return value;
  return (value as (input: unknown, request: GraphqlRequest) => unknown)(input, request);
};

interface Asked {
  query: string;
  variables?: Record<string, unknown>;
  operationName?: string;
}

async function readAsked(request: Request): Promise<Asked> {
  const body: unknown = await request.json().catch(() => null);
  if (typeof body !== 'object' || body === null || !('query' in body) || typeof body.query !== 'string')
    throw new GitHubError(400, 'A query attribute must be specified and must be a string.');
  return body as Asked;
}

/** `graphql/repository`, `graphql/mutation.resolveReviewThread`: what calls are counted as. */
function operationsOf(document: DocumentNode): string[] {
  return document.definitions.flatMap((definition) => {
    if (definition.kind !== Kind.OPERATION_DEFINITION) return [];
    const prefix = definition.operation === OperationTypeNode.MUTATION ? 'graphql/mutation.' : 'graphql/';
    return definition.selectionSet.selections.flatMap((selection) =>
      selection.kind === Kind.FIELD ? [`${prefix}${selection.name.value}`] : [],
    );
  });
}

/** GitHub's shape of an error: `type` stands beside `message`. */
function renderError(error: GraphQLError): Record<string, unknown> {
  const type = error.extensions['type'];
  return {
    ...(type === undefined ? {} : { type }),
    message: error.message,
    ...(error.path === undefined ? {} : { path: error.path }),
    ...(error.locations === undefined ? {} : { locations: error.locations }),
  };
}

async function run(
  forge: Forge,
  request: Request,
): Promise<{ caller: string; body: Record<string, unknown> }> {
  const caller = await callerOf(forge, bearerOf(request.headers.get('authorization')));
  if (caller.account === null) throw new GitHubError(401, 'This endpoint requires you to be authenticated.');
  const asked = await readAsked(request);
  const schema = await githubSchema();
  const name = callerName(caller);
  const refuse = (errors: readonly GraphQLError[]): { caller: string; body: Record<string, unknown> } => {
    const findings = errors.map(({ message }) => message);
    forge.violations.push({ kind: 'graphql', where: asked.query.trim().slice(0, 80), findings });
    return { caller: name, body: { errors: errors.map(renderError) } };
  };
  const document = parsed(asked.query);
  if (document instanceof GraphQLError) return refuse([document]);
  const misfits = validate(schema, document);
  if (misfits.length > 0) return refuse(misfits);
  for (const operation of operationsOf(document)) {
    forge.calls.record(operation);
    const fault = forge.faults.takeAnswer(operation);
    if (fault?.milliseconds !== undefined)
      await new Promise((resolve) => setTimeout(resolve, fault.milliseconds));
    if (fault?.status !== undefined) throw faultOf(fault.status, fault.retryAfter);
    forge.rateLimit.spend(name, kindOf(operation));
  }
  const { data, errors } = await execute({
    schema,
    document,
    contextValue: { forge, caller, actor: caller.account } satisfies GraphqlRequest,
    variableValues: asked.variables,
    operationName: asked.operationName,
    fieldResolver,
  });
  for (const error of errors ?? []) reportCrash(forge, error);
  return {
    caller: name,
    body: { data, ...(errors === undefined ? {} : { errors: errors.map(renderError) }) },
  };
}

const faultOf = (status: number, retryAfter: number | undefined): GitHubError =>
  new GitHubError(status, status >= 500 ? 'Server Error' : 'You have exceeded a secondary rate limit.', {
    headers: retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) },
  });

/** A refusal is GitHub's; anything else that a resolver throws is our bug. */
function reportCrash(forge: Forge, error: GraphQLError): void {
  const original = error.originalError;
  if (original === undefined || original instanceof GraphQLError) return;
  forge.violations.push({
    kind: 'crash',
    where: `graphql ${error.path?.join('.') ?? ''}`,
    findings: [original.stack ?? original.message],
  });
}

function parsed(query: string): DocumentNode | GraphQLError {
  try {
    return parse(query);
  } catch (error) {
    if (error instanceof GraphQLError) return error;
    throw error;
  }
}

/** @returns a handler of `POST /api/graphql` */
export function createGraphql(forge: Forge): (request: Request) => Promise<Response> {
  return async (request) => {
    const headers = { date: forge.clock.now().toUTCString() };
    try {
      const { caller, body } = await run(forge, request);
      await forge.save();
      return Response.json(body, { headers: { ...headers, ...forge.rateLimit.headers(caller) } });
    } catch (error) {
      if (!(error instanceof GitHubError)) throw error;
      return Response.json(error.body(), { status: error.status, headers: { ...headers, ...error.headers } });
    }
  };
}
