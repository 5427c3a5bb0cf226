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
  type GraphQLSchema,
} from 'graphql';
import { anonymous, type Caller } from '../caller.ts';
import { kindOf } from '../calls.ts';
import type { Forge } from '../forge.ts';
import { GitHubError } from '../github-error.ts';
import { PrimaryLimitError } from '../rate-limit.ts';
import { bearerOf, callerOf } from '../tokens.ts';
import { costOf, tooManyNodes, type Cost } from './cost.ts';
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
    throw new GraphQLError(`The forge has no resolver for ${where}`, { extensions: { reported: true } });
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

interface Answer {
  body: Record<string, unknown>;
}

async function run(forge: Forge, request: Request, caller: Caller): Promise<Answer> {
  if (caller.account === null) throw new GitHubError(401, 'This endpoint requires you to be authenticated.');
  const asked = await readAsked(request);
  const schema = await githubSchema();
  const document = parsed(asked.query);
  if (document instanceof GraphQLError) return violation(forge, { asked, errors: [document] });
  const misfits = validate(schema, document);
  if (misfits.length > 0) return violation(forge, { asked, errors: misfits });
  const afterwards = await admit(forge, { caller, document, cost: priceOf(schema, document, asked) });
  const { data, errors } = await execute({
    schema,
    document,
    contextValue: { forge, caller, actor: caller.account } satisfies GraphqlRequest,
    variableValues: asked.variables,
    operationName: asked.operationName,
    fieldResolver,
  });
  // Nothing ran: a variable is missing or of another type than the document says.
  if (data === undefined) return violation(forge, { asked, errors: errors ?? [] });
  for (const error of errors ?? []) reportCrash(forge, error);
  if (afterwards !== null) throw afterwards;
  return { body: { data, ...(errors === undefined ? {} : { errors: errors.map(renderError) }) } };
}

/** A document that GitHub would refuse as a whole: no client of ours may send one. */
function violation(
  forge: Forge,
  { asked, errors }: { asked: Asked; errors: readonly GraphQLError[] },
): Answer {
  const findings = errors.map(({ message }) => message);
  forge.violations.push({ kind: 'graphql', where: asked.query.trim().slice(0, 80), findings });
  return { body: { errors: errors.map(renderError) } };
}

function priceOf(schema: GraphQLSchema, document: DocumentNode, { variables }: Asked): Cost {
  const cost = costOf(schema, document, variables);
  const refused = tooManyNodes(cost);
  if (refused !== null) throw refused;
  return cost;
}

/**
 * Counts a document's operations, plays the faults that wait for them, and takes their price.
 *
 * @returns the refusal that a fault wants after the work; null without one
 */
async function admit(
  forge: Forge,
  { caller, document, cost }: { caller: Caller; document: DocumentNode; cost: Cost },
): Promise<GitHubError | null> {
  let afterwards: GitHubError | null = null;
  const named = operationsOf(document);
  for (const operation of named) {
    forge.calls.record(operation);
    const fault = forge.faults.takeAnswer(operation);
    if (fault?.milliseconds !== undefined)
      await new Promise((resolve) => setTimeout(resolve, fault.milliseconds));
    await forge.faults.takeMeanwhile(operation)?.();
    if (fault?.status === undefined) continue;
    const refusal = faultOf(fault.status, fault.retryAfter);
    if (fault.afterwards !== true) throw refusal;
    afterwards = refusal;
  }
  const kind = named.some((operation) => kindOf(operation) !== 'read') ? 'write' : 'read';
  forge.rateLimit.spend({ caller, resource: 'graphql', kind, cost: cost.points });
  return afterwards;
}

const faultOf = (status: number, retryAfter: number | undefined): GitHubError =>
  new GitHubError(status, status >= 500 ? 'Server Error' : 'You have exceeded a secondary rate limit.', {
    headers: retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) },
  });

/** A refusal has a type; an error without one is our bug, also where an answer misses what the schema says of it. */
function reportCrash(forge: Forge, error: GraphQLError): void {
  if (error.extensions['type'] !== undefined || error.extensions['reported'] === true) return;
  const original = error.originalError ?? error;
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
    const date = forge.clock.now().toUTCString();
    let caller: Caller = anonymous;
    let leave: (() => void) | null = null;
    const limits = (): Record<string, string> => ({ date, ...forge.rateLimit.headers(caller, 'graphql') });
    try {
      caller = await callerOf(forge, bearerOf(request.headers.get('authorization')));
      leave = forge.rateLimit.enter(caller);
      const { body } = await run(forge, request, caller);
      await forge.save();
      return Response.json(body, { headers: limits() });
    } catch (error) {
      if (error instanceof PrimaryLimitError)
        return Response.json(
          { errors: [{ type: 'RATE_LIMITED', message: error.message }] },
          { headers: limits() },
        );
      if (error instanceof GraphQLError)
        return Response.json({ errors: [renderError(error)] }, { headers: limits() });
      if (!(error instanceof GitHubError)) throw error;
      const headers = { ...limits(), ...error.headers };
      return Response.json(error.body(), { status: error.status, headers });
    } finally {
      leave?.();
    }
  };
}
