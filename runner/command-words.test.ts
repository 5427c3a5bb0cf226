import { expect, test } from 'vitest';
import { commandWords } from './command-words.ts';

test.each([
  ['npm ci', ['npm', 'ci']],
  ['  npm   ci --no-audit\t--prefix=web ', ['npm', 'ci', '--no-audit', '--prefix=web']],
  ['./scripts/set-up.sh a@b:c,d%e+f', ['./scripts/set-up.sh', 'a@b:c,d%e+f']],
])('%s is plain words', (line, words) => {
  expect(commandWords(line)).toEqual({ ok: true, words });
});

test.each([
  '',
  '   ',
  'echo "a b"',
  "echo 'a'",
  'a && b',
  'a | b',
  'a; b',
  'a $B',
  'a `b`',
  'a > b',
  'a *.js',
  'a\nb',
  'A=1 b',
  'a # b',
  '~/x',
  'a \\b',
])('%j wants a shell, or nothing, and is refused in words', (line) => {
  expect(commandWords(line)).toMatchObject({
    ok: false,
    problem: expect.stringMatching(/set-up line/i) as string,
  });
});
