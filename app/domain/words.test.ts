import { describe, expect, it } from 'vitest';
import { actorName, type Actor } from './actor.ts';
import { exampleSession } from './example.ts';
import { isRejection, reject } from './rejection.ts';
import { costWords, dollars, Login, micros, Sha } from './words.ts';

it('shows millionths as dollars, never a false zero', () => {
  expect([0, 1, 9_999, 10_000, 1_500_000, 1_005_000].map(dollars)).toEqual([
    '$0.00',
    '<$0.01',
    '<$0.01',
    '$0.01',
    '$1.50',
    '$1.01',
  ]);
  expect(micros(0.1) + micros(0.2)).toBe(micros(0.3));
});

it.each(['ana', 'a', 'ana-b', 'ana_acme', 'entourage[bot]'])('knows the login %s', (login) => {
  expect(Login.safeParse(login).success).toBe(true);
});
it.each(['', '-ana', 'ana-', 'a b', 'ana[bot', '@ana', 'a/b'])('refuses the login %j', (login) => {
  expect(Login.safeParse(login).success).toBe(false);
});
it('knows full commit ids of both kinds only', () => {
  expect(['a'.repeat(40), 'b'.repeat(64)].every((sha) => Sha.safeParse(sha).success)).toBe(true);
  expect(['a'.repeat(39), 'A'.repeat(40), 'abc1234'].some((sha) => Sha.safeParse(sha).success)).toBe(false);
});

it('TR-1 names every kind of actor', () => {
  const session = exampleSession().id;
  const actors: Actor[] = [
    { kind: 'person', login: 'ana', id: 1 },
    { kind: 'agent', name: 'eng-1', role: 'engineer', session },
    { kind: 'runner', runner: session },
    { kind: 'github' },
    { kind: 'system', name: 'sweep' },
  ];
  expect(actors.map(actorName)).toEqual(['@ana', 'eng-1', 'runner', 'GitHub', 'Entourage']);
});

it('tells a refusal from everything else', () => {
  expect(isRejection(reject('not_found', 'No.', { help: 'x' }))).toBe(true);
  expect([null, [], 'no', {}].some(isRejection)).toBe(false);
});

describe('what something cost', () => {
  it.each([
    [{ cost: 400_000, unpriced: 0 }, '$0.40'],
    [{ cost: 400_000, unpriced: 12_345 }, '$0.40 + 12k tokens of unknown price'],
    [{ cost: 0, unpriced: 1 }, '1 token of unknown price'],
    [{ cost: 0, unpriced: 999_499 }, '999k tokens of unknown price'],
    [{ cost: 0, unpriced: 999_500 }, '1M tokens of unknown price'],
    [{ cost: 0, unpriced: 3_450_000 }, '3.5M tokens of unknown price'],
    [{ cost: 0, unpriced: 0 }, '$0.00'],
  ])('BU-1 %j', (spent, words) => {
    expect(costWords(spent)).toBe(words);
  });
});
