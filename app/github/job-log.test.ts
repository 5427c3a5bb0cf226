import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { SignJWT } from 'jose';
import { expect, it } from 'vitest';
import { makeSecret } from '../engine/secret.ts';
import { endOf, logTail } from './job-log.ts';

const at = (line: string): string => `2026-11-21T09:12:33.1234567Z ${line}`;

const log = [
  `\uFEFF${at('##[group]Run actions/checkout@v4')}`,
  at('##[endgroup]'),
  at('Syncing repository'),
  at('##[group]Run npm test'),
  at('\u001b[36;1mnpm test\u001b[0m'),
  at('shell: /usr/bin/bash -e {0}'),
  at('##[endgroup]'),
  at('\u001b[31mFAIL\u001b[39m notify.test.ts'),
  at('expected 204, got 500'),
  at('##[error]Process completed with exit code 1.'),
  at('##[group]Run actions/upload-artifact@v4'),
  at('nothing to upload'),
].join('\r\n');

it('RE-7: keeps the failing step, without timestamps and colours', async () => {
  expect(await logTail(log)).toBe(
    [
      'Run npm test',
      'npm test',
      'shell: /usr/bin/bash -e {0}',
      'FAIL notify.test.ts',
      'expected 204, got 500',
      'error: Process completed with exit code 1.',
    ].join('\n'),
  );
});

it('RE-7: caps lines and characters at the end, where errors are', async () => {
  const long = Array.from({ length: 5_000 }, (_, index) => at(`line ${index} ${'x'.repeat(index % 50)}`));
  const text = await logTail(long.join('\n'));
  expect(text.length).toBeLessThanOrEqual(8_000);
  expect(text.split('\n').length).toBeLessThanOrEqual(201);
  expect(text.split('\n').at(-1)).toMatch(/^line 4999/);
  expect(await logTail('')).toBe('');
});

it('RE-7 TR-4: masks what a detector knows as a secret', async () => {
  // Put together here, so that no scanner takes this file for a leak.
  const token = ['ghp', 'abcdefghijklmnopqrstuvwxyz0123456789'].join('_');
  const text = await logTail([at(`curl -H "Authorization: token ${token}"`), at('done')].join('\n'));
  expect(text).not.toContain(token);
  expect(text).toContain('***');
  expect(text).toContain('done');
});

it('masks a key whose beginning is beyond the lines that are kept, and tokens of our own', async () => {
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  const key = privateKey.trim().split('\n');
  for (const after of [5, 180, 195]) {
    const text = await logTail([...key, ...Array<string>(after).fill('more')].map(at).join('\n'));
    for (const line of key) expect(text).not.toContain(line);
    expect(text.split('\n').at(-1)).toBe('more');
  }
  const jwt = await new SignJWT({ sub: 'repo:acme/shop' })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(randomBytes(32));
  for (const token of [makeSecret('ent_session'), makeSecret('ent_key'), jwt])
    expect(await logTail(at(`with ${token} as its token`))).toBe('with *** as its token');
});

it('reads only the end of an endless log', async () => {
  const chunks = Array.from({ length: 100 }, (_, index) => `${String(index).padStart(9, '0')}\n`);
  const stream = ReadableStream.from(chunks.map((chunk) => new TextEncoder().encode(chunk)));
  const text = await endOf(stream, 100);
  expect(text.length).toBeLessThan(200);
  expect(text).toContain('000000099');
});
