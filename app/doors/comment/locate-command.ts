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

/** GitHub's limit of a comment (G2): anything longer did not come from there. */
const maxLength = 65_536;

export function locateCommand(comment: string): Located | null {
  const text = comment.replace(/^\uFEFF/, '');
  if (text.length > maxLength) return null;
  // Most comments hold no such line; they need no parser.
  const starts = Array.from(text.matchAll(candidates), (match) => match.index + match[0].length);
  if (starts.length === 0) return null;
  const ranges = plainRanges(text);
  const end = starts.find((start) => ranges.some(([from, to]) => from < start && start <= to));
  if (end === undefined) return null;
  const rest = text.slice(end);
  const lineEnd = rest.search(/[\r\n]/);
  if (lineEnd === -1) return { line: rest.trim(), body: '' };
  return { line: rest.slice(0, lineEnd).trim(), body: rest.slice(lineEnd).replaceAll(/\r\n?/g, '\n').trim() };
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
