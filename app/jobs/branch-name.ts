/** The branch of a task: policy's prefix, run and task, and a few words of its title. */
import type { Run } from '../domain/run.ts';
import { ref, type Task } from '../domain/task.ts';

const maxWords = 40;

/** `entourage/12-t2-notification-api`. Titles in other scripts leave the number alone, which is enough. */
export function branchName(
  prefix: string,
  run: Pick<Run, 'number'>,
  task: Pick<Task, 'number' | 'title'>,
): string {
  const words = task.title
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, maxWords)
    .replace(/^-+|-+$/g, '');
  return `${prefix}${run.number}-${ref(task)}${words === '' ? '' : `-${words}`}`;
}
