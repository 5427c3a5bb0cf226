/** Lines of a unified diff: which can be commented on, where they go when the file changes. */

export type Side = 'LEFT' | 'RIGHT';

export type Place = { line: number; side: Side };

type Line = { left: number | null; right: number | null; text: string };

/** The lines of a patch (from its first `@@` on), each with its number in the old and the new file. */
function linesOf(patch: string): Line[][] {
  const hunks: Line[][] = [];
  let left = 0;
  let right = 0;
  for (const text of patch.split('\n')) {
    const header = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@/.exec(text);
    if (header !== null) {
      left = Number(header[1]);
      right = Number(header[2]);
      hunks.push([{ left: null, right: null, text }]);
      continue;
    }
    const hunk = hunks.at(-1);
    if (hunk === undefined || text.startsWith('\\')) continue;
    const isOld = !text.startsWith('+');
    const isNew = !text.startsWith('-');
    hunk.push({ left: isOld ? left : null, right: isNew ? right : null, text });
    if (isOld) left += 1;
    if (isNew) right += 1;
  }
  return hunks;
}

/**
 * The hunk up to a line, as GitHub shows it above a comment; null when the line is not in the diff (G16). With a
 * first line both must be in one hunk.
 */
export function hunkAt(patch: string, at: Place, first?: Place): string | null {
  const numberOf = (one: Line, on: Side) => (on === 'LEFT' ? one.left : one.right);
  for (const hunk of linesOf(patch)) {
    const end = hunk.findIndex((one) => numberOf(one, at.side) === at.line);
    if (end === -1) continue;
    const from =
      first === undefined ? end : hunk.findIndex((one) => numberOf(one, first.side) === first.line);
    if (from === -1 || from > end) return null;
    return hunk
      .slice(0, end + 1)
      .map((one) => one.text)
      .join('\n');
  }
  return null;
}

/** Where a line of the old file is in the new one; null when it was changed or removed. */
export function movedLine(patch: string, line: number): number | null {
  let offset = 0;
  for (const hunk of linesOf(patch)) {
    for (const one of hunk) {
      if (one.left === line) return one.right;
      if (one.left !== null && one.left > line) return line + offset;
      if (one.left !== null && one.right !== null) offset = one.right - one.left;
      else if (one.right !== null) offset += 1;
      else if (one.left !== null) offset -= 1;
    }
  }
  return line + offset;
}
