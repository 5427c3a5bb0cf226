/** What red, late and missing checks do to a task (RE-7). */
import { counting, isRed, isSilent, type Check } from './ci.ts';
import type { Decision } from './decision.ts';
import type { Event } from './event.ts';
import { prove } from './proof.ts';
import { move, moved } from './task-move.ts';
import type { Task } from './task.ts';

/** Checks arrive in any order and late; only those of the current head count. */
export function reportChecks(task: Task, head: string, checks: readonly Check[]): Decision {
  if (head !== task.head) return [];
  const same = task.checksHead === head && JSON.stringify(task.checks) === JSON.stringify(checks);
  if (same) return [];
  const reported: Event = { type: 'checks_reported', task: task.number, head, checks: [...checks] };
  if (task.reviewHead !== head) return [reported];
  const proof = prove({ ...task, checksHead: head, checks: [...checks] });
  if (task.state === 'in_progress') return [reported, ...judge(task, head, { checks, proof })];
  // A person was asked what to do about red checks, and they are green now, run again by somebody.
  if (task.state === 'waiting' && task.session === null && task.ci.head === head && proof.state === 'given')
    return [
      reported,
      moved(task, 'in_progress', proof.words),
      moved({ ...task, state: 'in_progress' }, 'in_review', proof.words),
    ];
  return [reported];
}

function judge(
  task: Task,
  head: string,
  { checks, proof }: { checks: readonly Check[]; proof: ReturnType<typeof prove> },
): Event[] {
  if (proof.state === 'given') return [moved(task, 'in_review', proof.words)];
  if (proof.state === 'pending') return [];
  const red = counting(checks).filter(isRed);
  // Each head counts once, however often its checks report.
  if (red.length > 0 && task.ci.head !== head)
    return [
      { type: 'ci_failed', task: task.number, head, where: 'branch', checks: red, reason: proof.words },
    ];
  // A red check of a task whose agent is still there is told to the agent; nobody there: it goes back to work.
  return task.session === null ? [moved(task, 'ready', proof.words)] : [];
}

/** No check that counts showed up in time: the work goes to people as unproven, and they decide. */
export function acceptUnproven(task: Task): Decision {
  const waiting = task.state === 'in_progress' && task.reviewHead !== null && task.reviewHead === task.head;
  return waiting && prove(task).state === 'pending' && counting(task.checks).every(isSilent)
    ? move(task, 'in_review', 'unproven: no check ran on it')
    : [];
}

/** Why checks are missing is news once, and only about the head that is on the branch. */
export const recordAbsent = (task: Task, head: string, why: string): Decision =>
  head === task.head && task.ci.absent !== why
    ? [{ type: 'checks_absent', task: task.number, head, why }]
    : [];
