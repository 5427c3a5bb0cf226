/** What may be asked of a task, decided: every refusal with its reason and what would help. */
import type { Event } from './event.ts';
import { prove } from './proof.ts';
import { reject, type Rejection } from './rejection.ts';
import type { Review } from './review.ts';
import type { Session, Outcome } from './session.ts';
import { mayMove, mergeStarted, ref, terminal, type Check, type Task, type TaskState } from './task.ts';

export type TaskCommand =
  | { type: 'meet_dependency'; dependency: number }
  | { type: 'ready_task'; reason: string }
  | { type: 'queue_session'; session: Session }
  | { type: 'record_branch'; branch: string; base: string; head: string }
  | { type: 'record_pull_request'; number: number; url: string }
  | { type: 'record_head'; head: string; by: string; ours: boolean }
  | { type: 'tick_acceptance'; item: number; evidence: string }
  | { type: 'request_review'; summary: string }
  | { type: 'report_checks'; head: string; checks: readonly Check[] }
  | { type: 'accept_unproven' }
  | { type: 'receive_review'; review: Review; enough: boolean }
  | { type: 'dismiss_approval'; by: string }
  | { type: 'start_merge' }
  | { type: 'return_to_work'; reason: string }
  | { type: 'record_blocked'; reason: string }
  | { type: 'record_merge'; commit: string | null; by: string }
  | { type: 'record_close'; by: string }
  | { type: 'record_reopen'; by: string }
  | { type: 'wait_for_answer'; question: number }
  | { type: 'continue_after_answer'; answer: string | null }
  | { type: 'end_work'; outcome: Outcome; reason: string; attemptsAllowed: number }
  | { type: 'cancel_task'; reason: string }
  | { type: 'retry_task'; by: string }
  | { type: 'save_context'; key: string; value: string };

type Decision = Event[] | Rejection;

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
    case 'receive_review':
      return receiveReview(task, command.review, command.enough);
    case 'dismiss_approval':
      return backToReview(task, `the approval of @${command.by} was dismissed`);
    case 'start_merge':
      if (task.state !== 'approved' || task.head === null)
        return wrong(task, 'be merged', 'It needs a person’s approval of its current head.');
      return [
        { type: 'merge_started', task: task.number, head: task.head },
        ...events(move(task, 'merging', mergeStarted)),
      ];
    case 'return_to_work':
      return returnToWork(task, command.reason);
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
    case 'save_context':
      return [{ type: 'context_saved', task: task.number, key: command.key, value: command.value }];
  }
}

const moved = (task: Task, to: TaskState, reason: string): Event => ({
  type: 'task_moved',
  task: task.number,
  from: task.state,
  to,
  reason,
});

/** The one place that makes a transition on our own authority: the table says whether it is possible. */
function move(task: Task, to: TaskState, reason: string): Decision {
  return mayMove(task.state, to) ? [moved(task, to, reason)] : wrong(task, `become ${to.replace('_', ' ')}`);
}

const events = (decision: Decision): Event[] => (Array.isArray(decision) ? decision : []);

function wrong(task: Task, verb: string, help?: string): Rejection {
  return reject(
    'wrong_state',
    `Task ${ref(task)} is ${task.state.replace('_', ' ')}; it can't ${verb} now.`,
    {
      data: { task: ref(task), state: task.state },
      ...(help === undefined ? {} : { help }),
    },
  );
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
    ...(session.kind === 'work' ? events(move(task, 'in_progress', assignment(task, session))) : []),
  ];
}

/** A task that came back keeps why: its next agent's prompt says what to mend. */
const assignment = (task: Task, session: Session): string =>
  task.fencing === 0 || task.reason === ''
    ? `assigned to ${session.agent}`
    : `assigned to ${session.agent} again: ${task.reason.slice(0, 4_000)}`;

/** A push that is not ours, after approval or during review, asks again (RE-4). */
function recordHead(task: Task, command: { head: string; by: string; ours: boolean }): Decision {
  if (task.head === command.head) return [];
  return [
    { type: 'head_moved', task: task.number, head: command.head, by: command.by },
    ...backToReview(task, `${command.by} pushed after the approval`),
  ];
}

/** An approval that holds no more: what is in the queue leaves it first. */
function backToReview(task: Task, reason: string): Event[] {
  if (task.state !== 'approved' && task.state !== 'merging') return [];
  const approved: Task = { ...task, state: 'approved' };
  return [
    ...(task.state === 'merging' ? [moved(task, 'approved', reason)] : []),
    moved(approved, 'in_review', reason),
  ];
}

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

/** Checks arrive in any order and late; only those of the current head count. */
function reportChecks(task: Task, head: string, checks: readonly Check[]): Decision {
  if (head !== task.head) return [];
  const same = task.checksHead === head && JSON.stringify(task.checks) === JSON.stringify(checks);
  if (same) return [];
  const reported: Event = { type: 'checks_reported', task: task.number, head, checks: [...checks] };
  const proof = prove({ ...task, checksHead: head, checks: [...checks] });
  if (task.state !== 'in_progress' || task.reviewHead !== head) return [reported];
  if (proof.state === 'given') return [reported, moved(task, 'in_review', proof.words)];
  // A red check of a task whose agent is still there is told to the agent; nobody there: it goes back to work.
  if (proof.state === 'missing' && proof.fix && task.session === null)
    return [reported, moved(task, 'ready', proof.words)];
  return [reported];
}

/** No check showed up in time: the work goes to people as unproven, and they decide. */
function acceptUnproven(task: Task): Decision {
  const waiting = task.state === 'in_progress' && task.reviewHead !== null && task.reviewHead === task.head;
  return waiting && prove(task).state === 'pending' && task.checks.length === 0
    ? move(task, 'in_review', 'unproven: no check ran on it')
    : [];
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
function endWork(task: Task, end: { outcome: Outcome; reason: string; attemptsAllowed: number }): Decision {
  if (task.state === 'waiting') return end.outcome === 'suspended' ? [] : retryOrFail(task, end);
  if (task.state !== 'in_progress') return [];
  if (end.outcome === 'suspended') return move(task, 'ready', end.reason);
  if (task.reviewHead !== null && task.reviewHead === task.head) {
    const proof = prove(task);
    if (proof.state === 'given') return move(task, 'in_review', proof.words);
    if (proof.state === 'pending') return [];
  }
  return retryOrFail(task, end);
}

/** Decided after `session_ended` was folded in, so the attempt is counted already. */
function retryOrFail(
  task: Task,
  end: { outcome: Outcome; reason: string; attemptsAllowed: number },
): Decision {
  const words =
    end.outcome === 'completed'
      ? `the agent stopped without asking for review${end.reason === end.outcome ? '' : `: ${end.reason}`}`
      : end.reason;
  return task.attempts >= end.attemptsAllowed
    ? move(task, 'failed', `${words} (attempt ${task.attempts} of ${end.attemptsAllowed})`)
    : move(task, 'ready', `${words}; trying again`);
}

function retry(task: Task, by: string): Decision {
  if (task.state !== 'failed' && task.state !== 'cancelled')
    return wrong(task, 'be retried', 'Only a failed or cancelled task can be retried.');
  if (task.unmet.length > 0) return unmet(task);
  return move(task, 'ready', `retried by ${by}`);
}
