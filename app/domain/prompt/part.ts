/** A prompt's parts: each with a heading and a budget of characters, so that no part can crowd out the others. */

export type Part = {
  readonly heading: string;
  /** Empty parts are left out, heading and all. */
  readonly text: string;
  /** Characters; what is over is cut, and the cut says how to get the rest. */
  readonly budget: number;
  /** The tool that shows all of it, named in the cut. */
  readonly more?: string;
};

export function assemble(parts: readonly Part[]): string {
  return parts
    .filter((part) => part.text.trim() !== '')
    .map((part) => `## ${part.heading}\n\n${within(part)}`)
    .join('\n\n')
    .concat('\n');
}

function within({ text, budget, more }: Part): string {
  if (text.length <= budget) return text.trim();
  // At a line's end, so that no fact is cut in half; a fence that was cut open is closed again.
  const kept = text.slice(0, Math.max(text.lastIndexOf('\n', budget), 0)) || text.slice(0, budget);
  const fence = openFence(kept);
  const rest = `(${text.length - kept.length} more characters${more === undefined ? '' : `: ${more}`})`;
  return [kept.trimEnd(), ...(fence === null ? [] : [fence]), rest].join('\n');
}

function openFence(text: string): string | null {
  let open: string | null = null;
  for (const line of text.split('\n')) {
    const mark = /^( *`{3,})(\w*)$/.exec(line);
    if (mark === null) continue;
    if (open === null) open = mark[1] ?? null;
    else if (mark[1] === open && mark[2] === '') open = null;
  }
  return open;
}

/** `- a` lines; items that span lines are indented under their dash. */
export const list = (items: readonly string[]): string =>
  items.map((item) => `- ${item.replaceAll('\n', '\n  ')}`).join('\n');
