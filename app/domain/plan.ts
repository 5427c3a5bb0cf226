/** A plan: the graph of tasks before it is approved. Validated as one; everything wrong with it is reported at once. */
import { z } from 'zod';
import { order } from './graph.ts';
import { reject, type Rejection } from './rejection.ts';
import { Priority, Role, Size } from './words.ts';

/** One line that people read in tables and titles: control characters and line breaks are refused, not repaired. */
const Line = (max: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(max)
    // eslint-disable-next-line no-control-regex -- control characters are exactly what is refused here
    .regex(/^[^\u0000-\u001f\u007f\u2028\u2029]*$/, 'one line without control characters');

export const PlannedTask = z.strictObject({
  title: Line(120),
  why: z.string().trim().max(500).default(''),
  description: z.string().trim().max(8_000).default(''),
  acceptance: z.array(Line(300)).max(20).default([]),
  size: Size.default('M'),
  priority: Priority.default('medium'),
  role: Role.default('engineer'),
  capabilities: z.array(z.string().trim().min(1).max(40)).max(10).default([]),
  /** Globs, from the repository's root, of what the task expects to touch. */
  files: z.array(z.string().trim().min(1).max(200)).max(50).default([]),
  agent: z.string().max(60).nullable().default(null),
  /** Positions in the same plan, from 1: task t1 is 1. */
  depends_on: z.array(z.int().positive()).max(100).default([]),
});
export type PlannedTask = z.infer<typeof PlannedTask>;

export const Plan = z.strictObject({
  tasks: z.array(PlannedTask).min(1),
  /** Which way made it: a manager's session, a model API, a built-in template, one dispatched task. */
  by: z.enum(['manager', 'model', 'template', 'dispatch']),
  /** The manager agent's name, the model's, the template's. */
  source: z.string(),
  /** Why a better way was not taken, for the card. */
  note: z.string().default(''),
  /** Dependencies that nobody stated; they are in `depends_on` too. Absent: none. */
  inferred: z.array(z.strictObject({ task: z.int(), on: z.int(), why: z.string() })).optional(),
});
export type Plan = z.infer<typeof Plan>;

/** Checks what no schema can say: size, known dependencies, no cycle. */
export function checkPlan(tasks: readonly PlannedTask[], maxTasks: number): Rejection | null {
  if (tasks.length === 0)
    return reject('invalid_input', 'The plan has no task.', { help: 'Give at least one task.' });
  if (tasks.length > maxTasks) {
    return reject(
      'too_many_tasks',
      `The plan has ${tasks.length} tasks; policy allows ${maxTasks} (plan.max_tasks).`,
      { help: 'Make fewer, larger tasks.' },
    );
  }
  const unknown = tasks.flatMap((task, index) =>
    task.depends_on
      .filter((dependency) => dependency > tasks.length)
      .map((dependency) => `t${index + 1} depends on t${dependency}`),
  );
  if (unknown.length > 0) {
    return reject(
      'unknown_dependency',
      `The plan names tasks that it does not have: ${unknown.join(', ')}.`,
      { help: `Tasks are t1 to t${tasks.length}.` },
    );
  }
  return checkEdges(tasks.map((task) => task.depends_on));
}

/** `dependsOn[i]` are the task numbers (from 1) that task i+1 waits for. */
function checkEdges(dependsOn: readonly (readonly number[])[]): Rejection | null {
  const sorted = order(
    dependsOn.map((dependencies) => [...new Set(dependencies)].map((number) => number - 1)),
  );
  if ('order' in sorted) return null;
  const walk = sorted.cycle.map((index) => `t${index + 1}`).join(' waits for ');
  return reject('cycle', `The tasks wait for each other: ${walk}.`, {
    help: 'Remove one of these dependencies.',
    data: { cycle: sorted.cycle.map((index) => index + 1) },
  });
}

/** Pairs of tasks that expect to touch the same files and are not ordered by the graph (PL-5, by literal globs). */
export function sharedFiles(
  tasks: readonly PlannedTask[],
): { first: number; second: number; files: string[] }[] {
  const reach = tasks.map((_, index) => ancestors(tasks, index));
  return tasks.flatMap((task, first) =>
    tasks.slice(first + 1).flatMap((other, offset) => {
      const second = first + 1 + offset;
      if (reach[second]?.has(first) || reach[first]?.has(second)) return [];
      const files = task.files.filter((file) => other.files.includes(file));
      return files.length === 0 ? [] : [{ first: first + 1, second: second + 1, files }];
    }),
  );
}

function ancestors(tasks: readonly PlannedTask[], index: number): Set<number> {
  const seen = new Set<number>();
  const open = [index];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    for (const dependency of tasks[node]?.depends_on ?? []) {
      if (!seen.has(dependency - 1)) {
        seen.add(dependency - 1);
        open.push(dependency - 1);
      }
    }
  }
  return seen;
}
