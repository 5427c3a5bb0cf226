/** What happens to a task between its approval and its merge (RE-5, RE-6). */
import { isRed, type Check } from './ci.ts';
import { decided, type Decision } from './decision.ts';
import type { Event } from './event.ts';
import { newMerging, type DequeueReason, type MergeChange, type Merging } from './merge.ts';
import { move, moved, wrong } from './task-move.ts';
import { mergeStarted, takenOut, type Task } from './task.ts';

export function startMerge(task: Task): Decision {
  if (task.state !== 'approved' || task.head === null)
    return wrong(task, 'be merged', 'It needs a person’s approval of its current head.');
  return [
    { type: 'merge_started', task: task.number, head: task.head },
    ...decided(move(task, 'merging', mergeStarted)),
  ];
}

/** What a job or a webhook found out; only news is recorded. */
export function moveMerge(task: Task, change: MergeChange): Decision {
  if (task.state !== 'merging') return [];
  const before = task.merge ?? newMerging(task.addedAt);
  const merge: Merging = { ...before, ...withoutUndefined(change) };
  return JSON.stringify(before) === JSON.stringify(merge)
    ? []
    : [{ type: 'merge_moved', task: task.number, merge }];
}

const withoutUndefined = (change: MergeChange): Partial<Merging> =>
  Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));

/** GitHub took it out of its queue; what follows from the reason is looked at outside, where GitHub can be read. */
export const leaveQueue = (task: Task, reason: DequeueReason): Decision =>
  moveMerge(task, { step: 'left', left: reason });

/** Out of the merge by a person's hand, or because it got nowhere: it stays approved until somebody says merge again. */
export const takeOut = (task: Task, reason: string): Decision =>
  task.state === 'merging' ? move(task, 'approved', `${takenOut}: ${reason}`) : [];

/** A merge group's checks were red: counted like any red CI; the consequence is policy's. */
export function failGroup(
  task: Task,
  failed: { head: string; checks: readonly Check[]; reason: string },
): Decision {
  if (task.state !== 'merging') return [];
  const failure: Event = {
    type: 'ci_failed',
    task: task.number,
    head: failed.head,
    where: 'merge_group',
    checks: failed.checks.filter(isRed),
    reason: failed.reason,
  };
  return [failure];
}

/** A push that is not ours, after approval or during review, asks again (RE-4), unless it changes nothing of what was approved. */
export function recordHead(
  task: Task,
  { head, by, unchanged }: { head: string; by: string; unchanged: boolean },
): Decision {
  if (task.head === head) return [];
  const same = unchanged && task.approvedHead !== null;
  return [
    { type: 'head_moved', task: task.number, head, by, unchanged: same },
    ...(same ? [] : backToReview(task, `${by} pushed after the approval`)),
  ];
}

/** An approval that holds no more: what is in the queue leaves it first. */
export function backToReview(task: Task, reason: string): Event[] {
  if (task.state !== 'approved' && task.state !== 'merging') return [];
  const approved: Task = { ...task, state: 'approved' };
  return [
    ...(task.state === 'merging' ? [moved(task, 'approved', reason)] : []),
    moved(approved, 'in_review', reason),
  ];
}

/** Back in review with what a person approved already, on top of a newer base: nobody is asked twice for the same. */
export const keepApproval = (task: Task): Decision =>
  task.state === 'in_review' &&
  task.head !== null &&
  task.approvedHead === task.head &&
  task.approvedBy !== null
    ? move(task, 'approved', `approved by @${task.approvedBy}; what it changes is the same on the newer base`)
    : [];
