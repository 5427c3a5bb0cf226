/**
 * Text of strangers (people, agents, CI) as harmless Markdown. Nothing that passes here can mention, link, embed, open or
 * close anything around it, or be mistaken for one of our markers.
 *
 * A zero-width space, not a backslash, breaks `@name`, `#12` and addresses: GitHub looks for those in the text that is
 * left after Markdown, where a backslash is gone. Entities rather than backslashes stand for what opens HTML or a table
 * cell, because an entity is never structure.
 */

const space = '\u200b';
const entity = '&#8203;';

/** Control, formatting (bidirectional marks, invisible joiners), private and unpaired characters. */
const invisible = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0]/gu;

/** One line: no control or invisible characters, single spaces, at most `max` characters with `…` where it was cut. */
export function oneLine(text: string, max = 200): string {
  const line = text
    .slice(0, max * 8)
    .replace(/[\s\u2028\u2029]+/gu, ' ')
    .replace(invisible, '')
    .replace(/ {2,}/g, ' ')
    .trim();
  const characters = Array.from(line);
  return characters.length <= max
    ? line
    : `${characters
        .slice(0, max - 1)
        .join('')
        .trimEnd()}…`;
}

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '|': '&#124;',
  '\\': '&#92;',
  $: '&#36;',
  '`': '\\`',
  '*': '\\*',
  _: '\\_',
  '~': '\\~',
  '[': '\\[',
  ']': '\\]',
  '@': `@${entity}`,
  '#': `#${entity}`,
};

/** One harmless line of Markdown, for table cells, list items and sentences. */
export function plain(text: string, max = 200): string {
  return oneLine(text, max)
    .replace(/[&<>|\\$`*_~[\]@#]/g, (character) => escapes[character] ?? '')
    .replace(/:(?=\/\/)/g, `:${entity}`)
    .replace(/w(?=ww\.)/gi, (letter) => `${letter}${entity}`)
    .replace(/GH-(?=\d)/gi, (prefix) => `${prefix}${entity}`)
    .replace(/^([-+=:])/, '\\$1')
    .replace(/^(\d+)([.)])/, '$1\\$2');
}

/** Several lines, each of them harmless; paragraphs stay, everything else of Markdown is shown as typed. */
export function plainLines(text: string, max = 4_000): string {
  const lines: string[] = [];
  let left = max;
  for (const raw of text.split(/\r\n|[\n\r\u2028\u2029]/)) {
    if (left <= 0) {
      lines.push('…');
      break;
    }
    const line = oneLine(raw, left);
    left -= Array.from(line).length + 1;
    if (line !== '' || lines.at(-1) !== '') lines.push(plain(line, max));
  }
  return lines.join('\n').trim();
}

/** Inline code where it can be, for branches, paths and commands; else the same text as plain words. */
export function code(text: string, max = 120): string {
  const line = oneLine(text, max);
  return /[`|<>\\]/.test(line) || line === '' ? plain(line, max) : `\`${line}\``;
}

/** For titles of pull requests and commit messages, which are no Markdown but know mentions and references (`fixes #1`). */
export function titleText(text: string, max = 120): string {
  return oneLine(text, max)
    .replace(/[@#]/g, (character) => `${character}${space}`)
    .replace(/:(?=\/\/)/g, `:${space}`)
    .replace(/GH-(?=\d)/gi, (prefix) => `${prefix}${space}`);
}

/** A GitHub login as a mention; anything that is none as plain text. Bots' names are shown, never mentioned. */
export function person(login: string): string {
  return /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,60}[A-Za-z0-9])?(?:_[A-Za-z0-9]+)?$/.test(login)
    ? `@${login}`
    : plain(login, 80);
}

/** Text inside a quoted Mermaid label: everything but letters, digits and calm punctuation as Mermaid's `#code;`. */
export function mermaidText(text: string, max = 48): string {
  return oneLine(text, max).replace(
    /[^\p{L}\p{M}\p{N} .,()+…✓✗○●◐◑◕⧗–·?-]/gu,
    (character) => `#${character.codePointAt(0) ?? 63};`,
  );
}

/** A fenced block whose fence is longer than any in the text. */
export function fenced(text: string, max = 4_000): string {
  const body = text
    .replace(/\r\n?/g, '\n')
    .replace(/[^\P{C}\n\t]/gu, '')
    .slice(0, max);
  const longest = Math.max(2, ...[...body.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}text\n${body}\n${fence}`;
}
