/** How much disk a runner's directory takes, and whether there is room for another session. */
import { execFile } from 'node:child_process';
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { pause } from './heartbeat.ts';
import { wordsOf, type Log } from './log.ts';
import type { ObjectCache } from './object-cache.ts';

/** Bytes. What sessions share with the cache counts there alone. */
export type DiskUse = { cache: number; sessions: number; free: number };

export type Disk = {
  /** Null when a session may begin, else why not; caches that were used longest ago go first. */
  room(): Promise<string | null>;
  /** Waits for it, and tells the log when it has to; ends early when the signal fires. */
  untilRoom(signal: AbortSignal): Promise<void>;
};

/** Below it a session would end at its first build. */
const leastFree = 512 * 1024 * 1024;
/** An answer stands this long: looking reads every directory. */
const freshMs = 30_000;
const pauseMs = 5_000;

export function createDisk(
  path: string,
  parts: { cache: ObjectCache; limit: number; log: Log; now?: () => number },
): Disk {
  const { cache, limit, log, now = Date.now } = parts;
  let seen: { at: number; words: string | null } | null = null;

  async function look(): Promise<string | null> {
    const before = await diskUse(path);
    const over = tooMuch(before, limit);
    if (over <= 0) return null;
    for (const repository of await cache.evict(over)) log('evicted a cache to make room', { repository });
    const use = await diskUse(path);
    return tooMuch(use, limit) <= 0 ? null : wordsFor(use, limit);
  }

  const disk: Disk = {
    async untilRoom(signal) {
      let told: string | null = null;
      for (let words = await disk.room(); words !== null; words = await disk.room()) {
        if (told === null) log('no new sessions', { reason: words });
        told = words;
        await pause(pauseMs, signal);
        if (signal.aborted) return;
      }
      if (told !== null) log('there is room for sessions again');
    },
    async room() {
      if (seen !== null && now() - seen.at < freshMs) return seen.words;
      try {
        seen = { at: now(), words: await look() };
      } catch (error) {
        // A disk that can't be measured is no reason to stand still: a full one ends sessions in words.
        log('the disk could not be measured', { error: wordsOf(error) });
        seen = { at: now(), words: null };
      }
      return seen.words;
    },
  };
  return disk;
}

const tooMuch = (use: DiskUse, limit: number): number =>
  Math.max(use.cache + use.sessions - limit, leastFree - use.free);

const wordsFor = (use: DiskUse, limit: number): string =>
  use.free < leastFree
    ? `Only ${gib(use.free)} GiB are free on the disk, and a session needs ${gib(leastFree)}. Make room; sessions that run go on.`
    : `The runner’s directory holds ${gib(use.cache + use.sessions)} GiB, ${gib(use.sessions)} of them sessions at work, and may hold ${gib(limit)}. It goes on when sessions end, or with more by --disk-gib.`;

/** Rejects when there is no such directory. */
export async function diskUse(path: string): Promise<DiskUse> {
  const [cache, sessions] = await sizesOf([join(path, 'cache'), join(path, 'sessions')]);
  const { bavail, bsize } = await statfs(path);
  return { cache: cache ?? 0, sessions: sessions ?? 0, free: bavail * bsize };
}

const run = promisify(execFile);

/** By `du`, which counts what is linked several times once, for the first of the paths. A path that is not there is 0. */
export async function sizesOf(paths: readonly string[]): Promise<number[]> {
  let printed: string;
  try {
    printed = (await run('du', ['-sk', '--', ...paths], { maxBuffer: 16 * 1024 * 1024 })).stdout;
  } catch (error) {
    // Files go while it counts, and some belong to agents' users: what it could count stands.
    const { code, stdout } = error as { code?: unknown; stdout?: string };
    if (code !== 1 || stdout === undefined) throw error;
    printed = stdout;
  }
  const sizes = new Map(
    printed.split('\n').map((line) => {
      const [kib = '', ...rest] = line.split('\t');
      return [rest.join('\t'), Number(kib) * 1024] as const;
    }),
  );
  return paths.map((path) => sizes.get(path) ?? 0);
}

export const gib = (bytes: number): string => (bytes / 1024 ** 3).toFixed(bytes < 10 * 1024 ** 3 ? 2 : 0);

/** `entourage runner disk`. */
export async function tellDisk(path: string, how: { limit: number; json: boolean }): Promise<void> {
  const { cache, sessions, free } = await diskUse(path);
  if (how.json) {
    console.log(JSON.stringify({ cache, sessions, free, limit: how.limit }));
    return;
  }
  console.log(
    `${path} holds ${gib(cache + sessions)} GiB of ${gib(how.limit)} (--disk-gib); ${gib(free)} GiB are free`,
  );
  console.log(`caches    ${gib(cache)} GiB, those used longest ago go first\nsessions  ${gib(sessions)} GiB`);
}
