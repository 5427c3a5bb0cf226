/**
 * From a bundle to a branch (AG-5, AG-6). What an agent made is opened in a quarantine of its own, a bare repository that
 * borrows the objects of our cache and is thrown away; only what passed the check is pushed, by a token that never leaves
 * this process but through git's environment.
 */
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { appAddress } from '../domain/authorship.ts';
import { checkContents, checkPush, tooManyFiles } from '../domain/push.ts';
import { changedEntries, described, newCommits } from './changed-files.ts';
import { authorisation, git, isMachine, lastWords, type GitResult } from './git.ts';
import { measureUpload } from './inspection.ts';
import { packIn } from './pack.ts';
import { GitHubError, type BundlePush, type PushResult } from './port.ts';
import { pushedContents } from './pushed-contents.ts';
import { Unreadable } from './read-out.ts';

export type PushRequest = BundlePush & {
  repository: { id: number; url: string };
  /** The App's own account, `entourage[bot]`: agents commit by its address. */
  login: string;
  /** A token that may write this repository's contents. */
  token(): Promise<string>;
};
/** Where to look, and the branches whose tips have to be there. */
export type LookRequest = {
  repository: { id: number; url: string };
  /** A token that may read this repository's contents. */
  token(): Promise<string>;
  branches: readonly string[];
};
export type Pusher = {
  push(request: PushRequest): Promise<PushResult>;
  /** Reads in the cache of a repository, which nobody else changes meanwhile; `tips` are its branches on GitHub. */
  look<T>(
    request: LookRequest,
    then: (dir: string, tips: ReadonlyMap<string, string>) => Promise<T>,
  ): Promise<T>;
};

/** Of the bundle itself; what is inside is bounded by policy. */
const maxBundle = 24 * 1024 * 1024;
const leftoverAge = 60 * 60 * 1000;
const fetchPatience = 5 * 60_000;
const openPatience = 30_000;

export function createPusher({ cacheDir }: { cacheDir: string }): Pusher {
  const home = resolve(cacheDir);
  const busy = new Map<number, Promise<unknown>>();
  let swept: Promise<void> | null = null;

  /** One at a time for each repository: two fetches into one cache would trip over each other's locks. */
  const inTurn = async <T>(repository: number, work: () => Promise<T>): Promise<T> => {
    const before = busy.get(repository) ?? Promise.resolve();
    const mine = before.then(work, work);
    const settled = mine.then(
      () => undefined,
      () => undefined,
    );
    busy.set(repository, settled);
    return await mine;
  };

  return {
    push: async (request) => {
      if (request.bundle.byteLength > maxBundle)
        return {
          refused: `The bundle has ${request.bundle.byteLength} bytes; at most ${maxBundle} are taken. Push fewer or smaller files.`,
        };
      const problem = await measureUpload(request.bundle);
      if (problem !== null) return { refused: `That is no git bundle that can be taken. ${problem}` };
      swept ??= removeLeftovers(home);
      await swept;
      return await inTurn(request.repository.id, async () => await pushThrough(home, request));
    },
    look: async (request, then) =>
      await inTurn(request.repository.id, async () => {
        const cache = join(home, `${request.repository.id}.git`);
        const access = authorisation(request.repository.url, await request.token());
        const { branches, repository } = request;
        return await then(cache, await fetchBranches(cache, { url: repository.url, branches, access }));
      }),
  };
}

async function pushThrough(home: string, request: PushRequest): Promise<PushResult> {
  const access = authorisation(request.repository.url, await request.token());
  const cache = join(home, `${request.repository.id}.git`);
  const tips = await fetchBranches(cache, {
    url: request.repository.url,
    branches: [request.branch, request.base],
    access,
  });
  const standing = tips.get(request.branch);
  if (standing === undefined) return { refused: `The branch ${request.branch} is gone on GitHub.` };
  if (standing === request.head) return { pushed: request.head };
  if (standing !== request.expected) {
    return {
      refused: `The branch ${request.branch} moved to ${standing.slice(0, 7)} meanwhile. Build on that commit and push again.`,
    };
  }
  const base = tips.get(request.base) ?? request.expected;
  const quarantine = await mkdtemp(join(home, 'quarantine-'));
  try {
    await borrow(quarantine, cache);
    const problem =
      (await openBundle(quarantine, request)) ?? (await judge(quarantine, request, { base, cache }));
    return problem === null ? await send(quarantine, request, access) : { refused: problem };
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    return { refused: `The work could not be looked at. ${error.message}` };
  } finally {
    await rm(quarantine, { recursive: true, force: true });
  }
}

type Fetch = { url: string; branches: readonly string[]; access: Record<string, string> };

/** Brings branch and base of GitHub into the cache, and answers where they stand now. A broken cache is made anew. */
async function fetchBranches(cache: string, { url, branches, access }: Fetch): Promise<Map<string, string>> {
  const names = [...new Set(branches)];
  for (const again of [true, false]) {
    await mkdir(cache, { recursive: true });
    await must(git({ dir: cache, args: ['init', '--quiet', '--bare', cache] }), 'prepares its git cache');
    const listed = await git({
      dir: cache,
      args: ['ls-remote', '--', url, ...names.map((name) => `refs/heads/${name}`)],
      config: access,
    });
    if (listed.code !== 0) throw unreachable(listed);
    const tips = new Map(
      listed.stdout
        .toString('utf8')
        .split('\n')
        .flatMap((line) => {
          const [sha = '', ref = ''] = line.split('\t');
          return ref === '' ? [] : [[ref.slice('refs/heads/'.length), sha] as const];
        }),
    );
    const refs = names
      .filter((name) => tips.has(name))
      .map((name) => `+refs/heads/${name}:refs/heads/${name}`);
    if (refs.length === 0) return tips;
    const fetched = await git({
      dir: cache,
      args: ['fetch', '--quiet', '--no-tags', '--no-write-fetch-head', '--', url, ...refs],
      config: access,
      milliseconds: fetchPatience,
    });
    if (fetched.code === 0) return tips;
    if (
      !again ||
      !/corrupt|bad object|packfile|loose object|unable to read|cannot lock ref/i.test(fetched.stderr)
    )
      throw unreachable(fetched);
    await rm(cache, { recursive: true, force: true });
  }
  throw new GitHubError('GitHub was not reached for a fetch', { status: 0 });
}

const unreachable = (result: GitResult): GitHubError =>
  new GitHubError(`git could not fetch from GitHub: ${lastWords(result)}`, {
    status: /not found|403|401|authentication/i.test(result.stderr) ? 403 : 0,
  });

async function must(running: Promise<GitResult>, purpose: string): Promise<void> {
  const result = await running;
  if (result.code !== 0) throw new Error(`git failed when Entourage ${purpose}: ${lastWords(result)}`);
}

/** A bare repository that sees the cache's objects and keeps what is fetched to itself. */
async function borrow(quarantine: string, cache: string): Promise<void> {
  await must(
    git({ dir: quarantine, args: ['init', '--quiet', '--bare', quarantine] }),
    'prepares a quarantine',
  );
  await writeFile(join(quarantine, 'objects', 'info', 'alternates'), `${join(cache, 'objects')}\n`);
}

/** Words of refusal, or null when the bundle's head lies in the quarantine, every object of it checked. */
async function openBundle(dir: string, { bundle, branch, head }: PushRequest): Promise<string | null> {
  const file = join(dir, 'upload.bundle');
  await writeFile(file, bundle, { mode: 0o600 });
  const verified = await git({
    dir,
    args: ['bundle', 'verify', '--quiet', file],
    milliseconds: openPatience,
  });
  if (verified.code !== 0)
    return `That is no complete git bundle that builds on ${branch}: ${lastWords(verified)}.`;
  const listed = await git({ dir, args: ['bundle', 'list-heads', file] });
  const refs = listed.stdout
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => ({ sha: line.slice(0, line.indexOf(' ')), ref: line.slice(line.indexOf(' ') + 1) }));
  const other = refs.find(({ ref }) => ref !== 'HEAD' && ref !== `refs/heads/${branch}`);
  if (other !== undefined) return `The bundle carries ${other.ref}; only ${branch} may be pushed.`;
  const own = refs.find(({ sha }) => sha === head);
  if (own === undefined)
    return `The bundle does not hold the commit ${head.slice(0, 7)} that it was announced with.`;
  return await unpack(dir, bundle);
}

/**
 * Not by a fetch: git checks no objects of a bundle that it fetches from (before 2.46 not even when told to). Kept as a
 * pack and streamed, because unpacking would let a small bundle write gigabytes; `--strict` finds what is malformed and
 * what is missing.
 */
async function unpack(dir: string, bundle: Uint8Array): Promise<string | null> {
  const indexed = await git({
    dir,
    args: ['index-pack', '--stdin', '--fix-thin', '--strict', `--max-input-size=${maxBundle}`],
    stdin: packIn(bundle),
    config: { 'core.bigFileThreshold': '1m' },
    milliseconds: openPatience,
  });
  if (indexed.code === 0) return null;
  if (isMachine(indexed)) throw new Error(`A bundle could not be opened: ${lastWords(indexed)}`);
  return `The bundle can’t be opened: ${lastWords(indexed)}.`;
}

async function judge(
  dir: string,
  { branch, expected, head, limits, login }: PushRequest,
  { base, cache }: { base: string; cache: string },
): Promise<string | null> {
  const builds = await git({ dir, args: ['merge-base', '--is-ancestor', expected, head] });
  if (builds.code !== 0)
    return `The work does not build on ${expected.slice(0, 7)}, where ${branch} stands. Don’t rebase or amend what was pushed; commit on top of it.`;
  const range = { expected, head, base };
  const commits = await newCommits(dir, range);
  if (typeof commits === 'string') return commits;
  const entries = await changedEntries(dir, range, commits);
  const tooMany = tooManyFiles(new Set(entries.map((entry) => entry.path)).size, limits);
  if (tooMany !== null) return tooMany;
  const files = await described(dir, entries);
  return (
    checkPush({ branch, files, commits, address: appAddress(login), limits }) ??
    checkContents(await pushedContents(dir, { cache, head, entries, files, limits }))
  );
}

async function send(
  dir: string,
  { repository, branch, expected, head }: PushRequest,
  access: Record<string, string>,
): Promise<PushResult> {
  const ref = `refs/heads/${branch}`;
  const pushed = await git({
    dir,
    args: [
      'push',
      '--porcelain',
      '--no-verify',
      '--no-follow-tags',
      `--force-with-lease=${ref}:${expected}`,
      '--',
      repository.url,
      `${head}:${ref}`,
    ],
    config: access,
    milliseconds: fetchPatience,
  });
  if (pushed.code === 0) return { pushed: head };
  const line = pushed.stdout
    .toString('utf8')
    .split('\n')
    .find((text) => text.startsWith('!'));
  if (line === undefined)
    throw new GitHubError(`git could not push to GitHub: ${lastWords(pushed)}`, { status: 0 });
  const words = /\[(.*)\](?: \((.*)\))?/.exec(line);
  return /stale info/.test(line)
    ? { refused: `The branch ${branch} moved meanwhile. Build on its new commit and push again.` }
    : { refused: `GitHub did not take the push: ${words?.[2] ?? words?.[1] ?? 'rejected'}.` };
}

/** Quarantines of a process that was killed. */
async function removeLeftovers(home: string): Promise<void> {
  await mkdir(home, { recursive: true });
  for (const name of await readdir(home)) {
    if (!name.startsWith('quarantine-')) continue;
    const path = join(home, name);
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > leftoverAge) await rm(path, { recursive: true, force: true });
  }
}
