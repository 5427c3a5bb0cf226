/** From an approved plan to tasks. */
import { newTask } from '../domain/new-task.ts';
import type { Task } from '../domain/task.ts';
import type { RunWork } from './run-work.ts';

/** The tasks of the plan at hand, as they begin: todo, with everything they depend on unmet. */
export const plannedTasks = ({ run, now }: Pick<RunWork, 'run' | 'now'>): Task[] =>
  (run.plan?.tasks ?? []).map((planned, index) =>
    newTask(run, planned, {
      number: index + 1,
      dependsOn: planned.depends_on,
      unmet: planned.depends_on,
      addedBy: null,
      at: now,
    }),
  );
