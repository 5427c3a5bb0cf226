/** What may be asked of a task, decided: every refusal with its reason and what would help. */
import type { Micros } from './words.ts';
import { decided, type Decision } from './decision.ts';
import type { Event } from './event.ts';
import { acceptUnproven, recordAbsent, reportChecks } from './ci-rules.ts';
import type { Check } from './ci.ts';
import {
  backToReview,
  failGroup,
  keepApproval,
  leaveQueue,
  moveMerge,
  recordHead,
  startMerge,
  takeOut,
} from './merge-rules.ts';
import type { DequeueReason, MergeChange } from './merge.ts';
import { prove } from './proof.ts';
import { reject, type Rejection } from './rejection.ts';
import type { Review } from './review.ts';
import type { Session, Outcome } from './session.ts';
import { move, moved, wrong } from './task-move.ts';
import { ref, takenOver, terminal, type Task } from './task.ts';

export type TaskCommand =
  | { type: 'meet_dependency'; dependency: number }
  | { type: 'ready_task'; reason: string }
  | { type: 'queue_session'; session: Session }
  | { type: 'record_branch'; branch: string; base: string; head: string }
  | { type: 'record_pull_request'; number: number; url: string }
  | { type: 'record_head'; head: string; by: string; unchanged: boolean }
  | { type: 'tick_acceptance'; item: number; evidence: string }
  | { type: 'request_review'; summary: string }
  | { type: 'report_checks'; head: string; checks: readonly Check[] }
  | { type: 'accept_unproven' }
  | { type: 'record_absent'; head: string; why: string }
  | { type: 'receive_review'; review: Review; enough: boolean }
  | { type: 'dismiss_approval'; by: string }
  | { type: 'start_merge' }
  | { type: 'move_merge'; change: MergeChange }
  | { type: 'leave_queue'; reason: DequeueReason }
  | { type: 'take_out'; reason: string }
  | { type: 'fail_group'; head: string; checks: readonly Check[]; reason: string }
  | { type: 'keep_approval' }
  | { type: 'take_over'; by: string }
  | { type: 'return_to_work'; reason: string }
  | { type: 'give_up'; reason: string }
  | { type: 'record_blocked'; reason: string }
  | { type: 'record_merge'; commit: string | null; by: string }
  | { type: 'record_close'; by: string }
  | { type: 'record_reopen'; by: string }
  | { type: 'wait_for_answer'; question: number }
  | { type: 'continue_after_answer'; answer: string | null }
  | ({ type: 'end_work' } & WorkEnd)
  | { type: 'cancel_task'; reason: string }
  | { type: 'retry_task'; by: string }
  | { type: 'set_budget'; budget: Micros; by: string }
  | { type: 'save_context'; key: string; value: string };

/** How a work session ended. `cancelled`: somebody cancelled its workflow run by hand. */
export type WorkEnd = { outcome: Outcome; reason: string; cancelled: boolean; attemptsAllowed: number };

// eslint-disable-next-line max-lines-per-function -- a table of commands, one line each
export function decide(task: Task, command: TaskCommand): Decision {
  switch (command.type) {
    case 'meet_dependency':
      return meetDependency(task, command.dependency);
    case 'ready_task':
      return task.unmet.length > 0 ? unmet(task) : move(task, 'ready', command.reason);
    case 'queue_session':
      return queueSession(task, command.session);
    case 'record_branch':
      return task.branch === null
        ? [
            {
              type: 'branch_created',
              task: task.number,
              branch: command.branch,
              base: command.base,
              head: command.head,
            },
          ]
        : [];
    case 'record_pull_request':
      return task.pull === null
        ? [{ type: 'pull_request_opened', task: task.number, number: command.number, url: command.url }]
        : [];
    case 'record_head':
      return recordHead(task, command);
    case 'tick_acceptance':
      if (task.acceptance[command.item] === undefined)
        return reject(
          'not_found',
          `${ref(task)} has no acceptance item ${command.item + 1}; it has ${task.acceptance.length}.`,
        );
      return [
        { type: 'acceptance_ticked', task: task.number, item: command.item, evidence: command.evidence },
      ];
    case 'request_review':
      return requestReview(task, command.summary);
    case 'report_checks':
      return reportChecks(task, command.head, command.checks);
    case 'accept_unproven':
      return acceptUnproven(task);
    case 'record_absent':
      return recordAbsent(task, command.head, command.why);
    case 'receive_review':
      return receiveReview(task, command.review, command.enough);
    case 'dismiss_approval':
      return backToReview(task, `the approval of @${command.by} was dismissed`);
    case 'start_merge':
      return startMerge(task);
    case 'move_merge':
      return moveMerge(task, command.change);
    case 'leave_queue':
      return leaveQueue(task, command.reason);
    case 'take_out':
      return takeOut(task, command.reason);
    case 'fail_group':
      return failGroup(task, command);
    case 'keep_approval':
      return keepApproval(task);
    case 'take_over':
      return task.state === 'waiting'
        ? [{ type: 'task_taken_over', task: task.number, by: command.by }]
        : wrong(task, 'be taken over');
    case 'return_to_work':
      return returnToWork(task, command.reason);
    case 'give_up':
      return move(task, 'failed', command.reason);
    case 'record_blocked':
      // GitHub is asked again and again; only other words are news.
      return task.state === 'merging' && task.reason !== command.reason
        ? [{ type: 'task_blocked', task: task.number, reason: command.reason }]
        : [];
    case 'record_merge':
      if (task.state === 'done') return [];
      return [
        { type: 'pull_request_merged', task: task.number, commit: command.commit, by: command.by },
        moved(task, 'done', `merged by ${command.by}`),
      ];
    case 'record_close':
      return terminal(task) ? [] : [moved(task, 'cancelled', `its pull request was closed by ${command.by}`)];
    case 'record_reopen':
      return task.state === 'cancelled' && task.unmet.length === 0
        ? move(task, 'ready', `its pull request was reopened by ${command.by}`)
        : [];
    case 'wait_for_answer':
      return task.state === 'waiting'
        ? []
        : move(task, 'waiting', `waits for an answer to q${command.question}`);
    case 'continue_after_answer':
      return continueAfterAnswer(task, command.answer);
    case 'end_work':
      return endWork(task, command);
    case 'cancel_task':
      if (terminal(task) && task.state !== 'failed')
        return reject('already_done', `${ref(task)} is ${task.state} already.`);
      return move(task, 'cancelled', command.reason);
    case 'retry_task':
      return retry(task, command.by);
    case 'set_budget':
      if (terminal(task) && task.state !== 'failed')
        return reject('already_done', `${ref(task)} is ${task.state} already.`);
      return [{ type: 'budget_set', task: task.number, budget: command.budget, by: command.by }];
    case 'save_context':
      return [{ type: 'context_saved', task: task.number, key: command.key, value: command.value }];
  }
}

function unmet(task: Task): Rejection {
  return reject(
    'wrong_state',
    `Task ${ref(task)} can't start: it waits for ${task.unmet.map((number) => `t${number}`).join(', ')}.`,
    {
      help: `Finish them, or \`/entourage unlink t${task.unmet[0] ?? 0} ${ref(task)}\`.`,
      data: { task: ref(task), unmet: task.unmet },
    },
  );
}

function meetDependency(task: Task, dependency: number): Decision {
  if (!task.unmet.includes(dependency)) return [];
  const met: Event = { type: 'dependency_met', task: task.number, dependency };
  const last = task.unmet.length === 1 && task.state === 'todo';
  return last ? [met, moved(task, 'ready', 'everything it depends on is done')] : [met];
}

function queueSession(task: Task, session: Session): Decision {
  if (task.session !== null) return reject('wrong_state', `Task ${ref(task)} has a live session already.`);
  return [
    { type: 'session_queued', session },
    ...(session.kind === 'work' ? decided(move(task, 'in_progress', assignment(task, session))) : []),
  ];
}

/** A task that came back keeps why: its next agent's prompt says what to mend. */
const assignment = (task: Task, session: Session): string =>
  task.fencing === 0 || task.reason === ''
    ? `assigned to ${session.agent}`
    : `assigned to ${session.agent} again: ${task.reason.slice(0, 4_000)}`;

function requestReview(task: Task, summary: string): Decision {
  if (task.state !== 'in_progress') return wrong(task, 'be given to review');
  if (task.head === null || task.head === task.base || task.head === task.startHead || task.branch === null) {
    return reject('proof_missing', `Task ${ref(task)} has no commits of yours yet.`, {
      help: 'Commit your work, push_branch, then request_review again.',
    });
  }
  const requested: Event[] =
    task.reviewHead === task.head && task.summary === summary
      ? []
      : [{ type: 'review_requested', task: task.number, head: task.head, summary }];
  const proof = prove({ ...task, reviewHead: task.head });
  if (proof.state === 'given') return [...requested, moved(task, 'in_review', proof.words)];
  if (proof.state === 'missing' && proof.fix)
    return reject('proof_missing', proof.words, { help: proof.help });
  return requested;
}

/** `enough`: with this one, as many people approved this head as policy asks for. */
function receiveReview(task: Task, review: Review, enough: boolean): Decision {
  const received: Event = { type: 'review_received', review };
  if (review.verdict === 'request_changes' && ['in_review', 'approved', 'merging'].includes(task.state)) {
    const inReview: Task = { ...task, state: 'in_review' };
    return [
      received,
      ...backToReview(task, 'changes requested'),
      moved(inReview, 'ready', `@${review.by} requested changes`),
    ];
  }
  if (review.verdict === 'approve' && task.state === 'in_review') {
    if (review.head !== task.head) return [{ ...received, review: { ...review, verdict: 'comment' } }];
    return enough ? [received, moved(task, 'approved', `approved by @${review.by}`)] : [received];
  }
  return [
    review.verdict === 'approve' && review.head !== task.head
      ? { ...received, review: { ...review, verdict: 'comment' } }
      : received,
  ];
}

/** A conflict, a red merge group: back to the agent with the reason (RE-6). */
function returnToWork(task: Task, reason: string): Decision {
  return task.state === 'merging' || task.state === 'in_review' || task.state === 'in_progress'
    ? move(task, 'ready', reason)
    : [];
}

function continueAfterAnswer(task: Task, answer: string | null): Decision {
  if (task.state !== 'waiting') return [];
  if (answer === null) return move(task, 'failed', 'its question had no answer in time and no fallback');
  return task.session === null
    ? move(task, 'ready', 'its question was answered')
    : move(task, 'in_progress', 'its question was answered');
}

/** Ending is by GitHub's facts: a session that asked for review leaves the task to its checks; any other end is judged. */
function endWork(task: Task, end: WorkEnd): Decision {
  const suspended = end.outcome === 'suspended' && !end.cancelled;
  // The question outlives a session that was suspended or lost: its answer begins the next one.
  if (task.state === 'waiting')
    return suspended || (end.outcome === 'lost' && !end.cancelled) ? [] : retryOrFail(task, end);
  if (task.state !== 'in_progress') return [];
  if (suspended) return goOnOrFail(task, end);
  if (task.reviewHead !== null && task.reviewHead === task.head) {
    const proof = prove(task);
    if (proof.state === 'given') return move(task, 'in_review', proof.words);
    if (proof.state === 'pending') return [];
  }
  return retryOrFail(task, end);
}

/** Time was up: another session goes on from the branch. One that never gets anywhere is no endless bill. */
function goOnOrFail(task: Task, end: WorkEnd): Decision {
  return task.suspensions > end.attemptsAllowed
    ? move(
        task,
        'failed',
        `${task.suspensions} sessions in a row met their time limit without a new commit; split it, or raise limits.session_minutes, then /entourage retry ${ref(task)}`,
      )
    : move(task, 'ready', end.reason);
}

/** Decided after `session_ended` was folded in, so the attempt is counted already. */
function retryOrFail(task: Task, end: WorkEnd): Decision {
  // Whoever cancels a workflow run wants it to stop: it starts again when somebody says so, and not before.
  if (end.cancelled)
    return move(task, 'failed', `${end.reason.replace(/\.$/, '')}; /entourage retry ${ref(task)} goes on`);
  // Nobody's fault: its run is paused, its budget is used up, or it was asked to stop.
  if (end.outcome === 'stopped') return move(task, 'ready', end.reason);
  const words =
    end.outcome === 'completed'
      ? `the agent stopped without asking for review${end.reason === end.outcome ? '' : `: ${end.reason}`}`
      : end.reason;
  return task.attempts >= end.attemptsAllowed
    ? move(task, 'failed', `${words} (attempt ${task.attempts} of ${end.attemptsAllowed})`)
    : move(task, 'ready', `${words}; trying again`);
}

function retry(task: Task, by: string): Decision {
  const heldByHand = task.state === 'waiting' && task.reason.startsWith(takenOver);
  if (task.state !== 'failed' && task.state !== 'cancelled' && !heldByHand)
    return wrong(task, 'be retried', 'Only a failed or cancelled task can be retried.');
  if (task.unmet.length > 0) return unmet(task);
  return move(task, 'ready', `retried by ${by}`);
}
