/** Where a comment holds its command: the first line that starts with `/entourage` and is shown as the person's own words. */
import { fromMarkdown } from 'mdast-util-from-markdown';
import type { Nodes } from 'mdast';

/** The command's line without the name, and what stands below it. Null: the comment commands nothing. */
export type Located = { line: string; body: string };

// Lines end as Markdown's do; `^` with the m flag would also see U+2028.
const candidates = /(?<=^|[\r\n]) {0,3}\/entourage(?=[ \t\r\n]|$)/gi;

/**
 * Text counts only directly in paragraphs, headings and lists, so that everything else fails closed: quotes (with the
 * lines that lazily belong to them), all kinds of code, HTML and its comments, link titles, image texts, definitions.
 */
const shown: ReadonlySet<string> = new Set(['root', 'paragraph', 'heading', 'list', 'listItem']);

/**
 * The parser's worst cases grow with the square of the length (60,000 characters of `a <?`: 10 s) and with the depth of
 * nesting (20,000 list marks on one line: minutes). So it is given only what decides how the command's line is shown, and
 * a comment that would cost more commands nothing.
 */
const maxParsed = 16_384;
const deep = /^[ \t]*(?:(?:>|(?:[-+*]|\d{1,9}[.)])(?=[ \t]))[ \t]*){33}/m;

export function locateCommand(comment: string): Located | null {
  const text = comment.replace(/^\uFEFF/, '');
  // Most comments hold no such line; they need no parser.
  const starts = Array.from(text.matchAll(candidates), (match) => match.index + match[0].length);
  const [first] = starts;
  const last = starts.at(-1);
  if (first === undefined || last === undefined) return null;
  const end = plainStart(text, [first]) ?? (first === last ? undefined : plainStart(text, starts));
  if (end === undefined) return null;
  const rest = text.slice(end);
  const lineEnd = rest.search(/[\r\n]/);
  if (lineEnd === -1) return { line: rest.trim(), body: '' };
  return { line: rest.slice(0, lineEnd).trim(), body: rest.slice(lineEnd).replaceAll(/\r\n?/g, '\n').trim() };
}

/** The first of `starts` that is shown as plain text. Where nothing stands before it, nothing can hide it. */
function plainStart(text: string, starts: readonly number[]): number | undefined {
  const [first] = starts;
  if (first !== undefined && text.slice(0, first).trim().toLowerCase() === '/entourage') return first;
  const context = contextOf(text, starts.at(-1) ?? 0);
  if (context.length > maxParsed || deep.test(context)) return undefined;
  const ranges = plainRanges(context);
  return starts.find((start) => ranges.some(([from, to]) => from < start && start <= to));
}

/** Up to the end of the paragraph, where inline code, links and HTML end too; all of it where definitions may follow. */
function contextOf(text: string, start: number): string {
  const rest = text.slice(start);
  const blank = rest.search(/(?:\r\n?|\n)[ \t]*[\r\n]/);
  return blank === -1 || rest.includes(']:') ? text : text.slice(0, start + blank);
}

/** Offsets of the text that a reader sees as plain text. A stack instead of recursion: nesting is the stranger's choice. */
function plainRanges(text: string): [number, number][] {
  const ranges: [number, number][] = [];
  const open: Nodes[] = [fromMarkdown(text)];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (node.type === 'text') {
      const { start, end } = node.position ?? {};
      if (start?.offset !== undefined && end?.offset !== undefined) ranges.push([start.offset, end.offset]);
    } else if (shown.has(node.type) && 'children' in node) open.push(...node.children);
  }
  return ranges;
}
