/** Removes a directory whatever an agent did to its permissions (package caches are often read-only). */
import { chmod, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Removes `path` and everything below; what isn't there is no error. Links are removed, never followed. */
export async function removeTree(path: string): Promise<void> {
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
