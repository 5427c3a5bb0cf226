import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryDirectory } from '../fixtures/origin.ts';
import { onLinux } from '../process-tree.ts';
import { isKept, keep, keepAgain } from './keeper.ts';

async function textOf(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

const launch = (script: string, input = '') => ({
  file: process.execPath,
  args: ['--input-type=module', '-e', script],
  cwd: '/',
  env: { PATH: process.env['PATH'] ?? '', OWN: 'one\ntwo' },
  input,
});

describe('AG-3: a kept program', () => {
  test('has its input, environment and exit code; what it was given lies nowhere', async () => {
    const directory = join(temporaryDirectory(), 'engine');
    const script = `import { readFileSync, readdirSync } from 'node:fs';
      console.log(readFileSync(0, 'utf8') + process.env.OWN); console.error('last words'); process.exit(7);`;
    const kept = await keep(null, directory, launch(script, 'prompt '));
    const [output, errors, exit] = await Promise.all([
      textOf(kept.output()),
      textOf(kept.errors()),
      kept.exited,
    ]);
    expect({ output, errors, exit }).toEqual({
      output: 'prompt one\ntwo\n',
      errors: 'last words\n',
      exit: { code: 7, signal: null },
    });
    expect(existsSync(join(directory, 'input'))).toBe(false);
    expect(readFileSync(join(directory, 'exit-code'), 'utf8')).toBe('7\n');
  });

  test('that ended is read again from its beginning, with its end', async () => {
    const directory = join(temporaryDirectory(), 'engine');
    const first = await keep(
      null,
      directory,
      launch(`console.log('said'); process.kill(process.pid, 'SIGTERM');`),
    );
    await first.exited;
    expect(await isKept(directory, first.process)).toBe(true);
    const again = await keepAgain(directory, first.process);
    expect(await textOf(again.output())).toBe('said\n');
    expect(await again.exited).toEqual({ code: null, signal: 'SIGTERM' });
  });

  test.runIf(onLinux)('that lives is followed on; killed with its keeper, nobody knows its end', async () => {
    const directory = join(temporaryDirectory(), 'engine');
    const first = await keep(null, directory, launch(`console.log('said'); setInterval(() => {}, 1000);`));
    const again = await keepAgain(directory, first.process);
    const output = again.output();
    expect(String((await output.next()).value)).toBe('said\n');
    process.kill(-first.process.pid, 'SIGKILL');
    expect(await again.exited).toEqual({ code: null, signal: null });
    expect(await textOf(output)).toBe('');
    expect(await first.exited).toEqual({ code: null, signal: 'SIGKILL' });
    expect(await isKept(directory, first.process)).toBe(false);
  });

  test('asked to end by a signal to its group, ends as it wants, and that is kept', async () => {
    const directory = join(temporaryDirectory(), 'engine');
    const kept = await keep(
      null,
      directory,
      launch(
        `process.on('SIGINT', () => process.exit(3)); console.log('ready'); setInterval(() => {}, 1000);`,
      ),
    );
    const output = kept.output();
    await output.next();
    process.kill(-kept.process.pid, 'SIGINT');
    expect(await kept.exited).toEqual({ code: 3, signal: null });
  });
});
