/** Draws a terminal's output as SVG: `FORCE_COLOR=1 npm run --silent demo | node docs/demo-picture.ts > docs/demo.svg`. */
import { text as readAll } from 'node:stream/consumers';

type Style = { colour: string; bold: boolean; dim: boolean };
type Span = { text: string; style: Style };

const plain: Style = { colour: '#d6deeb', bold: false, dim: false };
const colours: Record<number, string> = {
  31: '#f78c6c',
  32: '#7fdbb0',
  33: '#f2d479',
  34: '#82aaff',
  35: '#c792ea',
  36: '#7fdbff',
  90: '#7a8aa0',
};
const lineHeight = 19;
const charWidth = 7.83;
const columns = 118;
const margin = { x: 22, top: 46, bottom: 20 };

function restyle(style: Style, code: number): Style {
  if (code === 0) return plain;
  if (code === 1) return { ...style, bold: true };
  if (code === 2) return { ...style, dim: true };
  if (code === 22) return { ...style, bold: false, dim: false };
  return { ...style, colour: colours[code] ?? plain.colour };
}

/** A line's text by style; SGR codes are the only escapes that the demo writes to a pipe. */
function spans(line: string): Span[] {
  let style = plain;
  // eslint-disable-next-line no-control-regex -- the escape character is what is looked for
  return line.split(/(\u001b\[[\d;]*m)/).flatMap((part) => {
    // eslint-disable-next-line no-control-regex -- see above
    const codes = /^\u001b\[([\d;]*)m$/.exec(part)?.[1];
    if (codes === undefined) return part === '' ? [] : [{ text: part, style }];
    for (const code of codes.split(';')) style = restyle(style, Number(code));
    return [];
  });
}

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

function cut(parts: Span[]): Span[] {
  let left = columns;
  return parts.flatMap(({ text, style }) => {
    const letters = Array.from(text);
    const shown = letters.length > left ? `${letters.slice(0, Math.max(0, left - 1)).join('')}…` : text;
    const fits = left > 0;
    left -= letters.length;
    return fits ? [{ text: shown, style }] : [];
  });
}

function draw(lines: string[]): string {
  const width = Math.round(columns * charWidth + 2 * margin.x);
  const height = lines.length * lineHeight + margin.top + margin.bottom;
  const rows = lines.map((line, index) => {
    const tspans = cut(spans(line)).map(({ text, style }) => {
      const weight = style.bold ? ' font-weight="bold"' : '';
      return `<tspan fill="${style.dim ? '#7a8aa0' : style.colour}"${weight}>${escape(text)}</tspan>`;
    });
    return `<text x="${margin.x}" y="${margin.top + index * lineHeight}" xml:space="preserve">${tspans.join('')}</text>`;
  });
  const dots = ['#ff6b6b', '#f2d479', '#7fdbb0'].map(
    (fill, index) => `<circle cx="${22 + index * 18}" cy="18" r="5" fill="${fill}"/>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="13">`,
    '<title>npm run demo</title>',
    `<rect width="${width}" height="${height}" rx="10" fill="#0b1624"/>`,
    ...dots,
    ...rows,
    '</svg>',
    '',
  ].join('\n');
}

/** Of the whole output the story, the card and the checks: a picture is to be seen at a glance. */
const sections = (await readAll(process.stdin)).trim().split(/\n\n(?=\S)/);
const shown = sections.filter((section) =>
  /Entourage:|The card on the issue|Checked/.test(section.split('\n')[0] ?? ''),
);
process.stdout.write(draw(shown.join('\n\n').split('\n')));
