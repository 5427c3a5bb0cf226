/** What the job's log shows: plain lines, groups, annotations. Text of others never becomes a workflow command. */
import { setFailed } from '@actions/core';
import type { Fields, Log } from '../runner/log.ts';
import { ActionError } from './action-error.ts';

/** GitHub's runner obeys `::name::` at a line's start and `##[name]` anywhere in it. */
export function harmless(text: string): string {
  return text
    .split(/\r\n|\r|\n/)
    .map((line) => line.replaceAll('##[', '# #[').replace(/^(\s*):(?=:)/, '$1: '))
    .join('\n');
}

export function say(text: string): void {
  process.stdout.write(`${harmless(text)}\n`);
}

/** The runner's log as lines that people read. */
export const jobLog: Log = (message: string, fields: Fields = {}) => {
  const told = Object.entries(fields).filter(
    ([name, value]) => !known.has(name) && value !== undefined && value !== null && value !== '',
  );
  say([message, ...told.map(([name, value]) => `${name}: ${String(value)}`)].join(' · '));
};

/** The whole job is about these. */
const known = new Set(['session', 'run', 'task']);

/** Makes the job red: the Action could not do its work. Stacks are for bugs alone. */
export function fail(error: unknown): void {
  if (error instanceof ActionError) {
    setFailed(`${error.message}\n${error.help}`);
    if (error.cause instanceof Error) say(`cause: ${error.cause.message}`);
    return;
  }
  setFailed(error instanceof Error ? error.message : String(error));
  if (error instanceof Error && error.stack !== undefined) say(error.stack);
}
