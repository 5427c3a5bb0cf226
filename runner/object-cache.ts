/**
 * One bare repository of objects for each repository that this runner works on. Nobody else opens it: it is what the
 * fetch with a token reads its configuration from. A session gets links to its objects instead, in a directory that
 * its agent can read and not write; copying a history, or sending it through a pipe, takes minutes for a large one.
 */
import { chmod, copyFile, link, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { git, gitText, outputLines } from './git.ts';
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
      await ensureBare(dir, want.commit);
      const refs = [`+${want.commit}:${want.ref}`, `+refs/heads/${want.base}:${baseRef(want.base)}`];
      await git(
        [
          'fetch',
          '--quiet',
          '--no-tags',
          '--no-write-fetch-head',
          '--no-recurse-submodules',
          '--',
          origin.cloneUrl,
          ...refs,
        ],
        {
          cwd: dir,
          // Objects that another user can read through a link; the cache's own directory lets nobody in.
          config: { ...accessOf(origin), 'core.sharedRepository': '0644' },
          ...(signal === undefined ? {} : { signal }),
        },
      );
    },

    async lend(repository, to) {
      await linkObjects(join(pathOf(repository), 'objects'), to);
    },

    async sweep() {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      for (const name of await readdir(directory)) {
        if (name.endsWith('.git')) await sweepCache(join(directory, name));
      }
    },
  };
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

async function sweepCache(dir: string): Promise<void> {
  for (const name of await readdir(dir, { recursive: true })) {
    if (name.endsWith('.lock')) await rm(join(dir, name), { force: true });
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
  await writeFile(join(dir, 'swept'), `${new Date().toISOString()}\n`);
}
