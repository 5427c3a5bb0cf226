import { describe, expect, it } from 'vitest';
import { inferDependencies, kindOf } from './infer-dependencies.ts';
import { checkPlan, PlannedTask } from './plan.ts';
import { planFromTemplate } from './templates.ts';

const task = (title: string, about: Partial<PlannedTask> = {}): PlannedTask => ({
  ...PlannedTask.parse({ title }),
  ...about,
});
const edges = (tasks: PlannedTask[]) =>
  inferDependencies(tasks).inferred.map(({ task: from, on }) => [from, on]);

describe('PL-6: dependencies where none are stated', () => {
  it('tests follow the implementation, documentation the code, whatever their order', () => {
    const { tasks, inferred } = inferDependencies([
      task('Document the search'),
      task('Add the index'),
      task('Add tests of the search'),
    ]);
    expect(inferred).toEqual([
      { task: 1, on: 2, why: 'documentation follows the code' },
      { task: 3, on: 2, why: 'tests follow the implementation' },
    ]);
    expect(tasks.map((planned) => planned.depends_on)).toEqual([[2], [], [2]]);
  });

  it('of two that touch the same files the later one waits', () => {
    const files = ['src/a.ts'];
    expect(
      edges([task('One', { files }), task('Two', { files }), task('Three', { files: ['src/b.ts'] })]),
    ).toEqual([[2, 1]]);
  });

  it('what the planner states is kept as it is', () => {
    expect(edges([task('A'), task('B'), task('Test both', { depends_on: [1] })])).toEqual([]);
    for (const template of ['feature', 'bugfix', 'refactor', 'migration'] as const) {
      const planned = planFromTemplate(template, { title: 'It', intent: 'It' });
      expect(inferDependencies(planned).tasks.slice(1)).toEqual(planned.slice(1));
    }
  });

  it('never makes a cycle: what waits for the tests is not waited for by them', () => {
    const plan = [task('Tests that pin down today’s behaviour'), task('Change it', { depends_on: [1] })];
    expect(edges(plan)).toEqual([]);
    const files = ['a'];
    const twisted = [
      task('Change', { files, depends_on: [3] }),
      task('Tests', { files: ['test/a.ts'] }),
      task('Prepare', { files }),
    ];
    expect(checkPlan(inferDependencies(twisted).tasks, 20)).toBeNull();
  });

  it.each([
    ['Write unit tests', [], 'tests'],
    ['End-to-end tests of the bell', [], 'tests'],
    ['Testimonials page', [], 'code'],
    ['Add a test runner', ['src/runner.ts'], 'code'],
    ['Cover it', ['test/api.test.ts'], 'tests'],
    ['Update the README', [], 'documentation'],
    ['Say how', ['docs/**'], 'documentation'],
    ['Documents: upload and list', [], 'code'],
  ] as const)('%s %j: %s', (title, files, kind) => {
    expect(kindOf({ title, files: [...files] })).toBe(kind);
  });
});
