/** A failed job's log, cut to what an agent needs of it: the failing step's end, without colours, timestamps and secrets (RE-7). */
import { stripVTControlCharacters } from 'node:util';
import { maskSecrets } from './mask-secrets.ts';

const maxLines = 200;
const maxCharacters = 8_000;

/** `2026-11-21T09:12:33.1234567Z ` before each line, a byte order mark before the first. */
const timestamp = /^\uFEFF?\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d+Z ?/;
const group = /^##\[group\](?:Pre |Post )?Run /;

/** At most 200 lines and 8,000 characters. */
export async function logTail(log: string): Promise<string> {
  const lines = log
    .split(/\r?\n/)
    .map((line) => unmarked(stripVTControlCharacters(line.replace(timestamp, '')).replaceAll('\r', '')));
  const step = failingStep(lines)
    .filter((line) => line !== '##[endgroup]')
    .map((line) => line.replace(/^##\[(?:group|command)\]/, '').replace(/^##\[(\w+)\]/, '$1: '))
    .join('\n');
  // Masked before it is cut, by lines or by characters: half a secret is found by no detector.
  const text = (await maskSecrets(step)).trim().split('\n').slice(-maxLines).join('\n');
  if (text.length <= maxCharacters) return text;
  const tail = text.slice(text.length - (maxCharacters - 2));
  return `…\n${tail.slice(tail.indexOf('\n') + 1)}`;
}

/** Control characters that are no escape sequences; a tab is indentation. */
const unmarked = (line: string): string =>
  // eslint-disable-next-line no-control-regex -- they are what is taken out here
  line.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f]/g, '');

/** From the last step that began before the last error up to that error; the whole where a log has no such marks. */
function failingStep(lines: readonly string[]): readonly string[] {
  const error = lines.findLastIndex((line) => line.startsWith('##[error]'));
  if (error === -1) return lines;
  const start = lines.slice(0, error).findLastIndex((line) => group.test(line));
  return lines.slice(start === -1 ? 0 : start, error + 1);
}

/** The last `most` bytes of a stream: logs may be hundreds of megabytes, and errors are at their ends. */
export async function endOf(stream: ReadableStream<Uint8Array>, most: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    chunks.push(chunk);
    size += chunk.byteLength;
    for (let first = chunks[0]; first !== undefined && size - first.byteLength >= most; first = chunks[0]) {
      chunks.shift();
      size -= first.byteLength;
    }
  }
  return Buffer.concat(chunks).toString('utf8');
}
