/** What may be asked of a session, whose writes are refused, and how events change it. */
import type { Condition } from './activity.ts';
import type { Event } from './event.ts';
import { reject, type Rejection } from './rejection.ts';
import {
  tokensOf,
  waitsForJob,
  type Outcome,
  type Session,
  type SessionPlace,
  type Usage,
  type WorkflowRun,
} from './session.ts';
import type { Instant, SessionId } from './words.ts';

export type SessionCommand =
  | { type: 'dispatch_session'; runner: string }
  /** GitHub accepted the workflow's dispatch; older servers don't say which run it made (G30). */
  | { type: 'record_launch'; workflowRun: WorkflowRun | null }
  | { type: 'bind_session'; workflowRun: WorkflowRun }
  | { type: 'requeue_session'; place: SessionPlace; reason: string }
  | { type: 'start_session'; isolation: 'container' | 'user' | 'none' }
  | { type: 'record_usage'; usage: Usage }
  | { type: 'report_condition'; condition: Condition; evidence: string }
  | {
      type: 'end_session';
      outcome: Outcome;
      reason: string;
      /** Somebody cancelled its workflow run by hand. */
      cancelled?: boolean;
      /** Its own job ends it, or is over: nothing is left behind on GitHub. */
      own?: boolean;
    };

export function decide(session: Session, command: SessionCommand): Event[] | Rejection {
  if (session.state === 'ended') {
    if (command.type === 'end_session') return [];
    return over(session);
  }
  switch (command.type) {
    case 'dispatch_session':
      if (session.state !== 'queued') return reject('already_done', 'Another runner took this session.');
      if (session.place !== 'runner')
        return reject('wrong_state', 'This session is for GitHub Actions; no runner takes it.');
      return [dispatched(session, { runner: command.runner, workflowRun: null })];
    case 'record_launch':
      return recordLaunch(session, command.workflowRun);
    case 'bind_session':
      return bind(session, command.workflowRun);
    case 'requeue_session':
      return session.state === 'queued' || waitsForJob(session)
        ? [
            {
              type: 'session_requeued',
              session: session.id,
              task: session.task,
              place: command.place,
              reason: command.reason,
            },
          ]
        : [];
    case 'start_session':
      if (session.state === 'running') return [];
      if (session.state !== 'dispatched' || waitsForJob(session))
        return reject('wrong_state', 'This session was not claimed yet.', {
          help: 'Call claim_session first, or exchange_session in a workflow’s job.',
        });
      return [
        { type: 'session_started', session: session.id, task: session.task, isolation: command.isolation },
      ];
    case 'report_condition':
      return reportCondition(session, command);
    case 'record_usage':
      return recordUsage(session, command.usage);
    case 'end_session':
      return [
        {
          type: 'session_ended',
          session: session.id,
          task: session.task,
          kind: session.kind,
          outcome: command.outcome,
          reason: command.reason,
          cancelled: command.cancelled ?? false,
          leftover: session.place === 'actions' && session.state !== 'queued' && command.own !== true,
        },
      ];
  }
}

const over = ({ reason, outcome }: Session): Rejection =>
  reject(
    'session_ended',
    `This session ended: ${reason ?? outcome ?? 'ended'}. Nothing more can be written by it.`,
    { help: 'Stop working.' },
  );

const dispatched = (
  session: Session,
  to: { runner: string | null; workflowRun: WorkflowRun | null },
): Event => ({
  type: 'session_dispatched',
  session: session.id,
  task: session.task,
  runner: to.runner,
  workflow_run: to.workflowRun,
});

/** The exchange may be faster than the dispatch's own answer, and a newer dispatch wins over one that was lost. */
function recordLaunch(session: Session, workflowRun: WorkflowRun | null): Event[] | Rejection {
  if (session.place === 'actions' && session.state === 'queued')
    return [dispatched(session, { runner: null, workflowRun })];
  const known = session.workflowRun;
  if (session.place === 'actions' && known !== null && known.id === workflowRun?.id) return [];
  // Which run it is was not told, so it may well be the one that is bound: only a run that is known to be another is too much.
  if (session.place === 'actions' && workflowRun === null) return [];
  return reject('already_done', 'Another workflow run has this session.');
}

/** The first exchange binds; a re-run gets the session only if no attempt before it ever took it. */
function bind(session: Session, workflowRun: WorkflowRun): Event[] | Rejection {
  if (session.place !== 'actions')
    return reject(
      'wrong_state',
      'This session is for a self-hosted runner now; policy’s `dispatch` says so.',
    );
  if (session.boundAt !== null)
    return reject('already_done', 'This session was taken already; a workflow run takes it once.');
  if (session.workflowRun !== null && session.workflowRun.id !== workflowRun.id)
    return reject('already_done', 'Another workflow run was dispatched for this session.');
  return [
    ...(session.state === 'queued' ? [dispatched(session, { runner: null, workflowRun })] : []),
    { type: 'session_bound', session: session.id, task: session.task, workflow_run: workflowRun },
  ];
}

/** Only that it is stuck, or no longer, is worth an event: the rest changes with every heartbeat. */
function reportCondition(
  session: Session,
  { condition, evidence }: { condition: Condition; evidence: string },
): Event[] {
  const about = { session: session.id, task: session.task };
  if (condition === 'stuck')
    return session.stuck === null ? [{ type: 'session_got_stuck', ...about, evidence }] : [];
  return session.stuck === null ? [] : [{ type: 'session_recovered', ...about }];
}

/** Totals only grow; a smaller report is an engine that counts from its own restart, and is kept at the larger value. */
function recordUsage(session: Session, usage: Usage): Event[] {
  const known = session.usage;
  const counts = {
    input_tokens: Math.max(usage.input_tokens, known.input_tokens),
    cached_tokens: Math.max(usage.cached_tokens, known.cached_tokens),
    output_tokens: Math.max(usage.output_tokens, known.output_tokens),
  };
  const grown = tokensOf(counts) - tokensOf(known);
  // A cost is that of all tokens of its report; without one, what came since the last report has no price.
  const covered = usage.cost !== null && tokensOf(usage) >= tokensOf(counts);
  const unpriced = covered ? 0 : session.unpriced + (usage.cost === null ? grown : 0);
  const paid = Math.max(usage.cost ?? 0, known.cost ?? 0);
  const total: Usage = { ...counts, cost: unpriced > 0 && paid === 0 ? null : paid };
  const delta = paid - (known.cost ?? 0);
  const change = unpriced - session.unpriced;
  const { id, task } = session;
  return delta === 0 && grown === 0 && change === 0
    ? []
    : [{ type: 'usage_recorded', session: id, task, usage: total, delta, unpriced: change }];
}

/** Refuses a write of a session that is no longer the one its task (or run) listens to. */
export function fence(session: Session, live: SessionId | null): Rejection | null {
  if (session.state === 'ended') return over(session);
  // A reviewer changes nothing of the work; what it writes is held against the head it reads.
  if (session.kind !== 'review' && session.task !== null && live !== session.id) {
    return reject(
      'superseded_session',
      'A newer session works on this task; this one may not write any more.',
      { help: 'Stop working.' },
    );
  }
  return null;
}

export function evolve(session: Session, event: Event, at: Instant): Session {
  switch (event.type) {
    case 'session_dispatched':
      return {
        ...session,
        state: 'dispatched',
        runner: event.runner,
        workflowRun: event.workflow_run,
        launches: session.launches + (event.runner === null ? 1 : 0),
        dispatchedAt: at,
      };
    case 'session_bound':
      return { ...session, workflowRun: event.workflow_run, boundAt: at };
    case 'session_requeued':
      return { ...session, state: 'queued', place: event.place, workflowRun: null };
    case 'session_started':
      return { ...session, state: 'running', startedAt: at, isolation: event.isolation };
    case 'usage_recorded':
      return { ...session, usage: event.usage, unpriced: session.unpriced + event.unpriced };
    case 'session_got_stuck':
      return { ...session, stuck: { since: at, evidence: event.evidence } };
    case 'session_recovered':
      return { ...session, stuck: null };
    case 'session_ended':
      return {
        ...session,
        stuck: null,
        state: 'ended',
        outcome: event.outcome,
        reason: event.reason,
        endedAt: at,
      };
    default:
      return session;
  }
}
