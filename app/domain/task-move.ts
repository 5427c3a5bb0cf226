/** A task's transitions: the table decides what is possible, and every other one is refused with the reason. */
import type { Decision } from './decision.ts';
import type { Event } from './event.ts';
import { reject, type Rejection } from './rejection.ts';
import { mayMove, ref, type Task, type TaskState } from './task.ts';

export const moved = (task: Task, to: TaskState, reason: string): Event => ({
  type: 'task_moved',
  task: task.number,
  from: task.state,
  to,
  reason,
});

/** The one place that makes a transition on our own authority: the table says whether it is possible. */
export function move(task: Task, to: TaskState, reason: string): Decision {
  return mayMove(task.state, to) ? [moved(task, to, reason)] : wrong(task, `become ${to.replace('_', ' ')}`);
}

export function wrong(task: Task, verb: string, help?: string): Rejection {
  return reject(
    'wrong_state',
    `Task ${ref(task)} is ${task.state.replace('_', ' ')}; it can't ${verb} now.`,
    {
      data: { task: ref(task), state: task.state },
      ...(help === undefined ? {} : { help }),
    },
  );
}
