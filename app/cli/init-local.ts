/** `entourage init` in a checkout: reads and writes its files, and commits nothing. */
import { lstat, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { workflowPath } from '../domain/workflow.ts';
import { policyPath, type FileStep, type Present } from './init-files.ts';
import { UsageError } from './failure.ts';

/** Throws `UsageError` where there is no repository, and where one of its files is not a file of its own. */
export async function readLocal(directory: string): Promise<Present> {
  if ((await kindOf(join(directory, '.git'))) === null)
    throw new UsageError(
      `${directory} is not the top of a git checkout. Go there, or name it: --local PATH.`,
    );
  return { workflow: await textOf(directory, workflowPath), policy: await textOf(directory, policyPath) };
}

export async function writeLocal(directory: string, steps: readonly FileStep[]): Promise<void> {
  for (const { path, text } of steps) {
    await mustBeInside(directory, path);
    const file = join(directory, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
}

/** The checkout may be anybody's: a link in it, as a directory or as the file, would lead us to other files of this person. */
async function mustBeInside(directory: string, path: string): Promise<void> {
  const parts = path.split('/');
  for (const count of parts.keys()) {
    const part = parts.slice(0, count + 1).join('/');
    const wanted = count + 1 === parts.length ? 'file' : 'directory';
    const kind = await kindOf(join(directory, part));
    if (kind === null) return;
    if (kind !== wanted)
      throw new UsageError(
        `${part} in ${directory} is ${kind === 'other' ? 'a link or a device' : `a ${kind}`}; expected a ${wanted} of its own. Nothing was written. Remove it, then run init again.`,
      );
  }
}

type Kind = 'file' | 'directory' | 'other';

async function kindOf(path: string): Promise<Kind | null> {
  try {
    const info = await lstat(path);
    if (info.isDirectory()) return 'directory';
    return info.isFile() ? 'file' : 'other';
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

async function textOf(directory: string, path: string): Promise<string | null> {
  await mustBeInside(directory, path);
  const file = join(directory, path);
  return (await kindOf(file)) === null ? null : await readFile(file, 'utf8');
}
