/** What the job's log shows: plain lines in groups. Text of others never becomes a command to GitHub's runner. */
import { endGroup, setFailed, startGroup } from '@actions/core';
import { wordsOf, type Fields, type Log } from '../runner/log.ts';
import { ActionError } from './action-error.ts';

/**
 * GitHub's runner obeys `::name::` at a line's start and `##[name]` anywhere in it. What it takes for white space, or for
 * nothing at all, is more than `\s`: whatever can't be seen before the colons does not hide them.
 */
export function harmless(text: string): string {
  return text
    .split(/\r\n|\r|\n/)
    .map((line) => line.replaceAll('##[', '# #[').replace(/^([\s\p{C}\p{M}]*):(?=:)/u, '$1: '))
    .join('\n');
}

export function say(text: string): void {
  process.stdout.write(`${harmless(text)}\n`);
}

/** The whole job is about these. */
const known = new Set(['session', 'run', 'task']);
const groups: Readonly<Record<string, string>> = {
  'session begins': 'Workspace and set-up',
  'the engine starts': 'Agent',
  'session ends': '',
};
/** A chatty agent shall not fill the log: of what comes faster, the last is shown. */
const leastIntervalMs = 1_000;

/** The runner's log as lines that people read, and what the agent does as some of them. */
export function createJobLog(): { log: Log; hear: (activity: string) => void } {
  let heardAt = 0;
  let latest = '';
  let waiting: NodeJS.Timeout | null = null;
  let grouped = false;
  const tell = () => {
    waiting = null;
    heardAt = Date.now();
    say(`agent: ${latest}`);
  };
  return {
    log(message: string, fields: Fields = {}) {
      const group = groups[message];
      if (group !== undefined) {
        // What the agent said last belongs to its group, not after it.
        if (waiting !== null) {
          clearTimeout(waiting);
          tell();
        }
        if (grouped) endGroup();
        grouped = group !== '';
        if (grouped) startGroup(group);
      }
      const told = Object.entries(fields).filter(
        ([name, value]) => !known.has(name) && value !== undefined && value !== null && value !== '',
      );
      say([message, ...told.map(([name, value]) => `${name}: ${String(value)}`)].join(' · '));
    },
    hear(activity) {
      latest = activity;
      if (waiting !== null) return;
      const wait = heardAt + leastIntervalMs - Date.now();
      if (wait <= 0) tell();
      else waiting = setTimeout(tell, wait).unref();
    },
  };
}

/** Makes the job red: the Action could not do its work. Stacks are for bugs alone. */
export function fail(error: unknown): void {
  if (error instanceof ActionError) {
    setFailed(`${error.message}\n${error.help}`);
    if (error.cause instanceof Error) say(`cause: ${error.cause.message}`);
    return;
  }
  setFailed(wordsOf(error));
  if (error instanceof Error && error.stack !== undefined) say(error.stack);
}
