/** Lines of a program's output, bounded: a program may print for ever without a newline, or no text at all. */
import type { Readable } from 'node:stream';

/** Longer lines are cut; what follows up to the newline is dropped. */
export const longestLine = 256 * 1024;

/** Yields lines without their newline and carriage return; invalid UTF-8 becomes replacement characters. */
export async function* linesOf(
  stream: AsyncIterable<Buffer>,
  longest: number = longestLine,
): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let line = '';
  const cut = (text: string) => text.slice(0, longest);
  for await (const chunk of stream) {
    const parts = decoder.decode(chunk, { stream: true }).split('\n');
    for (const [index, part] of parts.entries()) {
      // To add to a line that is cut anyway would copy it for each chunk.
      if (line.length < longest) line = cut(line + cut(part));
      if (index === parts.length - 1) break;
      yield line.replace(/\r$/, '');
      line = '';
    }
  }
  if (line !== '') yield line.replace(/\r$/, '');
}

/** The last characters of a stream, for the words of a failure. */
export function tailOf(stream: Readable, size: number): () => string {
  let tail = '';
  const decoder = new TextDecoder();
  stream.on('data', (chunk: Buffer) => {
    tail = (tail + decoder.decode(chunk, { stream: true })).slice(-size);
  });
  return () => tail;
}

/** Control characters could rewrite a terminal, and Postgres refuses NUL. Newlines and tabs stay. */
export function printable(text: string): string {
  return text.replaceAll(/(?![\n\t])\p{Cc}|\ufffd/gu, '');
}

/** The last few lines of an output that say something. */
export function lastLines(text: string): string {
  const lines = printable(text)
    .split('\n')
    .map((line) => line.trimEnd());
  return lines
    .filter((line) => line !== '')
    .slice(-12)
    .join('\n')
    .slice(-1_500);
}
