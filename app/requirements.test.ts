import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { features } from '../test/product-ids.ts';
import { allCitations, citations, claimedWithout, page } from '../test/requirements.ts';

it('cites every claimed promise in some test', () => expect(claimedWithout(allCitations())).toEqual([]));

it('cites no promise that the product does not make', () => {
  const known = new Set(Object.values(features).flatMap((rows) => rows.map(({ id }) => id)));
  const unknown = allCitations().filter(({ id }) => !known.has(id));
  expect(unknown).toEqual([]);
});

it('reads ids from titles alone: of tests, of groups, after tables, over lines', () => {
  const text = `
    // XX-1 in a comment
    it('AA-1 AA-2: both', () => check('XX-2'));
    describe("BB-1", () => {
      it.each([['XX-3', 1]])(
        \`CC-1 \${x}\`,
        () => {});
    });
    it.skip('XX-4 later', () => {});
    it.todo('XX-5 later');`;
  expect(citations('a.test.ts', text).map(({ id }) => id)).toEqual(['AA-1', 'AA-2', 'BB-1', 'CC-1']);
});

it('says which claimed promise nothing cites, and shows where others are cited', () => {
  const cited = allCitations().filter(({ id }) => id !== 'TA-2');
  expect(claimedWithout(cited)).toEqual(['TA-2']);
  expect(page([{ id: 'TA-2', file: 'a.test.ts', title: 'TA-2 x' }])).toMatch(
    /^\| TA-2 \| .* \| yes \| a\.test\.ts \(1\) \|$/m,
  );
});

it('is written down as it is now: `npm run docs` writes docs/requirements.md', () => {
  const written = readFileSync(new URL('../docs/requirements.md', import.meta.url), 'utf8');
  expect(written).toBe(page(allCitations()));
});
