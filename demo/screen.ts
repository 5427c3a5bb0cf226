/** What the terminal shows: one line a happening, aligned; on a terminal also what is being waited for. */
import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

export interface Screen {
  /** One thing that happened: when, who, what. Without a who it goes on where the last one stopped. */
  tell(who: string, what: string): void;
  title(text: string): void;
  /** Text as it is, indented. */
  block(text: string): void;
  check(passed: boolean, what: string): void;
  /** What is being waited for, on a line that is written over; nothing, when it is empty. */
  waiting(what: string): void;
  /** Seconds since the start. */
  elapsed(): number;
  [Symbol.dispose](): void;
}

const colours: Record<string, Style> = {
  entourage: 'cyan',
  actions: 'magenta',
  house: 'gray',
  mallory: 'red',
  ana: 'green',
  ben: 'yellow',
};

export function createScreen(stream: NodeJS.WriteStream): Screen {
  const start = performance.now();
  const elapsed = (): number => (performance.now() - start) / 1000;
  const live = stream.isTTY === true;
  // styleText looks at the stream, NO_COLOR and FORCE_COLOR itself.
  const paint = (style: Style, text: string): string => styleText(style, text, { stream });
  let awaited: { what: string; since: number } | null = null;
  const clear = (): void => {
    if (live) stream.write('\r\x1b[K');
  };
  const print = (text: string): void => {
    clear();
    stream.write(`${text}\n`);
  };
  const timer = setInterval(() => {
    if (!live || awaited === null || elapsed() - awaited.since < 1) return;
    clear();
    const seconds = `${elapsed().toFixed(1).padStart(6)} s`;
    stream.write(paint('dim', cut(`${seconds}  ${'…'.padEnd(10)} ${awaited.what}`, stream.columns ?? 80)));
  }, 250);
  timer.unref();
  return {
    elapsed,
    tell(who, what) {
      const seconds = who === '' ? ' '.repeat(8) : `${elapsed().toFixed(1).padStart(6)} s`;
      print(`${paint('dim', seconds)}  ${paint(colours[who] ?? 'reset', who.padEnd(10))} ${what}`);
    },
    title: (text) => print(`\n${paint('bold', text)}`),
    block: (text) => print(text.replaceAll(/^(?=.)/gm, '  ')),
    check: (passed, what) => print(`  ${passed ? paint('green', '✓') : paint('red', '✗')} ${what}`),
    waiting(what) {
      if (what === '') awaited = null;
      else if (awaited?.what !== what) awaited = { what, since: elapsed() };
    },
    [Symbol.dispose]() {
      clearInterval(timer);
      clear();
    },
  };
}

const cut = (text: string, columns: number): string =>
  text.length < columns ? text : `${text.slice(0, columns - 2)}…`;
