/** `node docs/pages.ts` writes what is made from code: docs/probes.md, and the tables inside set-up.md, operating.md and policy.md. */
import { readFileSync, writeFileSync } from 'node:fs';
import { readRegistration } from '../app/cli/registration.ts';
import { variables } from '../app/config.ts';
import { notObeyedTable, policyTables, policyWords } from './policy-tables.ts';
import { probesPage } from './probes.ts';
import { markdownTable } from './table.ts';

const here = (name: string): URL => new URL(name, import.meta.url);

function permissionsTable(): string {
  const { permissions, events } = readRegistration(readFileSync(here('../app.yml'), 'utf8'));
  return [
    markdownTable([
      ['permission', 'level', 'what for'],
      ...permissions.map(({ name, level, reason }) => [`\`${name}\``, level, reason]),
    ]),
    markdownTable([['event', 'what for'], ...events.map(({ name, reason }) => [`\`${name}\``, reason])]),
  ].join('\n\n');
}

const variablesTable = (): string =>
  markdownTable([
    ['variable', 'expected', ''],
    ...variables.map(({ name, expected, help }) => [`\`${name}\``, expected, help]),
  ]);

const tables: Readonly<Record<string, () => string>> = {
  permissions: permissionsTable,
  variables: variablesTable,
  keys: policyTables,
  commands: policyWords,
  not_obeyed: notObeyedTable,
};

/** The page with each `<!-- name -->…<!-- /name -->` filled anew. */
export function filled(text: string): string {
  return text.replaceAll(/<!-- (\w+) -->\n[^]*?<!-- \/\1 -->/g, (whole, name: string) => {
    const table = tables[name];
    return table === undefined ? whole : `<!-- ${name} -->\n\n${table()}\n\n<!-- /${name} -->`;
  });
}

/** Every page that holds something made, with its text as it should be. */
export function madePages(): { name: string; text: string }[] {
  return [
    { name: 'probes.md', text: probesPage() },
    ...['set-up.md', 'operating.md', 'policy.md'].map((name) => ({
      name,
      text: filled(readFileSync(here(name), 'utf8')),
    })),
  ];
}

if (import.meta.main) for (const { name, text } of madePages()) writeFileSync(here(name), text);
