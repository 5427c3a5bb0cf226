/** A task as it begins, from an approved plan or added to the graph later. */
import { noCi } from './ci.ts';
import type { PlannedTask } from './plan.ts';
import type { Run } from './run.ts';
import type { Task } from './task.ts';
import type { Instant } from './words.ts';

/** The fields of a task as a plan or a later addition gives them; it waits for all of `dependsOn`. */
export function newTask(
  run: Run,
  planned: Omit<PlannedTask, 'depends_on'>,
  more: {
    number: number;
    dependsOn: readonly number[];
    unmet: readonly number[];
    addedBy: string | null;
    at: Instant;
  },
): Task {
  const sorted = (numbers: readonly number[]): number[] =>
    [...new Set(numbers)].sort((first, second) => first - second);
  const unmet = sorted(more.unmet);
  return {
    run: run.id,
    installation: run.installation,
    number: more.number,
    title: planned.title,
    why: planned.why,
    description: planned.description,
    acceptance: planned.acceptance.map((text) => ({ text, evidence: null })),
    size: planned.size,
    priority: planned.priority === 'medium' ? run.priority : planned.priority,
    role: planned.role,
    capabilities: planned.capabilities,
    files: planned.files,
    agent: planned.agent,
    dependsOn: sorted(more.dependsOn),
    unmet,
    addedBy: more.addedBy,
    state: 'todo',
    reason: waitsFor(unmet),
    attempts: 0,
    suspensions: 0,
    fencing: 0,
    session: null,
    branch: null,
    base: null,
    head: null,
    startHead: null,
    pull: null,
    pullUrl: null,
    reviewHead: null,
    summary: '',
    checksHead: null,
    checks: [],
    ci: noCi,
    agentReview: null,
    approvedHead: null,
    approvedBy: null,
    mergedCommit: null,
    merge: null,
    refused: null,
    context: {},
    budget: null,
    held: null,
    cost: 0,
    unpriced: 0,
    addedAt: more.at,
    readyAt: null,
    endedAt: null,
  };
}

const names = (numbers: readonly number[]): string => numbers.map((number) => `t${number}`).join(', ');
const waitsFor = (unmet: readonly number[]): string =>
  unmet.length === 0 ? '' : `waits for ${names(unmet)}`;
