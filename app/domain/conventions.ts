/** The `## Conventions` section of ENTOURAGE.md as a list: each `### name` with its text, and what stands before the first. */

export type Convention = { readonly name: string; readonly text: string };

export function conventionsOf(section: string): Convention[] {
  const found: { name: string; lines: string[] }[] = [{ name: 'general', lines: [] }];
  for (const line of section.split('\n')) {
    const name = /^### +(.+?) *#*$/.exec(line)?.[1];
    if (name === undefined) found.at(-1)?.lines.push(line);
    else found.push({ name, lines: [] });
  }
  return found
    .map(({ name, lines }) => ({ name, text: lines.join('\n').trim() }))
    .filter(({ name, text }, index) => (index > 0 ? name !== '' : text !== ''));
}
