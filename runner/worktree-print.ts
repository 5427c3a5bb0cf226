/** A fingerprint of the branch and the worktree: another one means that something changed. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { gitIn, type Workspace } from './workspace.ts';

/** More changed paths than these are told apart by their names alone. */
const mostLooks = 2_000;

/** A filter that the agent configured may never end. */
const longestMs = 60_000;

/** Two calls of git; contents are not read, times and sizes of changed files stand for them. */
export async function printOf(workspace: Workspace): Promise<string> {
  const signal = AbortSignal.timeout(longestMs);
  const late = once(signal, 'abort').then((): never => {
    throw new Error('git gave no answer about the worktree');
  });
  return await Promise.race([read(workspace, signal), late]);
}

async function read(workspace: Workspace, signal: AbortSignal): Promise<string> {
  // The agent may be about to commit, and its git wants the lock.
  const options = { env: { GIT_OPTIONAL_LOCKS: '0' }, signal };
  const head = await gitIn(workspace, ['rev-parse', 'HEAD'], options);
  const status = await gitIn(workspace, ['status', '--porcelain=v1', '-z', '--no-renames'], options);
  const hash = hashOf(head.stdout.toString(), status.stdout.toString());
  const paths = status.stdout
    .toString()
    .split('\0')
    .flatMap((line) => (line === '' ? [] : line.slice(3)));
  for (const path of paths.slice(0, mostLooks)) hash.update(await marksOf(join(workspace.path, path)));
  return hash.digest('base64url');
}

/** As it was when the session began, without a look: a worktree is made clean. */
export const printAtStart = ({ start }: Pick<Workspace, 'start'>): string =>
  hashOf(`${start}\n`, '').digest('base64url');

const hashOf = (head: string, status: string) => createHash('sha256').update(head).update(status);

/** Empty where it is gone, or lies where the runner may not look. */
async function marksOf(path: string): Promise<string> {
  try {
    const { mtimeMs, size } = await lstat(path);
    return ` ${mtimeMs} ${size}`;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EACCES' || code === 'EPERM') return '';
    throw error;
  }
}
