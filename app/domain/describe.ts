/** An event in words, for timelines and for the card. Plain text: whoever shows it escapes it. */
import type { Event } from './event.ts';
import { reasonWords } from './managing.ts';
import { mergeWords } from './merge.ts';
import { byName } from './review.ts';
import { costWords, dollars } from './words.ts';

const short = (sha: string): string => sha.slice(0, 7);
const words = (state: string): string => state.replace('_', ' ');

// eslint-disable-next-line max-lines-per-function -- a table of events, one line each
export function describeEvent(event: Event): string {
  switch (event.type) {
    case 'run_created':
      return `run ${event.run.number} started by @${event.run.requester}`;
    case 'planning_started':
      return 'planning started';
    case 'plan_proposed':
      return `plan version ${event.version} proposed: ${event.plan.tasks.length} ${event.plan.tasks.length === 1 ? 'task' : 'tasks'} by ${event.plan.source}`;
    case 'plan_revision_requested':
      return `@${event.by} asked for another plan: ${event.feedback}`;
    case 'run_approved':
      return `@${event.by} approved plan version ${event.version}`;
    case 'run_paused':
      return event.reason === null ? 'run paused' : `run paused: ${event.reason}`;
    case 'run_resumed':
      return 'run resumed';
    case 'run_reopened':
      return 'run goes on';
    case 'run_cancelled':
      return `run cancelled: ${event.reason}`;
    case 'run_failed':
      return `run failed: ${event.reason}`;
    case 'run_done':
      return 'run done';
    case 'contract_set':
      return `contract ${event.contract} written by ${event.by}`;
    case 'contract_locked':
      return `contract ${event.contract} locked by ${event.by}`;
    case 'task_added':
      return `t${event.task.number} added${event.task.addedBy === null ? '' : ` by ${event.task.addedBy}`}: ${event.task.title}`;
    case 'task_moved':
      return `t${event.task} ${words(event.from)} → ${words(event.to)}: ${event.reason}`;
    case 'manager_wanted':
      return `the manager is wanted: ${reasonWords([event.reason])}`;
    case 'manager_given_up':
      return `the manager is not woken: ${event.reason}`;
    case 'manager_retried':
      return `t${event.task} is retried by ${event.by}`;
    case 'run_summarized':
      return `${event.by} summed the run up`;
    case 'task_linked':
      return `t${event.task} waits for t${event.dependency}, says ${event.by}`;
    case 'task_unlinked':
      return `t${event.task} does not wait for t${event.dependency}, says ${event.by}`;
    case 'task_changed':
      return `t${event.task} changed by ${event.by}: ${Object.keys(event.changes).join(', ')}`;
    case 'dependency_met':
      return `t${event.task} no longer waits for t${event.dependency}`;
    case 'branch_created':
      return `t${event.task} branch ${event.branch} from ${short(event.base)}`;
    case 'pull_request_opened':
      return `t${event.task} pull request #${event.number} opened`;
    case 'head_moved':
      return `t${event.task} head is ${short(event.head)}, pushed by ${event.by}${event.unchanged ? '; what it changes is the same' : ''}`;
    case 'push_refused':
      return `t${event.task} push refused: ${event.reason}`;
    case 'acceptance_ticked':
      return `t${event.task} acceptance item ${event.item + 1} shown: ${event.evidence}`;
    case 'review_requested':
      return `t${event.task} review requested for ${short(event.head)}`;
    case 'checks_reported':
      return `t${event.task} checks on ${short(event.head)}: ${event.checks.map((check) => `${check.name} ${check.conclusion ?? words(check.status)}`).join(', ') || 'none'}`;
    case 'context_saved':
      return `t${event.task} note saved: ${event.key}`;
    case 'merge_started':
      return `t${event.task} merging ${short(event.head)}`;
    case 'merge_moved':
      return `t${event.task} ${mergeWords(event.merge)}`;
    case 'task_taken_over':
      return `t${event.task} taken over by @${event.by}`;
    case 'ci_failed':
      return `t${event.task} CI is red${event.where === 'branch' ? '' : ' in the merge queue'} on ${short(event.head)}: ${event.checks.map((check) => check.name).join(', ') || 'no check says why'}`;
    case 'checks_absent':
      return `t${event.task} checks are missing on ${short(event.head)}: ${event.why}`;
    case 'task_blocked':
      return `t${event.task} can’t merge yet: ${event.reason}`;
    case 'pull_request_merged':
      return `t${event.task} merged by ${event.by}${event.commit === null ? '' : ` as ${short(event.commit)}`}`;
    case 'session_queued':
      return `${event.session.kind} session queued for ${event.session.agent}${event.session.task === null ? '' : ` on t${event.session.task}`}`;
    case 'session_dispatched':
      return event.runner === null ? 'workflow dispatched on GitHub Actions' : 'session taken by a runner';
    case 'session_bound':
      return `session taken by workflow run ${event.workflow_run.id}${event.workflow_run.attempt === 1 ? '' : `, attempt ${event.workflow_run.attempt}`}`;
    case 'session_requeued':
      return `session queued again: ${event.reason}`;
    case 'session_started':
      return `session started (isolation: ${event.isolation})`;
    case 'session_got_stuck':
      return `${event.task === null ? 'the agent' : `the agent of t${event.task}`} seems stuck: ${event.evidence}`;
    case 'session_recovered':
      return `${event.task === null ? 'the agent' : `the agent of t${event.task}`} moves again`;
    case 'usage_recorded':
      return `usage: ${event.usage.input_tokens + event.usage.cached_tokens} tokens in, ${event.usage.output_tokens} out, ${event.usage.cost === null ? 'price unknown' : `${dollars(event.usage.cost)} so far`}`;
    case 'planner_asked':
      return `${event.model} is asked for the plan: ${event.why}`;
    case 'planning_paid':
      return `${event.model} was asked for a plan, for ${costWords({ cost: event.delta, unpriced: event.unpriced })}`;
    case 'budget_set':
      return `${event.task === null ? '' : `t${event.task} `}budget set to ${dollars(event.budget)} by @${event.by}`;
    case 'task_held':
      return event.reason === null
        ? `t${event.task} has budget again`
        : `t${event.task} waits: ${event.reason}`;
    case 'session_ended':
      return `${event.kind} session ${event.outcome}: ${event.reason}`;
    case 'question_asked':
      return `q${event.question.number} asked by ${event.question.agent}: ${event.question.text}`;
    case 'question_answered':
      return `q${event.question} answered by @${event.by}: ${event.text}`;
    case 'question_expired':
      return `q${event.question} had no answer in time${event.fallback === null ? '' : `; taken: ${event.fallback}`}`;
    case 'question_withdrawn':
      return `q${event.question} withdrawn`;
    case 'review_received':
      return `t${event.review.task} review by ${byName(event.review)}: ${words(event.review.verdict)}${event.review.threads.length === 0 ? '' : `, ${event.review.threads.length} threads`}`;
    case 'review_dismissed':
      return `t${event.task} review by @${event.by} dismissed`;
    case 'thread_answered':
      return `t${event.task} thread answered: ${event.outcome === 'fixed' ? `fixed in ${short(event.commit ?? '')}` : 'kept'}`;
    case 'agent_review_opened':
      return `t${event.task} goes to ${event.agent} for review at ${short(event.head)}`;
    case 'agent_review_closed':
      return `t${event.task} agent review of ${short(event.head)} closed: ${event.reason}`;
    case 'remark_added':
      return `t${event.task} remark on ${event.remark.path} line ${event.remark.line}`;
    case 'verdict_given':
      return `t${event.task} verdict of the reviewer on ${short(event.head)}: ${words(event.verdict)}`;
    case 'message_sent':
      return `message from ${event.message.from}`;
    case 'message_seen':
      return 'message seen';
  }
}
