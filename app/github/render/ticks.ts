/** Which of our checkboxes a person ticked, read from a comment before and after the edit. */

export type Tick =
  /** The plan version that the ticked box carries, of the run whose card it is. */
  | { kind: 'approve'; run: number; version: number }
  /** `option` counts from 0, as in the question's options. */
  | { kind: 'answer'; run: number; question: number; option: number };

const box = /^- \[ \] (?<rest>.*<!-- entourage:(?<kind>approve|option) (?<number>\d+) -->)$/;

/**
 * Exactly one of our checkboxes went from empty to ticked and nothing else changed; anything else is null. Ticks of
 * lines without our marker, of two boxes at once, or together with any other edit don't count.
 */
export function renderedTicks(before: string, after: string): Tick | null {
  const old = lines(before);
  const now = lines(after);
  if (old.length !== now.length) return null;
  const changed = old.flatMap((line, index) => (line === now[index] ? [] : [index]));
  const index = changed[0];
  if (changed.length !== 1 || index === undefined) return null;
  const match = box.exec(old[index] ?? '');
  const { rest = '', kind = '', number = '' } = match?.groups ?? {};
  if (match === null || !['x', 'X'].some((mark) => now[index] === `- [${mark}] ${rest}`)) return null;
  return kind === 'approve' ? approval(before, Number(number)) : answer(before, Number(number));
}

/** GitHub stores what browsers send: line ends may be CRLF, and the last one may be gone. */
const lines = (body: string): string[] => body.replace(/\r\n/g, '\n').trimEnd().split('\n');

function approval(body: string, version: number): Tick | null {
  const run = /<!-- entourage:run (\d+) -->\s*$/.exec(body)?.[1];
  return run === undefined ? null : { kind: 'approve', run: Number(run), version };
}

function answer(body: string, option: number): Tick | null {
  const match = /<!-- entourage:question (\d+)\/q(\d+) -->\s*$/.exec(body);
  return match === null
    ? null
    : { kind: 'answer', run: Number(match[1]), question: Number(match[2]), option };
}
