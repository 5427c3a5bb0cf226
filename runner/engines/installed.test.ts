import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryDirectory } from '../fixtures/origin.ts';
import { isOlder, readinessOf, type Installation } from './installed.ts';

const tool: Installation = {
  title: 'The Tool',
  file: 'the-tool',
  oldest: '1.2.3',
  install: 'npm install --global the-tool',
  keys: ['FIRST_KEY', 'OTHER_KEY'],
};

/** A directory with a program that runs the script. */
function directoryWith(script: string, mode = 0o755): string {
  const directory = temporaryDirectory();
  writeFileSync(join(directory, 'the-tool'), `#!/bin/sh\n${script}\n`);
  chmodSync(join(directory, 'the-tool'), mode);
  return directory;
}

const ready = (script: string, environment: Record<string, string> = { FIRST_KEY: 'k' }) =>
  readinessOf(tool, { PATH: `${directoryWith(script)}${delimiter}/usr/bin:/bin`, ...environment });

describe('AG-1: an engine is', () => {
  test('ready with a new enough version and a key', async () => {
    expect(await ready('echo the-tool 1.10.0')).toEqual({ ready: true, words: 'The Tool 1.10.0' });
    expect(await ready('echo 1.2.3', { OTHER_KEY: 'k' })).toMatchObject({ ready: true });
  });

  test.each([
    {
      state: 'too old',
      script: 'echo 1.2.2',
      key: 'k',
      words: /1\.2\.2 is too old: at least 1\.2\.3 .*npm install/,
    },
    { state: 'without a key', script: 'echo 1.2.3', key: '', words: /set FIRST_KEY or OTHER_KEY/ },
    { state: 'without a version', script: 'echo hello', key: 'k', words: /not tell its version: .*hello/ },
    { state: 'broken', script: 'exit 3', key: 'k', words: /ends with code 3/ },
  ])('not ready when $state, and says so', async ({ script, key, words }) => {
    const told = await ready(script, { FIRST_KEY: key });
    expect(told).toEqual({ ready: false, words: expect.stringMatching(words) as string });
  });

  test('not ready when it is nowhere, no program, or a directory', async () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, 'the-tool'));
    const plain = directoryWith('echo 1.2.3', 0o644);
    for (const path of ['', '/nonexistent', directory, plain]) {
      expect(await readinessOf(tool, { PATH: path, FIRST_KEY: 'k' })).toEqual({
        ready: false,
        words: expect.stringMatching(/is not installed: no `the-tool`.*`npm install/) as string,
      });
    }
  });

  test('looked for past what can’t be run', async () => {
    const path = [directoryWith('echo 9.9.9', 0o644), directoryWith('echo 1.2.3'), '/bin'].join(delimiter);
    expect(await readinessOf(tool, { PATH: path, FIRST_KEY: 'k' })).toMatchObject({
      words: 'The Tool 1.2.3',
    });
  });
});

test('versions are compared by number', () => {
  expect(isOlder('1.9.0', '1.10.0')).toBe(true);
  expect(isOlder('2.0.0', '1.10.0')).toBe(false);
  expect(isOlder('1.10.0', '1.10.0')).toBe(false);
  expect(isOlder('0.168.9', '0.169.0')).toBe(true);
});
