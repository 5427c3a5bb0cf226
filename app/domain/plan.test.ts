import { expect, it } from 'vitest';
import { checkPlan, PlannedTask, sharedFiles } from './plan.ts';

const planned = (about: Partial<PlannedTask> = {}): PlannedTask =>
  PlannedTask.parse({ title: 'Do it', ...about });

it('PL-1 takes a plan whose tasks are known and in an order', () => {
  expect(
    checkPlan([planned(), planned({ depends_on: [1] }), planned({ depends_on: [1, 2, 2] })], 20),
  ).toBeNull();
});

it('PL-1 refuses an empty plan, and one larger than policy allows', () => {
  expect(checkPlan([], 20)).toMatchObject({ rejected: 'invalid_input' });
  expect(
    checkPlan(
      Array.from({ length: 500 }, () => planned()),
      20,
    ),
  ).toMatchObject({
    rejected: 'too_many_tasks',
    message: 'The plan has 500 tasks; policy allows 20 (plan.max_tasks).',
  });
});

it('TA-2 refuses dependencies on tasks that are not in the plan, all of them named', () => {
  expect(checkPlan([planned({ depends_on: [3] }), planned({ depends_on: [9] })], 20)).toMatchObject({
    rejected: 'unknown_dependency',
    message: 'The plan names tasks that it does not have: t1 depends on t3, t2 depends on t9.',
    help: 'Tasks are t1 to t2.',
  });
});

it('TA-2 refuses a cycle and walks it', () => {
  expect(checkPlan([planned({ depends_on: [2] }), planned({ depends_on: [1] })], 20)).toMatchObject({
    rejected: 'cycle',
    message: 'The tasks wait for each other: t1 waits for t2 waits for t1.',
    data: { cycle: [1, 2, 1] },
  });
});

it.each(['a\nb', 'a\u0000b', 'x'.repeat(121), '   ', 'a\u2028b'])('refuses the title %j', (title) => {
  expect(PlannedTask.safeParse({ title }).success).toBe(false);
});

it('PL-5 finds tasks that touch the same files and are not ordered', () => {
  const files = ['src/a.ts'];
  const tasks = [planned({ files }), planned({ files, depends_on: [1] }), planned({ files, depends_on: [] })];
  expect(sharedFiles(tasks)).toEqual([
    { first: 1, second: 3, files },
    { first: 2, second: 3, files },
  ]);
  // Through a task between them, too.
  expect(
    sharedFiles([planned({ files }), planned({ depends_on: [1] }), planned({ files, depends_on: [2] })]),
  ).toEqual([]);
});
