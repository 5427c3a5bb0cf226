/** Markdown as GitHub shows it in issues and comments, near enough: CommonMark, tables, task lists, #12. */
import type { Nodes, Parents } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';

export const escapeHtml = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');

/** Tags that authors may write themselves, without attributes; any other HTML is shown as text. */
const harmless = /^<\/?(details( open)?|summary|br|sub|sup|kbd|b|i|em|strong|hr)\s*\/?>$/i;

/** @param page the repository's page, where `#12` leads; @returns HTML that can hold no script */
export function renderMarkdown(text: string, page: string): string {
  return blocksOf(text)
    .map((block) =>
      block.table ? renderTable(block.lines, page) : render(fromMarkdown(block.lines.join('\n')), page),
    )
    .join('\n');
}

interface Block {
  table: boolean;
  lines: string[];
}

/** CommonMark knows no tables: they are cut out line by line, outside of code fences. */
function blocksOf(text: string): Block[] {
  const lines = text.split(/\r?\n/);
  const blocks: Block[] = [];
  let fenced = false;
  for (const [index, line] of lines.entries()) {
    if (/^\s*(```|~~~)/.test(line)) fenced = !fenced;
    const previous = blocks.at(-1);
    const starts = !fenced && /^\s*\|/.test(line) && /^\s*\|[\s:|-]+\|?\s*$/.test(lines[index + 1] ?? '');
    const table = !fenced && (starts || (previous?.table === true && /^\s*\|/.test(line)));
    if (previous !== undefined && previous.table === table && !starts) previous.lines.push(line);
    else blocks.push({ table, lines: [line] });
  }
  return blocks;
}

function cellsOf(line: string): string[] {
  const inner = line.trim().replace(/^\|/, '').replace(/\|$/, '');
  return inner.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('\\|', '|'));
}

function renderTable([head = '', , ...body]: string[], page: string): string {
  const inline = (cell: string): string => render(fromMarkdown(cell), page).replaceAll(/^<p>|<\/p>$/g, '');
  const cells = (line: string, tag: 'th' | 'td'): string =>
    `<tr>${cellsOf(line)
      .map((cell) => `<${tag}>${inline(cell)}</${tag}>`)
      .join('')}</tr>`;
  return `<div class="wide"><table><thead>${cells(head, 'th')}</thead><tbody>${body.map((line) => cells(line, 'td')).join('')}</tbody></table></div>`;
}

const children = (node: Parents, page: string): string =>
  node.children.map((child) => render(child, page)).join('');

/** Only addresses that a browser opens as pages; `javascript:` and its like lead nowhere. */
function address(url: string): string {
  return /^(https?:|mailto:|[/#.]|[^:]*$)/i.test(url) ? escapeHtml(url) : '#';
}

const linked = (text: string, page: string): string =>
  escapeHtml(text).replaceAll(/(^|[\s(])#(\d+)\b/g, `$1<a href="${escapeHtml(page)}/issues/$2">#$2</a>`);

function render(node: Nodes, page: string): string {
  switch (node.type) {
    case 'root':
      return node.children.map((child) => render(child, page)).join('\n');
    case 'paragraph':
      return `<p>${children(node, page)}</p>`;
    case 'heading':
      return `<h${node.depth}>${children(node, page)}</h${node.depth}>`;
    case 'text':
      return linked(node.value, page);
    case 'emphasis':
      return `<em>${children(node, page)}</em>`;
    case 'strong':
      return `<strong>${children(node, page)}</strong>`;
    case 'delete':
      return `<del>${children(node, page)}</del>`;
    case 'inlineCode':
      return `<code>${escapeHtml(node.value)}</code>`;
    case 'code':
      return `<pre${node.lang === 'mermaid' ? ' class="mermaid"' : ''}><code>${escapeHtml(node.value)}</code></pre>`;
    case 'blockquote':
      return `<blockquote>${children(node, page)}</blockquote>`;
    case 'list':
      return node.ordered === true
        ? `<ol start="${node.start ?? 1}">${children(node, page)}</ol>`
        : `<ul>${children(node, page)}</ul>`;
    case 'listItem':
      return renderItem(children(node, page));
    case 'link':
      return `<a href="${address(node.url)}" rel="nofollow noopener">${children(node, page)}</a>`;
    case 'image':
      return `<img src="${address(node.url)}" alt="${escapeHtml(node.alt ?? '')}">`;
    case 'break':
      return '<br>';
    case 'thematicBreak':
      return '<hr>';
    case 'html':
      return renderHtml(node.value);
    default:
      // References, footnotes and the like: their words without their form.
      return 'children' in node ? children(node, page) : '';
  }
}

/** `- [ ] words` is a task: shown as a box, ticked through the API. */
function renderItem(content: string): string {
  const [whole, mark] = /^<p>\[([ xX])\]\s/.exec(content) ?? [];
  if (whole === undefined || mark === undefined) return `<li>${content}</li>`;
  const box = `<input type="checkbox" disabled${mark === ' ' ? '' : ' checked'}>`;
  return `<li class="task"><p>${box} ${content.slice(whole.length)}</li>`;
}

/** Comments vanish, harmless tags stay, the rest is shown as it was written. */
function renderHtml(html: string): string {
  return html
    .replaceAll(/<!--[\s\S]*?-->/g, '')
    .split(/(<[^>]*>)/)
    .map((part) => (harmless.test(part) ? part : escapeHtml(part)))
    .join('');
}
