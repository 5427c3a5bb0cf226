/** A command's line as words: flags with their values, quoted text, and the rest as it was typed. */

export type Flag = {
  readonly field: string;
  readonly kind: 'text' | 'number' | 'switch';
  readonly shown: string;
};
export type Flags = Readonly<Record<string, Flag>>;
export type FlagValues = Record<string, string | number | true>;

/** A word with its quotes taken off, and as it was typed. */
export type Word = { value: string; quoted: boolean; raw: string };

/** Phones turn quotes and double hyphens into typography. */
const closing: Readonly<Record<string, string>> = {
  '"': '"',
  "'": "'",
  '“': '”',
  '‘': '’',
  '„': '“',
  '«': '»',
};

/** A quote opens only at a word's start, or after `--flag=`, so that apostrophes stay letters; unclosed, it is a letter too. */
export function splitWords(line: string): Word[] {
  const words: Word[] = [];
  let rest = line.trimStart();
  while (rest !== '') {
    const lead = /^(?:--|—)[A-Za-z][\w-]*=/.exec(rest)?.[0] ?? '';
    const close = closing[rest[lead.length] ?? ''];
    const end = close === undefined ? -1 : rest.indexOf(close, lead.length + 1);
    const after = rest[end + 1];
    if (end !== -1 && (after === undefined || /\s/.test(after))) {
      words.push({
        value: lead + rest.slice(lead.length + 1, end),
        quoted: lead === '',
        raw: rest.slice(0, end + 1),
      });
      rest = rest.slice(end + 1).trimStart();
      continue;
    }
    const raw = /^\S+/.exec(rest)?.[0] ?? rest;
    words.push({ value: raw, quoted: false, raw });
    rest = rest.slice(raw.length).trimStart();
  }
  return words;
}

/** Takes the flags out of the words. `--` ends them. A problem is a sentence for the reply. */
export function takeFlags(
  words: readonly Word[],
  flags: Flags,
): { values: FlagValues; rest: Word[] } | { problem: string } {
  const values: FlagValues = {};
  const rest: Word[] = [];
  const open = [...words];
  for (let word = open.shift(); word !== undefined; word = open.shift()) {
    if (word.raw === '--') return { values, rest: [...rest, ...open] };
    const match = word.quoted ? null : /^(?:--|—)([A-Za-z][\w-]*)(?:=([\s\S]*))?$/.exec(word.value);
    if (match === null) {
      rest.push(word);
      continue;
    }
    const name = (match[1] ?? '').toLowerCase();
    const flag = Object.hasOwn(flags, name) ? flags[name] : undefined;
    if (flag === undefined)
      return {
        problem: `It has no flag \`--${name.slice(0, 40)}\`; put text that looks like a flag in quotes.`,
      };
    if (flag.field in values) return { problem: `\`--${name}\` is given twice.` };
    const value = readValue({ name, flag, given: match[2] }, open);
    if (typeof value === 'object') return value;
    values[flag.field] = value;
  }
  return { values, rest };
}

type Given = { name: string; flag: Flag; given: string | undefined };

function readValue({ name, flag, given }: Given, open: Word[]): string | number | true | { problem: string } {
  if (flag.kind === 'switch')
    return given === undefined ? true : { problem: `\`--${name}\` takes no value.` };
  const next = given ?? open.shift()?.value;
  if (next === undefined || next === '')
    return { problem: `\`--${name}\` needs a value: \`--${name} ${flag.shown}\`.` };
  if (flag.kind === 'text') return next;
  if (!/^\$?\d{1,9}(?:\.\d{1,6})?$/.test(next))
    return { problem: `\`--${name}\` needs a number: \`--${name} ${flag.shown}\`.` };
  return Number(next.replace('$', ''));
}

/** The words as typed; one quoted text alone loses its quotes. */
export const asTyped = (words: readonly Word[]): string => {
  const [only] = words;
  return words.length === 1 && only !== undefined ? only.value : words.map((word) => word.raw).join(' ');
};
