/** Reads what an agent made by git's plumbing. What can't be read is the upload's fault, unless the machine says it is its own. */
import { git, isMachine, lastWords } from './git.ts';

/** Git could not make sense of the upload, or not in the time and space there are. */
export class Unreadable extends Error {
  readonly code = 'unreadable';
  constructor(message: string) {
    super(message);
    this.name = 'Unreadable';
  }
}

const patience = 30_000;
/** Read at a time; below what one git may print. */
const batchBytes = 16 * 1024 * 1024;

/** Rejects with `Unreadable`, or with an error of the machine's (no space, no memory) that may be gone at the next try. */
export async function readOut(dir: string, args: readonly string[], stdin?: string): Promise<Buffer> {
  const input = stdin === undefined ? {} : { stdin: stdin === '' ? '' : `${stdin}\n` };
  const result = await git({ dir, args, milliseconds: patience, ...input });
  if (result.code === 0) return result.stdout;
  const words = `git ${args[0] ?? ''}: ${lastWords(result)}`;
  if (isMachine(result)) throw new Error(`A push could not be looked at: ${words}`);
  throw new Unreadable(words);
}

/** The blobs' bytes by their names; `size` is what `cat-file` said. */
export async function readBlobs(
  dir: string,
  list: readonly { blob: string; size: number }[],
): Promise<Map<string, Buffer>> {
  const found = new Map<string, Buffer>();
  let batch: string[] = [];
  let bytes = 0;
  const read = async (): Promise<void> => {
    if (batch.length > 0) split(await readOut(dir, ['cat-file', '--batch'], batch.join('\n')), found);
    batch = [];
    bytes = 0;
  };
  for (const { blob, size } of new Map(list.map((row) => [row.blob, row])).values()) {
    if (bytes + size > batchBytes) await read();
    batch.push(blob);
    bytes += size;
  }
  await read();
  return found;
}

/** `<name> blob <size>`, a newline, the bytes, a newline. */
function split(output: Buffer, into: Map<string, Buffer>): void {
  for (let at = 0; at < output.length;) {
    const end = output.indexOf(10, at);
    const [name = '', type = '', size = ''] = output.toString('latin1', at, end).split(' ');
    if (type !== 'blob') throw new Unreadable(`git cat-file: ${name} is no blob`);
    const from = end + 1;
    into.set(name, output.subarray(from, from + Number(size)));
    at = from + Number(size) + 1;
  }
}

export const textLines = (buffer: Buffer): string[] =>
  buffer
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '');
