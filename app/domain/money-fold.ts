/** How events of money change a task. */
import type { Event } from './event.ts';
import type { Task } from './task.ts';

export function evolve(task: Task, event: Event): Task {
  switch (event.type) {
    case 'budget_set':
      return { ...task, budget: event.budget };
    case 'task_held':
      return { ...task, held: event.reason };
    case 'usage_recorded':
      return { ...task, cost: task.cost + event.delta, unpriced: task.unpriced + event.unpriced };
    default:
      return task;
  }
}
