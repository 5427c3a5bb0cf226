/**
 * One bare repository of objects for each repository that this runner works on. Nobody else opens it: it is what the
 * fetch with a token reads its configuration from. A session gets links to its objects instead, in a directory that
 * its agent can read and not write; copying a history, or sending it through a pipe, takes minutes for a large one.
 */
import { chmod, copyFile, link, mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sizesOf } from './disk.ts';
import { git, GitError, gitText, outputLines } from './git.ts';
import { createMutex } from './mutex.ts';

export type Origin = {
  /** `owner/name` */
  repository: string;
  cloneUrl: string;
  /** Reads this repository; null where git has access of its own or none is needed. */
  token: string | null;
};

export type ObjectCache = {
  /** Runs `work` with the repository's cache to itself. */
  alone<T>(repository: string, work: (dir: string) => Promise<T>): Promise<T>;
  /** Brings `commit` as `ref`, and the branch `base` as `baseRef(base)`. Only inside `alone`. */
  fetch(origin: Origin, want: Wanted, signal?: AbortSignal): Promise<void>;
  /** Links all objects into `to`, which is made; only inside `alone`. Links share the bytes, so it is quick. */
  lend(repository: string, to: string): Promise<void>;
  /** Removes caches, those used longest ago first, until about so many bytes are gone; answers whose. */
  evict(bytes: number): Promise<string[]>;
  /** For the start of a runner, when nobody works: what killed processes left behind is taken away. */
  sweep(): Promise<void>;
};

export type Wanted = { commit: string; ref: string; base: string };

/** The newest base branch, where an agent expects it: `git merge origin/main` works without a remote. */
export const baseRef = (base: string): string => `refs/remotes/origin/${base}`;

export function createObjectCache(directory: string): ObjectCache {
  const mutex = createMutex();
  const pathOf = (repository: string) => join(directory, `${repository.toLowerCase().replace('/', '+')}.git`);

  return {
    alone: (repository, work) => mutex(repository.toLowerCase(), async () => await work(pathOf(repository))),

    async fetch(origin, want, signal) {
      const dir = pathOf(origin.repository);
      try {
        await fetchInto(dir, { origin, want, signal });
      } catch (error) {
        if (!(error instanceof GitError) || !broken.test(error.stderr) || signal?.aborted === true)
          throw error;
        await rm(dir, { recursive: true, force: true });
        await fetchInto(dir, { origin, want, signal });
      }
    },

    async lend(repository, to) {
      await linkObjects(join(pathOf(repository), 'objects'), to);
    },

    async evict(bytes) {
      const gone: string[] = [];
      let left = bytes;
      for (const { name, size } of await byLastUse(directory)) {
        if (left <= 0) break;
        const repository = name.slice(0, -'.git'.length).replace('+', '/');
        // Sessions have links of their own to what they need of it.
        await mutex(
          repository,
          async () => await rm(join(directory, name), { recursive: true, force: true }),
        );
        gone.push(repository);
        left -= size;
      }
      return gone;
    },

    async sweep() {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      for (const name of await readdir(directory)) {
        if (name.endsWith('.git')) await mend(join(directory, name));
      }
    },
  };
}

/** What git says of a repository that a kill or a full disk has broken. */
const broken =
  /corrupt|bad object|did not send all necessary|packfile|loose object|unable to read|cannot lock ref|inflate|not a git repository|missing (?:blob|tree|commit)/i;

async function fetchInto(
  dir: string,
  { origin, want, signal }: { origin: Origin; want: Wanted; signal: AbortSignal | undefined },
): Promise<void> {
  await ensureBare(dir, want.commit);
  await writeFile(join(dir, usedFile), '');
  const refs = [`+${want.commit}:${want.ref}`, `+refs/heads/${want.base}:${baseRef(want.base)}`];
  const quietly = ['--quiet', '--no-tags', '--no-write-fetch-head', '--no-recurse-submodules'];
  await git(['fetch', ...quietly, '--', origin.cloneUrl, ...refs], {
    cwd: dir,
    // Objects that another user can read through a link; the cache's own directory lets nobody in.
    config: { ...accessOf(origin), 'core.sharedRepository': '0644' },
    ...(signal === undefined ? {} : { signal }),
  });
}

/**
 * The repository's own configuration is written anew each time: sessions share it with us, and what one of them may
 * have put there (a remote, a filter, a proxy) must not reach the next one, or the fetch that carries a token.
 */
async function ensureBare(dir: string, commit: string): Promise<void> {
  const format = commit.length === 64 ? 'sha256' : 'sha1';
  await mkdir(dir, { recursive: true, mode: 0o700 });
  await rm(join(dir, 'config'), { force: true });
  await git(['init', '--quiet', '--bare', `--object-format=${format}`, '--template=', '.'], { cwd: dir });
}

/** Packs and loose objects; what git keeps beside them (`info`, half-written files) is the cache's own affair. */
async function linkObjects(from: string, to: string): Promise<void> {
  await mkdir(to);
  await chmod(to, 0o755);
  for (const folder of await readdir(from)) {
    if (folder !== 'pack' && !/^[0-9a-f]{2}$/.test(folder)) continue;
    await mkdir(join(to, folder));
    await chmod(join(to, folder), 0o755);
    const names = (await readdir(join(from, folder))).filter((name) =>
      folder === 'pack' ? /^pack-.*\.(?:pack|idx|rev)$/.test(name) : /^[0-9a-f]+$/.test(name),
    );
    for (const name of names) await linkOrCopy(join(from, folder, name), join(to, folder, name));
  }
}

async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Another file system, one without links, or one that has enough of them.
    if (code !== 'EXDEV' && code !== 'EPERM' && code !== 'EMLINK' && code !== 'ENOTSUP') throw error;
    await copyFile(from, to);
  }
}

/** The token as a header for that host alone, told to git by environment. */
function accessOf(origin: Origin): Record<string, string> {
  if (origin.token === null || !/^https?:/.test(origin.cloneUrl)) return {};
  const basic = Buffer.from(`x-access-token:${origin.token}`).toString('base64');
  return { [`http.${new URL(origin.cloneUrl).origin}/.extraHeader`]: `Authorization: Basic ${basic}` };
}

/** Touched at each fetch. */
const usedFile = 'used';

/** The least recently used first. */
async function byLastUse(directory: string): Promise<{ name: string; size: number }[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.git'));
  const sizes = await sizesOf(names.map((name) => join(directory, name)));
  const used = await Promise.all(names.map(async (name) => await lastUse(join(directory, name))));
  return names
    .map((name, index) => ({ name, size: sizes[index] ?? 0, used: used[index] ?? 0 }))
    .toSorted((a, b) => a.used - b.used);
}

/** Milliseconds since 1970; 0 where nobody knows. */
async function lastUse(dir: string): Promise<number> {
  try {
    return (await stat(join(dir, usedFile))).mtimeMs;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}

/** A cache that a kill or a full disk broke is made anew by its next session: everything in it is elsewhere too. */
async function mend(dir: string): Promise<void> {
  try {
    await sweepCache(dir);
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
    await rm(dir, { recursive: true, force: true });
  }
}

/** Locks, and packs that a killed git was writing. */
const halfDone = /\.lock$|(?:^|\/)tmp_(?:pack|idx|rev|obj)_[^/]*$/;

async function sweepCache(dir: string): Promise<void> {
  for (const name of await readdir(dir, { recursive: true })) {
    if (halfDone.test(name)) await rm(join(dir, name), { force: true });
  }
  const refs = await gitText(['for-each-ref', '--format=%(refname)', 'refs/entourage'], { cwd: dir });
  for (const ref of outputLines(refs)) {
    await git(['update-ref', '-d', ref], { cwd: dir });
  }
  // Only here, where no session is reading: git's own threshold decides whether there is anything to do.
  await git(['gc', '--auto', '--quiet'], {
    cwd: dir,
    config: { 'gc.auto': '6700', 'gc.autoDetach': 'false' },
  });
}
