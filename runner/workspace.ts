/** A session's worktree: made from the object cache, committed and bundled at the end, removed without a trace. */
import { chmod, lstat, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { git, gitText, identity, type GitOptions, type GitOutput } from './git.ts';
import { baseRef, type ObjectCache, type Origin } from './object-cache.ts';
import { removeTree } from './tree-removal.ts';

export type WorkspaceOrder = {
  session: string;
  /** The session's own directory; the worktree is made inside. */
  directory: string;
  origin: Origin;
  /** Name of the branch that the task's work goes to. */
  base: string;
  /** The task's branch; null makes a detached worktree, whose changes nobody will take. */
  branch: string | null;
  start: string;
  signal?: AbortSignal;
};

export type Workspace = {
  readonly path: string;
  readonly start: string;
  readonly branch: string | null;
  /** The base branch as it was fetched, by its full name: `refs/remotes/origin/main`. */
  readonly base: string;
  /** The worktree's own git directory: given to git by name, so that a removed `.git` never leads to a parent's repository. */
  readonly gitDirectory: string;
  /** What the policy's set-up left untracked is not the agent's work. */
  readonly excludes: string;
};

export async function prepareWorkspace(cache: ObjectCache, order: WorkspaceOrder): Promise<Workspace> {
  const path = join(order.directory, 'worktree');
  const excludes = join(order.directory, 'excludes');
  await mkdir(order.directory, { recursive: true, mode: 0o700 });
  await writeFile(excludes, '');
  return await cache.alone(order.origin.repository, async (dir) => {
    const want = { commit: order.start, ref: startRef(order.session), base: order.base };
    await cache.fetch(order.origin, want, order.signal);
    await git(['worktree', 'prune'], { cwd: dir });
    if (order.branch !== null) await releaseBranch(dir, order.branch);
    const place = order.branch === null ? ['--detach'] : ['-B', order.branch];
    await git(['worktree', 'add', '--quiet', ...place, path, order.start], { cwd: dir });
    const gitDirectory = await gitText(['rev-parse', '--absolute-git-dir'], { cwd: path });
    const { start, branch } = order;
    return { path, start, branch, base: baseRef(order.base), gitDirectory, excludes };
  });
}

/** A superseded session may still sit on the branch; it keeps its files but no longer moves the ref. */
async function releaseBranch(dir: string, branch: string): Promise<void> {
  const list = await gitText(['worktree', 'list', '--porcelain', '-z'], { cwd: dir });
  for (const entry of list.split('\0\0')) {
    const fields = entry.split('\0');
    const path = fields.find((field) => field.startsWith('worktree '))?.slice('worktree '.length);
    if (path === undefined || !fields.includes(`branch refs/heads/${branch}`)) continue;
    await git(['checkout', '--quiet', '--detach'], { cwd: path });
  }
}

const startRef = (session: string) => `refs/entourage/start/${session}`;

/** Removes worktree, home, configuration: all of the session's directory, and what the cache keeps of it. */
export async function removeWorkspace(
  cache: ObjectCache,
  order: Pick<WorkspaceOrder, 'session' | 'directory' | 'origin'>,
): Promise<void> {
  await removeTree(order.directory);
  await cache.alone(order.origin.repository, async (dir) => {
    const there = await lstat(join(dir, 'HEAD')).catch(absent);
    if (there === null) return;
    await git(['worktree', 'prune'], { cwd: dir });
    await git(['update-ref', '-d', startRef(order.session)], { cwd: dir });
  });
}

function absent(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw error;
}

/** git in the worktree, whatever its `.git` file says by now. */
export function gitIn(
  workspace: Workspace,
  args: readonly string[],
  options: Omit<GitOptions, 'cwd'> = {},
): Promise<GitOutput> {
  return git(args, {
    ...options,
    cwd: workspace.path,
    config: { 'core.excludesFile': workspace.excludes, ...options.config },
    env: { GIT_DIR: workspace.gitDirectory, GIT_WORK_TREE: workspace.path, ...options.env },
  });
}

export async function textIn(workspace: Workspace, args: readonly string[]): Promise<string> {
  return (await gitIn(workspace, args)).stdout.toString().replace(/\n$/, '');
}

export const headOf = (workspace: Workspace): Promise<string> => textIn(workspace, ['rev-parse', 'HEAD']);

/** Where the task's changes begin: the newest commit that HEAD shares with the base branch, else the start. */
export async function baseOf(workspace: Workspace): Promise<string> {
  const output = await gitIn(workspace, ['merge-base', 'HEAD', workspace.base], { answers: [1, 128] });
  const base = output.stdout.toString().trim();
  return output.code === 0 && base !== '' ? base : workspace.start;
}

/** Paths with uncommitted changes, untracked files included. */
export async function dirtyPaths(workspace: Workspace): Promise<{ path: string; status: string }[]> {
  const output = await gitIn(workspace, [
    'status',
    '--porcelain=v1',
    '-z',
    '--untracked-files=all',
    '--no-renames',
    '--ignore-submodules=none',
  ]);
  return output.stdout
    .toString()
    .split('\0')
    .filter((line) => line !== '')
    .map((line) => ({ status: line.slice(0, 2), path: line.slice(3) }));
}

/** Called once after the set-up: what is untracked now stays out of every status and commit of this session. */
export async function excludeUntracked(workspace: Workspace): Promise<void> {
  const output = await gitIn(workspace, ['ls-files', '-z', '--others', '--exclude-standard', '--directory']);
  const paths = output.stdout
    .toString()
    .split('\0')
    .filter((path) => path !== '');
  const patterns = paths.map((path) => `/${path.replaceAll(/[\\*?[\]!# ]/g, '\\$&')}\n`);
  await writeFile(workspace.excludes, patterns.join(''));
}

/** Plan and review sessions read: tracked files lose their write bits, which tells an agent early that writing is in vain. */
export async function makeReadOnly(workspace: Workspace): Promise<void> {
  const output = await gitIn(workspace, ['ls-files', '-z']);
  for (const name of output.stdout.toString().split('\0')) {
    if (name === '') continue;
    const path = join(workspace.path, name);
    const info = await lstat(path).catch(absent);
    if (info?.isFile()) await chmod(path, info.mode & 0o555);
  }
}

/**
 * Commits what is left, in one commit of ours. Answers with the commit, null when nothing was left. A half-done merge
 * or rebase is not committed: it would put conflict markers on the branch.
 */
export async function commitRest(workspace: Workspace, subject: string): Promise<string | null> {
  for (const name of ['index.lock', 'HEAD.lock'])
    await rm(join(workspace.gitDirectory, name), { force: true });
  const dirty = await dirtyPaths(workspace);
  if (dirty.length === 0 || (await isHalfDone(workspace, dirty))) return null;
  await gitIn(workspace, ['add', '--all', '.']);
  const staged = await gitIn(workspace, ['diff', '--cached', '--quiet'], { answers: [1] });
  if (staged.code === 0) return null;
  await gitIn(workspace, ['commit', '--quiet', '--no-verify', '--message', subject], { env: identity });
  return await headOf(workspace);
}

async function isHalfDone(workspace: Workspace, dirty: readonly { status: string }[]): Promise<boolean> {
  const unmerged = new Set(['DD', 'AU', 'UD', 'UA', 'DU', 'AA', 'UU']);
  if (dirty.some(({ status }) => unmerged.has(status))) return true;
  for (const name of ['rebase-merge', 'rebase-apply']) {
    if ((await lstat(join(workspace.gitDirectory, name)).catch(absent)) !== null) return true;
  }
  return false;
}

/** Gives up a commit of `commitRest` and keeps its changes in the worktree. */
export async function undoCommit(workspace: Workspace, to: string): Promise<void> {
  await gitIn(workspace, ['reset', '--quiet', '--soft', to]);
}

/** `start..HEAD` as the bytes of a git bundle whose one ref is HEAD, and that head. Null when HEAD is the start. */
export async function bundleOf(workspace: Workspace): Promise<{ head: string; bytes: Buffer } | null> {
  const head = await headOf(workspace);
  const ahead = await textIn(workspace, ['rev-list', '--count', `${workspace.start}..${head}`]);
  if (ahead === '0') return null;
  const output = await gitIn(workspace, ['bundle', 'create', '--quiet', '-', `${workspace.start}..HEAD`]);
  return { head, bytes: output.stdout };
}
