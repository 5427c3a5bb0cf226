/** Our marks in Markdown. They count only in what our own App wrote; `plain` keeps strangers' text from containing one. */

export const runMarker = (run: number): string => `<!-- entourage:run ${run} -->`;
export const approveMarker = (version: number): string => `<!-- entourage:approve ${version} -->`;
export const taskMarker = (run: number, task: number): string => `<!-- entourage:task ${run}/t${task} -->`;
export const endMarker = '<!-- /entourage -->';
/** Questions count per run, and an issue may have several runs. */
export const questionMarker = (run: number, question: number): string =>
  `<!-- entourage:question ${run}/q${question} -->`;
/** `option` counts from 0, as in the question's `options`. */
export const optionMarker = (option: number): string => `<!-- entourage:option ${option} -->`;
/** A reviewer agent reads a head once: by its session. */
export const reviewMarker = (session: string): string => `<!-- entourage:review ${session} -->`;
export const threadMarker = (thread: number): string => `<!-- entourage:thread ${thread} -->`;
/** One reply of ours, found again by what it answers: `reply <comment>`, `refusal <person>`. */
export const replyMarker = (to: string): string => `<!-- entourage:${to} -->`;

/** The question whose comment this is, by number; null in any other comment. */
export function questionOf(body: string): number | null {
  const number = /<!-- entourage:question \d+\/q(\d+) -->/.exec(body)?.[1];
  return number === undefined ? null : Number(number);
}
