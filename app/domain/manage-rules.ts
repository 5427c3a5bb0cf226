/** When a run's manager is woken, and when nobody wakes it any more (TA-14). */
import type { Event } from './event.ts';
import type { Waking, WakeReason } from './managing.ts';
import { addressedTo } from './message.ts';
import type { Question } from './question.ts';
import type { Run } from './run.ts';
import type { Role } from './words.ts';

export type ManageRules = {
  readonly agents: readonly { readonly name: string; readonly role: Role }[];
  readonly manage: { readonly woken_by: readonly Waking[] };
};

/** What surrounds an event: `byHand` says that a person stopped the task's session, `question` is the one it is about. */
export type Surroundings = {
  readonly rules: ManageRules;
  readonly byHand: boolean;
  readonly question: Question | null;
};

/** A run that wakes its manager again and again has a trouble that only a person mends. */
export const maxManageSessions = 30;

/** The events that wake the manager because of this one. */
export function wakes(run: Run, event: Event, around: Surroundings): Event[] {
  const reason = wakeReason(run, event, around);
  const managers = around.rules.agents.some(({ role }) => role === 'manager');
  return reason === null || !managers ? [] : [{ type: 'manager_wanted', reason }];
}

function wakeReason(run: Run, event: Event, around: Surroundings): WakeReason | null {
  const { woken_by: on } = around.rules.manage;
  // One task for one agent, without a manager: nobody asked for one.
  const managed = run.plan?.by !== 'dispatch';
  switch (event.type) {
    case 'task_moved':
      return event.to === 'failed' && managed && !around.byHand && on.includes('failure')
        ? { kind: 'task_failed', task: event.task }
        : null;
    case 'run_done':
    case 'run_failed':
      return managed && on.includes('end')
        ? { kind: 'run_ended', state: event.type === 'run_done' ? 'done' : 'failed' }
        : null;
    case 'message_sent':
      return on.includes('message') ? fromMessage(event.message, around.rules) : null;
    case 'question_answered':
    case 'question_expired':
      return fromAnswer(run, around.question);
    default:
      return null;
  }
}

type Sent = Extract<Event, { type: 'message_sent' }>['message'];

/** A manager's own words wake no manager. */
function fromMessage(message: Sent, { agents }: ManageRules): WakeReason | null {
  const managers = agents.filter(({ role }) => role === 'manager');
  const wanted = managers.some((agent) =>
    addressedTo(message, { task: null, role: agent.role, agent: agent.name }),
  );
  if (!wanted || managers.some(({ name }) => name === message.from)) return null;
  return {
    kind: 'message',
    message: message.id,
    from: message.from,
    person: message.from.startsWith('@'),
  };
}

/** A live session hears the answer itself. */
function fromAnswer(run: Run, question: Question | null): WakeReason | null {
  if (question === null || question.task !== null || question.session === null) return null;
  const planning = run.state === 'planning' || run.state === 'draft';
  return planning || question.session === run.managing.session
    ? null
    : { kind: 'answer', question: question.number };
}

/** Somebody wants the manager, nobody looks at it yet, and the run is where a manager has something to do. */
export const wantsManager = (run: Run): boolean =>
  run.managing.reasons.length > 0 &&
  run.managing.session === null &&
  (run.state === 'executing' || run.state === 'done' || run.state === 'failed');

/** Why the manager is not woken any more; null while it may be. */
export function givenUp(run: Run, attempts: number, lastWords: string | null): string | null {
  const { managing } = run;
  if (managing.attempts >= attempts)
    return `the manager's session failed ${managing.attempts === 1 ? 'once' : `${managing.attempts} times`}${lastWords === null ? '' : `: ${lastWords}`}`;
  const person = managing.reasons.some((reason) => reason.kind === 'message' && reason.person);
  return managing.sessions >= maxManageSessions && !person
    ? `the manager was woken ${managing.sessions} times already; a message to it from a person wakes it again`
    : null;
}
