/** What git itself says about a branch and its base: the files in conflict, and whether a newer head changes the same. */
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

/**
 * `after` holds what git itself makes of `before` on the base that `after` stands on, and nothing else: a merge or a
 * rebase without a choice in it. Two patches that read alike prove less: the same lines at another place that looks
 * alike read the same. False where git can't tell.
 */
export async function changesSame(
  dir: string,
  { base, before, after }: { base: string; before: string; after: string },
): Promise<boolean> {
  const onto = await answer(dir, ['merge-base', base, after]);
  const merged = onto === null ? null : await answer(dir, ['merge-tree', '--write-tree', before, onto]);
  return merged !== null && merged === (await answer(dir, ['rev-parse', '--verify', `${after}^{tree}`]));
}

/** One line that git says; null where it fails or, as a merge with conflicts does, says more. */
async function answer(dir: string, args: readonly string[]): Promise<string | null> {
  const { code, stdout } = await git({ dir, args });
  const line = stdout.toString('utf8').trim();
  return code === 0 && /^[0-9a-f]+$/.test(line) ? line : null;
}
