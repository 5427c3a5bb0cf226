/** `entourage init` in a checkout: reads and writes its files, and commits nothing. */
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { workflowPath } from '../domain/workflow.ts';
import { policyPath, type FileStep, type Present } from './init-files.ts';
import { UsageError } from './failure.ts';

/** Throws `UsageError` where there is no repository. */
export async function readLocal(directory: string): Promise<Present> {
  if ((await kindOf(join(directory, '.git'))) === null)
    throw new UsageError(
      `${directory} is not the top of a git checkout. Go there, or name it: --local PATH.`,
    );
  return {
    workflow: await textOf(join(directory, workflowPath)),
    policy: await textOf(join(directory, policyPath)),
  };
}

export async function writeLocal(directory: string, steps: readonly FileStep[]): Promise<void> {
  for (const { path, text } of steps) {
    const file = join(directory, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
}

async function kindOf(path: string): Promise<'file' | 'directory' | null> {
  try {
    return (await stat(path)).isDirectory() ? 'directory' : 'file';
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

async function textOf(path: string): Promise<string | null> {
  return (await kindOf(path)) === null ? null : await readFile(path, 'utf8');
}
