/** For specifications: a task, a command, and what happened. */
import { later } from './example.ts';
import { isRejection, type Rejection } from './rejection.ts';
import { evolve } from './task-fold.ts';
import { decide, type TaskCommand } from './task-rules.ts';
import type { Task } from './task.ts';

export function given(task: Task): {
  when(command: TaskCommand): { events: string[]; task: Task; refused: Rejection | null };
} {
  return {
    when(command) {
      const decision = decide(task, command);
      if (isRejection(decision)) return { events: [], task, refused: decision };
      const next = decision.reduce((state, event) => evolve(state, event, later), task);
      return { events: decision.map((event) => event.type), task: next, refused: null };
    },
  };
}
