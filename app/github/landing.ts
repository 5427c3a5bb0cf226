/** What git itself says about a branch and its base: the files in conflict, and whether a newer head changes the same. */
import { createHash } from 'node:crypto';
import { git, lastWords } from './git.ts';

const longestList = 50;

/** Paths that both sides changed in ways that don't go together; empty when they do. */
export async function conflictingFiles(
  dir: string,
  { base, head }: { base: string; head: string },
): Promise<string[]> {
  const merged = await git({
    dir,
    args: ['merge-tree', '--write-tree', '--name-only', '--no-messages', '-z', base, head],
  });
  if (merged.code === 0) return [];
  if (merged.code !== 1)
    throw new Error(`git failed when Entourage looked for conflicts: ${lastWords(merged)}`);
  // The tree's id first, then the paths, each ended by NUL.
  const [, ...paths] = merged.stdout.toString('utf8').split('\0');
  return [...new Set(paths.filter((path) => path !== ''))].slice(0, longestList);
}

/** Against its base, each time as it was then, `after` changes exactly what `before` changed. False where git can't tell. */
export async function changesSame(
  dir: string,
  { base, before, after }: { base: string; before: string; after: string },
): Promise<boolean> {
  const [first, second] = [await changeOf(dir, base, before), await changeOf(dir, base, after)];
  return first !== null && first === second;
}

/**
 * A digest of the patch from the best common ancestor. Not `git patch-id`: it leaves out white space and what binary
 * files hold. Line numbers and blob ids go, because another change of the same file on the base moves them.
 */
async function changeOf(dir: string, base: string, head: string): Promise<string | null> {
  const ancestor = await git({ dir, args: ['merge-base', base, head] });
  const from = ancestor.stdout.toString('utf8').trim();
  if (ancestor.code !== 0 || from === '') return null;
  const patch = await git({
    dir,
    args: [
      'diff',
      '--no-color',
      '--no-ext-diff',
      '--no-textconv',
      '--no-renames',
      '--binary',
      '--full-index',
      from,
      head,
    ],
  });
  if (patch.code !== 0) return null;
  const lines = patch.stdout
    .toString('latin1')
    .split('\n')
    .filter((line) => !/^index [0-9a-f]+\.\.[0-9a-f]+/.test(line))
    .map((line) => line.replace(/^@@ -\S+ \+\S+ @@.*$/, '@@'));
  return createHash('sha256').update(lines.join('\n'), 'latin1').digest('hex');
}
