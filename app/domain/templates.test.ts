import fc from 'fast-check';
import { expect, it } from 'vitest';
import { checkPlan } from './plan.ts';
import { guessTemplate, planFromTemplate } from './templates.ts';
import { Template } from './words.ts';

it.each<[string[], string, string]>([
  [['bug'], 'Add a button', 'bugfix'],
  [['Type: Bug'], 'Add a button', 'bugfix'],
  [['refactoring'], 'fix it', 'refactor'],
  [['enhancement'], 'Fix the error', 'feature'],
  [['p1', 'entourage'], 'Fix the crash in the cart', 'bugfix'],
  [[], 'An error when saving', 'bugfix'],
  [[], 'Clean up the router', 'refactor'],
  [[], 'Refactored names', 'refactor'],
  [[], 'Migrate to Postgres 18', 'migration'],
  [[], 'UPGRADE the parser', 'migration'],
  [[], 'Add a prefix to terrors', 'feature'],
  [[], '', 'feature'],
])('PL-2 guesses from the labels %j and the words “%s”: %s', (labels, text, template) => {
  expect(guessTemplate(labels, text)).toBe(template);
});

it.each(Template.options)('PL-2 %s: a plan of 2 to 5 tasks that passes every check', (template) => {
  const tasks = planFromTemplate(template, { title: 'Add user notifications', intent: 'Show a bell.' });
  expect(tasks.length).toBeGreaterThanOrEqual(2);
  expect(tasks.length).toBeLessThanOrEqual(5);
  expect(checkPlan(tasks, 5)).toBeNull();
  expect(tasks.slice(1).every((task) => task.depends_on.length > 0)).toBe(true);
  for (const task of tasks) {
    expect(task.title).toMatch(/: Add user notifications$/);
    expect(task.description).toContain('What was asked for:\n\nShow a bell.');
    expect(task.acceptance.length).toBeGreaterThan(0);
    expect(task.why).not.toBe('');
  }
});

it('PL-2 PL-6 a feature’s tests and documentation follow its code', () => {
  expect(planFromTemplate('feature', { title: 'x', intent: '' }).map((task) => task.depends_on)).toEqual([
    [],
    [1],
    [1],
  ]);
});

it('PL-2 a plan always comes out, whatever title and intent are', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...Template.options),
      fc.string({ unit: 'binary', maxLength: 400 }),
      fc.string({ unit: 'binary' }),
      (template, title, intent) => {
        const tasks = planFromTemplate(template, { title, intent });
        expect(checkPlan(tasks, 5)).toBeNull();
        for (const task of tasks) expect(task.title).toMatch(/^[^\p{Cc}]{1,120}$/u);
      },
    ),
  );
  const [first] = planFromTemplate('custom', { title: `${'🎉'.repeat(200)}`, intent: 'x'.repeat(100_000) });
  expect(first?.title.isWellFormed()).toBe(true);
  expect(first?.title.endsWith('🎉…')).toBe(true);
  expect(planFromTemplate('custom', { title: ' \n ', intent: '' })[0]?.title).toBe('Do: this issue');
});
