/** Which promise is kept by which tests: `node test/requirements.ts` writes docs/requirements.md, `--check` compares it. */
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { features, type Feature } from './product-ids.ts';

export type Citation = { id: string; file: string; title: string };

const root = path.join(import.meta.dirname, '..');
const rooms = '{app,action,bench,db,demo,forge,runner,test}/**/*.test.ts';
/** Its samples are no tests. */
const ownTest = 'app/requirements.test.ts';
/** A call whose first argument is a text: `it('TA-2 …', `, also after the table of an `each`. */
const titled = /([\w.]*)\(\s*(['"`])((?:\\.|(?!\2)[^\\])*)\2\s*,/g;

/** The ids in the titles of a test file. Skipped tests show nothing. */
export function citations(file: string, text: string): Citation[] {
  return Array.from(text.matchAll(titled)).flatMap(([, callee = '', , title = '']) =>
    /\.(?:skip|todo)$/.test(callee)
      ? []
      : Array.from(title.matchAll(/\b[A-Z]{2}-\d+\b/g), ([id]) => ({ id, file, title })),
  );
}

/** Every citation of the repository's own tests, by file. */
export function allCitations(): Citation[] {
  const files = globSync(rooms, { cwd: root, exclude: ['**/node_modules/**', 'demo/project/**', ownTest] });
  return files.toSorted().flatMap((file) => citations(file, readFileSync(path.join(root, file), 'utf8')));
}

export function claimedWithout(cited: readonly Citation[]): string[] {
  const ids = new Set(cited.map(({ id }) => id));
  return all().flatMap(({ id, claimed }) => (claimed === true && !ids.has(id) ? [id] : []));
}

const all = (): Feature[] => Object.values(features).flat();

/** Titles without the ids that they cite; several tests of one file share its line. */
export function page(cited: readonly Citation[]): string {
  const groups = Object.entries(features).map(([group, rows]) => {
    const lines = rows.map(({ id, text, claimed }) => {
      const tests = Map.groupBy(
        cited.filter((citation) => citation.id === id),
        ({ file }) => file,
      );
      const shown = [...tests].map(([file, titles]) => `${file} (${titles.length})`).join('<br>');
      return `| ${id} | ${cell(text)} | ${claimed === true ? 'yes' : ''} | ${shown} |`;
    });
    return [
      `## ${group}`,
      '',
      '| id | promise | claimed | tests |',
      '| --- | --- | --- | --- |',
      ...lines,
    ].join('\n');
  });
  return [
    '# Promises and their tests',
    '',
    'Made by `node test/requirements.ts` from the titles of the tests; the number is how many titles of a file cite the id. A promise that is claimed and cited nowhere fails the tests.',
    '',
    groups.join('\n\n'),
    '',
  ].join('\n');
}

const cell = (text: string): string => text.replaceAll('|', '\\|');

function main(): void {
  const target = path.join(root, 'docs/requirements.md');
  const made = page(allCitations());
  if (!process.argv.includes('--check')) return writeFileSync(target, made);
  if (readFileSync(target, 'utf8') === made) return;
  console.error('docs/requirements.md is out of date: run `node test/requirements.ts`.');
  process.exitCode = 1;
}

if (import.meta.main) main();
