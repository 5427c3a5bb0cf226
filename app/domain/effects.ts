/** Event → what the world should see of it. Level-triggered: an effect names a thing to bring up to date, never a text to send. */
import type { Event } from './event.ts';
import type { Session } from './session.ts';
import type { RunId, SessionId } from './words.ts';

export type Effect =
  /** The run's comment on the issue. */
  | { type: 'show_card'; run: RunId }
  /** The task's branch, pull request, draft state and check run, as they should be now. */
  | { type: 'show_task'; run: RunId; task: number }
  | { type: 'show_question'; run: RunId; question: number }
  /** A reply in each answered thread that has none yet. */
  | { type: 'answer_threads'; run: RunId; task: number }
  /** The reviewer agent's review with its comments, once. */
  | { type: 'show_review'; run: RunId; task: number }
  | { type: 'merge_task'; run: RunId; task: number }
  /** Out of GitHub's merge queue, when the task is not on its way to a merge any more. */
  | { type: 'withdraw_merge'; run: RunId; task: number }
  /** Read the checks of the task's head and report them. */
  | { type: 'read_checks'; run: RunId; task: number }
  /** Remove the branch of a task that landed or will not land, and close the pull request of the latter. */
  | { type: 'retire_task'; run: RunId; task: number }
  /** Dispatch the workflow of sessions that are queued for GitHub Actions: the task's, or the run's own (null). */
  | { type: 'launch_session'; run: RunId; task: number | null }
  /** Cancel the workflow run that an ended session left behind. */
  | { type: 'cancel_launch'; run: RunId; session: SessionId }
  /** Ask the model API for the plan of that version. */
  | { type: 'plan_by_model'; run: RunId; version: number }
  /** Close the issue of a run that is done. */
  | { type: 'finish_run'; run: RunId };

// eslint-disable-next-line max-lines-per-function -- a table of events, a line or two each
export function effects(run: RunId, event: Event): Effect[] {
  const card: Effect = { type: 'show_card', run };
  switch (event.type) {
    case 'run_created':
      return [card];
    case 'run_done':
      return [card, { type: 'finish_run', run }];
    case 'planner_asked':
      return [card, { type: 'plan_by_model', run, version: event.version }];
    case 'planning_started':
    case 'plan_revision_requested':
    case 'plan_proposed':
    case 'run_approved':
    case 'run_paused':
    case 'run_resumed':
    case 'run_reopened':
    case 'run_cancelled':
    case 'run_failed':
    case 'manager_wanted':
    case 'manager_given_up':
    case 'run_summarized':
    case 'planning_paid':
      return [card];
    case 'task_added':
      return [card];
    case 'task_moved':
      return [card, ...taskEffects(run, event)];
    case 'task_linked':
    case 'task_unlinked':
    case 'task_changed':
    case 'pull_request_opened':
    case 'acceptance_ticked':
    case 'push_refused':
    case 'task_blocked':
    case 'task_taken_over':
    case 'checks_absent':
    case 'budget_set':
    case 'task_held':
    case 'ci_failed':
      return [card, ...showTask(run, event.task)];
    case 'checks_reported':
      // A merge may have waited for them.
      return [card, ...showTask(run, event.task), { type: 'merge_task', run, task: event.task }];
    case 'merge_moved':
      return [
        card,
        ...showTask(run, event.task),
        ...(event.merge.step === 'left' ? [{ type: 'merge_task', run, task: event.task } as const] : []),
      ];
    case 'session_queued':
      return [card, ...showTask(run, event.session.task), ...launch(run, event.session)];
    case 'session_requeued':
      return [card, ...showTask(run, event.task), ...launch(run, event)];
    case 'session_dispatched':
      // A runner that takes a session starts it at once; a workflow run may wait, and people want to see where.
      return event.runner === null ? [card] : [];
    case 'session_started':
    case 'session_got_stuck':
    case 'session_recovered':
    case 'usage_recorded':
      return [card, ...showTask(run, event.task)];
    case 'session_ended':
      return [
        card,
        ...showTask(run, event.task),
        ...(event.leftover ? [{ type: 'cancel_launch', run, session: event.session } as const] : []),
      ];
    case 'branch_created':
      // A session on Actions is dispatched once it has a branch to work on.
      return [{ type: 'launch_session', run, task: event.task }];
    case 'head_moved':
      return [
        ...showTask(run, event.task),
        { type: 'read_checks', run, task: event.task },
        // What was waited for may be this commit.
        ...(event.unchanged ? [{ type: 'merge_task', run, task: event.task } as const] : []),
      ];
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
    case 'agent_review_opened':
    case 'agent_review_closed':
      return [card, ...showTask(run, event.task)];
    case 'verdict_given':
      return [card, ...showTask(run, event.task), { type: 'show_review', run, task: event.task }];
    case 'merge_started':
      return [{ type: 'merge_task', run, task: event.task }];
    case 'dependency_met':
    case 'manager_retried':
    case 'contract_set':
    case 'contract_locked':
    case 'context_saved':
    case 'pull_request_merged':
    case 'review_received':
    case 'review_dismissed':
    case 'remark_added':
    case 'session_bound':
    case 'message_sent':
    case 'message_seen':
      return [];
  }
}

function taskEffects(run: RunId, event: Extract<Event, { type: 'task_moved' }>): Effect[] {
  if (event.to === 'todo') return [];
  if (event.to === 'cancelled')
    return event.from === 'todo' ? [] : [{ type: 'retire_task', run, task: event.task }];
  const show: Effect = { type: 'show_task', run, task: event.task };
  if (event.to === 'done') return [show, { type: 'retire_task', run, task: event.task }];
  return event.from === 'merging' ? [{ type: 'withdraw_merge', run, task: event.task }, show] : [show];
}

const launch = (run: RunId, { place, task }: Pick<Session, 'place' | 'task'>): Effect[] =>
  place === 'actions' ? [{ type: 'launch_session', run, task }] : [];

const showTask = (run: RunId, task: number | null): Effect[] =>
  task === null ? [] : [{ type: 'show_task', run, task }];

/** One job per thing to show: however many events ask for it, it is brought up to date once. */
export function effectKey(effect: Effect): string {
  return `${effect.type}:${effect.run}${keyPart(effect)}`;
}

function keyPart(effect: Effect): string {
  if ('task' in effect) return `:${effect.task}`;
  if ('version' in effect) return `:${effect.version}`;
  if ('question' in effect) return `:${effect.question}`;
  return 'session' in effect ? `:${effect.session}` : '';
}

/** Jobs of one queue run one after the other: two at once on the same thing could both find it missing and make it twice. */
export function effectQueue(effect: Effect): string {
  if (effect.type === 'launch_session' || effect.type === 'cancel_launch') return `launch:${effect.run}`;
  // A model takes minutes to answer; the card does not wait for it.
  if (effect.type === 'plan_by_model') return `plan:${effect.run}`;
  return 'task' in effect ? `task:${effect.run}:${effect.task}` : `run:${effect.run}`;
}
