/** The lines of a pull request's diff that can be commented on (G16), from the patches GitHub shows. */

export type Side = 'LEFT' | 'RIGHT';
/** First and last line, both included. */
export type LineRange = readonly [first: number, last: number];
export type PatchedFile = {
  readonly path: string;
  /** From its first `@@` on; null where GitHub shows none: binary, renamed only, or too large. */
  readonly patch: string | null;
};

/** Lines of one side that stand in the patch, in order and joined where they touch. */
export function linesOn(patch: string, side: Side): LineRange[] {
  const ranges: [number, number][] = [];
  let left = 0;
  let right = 0;
  for (const text of patch.split('\n')) {
    const header = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@/.exec(text);
    if (header !== null) {
      left = Number(header[1]);
      right = Number(header[2]);
      continue;
    }
    // “No newline at end of file”, and what `split` leaves after the last line.
    if (text.startsWith('\\') || text === '') continue;
    const old = !text.startsWith('+');
    const now = !text.startsWith('-');
    if (side === 'LEFT' && old) add(ranges, left);
    if (side === 'RIGHT' && now) add(ranges, right);
    if (old) left += 1;
    if (now) right += 1;
  }
  return ranges;
}

function add(ranges: [number, number][], line: number): void {
  const last = ranges.at(-1);
  if (last !== undefined && last[1] + 1 === line) last[1] = line;
  else ranges.push([line, line]);
}

const mostNamed = 40;

/** Null when a comment can stand there; else what is in the way and what would be possible. */
export function outsideDiff(
  files: readonly PatchedFile[],
  at: { path: string; line: number; side: Side },
): { message: string; help: string } | null {
  const file = files.find(({ path }) => path === at.path);
  if (file === undefined) {
    const named = files.slice(0, mostNamed).map(({ path }) => path);
    const more = files.length > mostNamed ? ` and ${files.length - mostNamed} more` : '';
    return {
      message: `${at.path} is not changed by this pull request.`,
      help: `It changes ${named.join(', ') || 'nothing'}${more}. What concerns another file goes into the summary of submit_review_verdict.`,
    };
  }
  const whole = 'Say it in the summary of submit_review_verdict.';
  if (file.patch === null) return { message: `GitHub shows no lines of ${at.path}.`, help: whole };
  const ranges = linesOn(file.patch, at.side);
  if (ranges.some(([first, last]) => first <= at.line && at.line <= last)) return null;
  const shown = ranges
    .slice(0, mostNamed)
    .map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`));
  const which = at.side === 'LEFT' ? 'the old file (side LEFT)' : 'the new file (side RIGHT)';
  return {
    message: `Line ${at.line} of ${at.path} is not in the diff.`,
    help:
      shown.length === 0
        ? `There is no line of ${which} in it. ${whole}`
        : `Lines of ${which} that are: ${shown.join(', ')}.`,
  };
}
