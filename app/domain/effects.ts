/** Event → what the world should see of it. Level-triggered: an effect names a thing to bring up to date, never a text to send. */
import type { Event } from './event.ts';
import type { RunId } from './words.ts';

export type Effect =
  /** The run's comment on the issue. */
  | { type: 'show_card'; run: RunId }
  /** The task's branch, pull request, draft state and check run, as they should be now. */
  | { type: 'show_task'; run: RunId; task: number }
  | { type: 'show_question'; run: RunId; question: number }
  /** A reply in each answered thread that has none yet. */
  | { type: 'answer_threads'; run: RunId; task: number }
  | { type: 'merge_task'; run: RunId; task: number }
  /** Read the checks of the task's head and report them. */
  | { type: 'read_checks'; run: RunId; task: number }
  /** Close the pull request and remove the branch of a task that will not land. */
  | { type: 'retire_task'; run: RunId; task: number }
  /** Close the issue of a run that is done. */
  | { type: 'finish_run'; run: RunId };

export function effects(run: RunId, event: Event): Effect[] {
  const card: Effect = { type: 'show_card', run };
  switch (event.type) {
    case 'run_created':
      return [card];
    case 'run_done':
      return [card, { type: 'finish_run', run }];
    case 'planning_started':
    case 'plan_revision_requested':
    case 'plan_proposed':
    case 'run_approved':
    case 'run_paused':
    case 'run_resumed':
    case 'run_reopened':
    case 'run_cancelled':
    case 'run_failed':
      return [card];
    case 'task_added':
      return [card];
    case 'task_moved':
      return [card, ...taskEffects(run, event)];
    case 'pull_request_opened':
    case 'session_queued':
    case 'acceptance_ticked':
    case 'push_refused':
    case 'task_blocked':
    case 'checks_reported':
      return [card, ...showTask(run, event.type === 'session_queued' ? event.session.task : event.task)];
    case 'session_started':
    case 'usage_recorded':
    case 'session_ended':
      return [card, ...showTask(run, event.task)];
    case 'head_moved':
      return [...showTask(run, event.task), { type: 'read_checks', run, task: event.task }];
    case 'review_requested':
      return [...showTask(run, event.task), { type: 'read_checks', run, task: event.task }];
    case 'question_asked':
      return [card, { type: 'show_question', run, question: event.question.number }];
    case 'question_answered':
    case 'question_expired':
    case 'question_withdrawn':
      return [card, { type: 'show_question', run, question: event.question }];
    case 'thread_answered':
      return [{ type: 'answer_threads', run, task: event.task }];
    case 'merge_started':
      return [{ type: 'merge_task', run, task: event.task }];
    case 'branch_created':
    case 'dependency_met':
    case 'context_saved':
    case 'pull_request_merged':
    case 'review_received':
    case 'review_dismissed':
    case 'session_dispatched':
    case 'message_sent':
    case 'message_seen':
      return [];
  }
}

function taskEffects(run: RunId, event: Extract<Event, { type: 'task_moved' }>): Effect[] {
  if (event.to === 'todo') return [];
  if (event.to === 'cancelled')
    return event.from === 'todo' ? [] : [{ type: 'retire_task', run, task: event.task }];
  return [{ type: 'show_task', run, task: event.task }];
}

const showTask = (run: RunId, task: number | null): Effect[] =>
  task === null ? [] : [{ type: 'show_task', run, task }];

/** One job per thing to show: however many events ask for it, it is brought up to date once. */
export function effectKey(effect: Effect): string {
  const part = 'task' in effect ? `:${effect.task}` : 'question' in effect ? `:${effect.question}` : '';
  return `${effect.type}:${effect.run}${part}`;
}

/** Jobs of one queue run one after the other: two at once on the same thing could both find it missing and make it twice. */
export function effectQueue(effect: Effect): string {
  return 'task' in effect ? `task:${effect.run}:${effect.task}` : `run:${effect.run}`;
}
