/**
 * Takes the operations and webhooks of used.ts out of GitHub's OpenAPI description and writes them as small JSON
 * files beside this one. Run by hand when used.ts or the version changes: `node forge/schema/extract.ts`.
 *
 * Only shapes are kept: prose and examples would be megabytes. The package is read as a file and never required:
 * its index loads every variant, 600 MB of memory.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { usedOperations, usedWebhooks } from './used.ts';

const packageName = '@octokit/openapi';
const packageVersion = '23.0.2';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type JsonObject = { [key: string]: Json };

/** Keys that carry prose, samples or GitHub's bookkeeping: nothing that a validator looks at. */
const prose = new Set([
  'description',
  'summary',
  'title',
  'example',
  'examples',
  'externalDocs',
  'deprecated',
  'readOnly',
  'writeOnly',
  'discriminator',
  'default',
  'x-github',
  'x-github-breaking-changes',
  'x-octokit',
]);

/**
 * Formats that are notes to readers: Ajv knows no `repo.nwo`, `timestamp`, `binary`; and `email` is no promise, because
 * git takes any text as an address (`root@localhost`) and GitHub passes it on as it is.
 */
const looseFormats = new Set(['repo.nwo', 'timestamp', 'binary', 'email']);

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const object = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});
const text = (value: Json | undefined): string => {
  if (typeof value !== 'string') throw new Error(`a string was expected, got ${JSON.stringify(value)}`);
  return value;
};

/** The package's files, unpacked into a directory that the caller removes. */
function download(): { directory: string; sha256: string; description: JsonObject; licence: string } {
  const directory = mkdtempSync(join(tmpdir(), 'forge-schema-'));
  execFileSync('npm', ['pack', `${packageName}@${packageVersion}`], { cwd: directory, stdio: ['ignore', 'ignore', 'inherit'] });
  const archive = readdirSync(directory).find((name) => name.endsWith('.tgz'));
  if (archive === undefined) throw new Error(`npm pack left no archive in ${directory}`);
  const sha256 = createHash('sha256').update(readFileSync(join(directory, archive))).digest('hex');
  execFileSync('tar', ['xzf', archive], { cwd: directory });
  return {
    directory,
    sha256,
    description: JSON.parse(readFileSync(join(directory, 'package/generated/api.github.com.json'), 'utf8')),
    licence: readFileSync(join(directory, 'package/LICENSE'), 'utf8'),
  };
}

/**
 * One OpenAPI 3.0 schema as JSON Schema. `nullable` becomes a null type, wherever it stands. `oneOf` becomes `anyOf`:
 * GitHub's alternatives overlap (an empty object fits several), so "exactly one" would refuse GitHub's own examples.
 */
function convert(schema: Json): Json {
  if (!isObject(schema)) return schema;
  if (typeof schema['$ref'] === 'string') return { $ref: schema['$ref'] };
  const converted: JsonObject = {};
  for (const [key, value] of Object.entries(schema)) {
    if (prose.has(key) || key === 'nullable') continue;
    if (key === 'format' && looseFormats.has(String(value))) continue;
    if (key === 'properties')
      converted[key] = Object.fromEntries(Object.entries(object(value)).map(([name, part]) => [name, convert(part)]));
    else if (key === 'oneOf' || key === 'anyOf' || isUserOrEnterprise(key, value)) converted['anyOf'] = (Array.isArray(value) ? value : []).map(convert);
    else if (key === 'allOf') converted[key] = (Array.isArray(value) ? value : []).map(convert);
    else if (key === 'items' || key === 'additionalProperties' || key === 'not') converted[key] = convert(value);
    else converted[key] = value;
  }
  return schema['nullable'] === true ? orNull(converted) : converted;
}

/**
 * A slip of the description (`GET /app/installations`): the account is said to be a user *and* an enterprise, everywhere
 * else it is one of them, and GitHub sends one of them.
 */
function isUserOrEnterprise(key: string, value: Json): boolean {
  const titles = Array.isArray(value) ? value.map((part) => object(part)['title']) : [];
  return key === 'allOf' && titles.includes('Simple User') && titles.includes('Enterprise');
}

function orNull(schema: JsonObject): Json {
  if (typeof schema['type'] !== 'string') return { anyOf: [{ type: 'null' }, schema] };
  const values = schema['enum'];
  return {
    ...schema,
    type: [schema['type'], 'null'],
    ...(Array.isArray(values) && !values.includes(null) ? { enum: [...values, null] } : {}),
  };
}

/** Follows `$ref`s of the description: components are converted once and collected under `schemas`. */
class Collector {
  readonly schemas: JsonObject = {};
  readonly #description: JsonObject;

  constructor(description: JsonObject) {
    this.#description = description;
  }

  resolve(node: Json | undefined): JsonObject {
    if (!isObject(node)) return {};
    return typeof node['$ref'] === 'string' ? this.resolve(this.#at(node['$ref'])) : node;
  }

  schema(node: Json): Json {
    const converted = convert(node);
    this.#follow(converted);
    return converted;
  }

  #at(reference: string): Json {
    let node: Json = this.#description;
    for (const part of reference.replace(/^#\//, '').split('/')) node = object(node)[part] ?? null;
    if (node === null) throw new Error(`the description has no ${reference}`);
    return node;
  }

  #follow(node: Json): void {
    if (Array.isArray(node)) for (const part of node) this.#follow(part);
    else if (isObject(node)) {
      const reference = node['$ref'];
      if (typeof reference === 'string') this.#component(reference);
      else for (const part of Object.values(node)) this.#follow(part);
    }
  }

  #component(reference: string): void {
    const name = reference.replace('#/components/schemas/', '');
    if (name in this.schemas) return;
    this.schemas[name] = null;
    this.schemas[name] = this.schema(this.#at(reference));
  }
}

function jsonSchemaOf(collector: Collector, body: Json | undefined): Json {
  const content = object(collector.resolve(body)['content']);
  const schema = object(content['application/json'])['schema'];
  return schema === undefined ? null : collector.schema(schema);
}

function extractOperations(collector: Collector, paths: JsonObject): JsonObject {
  const operations: JsonObject = {};
  for (const [path, methods] of Object.entries(paths))
    for (const [method, node] of Object.entries(object(methods))) {
      const operation = object(node);
      const id = text(operation['operationId']);
      if (!usedOperations.includes(id) || path.includes('{base}...')) continue;
      const parameters = (Array.isArray(operation['parameters']) ? operation['parameters'] : []).map((parameter) => {
        const resolved = collector.resolve(parameter);
        return {
          name: text(resolved['name']),
          in: text(resolved['in']),
          ...(resolved['required'] === true ? { required: true } : {}),
          ...(resolved['x-multi-segment'] === true ? { multiSegment: true } : {}),
          schema: collector.schema(resolved['schema'] ?? {}),
        };
      });
      const responses = Object.fromEntries(
        Object.entries(object(operation['responses'])).map(([status, response]) => [status, jsonSchemaOf(collector, response)]),
      );
      operations[id] = {
        method: method.toUpperCase(),
        path,
        parameters,
        body: jsonSchemaOf(collector, operation['requestBody']),
        bodyRequired: collector.resolve(operation['requestBody'])['required'] === true,
        responses,
      };
    }
  const missing = usedOperations.filter((id) => !(id in operations));
  if (missing.length > 0) throw new Error(`the description has no operation ${missing.join(', ')}`);
  return operations;
}

function extractWebhooks(collector: Collector, described: JsonObject): JsonObject {
  const missing = usedWebhooks.filter((name) => !(name in described));
  if (missing.length > 0) throw new Error(`the description has no webhook ${missing.join(', ')}`);
  return Object.fromEntries(
    usedWebhooks.map((name) => {
      const post = object(object(described[name])['post']);
      const headers = (Array.isArray(post['parameters']) ? post['parameters'] : []).map((header) =>
        text(object(header)['name']).toLowerCase(),
      );
      return [name, { headers, payload: jsonSchemaOf(collector, post['requestBody']) }];
    }),
  );
}

/** Subschemas worth sharing are longer than this: the webhooks repeat whole issues and pull requests inline. */
const shareFrom = 160;

/** Every subschema that occurs more than once becomes a component of its own: 10 MB shrink to a few. */
function share(root: { components: JsonObject; operations: JsonObject; webhooks: JsonObject }): JsonObject {
  const seen = new Map<string, number>();
  const count = (node: Json): void => {
    if (Array.isArray(node)) return node.forEach(count);
    if (!isObject(node)) return;
    if (isSchema(node)) {
      const key = JSON.stringify(node);
      if (key.length >= shareFrom) {
        const times = (seen.get(key) ?? 0) + 1;
        seen.set(key, times);
        if (times > 1) return;
      }
    }
    Object.values(node).forEach(count);
  };
  count(root);
  const shared: JsonObject = {};
  const replace = (node: Json, isRoot = false): Json => {
    if (Array.isArray(node)) return node.map((part) => replace(part));
    if (!isObject(node)) return node;
    const inside = (): JsonObject => Object.fromEntries(Object.entries(node).map(([key, part]) => [key, replace(part)]));
    const key = isSchema(node) && !isRoot ? JSON.stringify(node) : '';
    if ((seen.get(key) ?? 0) < 2) return inside();
    const name = `shared-${createHash('sha256').update(key).digest('hex').slice(0, 12)}`;
    shared[name] ??= inside();
    return { $ref: `#/components/schemas/${name}` };
  };
  const components = Object.fromEntries(Object.entries(root.components).map(([name, node]) => [name, replace(node, true)]));
  const operations = replace(root.operations);
  const webhooks = replace(root.webhooks);
  return { components: { ...components, ...shared }, operations, webhooks };
}

/** A `properties` map may hold a property named type; its value is an object then, a schema's is not. */
function isSchema(node: JsonObject): boolean {
  return typeof node['type'] === 'string' || Array.isArray(node['type']) || Array.isArray(node['anyOf']);
}

/** One entry a line, sorted: a new version shows in a diff what changed. */
function lines(entries: JsonObject): string {
  const sorted = Object.entries(entries).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{\n${sorted.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',\n')}\n}\n`;
}

function main(): void {
  const { directory, sha256, description, licence } = download();
  const collector = new Collector(description);
  const operations = extractOperations(collector, object(description['paths']));
  const webhooks = extractWebhooks(collector, object(description['x-webhooks']));
  const shared = share({ components: collector.schemas, operations, webhooks });
  const here = import.meta.dirname;
  writeFileSync(join(here, 'components.json'), lines(object(shared['components'])));
  writeFileSync(join(here, 'operations.json'), lines(object(shared['operations'])));
  writeFileSync(join(here, 'webhooks.json'), lines(object(shared['webhooks'])));
  const source = { package: packageName, version: packageVersion, sha256, file: 'generated/api.github.com.json', licence: 'MIT' };
  writeFileSync(join(here, 'source.json'), `${JSON.stringify(source, null, 2)}\n`);
  const notice = `components.json, operations.json and webhooks.json are taken from ${packageName}@${packageVersion}:\n\n`;
  writeFileSync(join(here, 'LICENSE.txt'), notice + licence);
  rmSync(directory, { recursive: true });
}

main();
