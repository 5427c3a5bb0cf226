/**
 * What the product asks of GitHub against what the forge serves, and what only reports tell of GitHub.
 * `node forge/report.ts` prints it and fails when something is asked for that is not served; `--write` puts the lists
 * into docs/forge.md, `--check` compares them.
 *
 * All of it is read from source. Operations: the first argument of every call named `request`. Webhooks: the keys of
 * the table of readers. GraphQL: every literal that is a document, field by field with its type.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  isInterfaceType,
  isObjectType,
  parse,
  TypeInfo,
  visit,
  visitWithTypeInfo,
  type DocumentNode,
} from 'graphql';
import { allFacts, type Fact } from './facts.ts';
import { githubSchema } from './graphql/schema.ts';
import { argumentsOf, calleeOf, entriesOf, sourceFiles, textOf, walk, type Node } from './report-source.ts';
import { routes } from './routes.ts';
import { operations } from './schema/validate.ts';
import { usedWebhooks } from './schema/used.ts';

export interface Asked {
  /** `GET /repos/{owner}/{repo}`, `issues.labeled`, `PullRequest.id`. */
  name: string;
  served: boolean;
}

export interface Report {
  operations: Asked[];
  webhooks: Asked[];
  fields: Asked[];
  /** Rows of which nothing official speaks. */
  reported: Fact[];
  /** How much more the forge serves than is asked for. */
  served: { operations: number; webhooks: number };
}

const product = [
  'app/github/**/*.ts',
  'app/jobs/**/*.ts',
  'app/doors/**/*.ts',
  'app/cli/**/*.ts',
  'app/*.ts',
];
const forge = ['forge/**/*.ts'];

const sorted = (names: Iterable<string>): string[] => [...new Set(names)].toSorted();

function askedOperations(root: string): string[] {
  const found: string[] = [];
  for (const file of sourceFiles(root, product))
    walk(root, file, (node) => {
      if (calleeOf(node) !== 'request') return;
      const [first] = argumentsOf(node);
      const { method, url } = Object.fromEntries(entriesOf(first));
      const route = textOf(first) ?? `${textOf(method)} ${textOf(url)}`;
      if (/^(GET|POST|PUT|PATCH|DELETE) \//.test(route)) found.push(route);
    });
  return sorted(found);
}

const namesIn = (route: string): string => route.replaceAll(/\{[^}]+\}/g, '{}');

function servedOperations(): Set<string> {
  const ids = new Set<string>(routes.map(({ id }) => id));
  const served = Object.entries(operations).filter(([id]) => ids.has(id));
  return new Set(served.map(([, { method, path }]) => namesIn(`${method} ${path}`)));
}

function askedWebhooks(root: string): string[] {
  const found: string[] = [];
  for (const file of sourceFiles(root, ['app/github/translate*.ts']))
    walk(root, file, (node) => {
      for (const [name, value] of entriesOf(node)) if (calleeOf(value) === 'read') found.push(name);
    });
  return sorted(found);
}

/** A webhook is served when its shape is described, and its event and its action stand in the forge's own source. */
function servedWebhooks(root: string): (name: string) => boolean {
  const words = new Set<string>();
  for (const file of sourceFiles(root, forge).filter((one) => !one.startsWith('forge/schema/')))
    walk(root, file, (node) => {
      const text = textOf(node);
      if (text !== null) words.add(text);
    });
  const described = new Set(usedWebhooks);
  return (name) => {
    const parts = name.split('.');
    return described.has(parts.join('-').replaceAll('_', '-')) && parts.every((part) => words.has(part));
  };
}

export function documentsIn(root: string): { file: string; document: DocumentNode }[] {
  const found: { file: string; document: DocumentNode }[] = [];
  for (const file of sourceFiles(root, product))
    walk(root, file, (node) => {
      refuseHoles(file, node);
      const text = textOf(node)?.trim() ?? '';
      if (/^(query|mutation|fragment)\b[^{]*\{[\s\S]*\}$/.test(text))
        found.push({ file, document: parse(text) });
    });
  return found;
}

/** A document that is put together at run time can't be read here, and so not be judged: it must stand in one piece. */
function refuseHoles(file: string, node: Node): void {
  if (node.type !== 'TemplateLiteral' || textOf(node) !== null) return;
  const [first] = node['quasis'] as { value: { cooked: string } }[];
  if (/^\s*(query|mutation)\b[^{]*\(/.test(first?.value.cooked ?? ''))
    throw new Error(`A GraphQL document in ${file} has holes: write it in one piece, with variables`);
}

async function askedFields(root: string): Promise<string[]> {
  const schema = await githubSchema();
  const found: string[] = [];
  for (const { document } of documentsIn(root)) {
    const info = new TypeInfo(schema);
    const Field = {
      enter: (): void => {
        const [parent, field] = [info.getParentType(), info.getFieldDef()];
        if (field && (isObjectType(parent) || isInterfaceType(parent)))
          found.push(`${parent.name}.${field.name}`);
      },
    };
    visit(document, visitWithTypeInfo(info, { Field }));
  }
  return sorted(found);
}

/** Objects of the forge name their type beside their fields; what has no type of its own is known by key alone. */
function servedFields(root: string): (name: string) => boolean {
  const byType = new Map<string, Set<string>>();
  const keys = new Set<string>();
  for (const file of sourceFiles(root, ['forge/graphql/*.ts']))
    walk(root, file, (node) => {
      const entries = entriesOf(node);
      const type = textOf(entries.find(([name]) => name === '__typename')?.[1]);
      for (const [name] of entries) {
        keys.add(name);
        if (type !== null) byType.set(type, (byType.get(type) ?? new Set()).add(name));
      }
    });
  return (name) => {
    const [type = '', field = ''] = name.split('.');
    return byType.get(type)?.has(field) ?? keys.has(field);
  };
}

/** @param root the repository's folder */
export async function report(root: string): Promise<Report> {
  const operationsServed = servedOperations();
  const webhookServed = servedWebhooks(root);
  const fieldServed = servedFields(root);
  return {
    operations: askedOperations(root).map((name) => ({ name, served: operationsServed.has(namesIn(name)) })),
    webhooks: askedWebhooks(root).map((name) => ({ name, served: webhookServed(name) })),
    fields: (await askedFields(root)).map((name) => ({ name, served: fieldServed(name) })),
    reported: allFacts.filter(({ sources }) => sources.every((source) => source === 'R')),
    served: { operations: routes.length, webhooks: usedWebhooks.length },
  };
}

export const missingFrom = ({ operations: routesAsked, webhooks, fields }: Report): string[] =>
  [...routesAsked, ...webhooks, ...fields].filter(({ served }) => !served).map(({ name }) => name);

const list = (asked: Asked[]): string =>
  asked.map(({ name, served }) => `- \`${name}\`${served ? '' : ' (**not served**)'}`).join('\n');

/** The generated part of docs/forge.md. */
export function page(found: Report): string {
  const reported = found.reported.map(({ id, fact }) => `- ${id}: ${fact}`).join('\n');
  return [
    `### REST (${found.operations.length} asked for, ${found.served.operations} served)`,
    list(found.operations),
    `### Webhooks (${found.webhooks.length} read, ${found.served.webhooks} described)`,
    list(found.webhooks),
    `### GraphQL (${found.fields.length} fields)`,
    list(found.fields),
    '### Only reports say so',
    reported,
  ].join('\n\n');
}

const begin = '<!-- made by node forge/report.ts -->';

/** docs/forge.md with its generated part as it should be. */
export function rewritten(text: string, found: Report): string {
  const at = text.indexOf(begin);
  if (at === -1) throw new Error(`docs/forge.md has no line ${begin}: the lists go below it`);
  return `${text.slice(0, at)}${begin}\n\n${page(found)}\n`;
}

function print(found: Report): void {
  const rows: [string, Asked[]][] = [
    ['REST operations', found.operations],
    ['webhooks', found.webhooks],
    ['GraphQL fields', found.fields],
  ];
  console.log('What the product asks of GitHub    asked   served');
  for (const [name, asked] of rows) {
    const served = asked.filter((one) => one.served).length;
    console.log(`  ${name.padEnd(32)} ${String(asked.length).padStart(5)} ${String(served).padStart(8)}`);
  }
  console.log('\nOnly reports say so, nothing official:');
  for (const { id, fact } of found.reported) console.log(`  ${id.padEnd(4)} ${fact}`);
  const missing = missingFrom(found);
  if (missing.length === 0) return console.log('\nThe forge serves all of it.');
  console.error(`\nThe forge does not serve:\n${missing.map((name) => `  ${name}`).join('\n')}`);
  process.exitCode = 1;
}

async function main(): Promise<void> {
  const root = join(import.meta.dirname, '..');
  const found = await report(root);
  const file = join(root, 'docs/forge.md');
  const text = readFileSync(file, 'utf8');
  const wanted = rewritten(text, found);
  if (process.argv.includes('--write')) writeFileSync(file, wanted);
  else if (process.argv.includes('--check')) {
    if (text === wanted) return;
    console.error('docs/forge.md is out of date: run `node forge/report.ts --write`.');
    process.exitCode = 1;
    return;
  }
  print(found);
}

if (import.meta.main) await main();
