/** Policy's reactions to red CI (KW-4): retry, then ask a person, pause or fail; and what the person's answer means. */
import { decided } from '../domain/decision.ts';
import type { Event, EventOf } from '../domain/event.ts';
import { asker, choiceOf, choices } from '../domain/escalation.ts';
import type { Policy } from '../domain/policy.ts';
import { decide as decideRun } from '../domain/run-rules.ts';
import { decide as decideSession } from '../domain/session-rules.ts';
import { decide as decideTask } from '../domain/task-rules.ts';
import { ref, type Task } from '../domain/task.ts';
import type { RunWork } from './run-work.ts';

/** What a reaction looks at of a run. */
type Standing = Pick<RunWork, 'run' | 'installation' | 'now' | 'questions' | 'sessions'>;

/** A live agent is told by its own call; without one the task goes back to work, as often as policy allows. */
export function afterRed(
  work: Standing,
  task: Task,
  {
    event,
    rules,
  }: { event: EventOf<'ci_failed'>; rules: { readonly reactions: Pick<Policy['reactions'], 'ci_failed'> } },
): Event[] {
  const { retry, then } = rules.reactions.ci_failed;
  const enough = task.ci.failures > retry;
  if (event.where === 'merge_group')
    return decided(
      enough
        ? decideTask(task, {
            type: 'take_out',
            reason: `CI was red ${times(task)} since the last retry, this time in the merge queue. Request changes to send it back to its agent, or \`/entourage merge\` to try again`,
          })
        : decideTask(task, { type: 'return_to_work', reason: event.reason }),
    );
  if (task.state !== 'in_progress') return [];
  if (!enough)
    return task.session === null
      ? decided(decideTask(task, { type: 'return_to_work', reason: event.reason }))
      : [];
  const reason = `CI was red ${times(task)}: ${names(event)}`;
  switch (then) {
    case 'escalate':
      // The question first: a session that ends while its task waits leaves it waiting.
      return [ask(work, task, event), ...endSession(work, task, `${reason}; a person decides`)];
    case 'pause':
      return [
        ...decided(decideRun(work.run, { type: 'pause_run', reason: `${ref(task)}: ${reason}` })),
        ...(task.session === null
          ? decided(decideTask(task, { type: 'return_to_work', reason: event.reason }))
          : []),
      ];
    case 'fail':
      return decided(decideTask(task, { type: 'give_up', reason }));
  }
}

const times = (task: Task): string => (task.ci.failures === 1 ? 'once' : `${task.ci.failures} times`);
const names = (event: EventOf<'ci_failed'>): string =>
  event.checks.map((check) => check.name).join(', ') || 'no check says why';

function ask(work: Standing, task: Task, event: EventOf<'ci_failed'>): Event {
  return {
    type: 'question_asked',
    question: {
      run: work.run.id,
      installation: work.installation,
      number: work.questions.size + 1,
      task: task.number,
      session: null,
      agent: asker,
      kind: 'question',
      text: `CI was red ${times(task)} for ${ref(task)}, the last time on ${event.head.slice(0, 7)}: ${names(event)}. What should happen now?`,
      options: Object.values(choices),
      fallback: null,
      deadline: null,
      state: 'open',
      answer: null,
      answeredBy: null,
      askedAt: work.now,
      answeredAt: null,
    },
  };
}

function endSession(work: Standing, task: Task, reason: string): Event[] {
  const session = task.session === null ? undefined : work.sessions.get(task.session);
  return session === undefined
    ? []
    : decided(decideSession(session, { type: 'end_session', outcome: 'suspended', reason }));
}

/** An agent's own question goes on with the answer; ours is a decision about the task. */
export function afterAnswer(work: Standing, task: Task, event: EventOf<'question_answered'>): Event[] {
  const ours = work.questions.get(event.question)?.session === null;
  const choice = ours ? choiceOf(event.text) : null;
  if (choice === 'over') return decided(decideTask(task, { type: 'take_over', by: event.by }));
  if (choice === 'drop')
    return decided(decideTask(task, { type: 'cancel_task', reason: `dropped by @${event.by}` }));
  return decided(decideTask(task, { type: 'continue_after_answer', answer: event.text }));
}
