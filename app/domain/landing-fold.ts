/** How events of CI and of the merge change a task. */
import { isSilent } from './ci.ts';
import type { Event } from './event.ts';
import { newMerging } from './merge.ts';
import { mergeStarted, takenOver, type Task } from './task.ts';
import type { Instant } from './words.ts';

export function evolve(task: Task, event: Event, at: Instant): Task {
  switch (event.type) {
    case 'head_moved':
      return headMoved(task, event);
    case 'checks_reported': {
      const missing = event.checks.length === 0 || event.checks.some(isSilent);
      return {
        ...task,
        checksHead: event.head,
        checks: event.checks,
        ci: missing ? task.ci : { ...task.ci, absent: null },
      };
    }
    case 'checks_absent':
      return { ...task, ci: { ...task.ci, absent: event.why } };
    case 'ci_failed': {
      // A branch's own red checks are the task's `checks` already.
      const checks = event.where === 'merge_group' ? event.checks : [];
      return { ...task, ci: { ...task.ci, failures: task.ci.failures + 1, head: event.head, checks } };
    }
    case 'task_taken_over':
      return { ...task, reason: `${takenOver} @${event.by}` };
    case 'merge_started':
      return { ...task, merge: newMerging(at) };
    case 'merge_moved':
      // Asking again changes nothing about what stands in the way.
      return {
        ...task,
        merge: event.merge,
        reason: event.merge.step === 'asked' ? task.reason : mergeStarted,
      };
    default:
      return task;
  }
}

/** The approval goes along with what it approved; whatever else was said was said about the old head. */
function headMoved(task: Task, event: { head: string; unchanged: boolean }): Task {
  const kept = event.unchanged ? { approvedHead: event.head } : {};
  const asked = event.unchanged && task.reviewHead === task.head ? { reviewHead: event.head } : {};
  return { ...task, head: event.head, ci: { ...task.ci, absent: null }, ...kept, ...asked };
}
