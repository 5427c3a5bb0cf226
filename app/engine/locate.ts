/** From the short ids in an input to rows: the run under its lock, the task in it. */
import { taskNumber } from '../catalog/refs.ts';
import { isRejection, reject, type Rejection } from '../domain/rejection.ts';
import { fence } from '../domain/session-rules.ts';
import type { Session } from '../domain/session.ts';
import type { Task } from '../domain/task.ts';
import { runByNumber } from '../../db/queries/runs.ts';
import type { Context } from './handler.ts';
import { openRun, type RunWork } from './run-work.ts';

export type RunInput = { run?: number | undefined; task?: string | undefined };

/** The run that the input names, else the one at hand. Agents reach only their own. */
export async function locateRun(context: Context, input: RunInput): Promise<RunWork | Rejection> {
  const id = await runId(context, input);
  const work = id === null ? null : await openRun(context.tx, id, { now: context.now });
  if (work === null) return missing(input);
  const own = context.caller.session !== undefined;
  if (own && work.run.id !== context.caller.run)
    return reject('not_permitted', 'An agent reaches only its own run.');
  if (context.repository !== null && work.run.repository !== context.repository.id) return missing(input);
  return work;
}

async function runId(context: Context, input: RunInput): Promise<string | null> {
  const number = input.run ?? numberInTask(input.task);
  if (number === null) return context.caller.run ?? null;
  const repository = context.repository?.id;
  return repository === undefined
    ? null
    : await runByNumber(context.tx, context.caller.installation, { repository, number });
}

const numberInTask = (task: string | undefined): number | null =>
  task?.includes('/') === true ? Number(task.split('/')[0]) : null;

function missing(input: RunInput): Rejection {
  const number = input.run ?? numberInTask(input.task);
  return number === null
    ? reject('not_found', 'There is no run here.', { help: '`/entourage run` starts one.' })
    : reject('not_found', `There is no run ${number} in this repository.`, {
        help: '`/entourage status` shows the run of this issue.',
      });
}

/** The task that the input names, else the one at hand, to be read: siblings explain each other. */
export function findTask(context: Context, work: RunWork, input: RunInput): Task | Rejection {
  const number = input.task === undefined ? context.caller.task : taskNumber(input.task);
  if (number === undefined) return reject('invalid_input', 'Which task?', { help: 'Name it: t1, t2, …' });
  const task = work.tasks.get(number);
  if (task !== undefined) return task;
  return reject('not_found', `Run ${work.run.number} has no task t${number}.`, {
    help:
      work.tasks.size === 0
        ? 'Its tasks start when the plan is approved.'
        : `It has t1 to t${work.tasks.size}.`,
  });
}

/** The same, to be changed: an engineer and a reviewer change their own task only. */
export function locateTask(context: Context, work: RunWork, input: RunInput): Task | Rejection {
  const task = findTask(context, work, input);
  if (isRejection(task)) return task;
  const role = context.caller.session?.role;
  if ((role === 'engineer' || role === 'reviewer') && task.number !== context.caller.task) {
    return reject('not_permitted', `t${task.number} is another agent’s task.`, {
      help: 'get_task and get_run_tasks read it; only its own agent changes it.',
    });
  }
  return task;
}

/** The session that calls, if it is still the one its task listens to (fencing, TA-5). */
export function callingSession(context: Context, work: RunWork): Session | Rejection {
  const id = context.caller.session?.id;
  const session = id === undefined ? undefined : work.sessions.get(id);
  if (session === undefined)
    return reject('session_ended', 'This session ended. Nothing more can be written by it.', {
      help: 'Stop working.',
    });
  const live = session.task === null ? null : (work.tasks.get(session.task)?.session ?? null);
  return fence(session, live) ?? session;
}
