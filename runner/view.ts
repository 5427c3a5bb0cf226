/** What people see of a session that works on this machine: one calm line for each event, without secrets, in a file. */
import { appendFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Assignment } from '../app/catalog/assignment.ts';
import type { EngineEvent } from './engines/engine.ts';
import { printable } from './engines/lines.ts';
import { wordsOf, type Log } from './log.ts';
import type { Tmux } from './tmux.ts';

export type View = {
  show(event: EngineEvent): void;
  close(): Promise<void>;
};

/** `entourage-12-t3`; a run's other sessions are named by what they do. */
export function nameOf({ run, task, kind }: Pick<Assignment, 'run' | 'task' | 'kind'>): string {
  const parts = [task, kind === 'work' ? null : kind];
  return ['entourage', String(run), ...parts.filter((part) => part !== null)].join('-');
}

/** The lines of an event; none where it says nothing to people. `at` is a time of day. */
export function linesFor(event: EngineEvent, at: string, redact: (text: string) => string): string[] {
  const words = wordsFor(event);
  if (words === null) return [];
  const lines = printable(redact(words))
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '');
  return lines.map((line, index) => `${index === 0 ? at : ' '.repeat(at.length)}  ${line}`);
}

function wordsFor(event: EngineEvent): string | null {
  switch (event.type) {
    case 'started':
      return 'The agent begins.';
    case 'text':
      return event.text;
    case 'tool_started':
      return `→ ${event.tool}`;
    case 'tool_ended':
      return `${event.ok ? '✓' : '✗'} ${event.tool}`;
    case 'retrying':
      return `… waits for the model: ${event.reason}`;
    case 'ended':
      return `${event.ok ? 'The agent is done.' : 'The agent ended.'}${event.reason === '' ? '' : ` ${event.reason}`}`;
    case 'usage':
      return null;
  }
}

/** Then it begins anew: an agent may print for ever. */
const largest = 4 * 1024 * 1024;

export type ViewOrder = {
  tmux: Tmux;
  assignment: Assignment;
  /** The session's own, which its end removes. */
  directory: string;
  redact: (text: string) => string;
  log: Log;
};

/** Waiting for a slow disk; an agent may print faster than anybody reads. */
const mostWaiting = 1024 * 1024;

/**
 * Opens it, and does not keep the session waiting for it. Begins anew for a session that is adopted: its events come again
 * from the first one. Never fails the session.
 */
export function openView(order: ViewOrder): View {
  const { tmux, assignment, directory, redact, log } = order;
  const file = join(directory, 'view');
  let waiting = titleOf(assignment);
  let size = 0;
  const flush = async (): Promise<void> => {
    while (waiting !== '') {
      const text = waiting;
      waiting = '';
      if (size > largest) await truncate(file);
      size = (size > largest ? 0 : size) + Buffer.byteLength(text);
      await appendFile(file, text);
    }
  };
  const problem = (error: unknown) =>
    log('what people see of the session could not be written', { error: wordsOf(error) });
  let flushing: Promise<void> | null = null;
  const opened = (async () => {
    await writeFile(file, '', { mode: 0o600 });
    await flush();
    const name = await tmux.open(assignment.session, nameOf(assignment), file);
    if (name !== null) log('the session can be watched', { command: tmux.command(name) });
  })().catch(problem);
  return {
    show(event) {
      if (waiting.length > mostWaiting) return;
      const at = new Date().toTimeString().slice(0, 8);
      waiting += linesFor(event, at, redact)
        .map((line) => `${line}\n`)
        .join('');
      flushing ??= opened
        .then(flush)
        .catch(problem)
        .finally(() => (flushing = null));
    },
    async close() {
      await opened;
      await flushing;
      await tmux.close(assignment.session);
    },
  };
}

const titleOf = ({ repository, run, task, kind, agent, engine }: Assignment): string =>
  `${repository} run ${run}${task === null ? '' : ` ${task}`}: ${kind}, ${agent} (${engine})\n\n`;
