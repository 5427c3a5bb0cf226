/** What a manager may not do to a task although a person may: people's decisions are people's. */
import type { Decision } from './decision.ts';
import { isRejection, reject, type Rejection } from './rejection.ts';
import type { Run } from './run.ts';
import { ref, type Task } from './task.ts';

/** How often a manager may start a failed task again; then a person says how to go on. */
const managerRetries = 2;

/** Null when it may. */
export function agentMay(run: Run, task: Task, wanted: 'stop' | 'retry'): Rejection | null {
  if (wanted === 'stop')
    return task.state === 'approved' || task.state === 'merging'
      ? reject('not_permitted', `A person approved ${ref(task)}; only a person stops it now.`, {
          help: 'ask_human, when it must not land.',
        })
      : null;
  if (task.state !== 'failed' && task.state !== 'todo')
    return reject(
      'not_permitted',
      `${ref(task)} is ${task.state.replace('_', ' ')}; a manager retries failed tasks only.`,
      {
        help: 'ask_human, or create a task of its own for what is missing.',
      },
    );
  const times = run.managing.retried.filter((number) => number === task.number).length;
  return times >= managerRetries
    ? reject(
        'not_permitted',
        `A manager retried ${ref(task)} ${times} times already; a person decides now.`,
        {
          help: 'create_task with another approach, or ask_human.',
        },
      )
    : null;
}

/** Recorded, so that a manager's retries can be counted. */
export const retriedByManager = (task: Task, by: string, decision: Decision): Decision =>
  isRejection(decision) || decision.length === 0
    ? decision
    : [{ type: 'manager_retried', task: task.number, by }, ...decision];
