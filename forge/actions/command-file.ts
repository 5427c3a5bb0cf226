/** The files through which a step speaks to its job: GITHUB_OUTPUT, GITHUB_ENV, GITHUB_PATH. */
import { ActionsError } from './refusal.ts';

/**
 * `name=value` lines and `name<<END … END` blocks. Throws `ActionsError` on anything else, as the runner fails the
 * step.
 */
export function parseAssignments(text: string): Record<string, string> {
  const result: Record<string, string> = {};
  const lines = text.split(/\r?\n/);
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? '';
    if (line === '') continue;
    const block = /^([^=]+?)<<(.+)$/.exec(line);
    if (block === null) {
      const equals = line.indexOf('=');
      if (equals < 1) throw new ActionsError('unsupported', `Invalid format '${line}'`);
      result[line.slice(0, equals)] = line.slice(equals + 1);
      continue;
    }
    const [, name = '', delimiter = ''] = block;
    const end = lines.indexOf(delimiter, at + 1);
    if (end === -1) throw new ActionsError('unsupported', `Matching delimiter not found '${delimiter}'`);
    result[name] = lines.slice(at + 1, end).join('\n');
    at = end;
  }
  return result;
}

/** One directory a line; later lines come first on the path. */
export function parsePaths(text: string): string[] {
  return text
    .split(/\r?\n/)
    .filter((line) => line !== '')
    .toReversed();
}

const reserved = /^(GITHUB_|RUNNER_|ACTIONS_|CI$|NODE_OPTIONS$)/i;

/** A step may not overwrite what the runner itself sets. */
export function assertAssignable(names: Iterable<string>): void {
  for (const name of names)
    if (reserved.test(name))
      throw new ActionsError('unsupported', `Can't store ${name} through GITHUB_ENV: it is the runner's own`);
}
