/**
 * Dependencies where the planner states none (PL-6): tests follow the implementation, documentation follows the code, and
 * of two tasks that expect to touch the same files the later one waits. What is inferred is marked, and never makes a cycle.
 */
import type { PlannedTask } from './plan.ts';

/** Task numbers from 1. */
export type InferredDependency = { task: number; on: number; why: string };

type Kind = 'tests' | 'documentation' | 'code';

const testWords =
  /^(?:(?:add|write|extend|cover)\b.*\b)?(?:(?:unit|integration|end-to-end|e2e|regression) )?tests?\b/i;
const documentationWords =
  /^(?:document|describe|(?:(?:add|write|update|extend) )?(?:the )?(?:docs?|documentation|readme|changelog))\b/i;
const testFile = /(?:^|\/)(?:tests?|__tests__|e2e|spec)\/|\.(?:test|spec)\.[^/]*$/i;
const documentationFile = /(?:^|\/)docs?\/|\.(?:md|mdx|rst|adoc)$/i;

/** By its files where it names some, else by how its title begins. */
export function kindOf({ title, files }: Pick<PlannedTask, 'title' | 'files'>): Kind {
  if (files.length > 0) {
    if (files.every((file) => testFile.test(file))) return 'tests';
    return files.every((file) => documentationFile.test(file)) ? 'documentation' : 'code';
  }
  if (testWords.test(title)) return 'tests';
  return documentationWords.test(title) ? 'documentation' : 'code';
}

/** The plan with what follows from it, in the order of its tasks. A task with dependencies of its own keeps just those. */
export function inferDependencies(tasks: readonly PlannedTask[]): {
  tasks: PlannedTask[];
  inferred: InferredDependency[];
} {
  const after = tasks.map((task) => [...task.depends_on]);
  const inferred: InferredDependency[] = [];
  const kinds = tasks.map(kindOf);
  tasks.forEach((task, index) => {
    if (task.depends_on.length > 0) return;
    tasks.forEach((other, before) => {
      if (before === index) return;
      const shared = before < index && task.files.some((file) => other.files.includes(file));
      const why = reason(kinds[index], kinds[before]) ?? (shared ? 'they touch the same files' : null);
      if (why === null || reaches(after, index + 1, before + 1) || reaches(after, before + 1, index + 1))
        return;
      after[index]?.push(before + 1);
      inferred.push({ task: index + 1, on: before + 1, why });
    });
  });
  return { tasks: tasks.map((task, index) => ({ ...task, depends_on: after[index] ?? [] })), inferred };
}

function reason(kind: Kind | undefined, before: Kind | undefined): string | null {
  if (before !== 'code') return null;
  if (kind === 'tests') return 'tests follow the implementation';
  return kind === 'documentation' ? 'documentation follows the code' : null;
}

/** Whether `from` waits for `to`, over any number of others. */
function reaches(after: readonly (readonly number[])[], from: number, to: number): boolean {
  const seen = new Set<number>();
  const open = [from];
  for (let task = open.pop(); task !== undefined; task = open.pop()) {
    if (task === to) return true;
    if (seen.has(task)) continue;
    seen.add(task);
    open.push(...(after[task - 1] ?? []));
  }
  return false;
}
