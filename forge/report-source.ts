/** Reads a source folder for what it asks of GitHub: calls and names, found in the syntax tree, never by running it. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAst } from 'rolldown/parseAst';

/** One node of a syntax tree (ESTree): only what is looked at here. */
export interface Node {
  type: string;
  [key: string]: unknown;
}

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';

/** The files below a root that fit the patterns, without tests and goldens. */
export function sourceFiles(root: string, patterns: readonly string[]): string[] {
  return patterns
    .flatMap((pattern) => globSync(pattern, { cwd: root }))
    .filter((file) => !/\.test\.ts$|\/golden\//.test(file))
    .toSorted();
}

/** Calls `look` for every node of a file, parents first. */
export function walk(root: string, file: string, look: (node: Node) => void): void {
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(visit);
    else if (isNode(value)) {
      look(value);
      for (const part of Object.values(value)) visit(part);
    }
  };
  visit(parseAst(readFileSync(join(root, file), 'utf8'), { lang: 'ts' }, file));
}

/** The text of a literal or of a template without holes; null for anything else. */
export function textOf(node: unknown): string | null {
  if (!isNode(node)) return null;
  if (node.type === 'Literal') return typeof node['value'] === 'string' ? node['value'] : null;
  if (node.type !== 'TemplateLiteral' || !Array.isArray(node['quasis']) || node['quasis'].length !== 1)
    return null;
  const [only] = node['quasis'] as { value: { cooked: string } }[];
  return only?.value.cooked ?? null;
}

/** An object literal's keys with the nodes of their values. */
export function entriesOf(node: unknown): [string, Node][] {
  if (!isNode(node) || node.type !== 'ObjectExpression' || !Array.isArray(node['properties'])) return [];
  return node['properties'].flatMap((property: unknown) => {
    if (!isNode(property) || property.type !== 'Property' || !isNode(property['value'])) return [];
    const key = isNode(property['key']) ? property['key'] : null;
    const name = key?.type === 'Identifier' ? key['name'] : textOf(key);
    return typeof name === 'string' ? [[name, property['value']] as [string, Node]] : [];
  });
}

/** `request` for `octokit.request(…)` and for `request(…)`; null for what is no call. */
export function calleeOf(node: Node): string | null {
  const callee = node['callee'];
  if (node.type !== 'CallExpression' || !isNode(callee)) return null;
  const name = callee.type === 'MemberExpression' ? callee['property'] : callee;
  return isNode(name) && typeof name['name'] === 'string' ? name['name'] : null;
}

export const argumentsOf = (node: Node): unknown[] =>
  Array.isArray(node['arguments']) ? node['arguments'] : [];
