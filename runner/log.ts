/** Log lines of the runner and of its MCP server: one JSON object a line on stderr, a static message and fields. */

export type Fields = Readonly<Record<string, string | number | boolean | null | undefined>>;
export type Log = (message: string, fields?: Fields) => void;

/** Never hand it a token or a prompt: what is in `fields` is written as it is. */
export function createLog(common: Fields = {}, write: (line: string) => void = toStderr): Log {
  return (message, fields = {}) => {
    write(`${JSON.stringify({ at: new Date().toISOString(), message, ...common, ...fields })}\n`);
  };
}

function toStderr(line: string): void {
  process.stderr.write(line);
}

/** An error's words for a field; stacks stay out, they belong to bugs. */
export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The same for people who can do something about it. A full disk is met by many programs, each with its own words. */
export function reasonOf(error: unknown): string {
  const words = wordsOf(error);
  return (error as { code?: unknown }).code === 'ENOSPC' || /no space left|out of disk ?space/i.test(words)
    ? `The disk of the machine that worked on it is full. ${words}`
    : words;
}
