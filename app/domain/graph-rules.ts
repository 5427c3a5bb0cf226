/** Changes of the graph while it runs (PL-7): tasks added and changed, edges made and removed, each refusal with its reason. */
import type { Decision } from './decision.ts';
import type { Event } from './event.ts';
import { order } from './graph.ts';
import { newTask } from './new-task.ts';
import type { PlannedTask } from './plan.ts';
import { isRejection, reject, type Rejection } from './rejection.ts';
import type { Run } from './run.ts';
import { moved, wrong } from './task-move.ts';
import { decide as decideTask } from './task-rules.ts';
import { ref, type Task, type TaskChanges, type TaskState } from './task.ts';
import type { Instant } from './words.ts';

export type Graph = { readonly run: Run; readonly tasks: ReadonlyMap<number, Task> };

/** A task to add. `dependsOn`: numbers of the run's tasks, and positions in the same batch, from 1. */
export type NewTask = Omit<PlannedTask, 'depends_on'> & {
  readonly dependsOn: readonly { readonly task?: number; readonly position?: number }[];
};

const editable = (run: Run): boolean => ['executing', 'paused', 'failed'].includes(run.state);

/** Before approval the plan itself is revised; after the end there is nothing to change. */
export function mayEdit(run: Run): Rejection | null {
  if (editable(run)) return null;
  const early = run.state === 'draft' || run.state === 'planning' || run.state === 'awaiting_approval';
  return reject(
    'wrong_state',
    `Run ${run.number} is ${run.state.replace('_', ' ')}; its graph can't be changed now.`,
    {
      help: early
        ? '`/entourage revise <what to change>` asks for another plan.'
        : '`/entourage run <what to do next>` starts another run.',
    },
  );
}

const names = (numbers: readonly number[]): string => numbers.map((number) => `t${number}`).join(', ');

/** All or nothing: the tasks in order, then the edges from those that shall wait for the first of them (`before`). */
export function addTasks(
  graph: Graph,
  added: { tasks: readonly NewTask[]; before: readonly number[]; maxTasks: number; by: string; at: Instant },
): Decision {
  const refused = mayEdit(graph.run) ?? tooMany(graph, added) ?? sameTitle(graph, added.tasks);
  if (refused !== null) return refused;
  const { tasks, by, at } = added;
  const first = graph.tasks.size + 1;
  const numbers: number[][] = [];
  for (const [index, task] of tasks.entries()) {
    const dependsOn = numbersOf(graph, task, { first, count: tasks.length });
    if (isRejection(dependsOn)) return dependsOn;
    if (dependsOn.includes(first + index)) return cycle([first + index, first + index]);
    numbers.push(dependsOn);
  }
  const circle = circleOf([...edgesOf(graph.tasks), ...numbers]);
  if (circle !== null) return circle;
  const done = (number: number): boolean => graph.tasks.get(number)?.state === 'done';
  const whole = new Map(graph.tasks);
  const events: Event[] = tasks.map((task, index) => {
    const dependsOn = numbers[index] ?? [];
    const unmet = dependsOn.filter((number) => !done(number));
    const made = newTask(graph.run, task, { number: first + index, dependsOn, unmet, addedBy: by, at });
    whole.set(made.number, made);
    return { type: 'task_added', task: made };
  });
  for (const number of new Set(added.before)) {
    const edge = link({ run: graph.run, tasks: whole }, { task: number, dependency: first, by });
    if (isRejection(edge)) return edge;
    events.push(...edge);
  }
  return events;
}

function tooMany(
  graph: Graph,
  { tasks, maxTasks }: { tasks: readonly NewTask[]; maxTasks: number },
): Rejection | null {
  const total = graph.tasks.size + tasks.length;
  return total > maxTasks
    ? reject(
        'too_many_tasks',
        `Run ${graph.run.number} would have ${total} tasks; policy allows ${maxTasks} (plan.max_tasks).`,
        { help: 'Put what is left into tasks that have not started, or start another run.' },
      )
    : null;
}

/** A call that is repeated because its answer was lost adds nothing twice. */
function sameTitle(graph: Graph, tasks: readonly NewTask[]): Rejection | null {
  const seen = new Map(
    [...graph.tasks.values()]
      .filter(({ state }) => state !== 'cancelled')
      .map((task) => [task.title, task.number]),
  );
  for (const [index, { title }] of tasks.entries()) {
    const known = seen.get(title);
    if (known !== undefined)
      return reject('already_done', `t${known} has the title “${title}” already.`, {
        help: 'Change that task with update_task, or give this one a title of its own.',
      });
    seen.set(title, graph.tasks.size + index + 1);
  }
  return null;
}

function numbersOf(
  graph: Graph,
  task: NewTask,
  batch: { first: number; count: number },
): number[] | Rejection {
  const numbers: number[] = [];
  for (const { task: number, position } of task.dependsOn) {
    const known =
      number === undefined ? position !== undefined && position <= batch.count : graph.tasks.has(number);
    if (!known)
      return reject(
        'unknown_dependency',
        number === undefined
          ? `“${task.title}” depends on position ${position}; there are ${batch.count} tasks in this call.`
          : `“${task.title}” depends on t${number}; run ${graph.run.number} has no such task.`,
        { help: 'Give a task of the run as "t3", one of the same call by its position from 1.' },
      );
    numbers.push(number ?? batch.first + (position ?? 1) - 1);
  }
  return numbers;
}

/** The edges by task number: the task at place i is t(i+1). */
const edgesOf = (tasks: ReadonlyMap<number, Task>): number[][] =>
  [...tasks.values()].sort((first, second) => first.number - second.number).map((task) => task.dependsOn);

function circleOf(edges: readonly (readonly number[])[]): Rejection | null {
  const sorted = order(edges.map((dependencies) => dependencies.map((number) => number - 1)));
  return 'order' in sorted ? null : cycle(sorted.cycle.map((index) => index + 1));
}

const cycle = (walk: readonly number[]): Rejection =>
  reject(
    'cycle',
    `The tasks would wait for each other: ${walk.map((number) => `t${number}`).join(' waits for ')}.`,
    {
      help: 'Leave this edge out, or unlink one of the others first.',
      data: { cycle: [...walk] },
    },
  );

/** Nobody works on it and nothing of it is before people: what it waits for and what it says may still change. */
const open: readonly TaskState[] = ['todo', 'ready', 'failed', 'cancelled'];

type Edge = { task: number; dependency: number; by: string };

/** From now on `task` waits for `dependency`. */
export function link(graph: Graph, { task: number, dependency, by }: Edge): Decision {
  const ends = endsOf(graph, number, dependency);
  if (isRejection(ends)) return ends;
  const { task, on } = ends;
  if (task.dependsOn.includes(dependency)) return [];
  if (!open.includes(task.state))
    return wrong(
      task,
      `begin to wait for t${dependency}`,
      'Only a task that nobody works on gets a dependency.',
    );
  const circle = circleOf(
    edgesOf(graph.tasks).map((edges, index) => (index + 1 === number ? [...edges, dependency] : edges)),
  );
  if (circle !== null) return circle;
  const met = on.state === 'done';
  return [
    { type: 'task_linked', task: number, dependency, met, by },
    ...(met || task.state !== 'ready' ? [] : [moved(task, 'todo', `waits for t${dependency}`)]),
  ];
}

/** `task` no longer waits for `dependency`; it is ready when it waits for nothing else. */
export function unlink(graph: Graph, { task: number, dependency, by }: Edge): Decision {
  const ends = endsOf(graph, number, dependency);
  if (isRejection(ends)) return ends;
  const { task } = ends;
  if (!task.dependsOn.includes(dependency))
    return reject('not_found', `${ref(task)} does not wait for t${dependency}.`, {
      help: task.dependsOn.length === 0 ? 'It waits for nothing.' : `It depends on ${names(task.dependsOn)}.`,
    });
  return freed(task, { dependency, by });
}

function freed(task: Task, { dependency, by }: { dependency: number; by: string }): Event[] {
  const last = task.state === 'todo' && task.unmet.length === 1 && task.unmet[0] === dependency;
  return [
    { type: 'task_unlinked', task: task.number, dependency, by },
    ...(last ? [moved(task, 'ready', `no longer waits for t${dependency}`)] : []),
  ];
}

function endsOf(graph: Graph, number: number, dependency: number): { task: Task; on: Task } | Rejection {
  const refused = mayEdit(graph.run);
  if (refused !== null) return refused;
  const task = graph.tasks.get(number);
  const on = graph.tasks.get(dependency);
  if (task !== undefined && on !== undefined) return { task, on };
  return reject(
    'not_found',
    `Run ${graph.run.number} has no task t${task === undefined ? number : dependency}.`,
    { help: `It has t1 to t${graph.tasks.size}.` },
  );
}

/** Cancelled for good: nothing waits for it any more. What landed can't be dropped. */
export function drop(
  graph: Graph,
  { task, reason, by }: { task: Task; reason: string; by: string },
): Decision {
  const refused = mayEdit(graph.run);
  if (refused !== null) return refused;
  if (task.state === 'done')
    return reject('already_done', `${ref(task)} is done: it landed.`, {
      help: 'Revert it by a task of its own.',
    });
  const cancelled = task.state === 'cancelled' ? [] : decideTask(task, { type: 'cancel_task', reason });
  if (isRejection(cancelled)) return cancelled;
  const waiting = [...graph.tasks.values()].filter((other) => other.dependsOn.includes(task.number));
  return [...cancelled, ...waiting.flatMap((other) => freed(other, { dependency: task.number, by }))];
}

/** What a task says. While somebody works on it only its priority changes: its agent has read the rest. */
export function change(
  graph: Graph,
  { task, changes, by }: { task: Task; changes: TaskChanges; by: string },
): Decision {
  const refused = mayEdit(graph.run);
  if (refused !== null) return refused;
  const fields = Object.keys(changes);
  if (fields.length === 0)
    return reject('invalid_input', 'Nothing to change was given.', {
      help: 'Give at least one field of the task.',
    });
  if (task.state === 'done') return reject('already_done', `${ref(task)} is done already.`);
  if (!open.includes(task.state) && fields.some((field) => field !== 'priority'))
    return wrong(
      task,
      `get another ${fields.filter((field) => field !== 'priority').join(', ')}`,
      `send_message to ${ref(task)} tells its agent; its priority may change.`,
    );
  return [{ type: 'task_changed', task: task.number, changes, by }];
}

/** The states that are asked for by name; every other one is reached by work, by people or by GitHub. */
export function changeStatus(
  task: Task,
  wanted: { status: 'todo' | 'ready' | 'cancelled'; reason: string; by: string },
): Decision {
  const { status, reason, by } = wanted;
  if (task.state === status) return [];
  if (status === 'cancelled') return decideTask(task, { type: 'cancel_task', reason });
  if (status === 'todo')
    return task.state === 'ready'
      ? [moved(task, 'todo', reason)]
      : wrong(
          task,
          'be held back',
          'Only a ready task can be; cancel_task stops one that somebody works on.',
        );
  return task.state === 'todo' ? decideTask(task, { type: 'ready_task', reason }) : retry(task, by);
}

export const retry = (task: Task, by: string): Decision => decideTask(task, { type: 'retry_task', by });
