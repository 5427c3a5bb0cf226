import { expect, it } from 'vitest';
import { skipWords, whyAbsent, type AbsenceFacts } from './ci-absence.ts';

const facts = (about: Partial<AbsenceFacts>): AbsenceFacts => ({
  base: 'main',
  missing: [],
  seen: [],
  workflows: [{ file: 'ci.yml', events: ['pull_request'], filtered: false, state: 'active' }],
  running: [],
  unapproved: [],
  skip: null,
  conflicts: false,
  ...about,
});
const ci = { file: 'ci.yml', events: ['pull_request'], filtered: false, state: 'active' };

it.each<[string, Partial<AbsenceFacts>, RegExp]>([
  ['no workflow', { workflows: [] }, /^No check has reported.*There is no workflow/],
  ['unreadable', { workflows: null }, /could not be read/],
  [
    'no trigger that fits',
    {
      workflows: [
        { ...ci, events: ['workflow_dispatch'] },
        { ...ci, file: 'x.yml', events: [] },
      ],
    },
    /ci\.yml runs on workflow_dispatch; x\.yml runs on nothing/,
  ],
  ['switched off', { workflows: [{ ...ci, state: 'disabled_manually' }] }, /ci\.yml is switched off/],
  [
    'both switched off',
    {
      workflows: [
        { ...ci, state: 'disabled_manually' },
        { ...ci, file: 'b.yml', state: 'x' },
      ],
    },
    /ci\.yml, b\.yml are switched off.*switches them on/,
  ],
  ['filters', { workflows: [{ ...ci, filtered: true }] }, /has filters.*to main/],
  [
    'two with filters',
    {
      workflows: [
        { ...ci, filtered: true },
        { ...ci, file: 'b.yml', filtered: true },
      ],
    },
    /ci\.yml, b\.yml have filters/,
  ],
  ['nothing to be seen', {}, /ci\.yml should have run\..*GITHUB_TOKEN/],
  ['approval', { unapproved: [{ name: 'CI', url: 'https://x/1' }] }, /waits for approval.*https:\/\/x\/1/],
  ['one runs', { running: ['CI'] }, /CI is not over yet/],
  ['several run', { running: ['CI', 'Lint'] }, /CI, Lint are not over/],
  ['conflict', { conflicts: true }, /conflicts with main/],
  ['skip', { skip: '[skip ci]' }, /says \[skip ci\]/],
  ['one name', { missing: ['lint'], seen: ['test'] }, /^The check lint has not reported.*Others did: test/],
  ['names, nothing seen', { missing: ['lint', 'test'] }, /^The checks lint, test have not reported/],
])('RE-7: says why checks may be missing: %s', (_, about, words) => {
  expect(whyAbsent(facts(about))).toMatch(words);
});

it('RE-7: knows the words that keep CI away', () => {
  for (const words of ['Fix [skip ci]', 'x\n\nskip-checks: true', '[no ci] y'])
    expect(skipWords.test(words)).toBe(true);
  expect(skipWords.test('Skip the intro')).toBe(false);
});
