/** What one session has come to so far, and the place it is worked on. */
import type { Assignment } from '../app/catalog/assignment.ts';
import type { Client } from '../app/client/client.ts';
import type { Condition } from '../app/domain/activity.ts';
import type { Outcome, Usage } from '../app/domain/session.ts';
import type { EngineRun } from './engines/engine.ts';
import { wordsOf, type Log } from './log.ts';
import type { Notices } from './notices.ts';
import type { ObjectCache } from './object-cache.ts';
import type { Isolation, IsolationMode } from './quarters.ts';
import type { Tickets } from './tickets.ts';
import type { Tmux } from './tmux.ts';
import type { View } from './view.ts';
import type { HandedOver } from './hand-over.ts';

export type WorkPlace = {
  url: string;
  /** Each session gets a directory of its own below. */
  sessions: string;
  cache: ObjectCache;
  /** For a next start that clears up after this one; null where there is none. */
  tickets: Tickets | null;
  /** Shows sessions to people of this machine; null where there is no tmux, or nobody to look. */
  tmux: Tmux | null;
  isolation: IsolationMode;
  /** Node, and the program of the agent's MCP server that it runs; an agent's user must be able to read both. */
  node: string;
  mcp: string;
  log: Log;
  /** Hears what the agent is doing, in a line without secrets; for whoever shows it to people. */
  hear?: (activity: string) => void;
  /** Names of the runner's variables that engines get. */
  pass: readonly string[];
  /** How long an engine may take to end by itself when it is asked to. */
  patienceMs: number;
  /** The last upload's verdict is waited for at most this long. */
  pushPatienceMs: number;
  /** What it means here when the signal asks a session to stop, and how much time there is then. */
  asked: { reason: string; cancelled: boolean; patienceMs: number; pushPatienceMs: number };
};

export type Ending = { outcome: Outcome; reason: string; cancelled?: boolean };

export type Course = {
  assignment: Assignment;
  place: WorkPlace;
  client: Client;
  directory: string;
  log: Log;
  /** Milliseconds since 1970. */
  began: number;
  /** Fires when the session has to stop, whoever wants it. */
  stop: AbortController;
  ending: Ending | null;
  patienceMs: number;
  pushPatienceMs: number;
  /** The App has ended the session: there is nobody to report to. */
  over: boolean;
  /** The App knows how it ended. */
  reported: boolean;
  activity: string;
  condition: Condition;
  /** What speaks for the agent being stuck; null while it is not. */
  stuckOn: string | null;
  usage: Usage | undefined;
  engine: EngineRun | null;
  view: View | null;
  /** The engine's own name for it, once it told. */
  conversation: string | null;
  /** Its model has answered: what fails from then on is no failed start. */
  begun: boolean;
  isolation: Isolation | null;
  /** There was a workspace: what fails from then on is not the machine's fault. */
  prepared: boolean;
  /** For the agent, with its next tool result. */
  notices: Notices;
  warnings: string[];
  work: HandedOver | null;
  /** Takes the session's tokens and the model keys out of what is reported. */
  redact: (text: string) => string;
};

/** The first reason to stop is the one that is told. */
export function halt(course: Course, ending: Ending): void {
  course.ending ??= ending;
  course.stop.abort();
  course.engine?.stop(course.patienceMs).catch((error: unknown) => {
    course.log('the engine’s processes did not end', { error: wordsOf(error) });
  });
}

/** The agent is told with its next tool result; `again`: also when it was told the same before. */
export function warn(course: Course, words: string, how: { again: boolean } = { again: false }): void {
  course.notices.add(words, how);
  if (!course.warnings.includes(words)) {
    course.warnings.push(words);
    course.log('the agent is warned', { warning: words });
  }
}

/** What people are told of a session when it is over. */
export type SessionReport = {
  outcome: Outcome;
  reason: string;
  /** Whether the App heard it from us, ended the session itself, or can't be reached. */
  told: 'reported' | 'over' | 'unreported';
  isolation: Isolation | null;
  /** False: it failed before there was a workspace to work in. */
  prepared: boolean;
  usage: Usage | null;
  warnings: readonly string[];
  /** Null when there was nothing to hand over, or no time for it. */
  work: HandedOver | null;
};
