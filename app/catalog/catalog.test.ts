/** What holds for every row of the catalog, and that the page made from it is up to date. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { operationsPage } from '../../docs/operations-page.ts';
import { operations } from './catalog.ts';

it('names each operation once, in snake_case', () => {
  const names = operations.map((operation) => operation.name);
  expect(new Set(names).size).toBe(names.length);
  expect(names.filter((name) => !/^[a-z]+(_[a-z]+)*$/.test(name))).toEqual([]);
});

it('gives every route once, with parameters that its input has', () => {
  const routes = operations.flatMap(({ http }) => http ?? []);
  expect(new Set(routes).size).toBe(routes.length);
  for (const { http, input, name } of operations) {
    const shape =
      'shape' in input && typeof input.shape === 'object' && input.shape !== null
        ? Object.keys(input.shape)
        : [];
    const parameters = [...(http ?? '').matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
    expect(
      parameters.filter((parameter) => !shape.includes(parameter ?? '')),
      name,
    ).toEqual([]);
  }
});

it('shows on some door only what somebody outside may call', () => {
  const closed = operations.filter(
    ({ doors, allow }) =>
      doors.length > 0 &&
      allow.any !== true &&
      allow.person === undefined &&
      allow.agent === undefined &&
      allow.runner !== true &&
      allow.workflow !== true,
  );
  expect(closed.map((operation) => operation.name)).toEqual([]);
});

it('is written down as it is now: `npm run docs` writes docs/operations.md', () => {
  expect(readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8')).toBe(operationsPage());
});
