/** A job's log: timestamps, masked secrets, and the `::commands::` that steps print. */
import type { Annotation } from './run-state.ts';

export type JobLog = {
  /** A line of a step's output; workflow commands in it are obeyed. */
  output(line: string): void;
  /** A line of the runner's own. */
  say(line: string): void;
  mask(secret: string): void;
  /** The text with every mask applied. */
  redact(text: string): string;
  text(): string;
  annotations: Annotation[];
};

/** GitHub cuts logs too; what is over is dropped with a note. */
const largestLog = 8 * 1024 * 1024;

/** An empty log; `now` gives each line its time. */
export function createJobLog(now: () => Date): JobLog {
  const masks = new Set<string>();
  const lines: string[] = [];
  const annotations: Annotation[] = [];
  let size = 0;
  let stopToken: string | null = null;

  const redact = (text: string): string => {
    let redacted = text;
    // Longest first, so that a secret which contains another leaves no tail behind.
    for (const mask of [...masks].toSorted((a, b) => b.length - a.length))
      redacted = redacted.replaceAll(mask, '***');
    return redacted;
  };
  const say = (text: string): void => {
    for (const line of text.split('\n')) add(line);
  };
  const add = (line: string): void => {
    if (size > largestLog) return;
    const text = `${now().toISOString().replace('Z', '0000Z')} ${redact(line)}`;
    size += text.length;
    lines.push(size > largestLog ? `${now().toISOString()} ##[warning]The log was cut here.` : text);
  };
  const mask = (secret: string): void => {
    for (const line of secret.split(/\r?\n/)) if (line.trim() !== '') masks.add(line);
  };
  const output = (line: string): void => {
    const command = parseCommand(line);
    if (stopToken !== null) {
      if (command?.name === stopToken) stopToken = null;
      else say(line);
      return;
    }
    if (command === null) return say(line);
    if (command.name === 'stop-commands') stopToken = command.value;
    else if (command.name === 'add-mask') mask(command.value);
    else if (command.name === 'group') say(`##[group]${command.value}`);
    else if (command.name === 'endgroup') say('##[endgroup]');
    // Shown at GitHub only when somebody turned debug logging on.
    else if (command.name === 'debug') return;
    else if (command.name === 'error' || command.name === 'warning' || command.name === 'notice') {
      say(`##[${command.name}]${command.value}`);
      annotations.push(annotationOf(command.name, command.properties, redact(command.value)));
    } else say(line);
  };
  return { output, say, mask, redact, annotations, text: () => lines.map((line) => `${line}\n`).join('') };
}

type PrintedCommand = { name: string; properties: Record<string, string>; value: string };

function parseCommand(line: string): PrintedCommand | null {
  const [, name = '', list = '', value = ''] =
    /^\s*::([\w-]+)(?: ([^:]*(?::(?!:)[^:]*)*))?::(.*)$/.exec(line) ?? [];
  if (name === '') return null;
  const properties = list
    .split(',')
    .map((pair) => pair.split('='))
    .map(([key = '', ...rest]) => [key.trim(), unescape(rest.join('='), true)]);
  return {
    name: name.toLowerCase(),
    properties: Object.fromEntries(properties),
    value: unescape(value, false),
  };
}

function unescape(text: string, property: boolean): string {
  const plain = text.replaceAll('%0D', '\r').replaceAll('%0A', '\n');
  const whole = property ? plain.replaceAll('%3A', ':').replaceAll('%2C', ',') : plain;
  return whole.replaceAll('%25', '%');
}

function annotationOf(name: string, properties: Record<string, string>, message: string): Annotation {
  const line = Number(properties['line'] ?? 1);
  const column = properties['col'];
  return {
    level: name === 'error' ? 'failure' : (name as 'warning' | 'notice'),
    message,
    title: properties['title'] ?? null,
    path: properties['file'] ?? '.github',
    line,
    endLine: Number(properties['endLine'] ?? line),
    column: column === undefined ? null : Number(column),
  };
}
