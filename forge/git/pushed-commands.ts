/** What a push is about to do, read from the head of git's request before git itself sees it. */

/** `before` or `after` is 40 zeros for a ref that is to be made or deleted. */
export type PushedRef = { ref: string; before: string; after: string };

const command = /^([0-9a-f]{40}) ([0-9a-f]{40}) ([^\0\n]+)/;

/**
 * Reads the commands (pkt-lines up to the first flush) and gives the body back whole. Anything else before the flush,
 * `shallow` lines for one, is left to git.
 */
export async function peekCommands(
  body: ReadableStream<Uint8Array>,
): Promise<{ commands: PushedRef[]; body: ReadableStream<Uint8Array> }> {
  const reader = body.getReader();
  let seen = Buffer.alloc(0);
  let commands = parse(seen);
  while (commands === null) {
    const { done, value } = await reader.read();
    if (done) break;
    seen = Buffer.concat([seen, value]);
    commands = parse(seen);
  }
  const rest = new ReadableStream<Uint8Array>({
    start: (controller) => {
      if (seen.length > 0) controller.enqueue(seen);
    },
    pull: async (controller) => {
      const { done, value } = await reader.read();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  });
  return { commands: commands ?? [], body: rest };
}

/** Null while the flush hasn't come. */
function parse(text: Buffer): PushedRef[] | null {
  const commands: PushedRef[] = [];
  let at = 0;
  while (at + 4 <= text.length) {
    const length = Number.parseInt(text.toString('latin1', at, at + 4), 16);
    if (length === 0 || Number.isNaN(length)) return commands;
    if (length < 4 || at + length > text.length) return length < 4 ? commands : null;
    const [, before, after, ref] = command.exec(text.toString('utf8', at + 4, at + length)) ?? [];
    if (before !== undefined && after !== undefined && ref !== undefined)
      commands.push({ ref, before, after });
    at += length;
  }
  return null;
}
