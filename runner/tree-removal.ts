/** Removes a directory whatever an agent did to its permissions (package caches are often read-only). */
import { chmod, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { asRoot, type AgentUser } from './agent-user.ts';

/**
 * Removes `path` and everything below; what isn't there is no error. Links are removed, never followed. `user` is whose
 * files are below: another user's can't be removed without the right to.
 */
export async function removeTree(path: string, user: AgentUser | null = null): Promise<void> {
  if (user?.by === 'sudo') return await asRoot('sudo', 'rm', ['-rf', '--', path]);
  const options = { recursive: true, force: true, maxRetries: 3 } as const;
  try {
    await rm(path, options);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EACCES' && code !== 'EPERM') throw error;
    await openDirectories(path);
    await rm(path, options);
  }
}

async function openDirectories(path: string): Promise<void> {
  await chmod(path, 0o700);
  for (const entry of await readdir(path, { withFileTypes: true })) {
    if (entry.isDirectory()) await openDirectories(join(path, entry.name));
  }
}
