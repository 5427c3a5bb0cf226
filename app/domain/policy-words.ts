/** The Markdown part of ENTOURAGE.md: what agents read, by its headings. */
import { z } from 'zod';

export const Words = z.strictObject({
  conventions: z.string(),
  manager: z.string(),
  engineer: z.string(),
  reviewer: z.string(),
});
export type Words = z.infer<typeof Words>;

export const noWords: Words = { conventions: '', manager: '', engineer: '', reviewer: '' };

/** The text under `## Conventions`, `## Manager`, `## Engineer`, `## Reviewer`; other sections are the people's own. */
export function splitSections(lines: readonly string[]): Words {
  const found = new Map<string, string[]>();
  let current: string[] = [];
  let fence: string | null = null;
  for (const line of lines) {
    const mark = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1];
    if (fence === null && mark !== undefined) fence = mark;
    else if (fence !== null && line.trim().startsWith(fence)) fence = null;
    const heading = fence === null ? /^ {0,3}##?[ \t]+(.*?)[ \t#]*$/.exec(line)?.[1] : undefined;
    if (heading === undefined) current.push(line);
    else found.set(heading.toLowerCase(), (current = found.get(heading.toLowerCase()) ?? []));
  }
  const text = (name: string): string => (found.get(name) ?? []).join('\n').trim();
  return {
    conventions: text('conventions'),
    manager: text('manager'),
    engineer: text('engineer'),
    reviewer: text('reviewer'),
  };
}
