/** The disk is bounded: caches that nobody needs go, and then no new session begins. */
import { existsSync, linkSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createDisk, diskUse, sizesOf } from './disk.ts';
import { branch, makeOrigin, temporaryDirectory } from './fixtures/origin.ts';
import { createObjectCache, type ObjectCache } from './object-cache.ts';
import { forgetStart, headOf, prepareWorkspace } from './workspace.ts';

const mib = 1024 * 1024;

function directory(): { path: string; cache: ObjectCache } {
  const path = temporaryDirectory();
  mkdirSync(join(path, 'sessions'));
  mkdirSync(join(path, 'cache'));
  return { path, cache: createObjectCache(join(path, 'cache')) };
}

/** As if a repository of that size had been used so many minutes ago. */
function plant(path: string, name: string, { size, ago }: { size: number; ago: number }): string {
  const dir = join(path, 'cache', `acme+${name}.git`);
  mkdirSync(join(dir, 'objects', 'pack'), { recursive: true });
  writeFileSync(join(dir, 'objects', 'pack', 'pack-x.pack'), Buffer.alloc(size, 'x'));
  writeFileSync(join(dir, 'used'), '');
  const at = Date.now() / 1000 - ago * 60;
  utimesSync(join(dir, 'used'), at, at);
  return dir;
}

test('AG-2: what sessions share with the cache counts once', async () => {
  const { path } = directory();
  const dir = plant(path, 'shop', { size: 2 * mib, ago: 1 });
  mkdirSync(join(path, 'sessions', 's1'));
  linkSync(join(dir, 'objects', 'pack', 'pack-x.pack'), join(path, 'sessions', 's1', 'pack-x.pack'));
  writeFileSync(join(path, 'sessions', 's1', 'own'), Buffer.alloc(mib, 'y'));
  const use = await diskUse(path);
  expect(use.cache).toBeGreaterThanOrEqual(2 * mib);
  expect(use.sessions).toBeGreaterThanOrEqual(mib);
  expect(use.sessions).toBeLessThan(2 * mib);
  expect(await sizesOf([join(path, 'gone')])).toEqual([0]);
});

test('AG-2: caches go by their last use, and only as many as must', async () => {
  const { path, cache } = directory();
  const old = plant(path, 'old', { size: 2 * mib, ago: 60 });
  const older = plant(path, 'older', { size: 2 * mib, ago: 90 });
  const recent = plant(path, 'recent', { size: 2 * mib, ago: 1 });
  const said: unknown[] = [];
  const log = (message: string, fields: object = {}) => void said.push({ message, ...fields });
  expect(await createDisk(path, { cache, limit: 3 * mib, log }).room()).toBeNull();
  expect([older, old, recent].map((dir) => existsSync(dir))).toEqual([false, false, true]);
  expect(said).toEqual(
    ['acme/older', 'acme/old'].map((repository) => ({ message: 'evicted a cache to make room', repository })),
  );
});

test('AG-2: sessions that hold it all refuse new ones in words, and room that is made is seen', async () => {
  const { path, cache } = directory();
  const large = join(path, 'sessions', 'large');
  writeFileSync(large, Buffer.alloc(3 * mib, 'x'));
  let now = 0;
  const disk = createDisk(path, { cache, limit: 2 * mib, log: () => undefined, now: () => now });
  expect(await disk.room()).toMatch(
    /^The runner’s directory holds 0\.00 GiB, 0\.00 of them sessions at work, and may hold 0\.00\..*--disk-gib/,
  );
  writeFileSync(large, '');
  now = 10_000;
  expect(await disk.room(), 'still the answer of ten seconds ago').not.toBeNull();
  now = 31_000;
  expect(await disk.room()).toBeNull();
});

test('AG-2: a cache may go while its session works; the next one has it again', async () => {
  const { path, cache } = directory();
  const origin = makeOrigin();
  const order = (session: string) => ({
    session,
    directory: join(path, 'sessions', session),
    origin: { repository: 'Acme/Shop', cloneUrl: origin.url, token: null },
    base: 'main',
    branch,
    start: origin.start,
  });
  const first = await prepareWorkspace(cache, order('s1'));
  expect(await cache.evict(1)).toEqual(['acme/shop']);
  expect(await headOf(first)).toBe(origin.start);
  await forgetStart(cache, 'Acme/Shop', 's1');
  expect(await headOf(await prepareWorkspace(cache, order('s2')))).toBe(origin.start);
});
