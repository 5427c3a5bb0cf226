/** Every operation there is, by name. Doors and handlers are read off this table; a missing handler does not compile. */
import * as contracts from './contracts.ts';
import * as costs from './costs.ts';
import * as facts from './facts.ts';
import * as merges from './merges.ts';
import * as graph from './graph.ts';
import type { Operation } from './operation.ts';
import * as platform from './platform.ts';
import * as questions from './questions.ts';
import * as reviews from './reviews.ts';
import * as runs from './runs.ts';
import * as sessions from './sessions.ts';
import * as taskReading from './task-reading.ts';
import * as tasks from './tasks.ts';
import * as teams from './teams.ts';
import * as worktree from './worktree.ts';

/** Keyed by the constant's name; `name` is the wire's. */
export const catalog = {
  ...platform,
  ...runs,
  ...tasks,
  ...graph,
  ...taskReading,
  ...contracts,
  ...teams,
  ...questions,
  ...reviews,
  ...sessions,
  ...worktree,
  ...merges,
  ...costs,
  ...facts,
} as const;

type Catalog = typeof catalog;
type AnyOperation = Catalog[keyof Catalog];
export type OperationName = AnyOperation['name'];
/** Operations that the App answers; the runner answers the others. */
export type AppOperation = Extract<AnyOperation, { runs: 'app' }>;

export const operations: readonly Operation[] = Object.values(catalog);

const byName = new Map(operations.map((operation) => [operation.name, operation]));

export function findOperation(name: string): Operation | undefined {
  return byName.get(name);
}
