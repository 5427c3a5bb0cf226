/** What may be asked of a session, whose writes are refused, and how events change it. */
import type { Event } from './event.ts';
import { reject, type Rejection } from './rejection.ts';
import type { Outcome, Session, Usage } from './session.ts';
import type { Instant, SessionId } from './words.ts';

export type SessionCommand =
  | { type: 'dispatch_session'; runner: string }
  | { type: 'start_session'; isolation: 'container' | 'user' | 'none' }
  | { type: 'record_usage'; usage: Usage }
  | { type: 'end_session'; outcome: Outcome; reason: string };

export function decide(session: Session, command: SessionCommand): Event[] | Rejection {
  if (session.state === 'ended') {
    if (command.type === 'end_session') return [];
    return reject(
      'session_ended',
      `This session ended: ${session.reason ?? session.outcome ?? 'ended'}. Nothing more can be written by it.`,
      { help: 'Stop working.' },
    );
  }
  switch (command.type) {
    case 'dispatch_session':
      if (session.state !== 'queued') return reject('already_done', 'Another runner took this session.');
      return [
        { type: 'session_dispatched', session: session.id, task: session.task, runner: command.runner },
      ];
    case 'start_session':
      if (session.state === 'running') return [];
      if (session.state !== 'dispatched')
        return reject('wrong_state', 'This session was not claimed yet.', {
          help: 'Call claim_session first.',
        });
      return [
        { type: 'session_started', session: session.id, task: session.task, isolation: command.isolation },
      ];
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
        },
      ];
  }
}

/** Totals only grow; a smaller report is an engine that counts from its own restart, and is kept at the larger value. */
function recordUsage(session: Session, usage: Usage): Event[] {
  const total: Usage = {
    input_tokens: Math.max(usage.input_tokens, session.usage.input_tokens),
    cached_tokens: Math.max(usage.cached_tokens, session.usage.cached_tokens),
    output_tokens: Math.max(usage.output_tokens, session.usage.output_tokens),
    cost: Math.max(usage.cost, session.usage.cost),
  };
  const delta = total.cost - session.usage.cost;
  const unchanged =
    delta === 0 &&
    total.input_tokens === session.usage.input_tokens &&
    total.output_tokens === session.usage.output_tokens &&
    total.cached_tokens === session.usage.cached_tokens;
  return unchanged
    ? []
    : [{ type: 'usage_recorded', session: session.id, task: session.task, usage: total, delta }];
}

/** Refuses a write of a session that is no longer the one its task (or run) listens to. */
export function fence(session: Session, live: SessionId | null): Rejection | null {
  if (session.state === 'ended') {
    return reject(
      'session_ended',
      `This session ended: ${session.reason ?? session.outcome ?? 'ended'}. Nothing more can be written by it.`,
      { help: 'Stop working.' },
    );
  }
  if (session.task !== null && live !== session.id) {
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
      return { ...session, state: 'dispatched', runner: event.runner };
    case 'session_started':
      return { ...session, state: 'running', startedAt: at, isolation: event.isolation };
    case 'usage_recorded':
      return { ...session, usage: event.usage };
    case 'session_ended':
      return { ...session, state: 'ended', outcome: event.outcome, reason: event.reason, endedAt: at };
    default:
      return session;
  }
}
