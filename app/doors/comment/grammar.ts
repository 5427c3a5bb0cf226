/** A comment's text → exactly one of: a command, a reply about what is wrong with one, nothing. Pure; it never throws. */
import { closestMatch } from 'leven';
import { commandNames, commands, isCommand, neededPermission, quote, type CommandName } from './commands.ts';
import type { Call, Command } from './command-row.ts';
import { locateCommand } from './locate-command.ts';
import { asTyped, splitWords, type Word } from './words.ts';

export type Parsed =
  | ({ kind: 'command'; name: CommandName } & Call)
  /** Markdown for one reply. Whether the person gets it is the door's decision: strangers don't. */
  | { kind: 'reply'; text: string }
  | { kind: 'ignore' };

export function parseComment(comment: string): Parsed {
  const located = locateCommand(comment);
  if (located === null) return { kind: 'ignore' };
  const [first, ...words] = splitWords(located.line);
  if (first === undefined) return { kind: 'command', name: 'help', operation: 'help', input: {} };
  const name = first.value.toLowerCase();
  if (!isCommand(name)) return { kind: 'reply', text: unknownCommand(first) };
  // The rows are read as what they have in common; each one's own type says less.
  const command: Command = commands[name];
  const call = command.read({ words, body: located.body });
  if ('problem' in call)
    return {
      kind: 'reply',
      text: `\`/entourage ${name}\` is not clear: ${call.problem}\n\nUsage: \`/entourage ${command.usage}\``,
    };
  if (call.operation === 'help') return helpCall(name, call, words);
  return { kind: 'command', name, ...call };
}

function helpCall(name: CommandName, call: Call, words: readonly Word[]): Parsed {
  const about = call.input['command'];
  if (typeof about === 'string' && !isCommand(about)) {
    const [word] = words;
    return { kind: 'reply', text: unknownCommand(word ?? { value: about, raw: about, quoted: false }) };
  }
  return { kind: 'command', name, ...call };
}

function unknownCommand(word: Word): string {
  const typed = quote(`/entourage ${asTyped([word])}`);
  const near = closestMatch(word.value.toLowerCase().slice(0, 40), commandNames, { maxDistance: 2 });
  return near === undefined
    ? `${typed} is no command here. \`/entourage help\` lists them.`
    : `${typed} is no command here. Did you mean \`/entourage ${near}\`?`;
}

/** Markdown: every command in a table, or one with its usage. */
export function helpText(name?: CommandName): string {
  if (name !== undefined) {
    const { usage, summary } = commands[name];
    return `\`/entourage ${usage}\`\n\n${summary} Needs ${neededPermission(name)} permission.`;
  }
  const rows = commandNames.map((row) => {
    const { usage, summary } = commands[row];
    return `| \`/entourage ${usage}\` | ${neededPermission(row)} | ${summary} |`;
  });
  return [
    'One command per comment, on a line of its own. In a task’s pull request it means that task, in an issue its newest run; `#12` or `t3` names another.',
    '',
    '| command | who | what |',
    '| --- | --- | --- |',
    ...rows,
  ].join('\n');
}
