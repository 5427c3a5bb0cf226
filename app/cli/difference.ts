/** How one text differs from another, as git shows it. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The hunks of a unified difference, from `before` to `after`; empty when they are equal. Control characters are shown as `?`. */
export async function difference(before: string, after: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'entourage-difference-'));
  try {
    const files = [join(directory, 'before'), join(directory, 'after')];
    await writeFile(files[0] ?? '', before);
    await writeFile(files[1] ?? '', after);
    const text = await gitDiff(files);
    const hunks = text.slice(Math.max(text.indexOf('@@'), 0));
    return hunks.replaceAll(/(?![\n\t])\p{Cc}/gu, '?').trimEnd();
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** git ends with 1 when the files differ. */
function gitDiff(files: readonly string[]): Promise<string> {
  const args = ['diff', '--no-index', '--no-color', '--no-ext-diff', '--', ...files];
  return new Promise((resolve, reject) => {
    execFile('git', args, { timeout: 30_000 }, (error, stdout) => {
      if (error === null || error.code === 1) resolve(stdout);
      else reject(error);
    });
  });
}
