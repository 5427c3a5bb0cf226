/** Aligned columns and safe text for a terminal. */
import { stripVTControlCharacters } from 'node:util';

/** Outside text on one line, unable to move the cursor or colour anything. */
export function plainLine(text: string, most = 80): string {
  const line = stripVTControlCharacters(text)
    .replaceAll(/\p{Cc}+/gu, ' ')
    .trim();
  return line.length <= most ? line : `${line.slice(0, most - 1)}…`;
}

/** Rows as lines, every column as wide as its widest cell, the last one ragged. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
