import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryDirectory } from '../fixtures/origin.ts';
import { markVariable } from '../process-list.ts';
import { onLinux, processTree } from '../process-tree.ts';
import type { EngineEvent, EngineWork } from './engine.ts';
import { objectIn, startProgram, textEvent, toolName, verdict, type Translate } from './program.ts';

/** `say X` is a text, `end ok` and `end bad` are last events; all else says nothing. */
const translate: Translate = (line) => {
  const [word, rest = ''] = line.split(' ', 2);
  if (word === 'say') return textEvent(rest);
  if (word === 'give-up') return [{ type: 'hopeless', reason: 'no tools' }];
  return word === 'end'
    ? [{ type: 'ended', ok: rest === 'ok', reason: rest === 'ok' ? '' : 'it went wrong' }]
    : [];
};

const workIn = (session: string): EngineWork => ({
  session,
  command: [],
  model: null,
  prompt: 'the prompt',
  conversation: null,
  cwd: temporaryDirectory(),
  user: null,
  mcpConfig: '/nonexistent',
  outputs: join(temporaryDirectory(), 'engine'),
  environment: { PATH: process.env['PATH'] ?? '', [markVariable]: session },
});

async function run(script: string, session: string = randomUUID()) {
  const started = await startProgram(workIn(session), {
    file: process.execPath,
    args: ['--input-type=module', '-e', script],
    env: { OWN: 'of the engine' },
    input: 'the prompt',
    translate,
    translateErrors: (line) => (line.startsWith('retry') ? [{ type: 'retrying', reason: line }] : []),
  });
  const events: EngineEvent[] = [];
  const done = (async () => {
    for await (const event of started.events) events.push(event);
    return events;
  })();
  return { started, events, done };
}

describe('the program of an engine', () => {
  test('gets its prompt and its variables; its lines become events and the last one is held back', async () => {
    const { done } = await run(`
      import { readFileSync } from 'node:fs';
      console.log('say ' + readFileSync(0, 'utf8').replace(' ', '-'));
      console.log('say ' + process.env.OWN.replaceAll(' ', '-'));
      console.log('end ok'); console.log('say after');`);
    expect(await done).toEqual([
      { type: 'text', text: 'the-prompt' },
      { type: 'text', text: 'of-the-engine' },
      { type: 'text', text: 'after' },
      { type: 'ended', ok: true, reason: '' },
    ]);
  });

  test('garbage, an endless line and bytes that are no text do no harm', async () => {
    const { done } = await run(`
      process.stdout.write(Buffer.from([0xff, 0xfe, 0x00, 0x0a]));
      process.stdout.write('x'.repeat(1_000_000) + '\\n{"type":\\n');
      console.log('say \\u0000\\u001b[31mred'); console.log('end ok');`);
    expect(await done).toEqual([
      { type: 'text', text: '[31mred' },
      { type: 'ended', ok: true, reason: '' },
    ]);
  });

  test('more output than any agent has a use for ends it, before it fills the disk', async () => {
    // A hole in the file is as long as what would have been printed, and quicker.
    const { done } = await run(`
      import { ftruncateSync } from 'node:fs';
      ftruncateSync(2, 300 * 1024 * 1024); setInterval(() => {}, 1000);`);
    expect((await done).at(-1)).toEqual({
      type: 'ended',
      ok: false,
      reason: 'The engine printed more than 256 MiB, and was stopped.',
    });
  });

  test('what it says on stderr can be a wait', async () => {
    const { done } = await run(`console.error('retry 1'); console.error('other'); console.log('end ok');`);
    expect(await done).toContainEqual({ type: 'retrying', reason: 'retry 1' });
  });

  test('exit code 0 without a last event is no success; its last words are the reason', async () => {
    const { done } = await run(
      `console.log('say hello'); console.error('\\u001b[1mno key'); console.error('');`,
    );
    expect((await done).at(-1)).toEqual({
      type: 'ended',
      ok: false,
      reason: 'The engine ended with exit code 0 before it was done.\n[1mno key',
    });
  });

  test('what is hopeless is stopped, whatever it says afterwards', async () => {
    const { done } = await run(`
      process.on('SIGINT', () => { console.log('end ok'); process.exit(0); });
      setInterval(() => {}, 1000); console.log('give-up');`);
    expect(await done).toEqual([{ type: 'ended', ok: false, reason: 'no tools' }]);
  });

  test('a program that is not there is told by its name', async () => {
    const starting = startProgram(workIn(randomUUID()), {
      file: 'no-such-engine',
      args: [],
      env: {},
      input: '',
      translate,
    });
    await expect(starting).rejects.toThrow(/`no-such-engine` could not be started/);
  });

  test.runIf(onLinux)(
    'AG-10: stop ends what it started, also what left its group and holds its output open',
    async () => {
      const session = randomUUID();
      const sleeper = `process.on('SIGINT', () => {}); setInterval(() => {}, 1000); console.log('say deep');`;
      const { started, events, done } = await run(
        `import { spawn } from 'node:child_process';
       spawn(process.execPath, ['-e', ${JSON.stringify(sleeper)}], { detached: true, stdio: 'inherit' });
       setInterval(() => {}, 1000);`,
        session,
      );
      while (events.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
      await Promise.all([started.stop(100), started.stop(100)]);
      expect((await done).at(-1)).toMatchObject({ type: 'ended', ok: false });
      expect(await processTree(null, session).alive()).toEqual([]);
    },
  );
});

describe('the verdict', () => {
  const exit = (code: number | null, signal: NodeJS.Signals | null = null) => ({ code, signal });

  test('is the last event’s where it is a whole one', () => {
    expect(verdict(exit(0), { ok: true, reason: 'done' }, '')).toEqual({ ok: true, reason: 'done' });
    expect(verdict(exit(0), { ok: false, reason: 'no' }, '')).toEqual({ ok: false, reason: 'no' });
  });

  test.each([
    { end: 'no last event', exit: exit(0), last: null, words: /exit code 0 before it was done/ },
    { end: 'the middle of a turn', exit: exit(0), last: { ok: false, reason: '' }, words: /exit code 0/ },
    {
      end: 'a good end and a bad code',
      exit: exit(1),
      last: { ok: true, reason: '' },
      words: /was done and ended with exit code 1/,
    },
    { end: 'a signal', exit: exit(null, 'SIGKILL'), last: null, words: /signal SIGKILL before/ },
  ])('$end is a failure that says how it ended', (row) => {
    const reason = expect.stringMatching(row.words) as string;
    expect(verdict(row.exit, row.last, '')).toEqual({ ok: false, reason });
  });
});

test('only objects are lines of an engine', () => {
  expect(objectIn(' {"a":1} ')).toEqual({ a: 1 });
  for (const line of ['', 'a', '[]', '{', 'null', '1']) expect(objectIn(line)).toBeNull();
});

test('Entourage’s tools go by their own names', () => {
  for (const name of ['mcp__entourage__ask_human', 'mcp_entourage_ask_human', 'entourage_ask_human'])
    expect(toolName(name)).toBe('ask_human');
  expect(toolName('mcp__other__ask_human')).toBe('mcp__other__ask_human');
  expect(toolName('Bash')).toBe('Bash');
});
