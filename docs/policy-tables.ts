/** The tables of policy.md: every key of ENTOURAGE.md, its type, default and bounds off the schema, its sentence off policy-keys.ts. */
import { stringify } from 'yaml';
import { z } from 'zod';
import { permissions } from '../app/domain/permission.ts';
import { defaultPolicy, Policy } from '../app/domain/policy.ts';
import { keyGroups, notObeyed } from './policy-keys.ts';
import { markdownTable } from './table.ts';

const Json = z.looseObject({
  type: z.string().optional(),
  description: z.string().optional(),
  default: z.unknown().optional(),
  enum: z.array(z.string()).optional(),
  minimum: z.number().optional(),
  exclusiveMinimum: z.number().optional(),
  maximum: z.number().optional(),
  maxLength: z.number().optional(),
  minItems: z.number().optional(),
  maxItems: z.number().optional(),
  required: z.array(z.string()).optional(),
  get properties() {
    return z.record(z.string(), Json).optional();
  },
  get propertyNames() {
    return Json.optional();
  },
  get items() {
    return Json.optional();
  },
  get anyOf() {
    return z.array(Json).optional();
  },
});
type Json = z.infer<typeof Json>;

export type Key = { path: string; expected: string; default: string };

/** Refinements have no JSON Schema; what they ask is in the sentences. The sections under `words` stand in no front matter. */
function policySchema(): Json {
  const { words: _, ...keys } = Policy.shape;
  return Json.parse(z.toJSONSchema(z.strictObject(keys), { io: 'input', unrepresentable: 'any' }));
}

/** Every key that a file may have, by its path; `agents[].name` is a key of the list's entries. */
export const policyKeys = (): Key[] => keysOf(policySchema(), { above: '', values: defaultPolicy });

function keysOf(
  { properties = {}, required = [] }: Json,
  { above, values }: { above: string; values: unknown },
): Key[] {
  const set = new Map(Object.entries(values ?? {}));
  return Object.entries(properties).flatMap(([name, schema]) => {
    const path = `${above}${name}`;
    const value: unknown = set.get(name) ?? schema.default;
    if (schema.properties !== undefined) return keysOf(schema, { above: `${path}.`, values: value });
    const entry = schema.items?.properties === undefined ? undefined : schema.items;
    return [
      { path, expected: expected(schema), default: required.includes(name) ? 'needed' : shown(value) },
      ...(entry === undefined ? [] : keysOf(entry, { above: `${path}[].`, values: {} })),
    ];
  });
}

function shown(value: unknown): string {
  if (value === undefined) return 'none';
  const names = Agents.safeParse(value);
  return names.success ? names.data.map(({ name }) => `\`${name}\``).join(', ') : `\`${flow(value)}\``;
}

const Agents = z.array(z.object({ name: z.string() })).min(1);

const flow = (value: unknown): string =>
  stringify(value, { collectionStyle: 'flow', flowCollectionPadding: false, lineWidth: 0 }).trimEnd();

const number = (value: number): string => value.toLocaleString('en-US');
const ticked = (words: readonly string[]): string => words.map((word) => `\`${word}\``).join(', ');

function expected(schema: Json): string {
  const { type, description, anyOf, items, maxLength } = schema;
  if (anyOf !== undefined) return anyOf.map(expected).join(', or ');
  if (schema.enum !== undefined) return ticked(schema.enum);
  switch (type) {
    case 'null':
      return '`null`';
    case 'boolean':
      return '`true` or `false`';
    case 'integer':
      return `whole number${range(schema)}`;
    case 'number':
      return `number${range(schema)}`;
    case 'array':
      return `list${length(schema)}${items === undefined || items.properties !== undefined ? '' : `: ${expected(items)}`}`;
    case 'object':
      return 'for a command, a list of permissions';
    default:
      return description ?? `text, up to ${number(maxLength ?? 0)} characters`;
  }
}

function range({ minimum, exclusiveMinimum, maximum }: Json): string {
  const from = exclusiveMinimum === undefined ? number(minimum ?? 0) : `above ${number(exclusiveMinimum)}`;
  return `, ${from} to ${number(maximum ?? 0)}`;
}

function length({ minItems, maxItems }: Json): string {
  if (maxItems === undefined) return '';
  return minItems === undefined
    ? ` of up to ${number(maxItems)}`
    : ` of ${number(minItems)} to ${number(maxItems)}`;
}

/** A sentence for every key, and a key for every sentence; throws with those that have no counterpart. */
function checkSentences(keys: readonly Key[]): void {
  const said = keyGroups.flatMap((group) => Object.keys(group.keys));
  const there = keys.map(({ path }) => path);
  const odd = [
    ...there.filter((path) => !said.includes(path)),
    ...said.filter((path) => !there.includes(path)),
  ];
  if (odd.length > 0)
    throw new Error(
      `docs/policy-keys.ts and the schema of ENTOURAGE.md differ in ${odd.join(', ')}. Give each key one sentence there.`,
    );
}

/** The keys, a table for each group. */
export function policyTables(): string {
  const keys = policyKeys();
  checkSentences(keys);
  const known = new Map(keys.map((key) => [key.path, key]));
  return keyGroups
    .map(({ title, keys: sentences }) => {
      const rows = Object.entries(sentences).map(([path, sentence]) => {
        const key = known.get(path);
        const what = path in notObeyed ? `${sentence} [Not obeyed yet.](#not-obeyed-yet)` : sentence;
        return [`\`${path}\``, key?.expected ?? '', key?.default ?? '', what];
      });
      return `### ${title}\n\n${markdownTable([['key', 'expected', 'default', 'what'], ...rows])}`;
    })
    .join('\n\n');
}

/** What the table's `commands` speaks of. */
export function policyWords(): string {
  const { commands } = policySchema().properties ?? {};
  return [
    `- Commands: ${ticked(commands?.propertyNames?.enum ?? [])}.`,
    `- Permissions, in rising order: ${ticked(permissions)}.`,
  ].join('\n');
}

export const notObeyedTable = (): string =>
  markdownTable([
    ['key', 'what happens instead'],
    ...Object.entries(notObeyed).map(([path, words]) => [`\`${path}\``, words]),
  ]);
