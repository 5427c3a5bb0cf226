import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';
import { envText, writeSecret } from './env-file.ts';

const place = (): string => {
  const directory = mkdtempSync(join(tmpdir(), 'entourage-env-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
};

it('reads back as it was, and refuses what programs would read differently', () => {
  const values = {
    APP_ID: '7',
    PRIVATE_KEY_PATH: '/home/ann lee/#1/key.pem',
    ENTOURAGE_URL: 'https://a.example:1/x',
  };
  expect(parseEnv(envText(values))).toEqual(values);
  for (const value of ['a"b', 'a\\b', 'a$b', 'a`b', 'a\nB=c'])
    expect(() => envText({ A: value })).toThrow(/^A has/);
});

it('is its owner’s alone from the first byte, and never written over unless that was agreed', async () => {
  const directory = place();
  const file = join(directory, 'a.env');
  await writeSecret(file, 'one\n', false);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  await expect(writeSecret(file, 'two\n', false)).rejects.toMatchObject({ code: 'EEXIST' });
  expect(readFileSync(file, 'utf8')).toBe('one\n');
  writeFileSync(join(directory, 'open.env'), 'old', { mode: 0o644 });
  await writeSecret(join(directory, 'open.env'), 'new\n', true);
  expect(statSync(join(directory, 'open.env')).mode & 0o777).toBe(0o600);
  expect(readdirSync(directory).toSorted()).toEqual(['a.env', 'open.env']);
});
