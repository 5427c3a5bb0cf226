/**
 * A session's repository: made from the object cache, committed and bundled at the end, removed without a trace.
 *
 * It is a repository of its own and belongs to the session's user, so an agent reaches neither the cache nor another
 * session's refs. Whatever it leaves in there (configuration, filters, hooks) is read by git as the same user, who has
 * nothing to win by it. Where there is no such user, our git and the agent are one: then it has a known configuration
 * at the end, no hooks ever, and no token at any time.
 */
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ownIdentity, unknownApp } from '../app/domain/authorship.ts';
import type { AgentUser } from './agent-user.ts';
import { git, gitText, signedAs, type GitOptions, type GitOutput } from './git.ts';
import { baseRef, type ObjectCache, type Origin } from './object-cache.ts';
import { makePassage } from './quarters.ts';
import { giveTo, mustRunAs, runAs } from './spawn-as.ts';

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
  user?: AgentUser | null;
  /** The address that we commit by. */
  address?: string;
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
  /** Whose it is, where it isn't the runner's own; unknown to the agent's tools, which are the user. */
  readonly user?: AgentUser | null;
  readonly address?: string;
};

export async function prepareWorkspace(cache: ObjectCache, order: WorkspaceOrder): Promise<Workspace> {
  const { directory, start, branch, user = null } = order;
  const workspace: Workspace = {
    path: join(directory, 'worktree'),
    start,
    branch,
    base: baseRef(order.base),
    gitDirectory: join(directory, 'git'),
    excludes: join(directory, 'excludes'),
    user,
    ...(order.address === undefined ? {} : { address: order.address }),
  };
  await makePassage(directory);
  await writeReadable(workspace.excludes, '');
  const base = await cache.alone(order.origin.repository, async (dir) => {
    const want = { commit: start, ref: startRef(order.session), base: order.base };
    await cache.fetch(order.origin, want, order.signal);
    await cache.lend(order.origin.repository, objectsIn(directory));
    return await gitText(['rev-parse', '--verify', workspace.base], { cwd: dir });
  });
  for (const path of [workspace.path, workspace.gitDirectory]) {
    await mkdir(path, { mode: 0o700 });
    await giveTo(user, [path]);
  }
  await makeRepository(workspace, directory);
  await gitIn(workspace, ['update-ref', workspace.base, base]);
  const place = branch === null ? ['--detach'] : ['-B', branch];
  await gitIn(workspace, ['checkout', '--quiet', ...place, start]);
  return workspace;
}

const startRef = (session: string) => `refs/entourage/start/${session}`;

/** Not the agent's: it can read the history and add to it, not change it. */
const objectsIn = (directory: string): string => join(directory, 'objects');
const configurationIn = (directory: string): string => join(directory, 'git-config');

async function makeRepository(workspace: Workspace, directory: string): Promise<void> {
  const { path, gitDirectory, start, user = null } = workspace;
  const format = start.length === 64 ? 'sha256' : 'sha1';
  const init = ['init', '--quiet', '--template=', `--object-format=${format}`];
  await git([...init, `--separate-git-dir=${gitDirectory}`, path], { cwd: path, user });
  const alternates = join(directory, 'alternates');
  await writeReadable(alternates, `${objectsIn(directory)}\n`);
  await copyInto(workspace, alternates, 'objects/info/alternates');
  const configuration = await mustRunAs(user, { file: 'cat', args: ['--', 'config'], cwd: gitDirectory });
  await writeReadable(configurationIn(directory), configuration);
}

/** Another user may read it, whatever the umask says. */
async function writeReadable(path: string, text: string): Promise<void> {
  await writeFile(path, text);
  await chmod(path, 0o644);
}

async function copyInto(workspace: Workspace, from: string, to: string): Promise<void> {
  const { gitDirectory: cwd, user = null } = workspace;
  await mustRunAs(user, { file: 'cp', args: ['--', from, to], cwd });
}

/**
 * Puts the repository's configuration back to what it was before an agent had it, and takes away locks that a killed
 * git left. Called when none of the agent's processes is alive.
 */
export async function restoreConfiguration(workspace: Workspace, directory: string): Promise<void> {
  const { gitDirectory: cwd, user = null } = workspace;
  const left = ['config', 'config.worktree', 'commondir', 'info/attributes', 'index.lock', 'HEAD.lock'];
  await mustRunAs(user, { file: 'rm', args: ['-rf', '--', ...left], cwd });
  await copyInto(workspace, configurationIn(directory), 'config');
}

/** What the cache keeps of a session; its directory is removed with its quarters. */
export async function forgetStart(cache: ObjectCache, repository: string, session: string): Promise<void> {
  await cache.alone(repository, async (dir) => {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    // Fails where the cache is not a repository yet, and then there is nothing to forget.
    await git(['update-ref', '-d', startRef(session)], { cwd: dir, answers: [128] });
  });
}

/** git in the worktree, whatever its `.git` file says by now. */
export function gitIn(
  workspace: Workspace,
  args: readonly string[],
  options: Omit<GitOptions, 'cwd' | 'user'> = {},
): Promise<GitOutput> {
  return git(args, {
    ...options,
    cwd: workspace.path,
    user: workspace.user ?? null,
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
  const output = await gitIn(workspace, ['ls-files', '--stage', '-z']);
  const files = output.stdout
    .toString()
    .split('\0')
    .filter((line) => line.startsWith('100'))
    .map((line) => line.slice(line.indexOf('\t') + 1));
  for (let from = 0; from < files.length; from += 1_000) {
    const args = ['a-w', '--', ...files.slice(from, from + 1_000)];
    // One that the set-up removed is no failure.
    await runAs(workspace.user ?? null, { file: 'chmod', args, cwd: workspace.path });
  }
}

/**
 * Commits what is left, in one commit of ours. Answers with the commit, null when nothing was left. A half-done merge
 * or rebase is not committed: it would put conflict markers on the branch.
 */
export async function commitRest(workspace: Workspace, subject: string): Promise<string | null> {
  const dirty = await dirtyPaths(workspace);
  if (dirty.length === 0 || (await isHalfDone(workspace, dirty))) return null;
  await gitIn(workspace, ['add', '--all', '.']);
  const staged = await gitIn(workspace, ['diff', '--cached', '--quiet'], { answers: [1] });
  if (staged.code === 0) return null;
  await gitIn(workspace, ['commit', '--quiet', '--no-verify', '--message', subject], {
    env: signedAs(ownIdentity(workspace.address ?? unknownApp)),
  });
  return await headOf(workspace);
}

async function isHalfDone(workspace: Workspace, dirty: readonly { status: string }[]): Promise<boolean> {
  const unmerged = new Set(['DD', 'AU', 'UD', 'UA', 'DU', 'AA', 'UU']);
  if (dirty.some(({ status }) => unmerged.has(status))) return true;
  const { gitDirectory: cwd, user = null } = workspace;
  const names = await mustRunAs(user, { file: 'ls', args: ['-A'], cwd });
  return /^rebase-(?:merge|apply)$/m.test(names);
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
  const output = await gitIn(workspace, [
    'bundle',
    'create',
    '--quiet',
    '-',
    `${workspace.start}..HEAD`,
    `^${workspace.base}`,
  ]);
  return { head, bytes: output.stdout };
}
