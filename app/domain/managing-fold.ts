/** How events change what a run's manager is wanted for. */
import type { Event } from './event.ts';
import type { Managing, WakeReason } from './managing.ts';

/** Reasons of the same thing are one reason. */
const same = (first: WakeReason, second: WakeReason): boolean =>
  JSON.stringify(keyOf(first)) === JSON.stringify(keyOf(second));

function keyOf(reason: WakeReason): (string | number)[] {
  switch (reason.kind) {
    case 'task_failed':
      return [reason.kind, reason.task];
    case 'message':
      return [reason.kind, reason.message];
    case 'answer':
      return [reason.kind, reason.question];
    case 'run_ended':
      return [reason.kind];
  }
}

const together = (first: readonly WakeReason[], second: readonly WakeReason[]): WakeReason[] => [
  ...first,
  ...second.filter((reason) => !first.some((known) => same(known, reason))),
];

export function evolve(managing: Managing, event: Event): Managing {
  switch (event.type) {
    case 'manager_wanted':
      return { ...managing, reasons: together(managing.reasons, [event.reason]), gaveUp: null };
    case 'manager_given_up':
      return { ...managing, reasons: [], attempts: 0, gaveUp: event.reason };
    case 'manager_retried':
      return { ...managing, retried: [...managing.retried, event.task] };
    case 'session_queued':
      return event.session.kind === 'manage'
        ? { ...managing, session: event.session.id, sessions: managing.sessions + 1 }
        : managing;
    // From here on its prompt is written: what comes later is for the next one.
    case 'session_dispatched':
    case 'session_bound':
      return event.session === managing.session
        ? { ...managing, taken: together(managing.taken, managing.reasons), reasons: [] }
        : managing;
    case 'session_ended':
      return event.session === managing.session ? sessionEnded(managing, event) : managing;
    case 'message_seen':
      return without(managing, (reason) => reason.kind === 'message' && reason.message === event.message);
    case 'task_moved':
      // Somebody was faster.
      return event.from === 'failed'
        ? without(managing, (reason) => reason.kind === 'task_failed' && reason.task === event.task)
        : managing;
    case 'run_reopened':
    case 'run_summarized':
      return without(managing, (reason) => reason.kind === 'run_ended');
    case 'run_cancelled':
      return { ...managing, reasons: [], taken: [] };
    default:
      return managing;
  }
}

function without(managing: Managing, gone: (reason: WakeReason) => boolean): Managing {
  const left = (reasons: WakeReason[]): WakeReason[] => reasons.filter((reason) => !gone(reason));
  return { ...managing, reasons: left(managing.reasons), taken: left(managing.taken) };
}

/** One that waits for a person's answer is woken by it, and needs no other reason. */
function sessionEnded(managing: Managing, { outcome }: { outcome: string }): Managing {
  const over = { ...managing, session: null, taken: [] };
  if (outcome === 'completed') return { ...over, attempts: 0, gaveUp: null };
  if (outcome === 'suspended') return over;
  return {
    ...over,
    reasons: together(managing.taken, managing.reasons),
    attempts: managing.attempts + 1,
  };
}
