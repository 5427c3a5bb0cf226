/**
 * Judges requests, responses and webhooks by GitHub's OpenAPI description. Schemas are compiled when first used:
 * compiling all of them takes seconds, a test uses a handful.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import formats from 'ajv-formats';

export interface Parameter {
  name: string;
  in: string;
  required?: boolean;
  /** The value may contain slashes: `path`, `ref`, `branch`, `basehead`. */
  multiSegment?: boolean;
  schema: { type?: string; [keyword: string]: unknown };
}

export interface Operation {
  method: string;
  path: string;
  parameters: Parameter[];
  body: unknown;
  bodyRequired: boolean;
  /** Schema by status, null where GitHub sends no JSON. */
  responses: Record<string, unknown>;
}

interface Webhook {
  headers: string[];
  payload: unknown;
}

const read = (name: string): unknown => JSON.parse(readFileSync(join(import.meta.dirname, name), 'utf8'));

/** The operations of used.ts, by operation id. */
export const operations = read('operations.json') as Record<string, Operation>;
const webhooks = read('webhooks.json') as Record<string, Webhook>;

function compiler(coerceTypes: boolean): Ajv {
  const ajv = new Ajv({ strict: false, allErrors: true, validateSchema: false, coerceTypes: coerceTypes ? 'array' : false });
  // ajv-formats is CommonJS: its default export sits one level deeper for nodenext.
  formats.default(ajv);
  return ajv;
}

/**
 * Where GitHub says other than its description. Line and position of an outdated comment are null (G16): the
 * description of webhooks knows it, that of REST does not. And the events of an App, where webhooks show one, are
 * listed as they were years ago (no `workflow_job`, no `merge_group`). Dependencies are told of repositories without an
 * organisation, too. And a pull request whose fork was deleted has a head without repository and user.
 */
function corrected(schemas: Record<string, { properties?: Record<string, unknown>; required?: string[] }>): typeof schemas {
  const nullable = { type: ['integer', 'null'] };
  for (const name of ['pull-request-review-comment', 'review-comment'])
    Object.assign(schemas[name]?.properties ?? {}, { line: nullable, position: nullable });
  for (const [name, schema] of Object.entries(schemas))
    if (name.startsWith('webhook-issue-dependencies-'))
      Object.assign(schema, { required: schema.required?.filter((key) => key !== 'organization') });
  forgetOldEvents(schemas);
  allowLostForks(schemas);
  return schemas;
}

/** Heads and bases look alike wherever they stand. */
function allowLostForks(schema: unknown): void {
  if (typeof schema !== 'object' || schema === null) return;
  const { properties } = schema as { properties?: Record<string, unknown> };
  if (properties !== undefined && ['label', 'ref', 'repo', 'sha', 'user'].every((key) => key in properties))
    for (const key of ['repo', 'user']) properties[key] = { anyOf: [{ type: 'null' }, properties[key]] };
  for (const part of Object.values(schema)) allowLostForks(part);
}

function forgetOldEvents(schema: unknown): void {
  if (typeof schema !== 'object' || schema === null) return;
  if ('enum' in schema && Array.isArray(schema.enum) && schema.enum.includes('branch_protection_rule')) delete schema.enum;
  for (const part of Object.values(schema)) forgetOldEvents(part);
}

const document = { $id: 'github', components: { schemas: corrected(read('components.json') as Parameters<typeof corrected>[0]) }, operations, webhooks };

/** The names of permissions that an App may ask for, organisations' among them. */
export const appPermissions: readonly string[] = Object.keys(
  (document.components.schemas as Record<string, { properties?: Record<string, unknown> }>)['app-permissions']?.properties ?? {},
);

const strict = compiler(false).addSchema(document);
/** Path and query values arrive as text; the description says which are numbers, booleans or lists. */
const lenient = compiler(true);

/** A name as part of a JSON pointer. */
const pointer = (name: string): string => encodeURIComponent(name.replaceAll('~', '~0').replaceAll('/', '~1'));

const compiled = new Map<string, ValidateFunction>();
function validator(path: string): ValidateFunction {
  let found = compiled.get(path);
  if (found === undefined) {
    found = strict.compile({ $ref: `github#${path}` });
    compiled.set(path, found);
  }
  return found;
}

/** What is wrong with a value, one line a finding; empty when it is valid. */
export type Findings = string[];

const words = (errors: ErrorObject[] | null | undefined): Findings =>
  (errors ?? []).slice(0, 20).map((error) => `${error.instancePath || '/'} ${error.message ?? error.keyword}`);

/** `undefined` when the operation describes no JSON body for requests. */
export function checkRequestBody(operationId: string, body: unknown): Findings {
  const operation = operations[operationId];
  if (operation === undefined || operation.body === null) return [];
  if (body === undefined) return operation.bodyRequired ? ['/ a JSON body is required'] : [];
  const validate = validator(`/operations/${pointer(operationId)}/body`);
  return validate(body) ? [] : words(validate.errors);
}

const parameterValidators = new Map<string, ValidateFunction>();

/**
 * Judges path and query parameters. `values` is changed in place: texts become the numbers and booleans that the
 * description names. Query keys that GitHub doesn't describe are ignored, as GitHub ignores them.
 */
export function checkParameters(operationId: string, values: Record<string, unknown>): Findings {
  const operation = operations[operationId];
  if (operation === undefined) return [];
  let validate = parameterValidators.get(operationId);
  if (validate === undefined) {
    const described = operation.parameters.filter(({ in: place }) => place === 'path' || place === 'query');
    validate = lenient.compile({
      type: 'object',
      properties: Object.fromEntries(described.map(({ name, schema }) => [name, searchable(name, schema)])),
      required: described.filter(({ required }) => required).map(({ name }) => name),
    });
    parameterValidators.set(operationId, validate);
  }
  return validate(values) ? [] : words(validate.errors);
}

/** `created` takes GitHub's search syntax for dates (`>=2026-01-01`), as its description says in words and not in its format. */
function searchable(name: string, schema: Parameter['schema']): unknown {
  return name === 'created' ? { type: 'string' } : inlined(schema);
}

/** A parameter's schema is small; a reference among them is looked up, so that the lenient compiler needs no document. */
function inlined(schema: Parameter['schema']): unknown {
  const reference = schema['$ref'];
  if (typeof reference !== 'string') return schema;
  const name = reference.replace('#/components/schemas/', '');
  return (document.components.schemas as Record<string, unknown>)[name] ?? {};
}

/** A status that the description doesn't name is a finding, save 400, 401, 403, 404, 429 and 5xx, which any route may give. */
export function checkResponse(operationId: string, status: number, body: unknown): Findings {
  const described = operations[operationId]?.responses;
  if (described === undefined) return [`the description has no operation ${operationId}`];
  if (!(String(status) in described)) {
    const anywhere = [301, 304, 307, 400, 401, 403, 404, 415, 422, 429].includes(status) || status >= 500;
    return anywhere ? [] : [`status ${status} is not described; described are ${Object.keys(described).join(', ')}`];
  }
  if (described[String(status)] === null)
    // GitHub explains every refusal, also where the description forgets the body of one.
    return body === undefined || body === null || typeof body === 'string' || status >= 400
      ? []
      : [`a body was sent, none is described for status ${status}`];
  const validate = validator(`/operations/${pointer(operationId)}/responses/${status}`);
  return validate(body) ? [] : words(validate.errors);
}

/** `issue_comment` and `edited` are `issue-comment-edited` in the description; push, ping and status have no action. */
function webhookName(event: string, action: string | null): string {
  if (event === 'repository_dispatch') return 'repository-dispatch-sample.collected';
  return [event, ...(action === null ? [] : [action])].join('-').replaceAll('_', '-');
}

export interface SentWebhook {
  event: string;
  action: string | null;
  payload: unknown;
  headers: Record<string, string>;
}

/** Judges a webhook with its headers, before it is sent. */
export function checkWebhook({ event, action, payload, headers }: SentWebhook): Findings {
  const name = webhookName(event, action);
  const described = webhooks[name];
  if (described === undefined) return [`the description has no webhook ${name}`];
  const present = new Set(Object.keys(headers).map((header) => header.toLowerCase()));
  const missing = described.headers.filter((header) => !present.has(header)).map((header) => `header ${header} is missing`);
  const validate = validator(`/webhooks/${pointer(name)}/payload`);
  return validate(payload) ? missing : [...missing, ...words(validate.errors)];
}
