/** A card's Markdown as a terminal can show it: tables aligned, no graph, no folded parts, no markers. */

export function cardText(body: string): string {
  const text = body
    .replaceAll(/```mermaid[\s\S]*?```/g, '')
    .replaceAll(/<details>[\s\S]*?<\/details>/g, '')
    .replaceAll(/<!--[\s\S]*?-->/g, '')
    .replaceAll('&emsp;', ' ')
    .replaceAll(/&#8203;|\*\*|^#+ /gm, '')
    .replaceAll(/\n{3,}/g, '\n\n')
    .trim();
  return text.replaceAll(/(?:^\|.*\n?)+/gm, align);
}

/** The tasks of a card that shows a plan: `t2 Serve it (after t1)`. */
export function plannedTasks(body: string): string[] {
  return rows(body).flatMap((cells) => {
    const [, task = '', , , , after = ''] = cells;
    if (!/^t\d+ /.test(task)) return [];
    return [/^t\d/.test(after) ? `${task} (after ${after})` : task];
  });
}

const rows = (table: string): string[][] =>
  table
    .split('\n')
    .filter((line) => line.startsWith('|') && !/^\|[-:|\s]+$/.test(line))
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    );

function align(table: string): string {
  const cells = rows(table);
  const widths = (cells[0] ?? []).map((_, column) =>
    Math.max(...cells.map((row) => (row[column] ?? '').length)),
  );
  const lines = cells.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '));
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
}
