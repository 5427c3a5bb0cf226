/** The list of engines as a person reads it: names aligned, each sentence on a line of its own, nothing wider than asked. */
import type { Readiness } from './engines/engine.ts';

/** Lines of at most `width` columns, unless a single word or command is longer. */
export function engineLines(
  engines: readonly { name: string; readiness: Readiness }[],
  width: number,
): string[] {
  const names = Math.max(0, ...engines.map(({ name }) => name.length));
  return engines.flatMap(({ name, readiness: { ready, words } }) => {
    const lines = sentences(words).flatMap((sentence) => wrap(sentence, width - names - 4));
    return lines.map((line, index) =>
      index === 0 ? `${ready ? '✓' : '✗'} ${name.padEnd(names)}  ${line}` : `${' '.repeat(names + 4)}${line}`,
    );
  });
}

const sentences = (text: string): string[] => text.split(/(?<=\.) (?=\S)/);

/** A command between backticks is one word: it can be copied whole. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.match(/(?:`[^`]*`|\S)+/g) ?? ['']) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}
