/** `node docs/operations-page.ts` writes docs/operations.md off the catalog: every operation, who may call it, where it shows. */
import { writeFileSync } from 'node:fs';
import { operations } from '../app/catalog/catalog.ts';
import type { Allow, Operation } from '../app/catalog/operation.ts';

export function operationsPage(): string {
  const shown = operations
    .filter((operation) => operation.doors.length > 0)
    .toSorted((first, second) => first.name.localeCompare(second.name));
  return [
    '# Operations',
    '',
    'One catalog behind every door. HTTP routes stand under `/api/v1`; MCP tools have the same names; `{repository}` is `owner/name`. Made by `npm run docs`.',
    '',
    '| operation | what | who | doors | HTTP |',
    '| --- | --- | --- | --- | --- |',
    ...shown.map(row),
    '',
  ].join('\n');
}

function row(operation: Operation): string {
  const where = operation.runs === 'runner' ? 'mcp (on the runner)' : operation.doors.join(', ');
  const http = operation.http === undefined ? '' : `\`${operation.http}\``;
  return `| \`${operation.name}\` | ${operation.summary} | ${who(operation.allow)} | ${where} | ${http} |`;
}

function who({ any, person, agent, runner, workflow, system }: Allow): string {
  if (any === true) return 'anybody with a token';
  return [
    ...(person === undefined ? [] : [`people with ${person}`]),
    ...(agent ?? []),
    ...(runner === true ? ['runners'] : []),
    ...(workflow === true ? ['a workflow’s job'] : []),
    ...(system === true ? ['the operator'] : []),
  ].join(', ');
}

if (import.meta.main) writeFileSync(new URL('operations.md', import.meta.url), operationsPage());
