/** What may be pushed to a task's branch (AG-6): decided on the list of changed files, before anything leaves. */
import picomatch from 'picomatch';

/** One changed path of `expected..head`, as `git diff-tree -r -z` names it. */
export type PushedFile = {
  path: string;
  /** `A` added, `M` modified, `D` deleted, `T` type changed; a rename is a deletion and an addition. */
  status: string;
  /** Bytes of the new blob; 0 for a deletion. */
  size: number;
  /** The new mode in octal, `100644`; `000000` for a deletion. */
  mode: string;
  /** Where a symbolic link (mode 120000) points. */
  link?: string | undefined;
};

export type Push = {
  branch: string;
  files: readonly PushedFile[];
  /** How many commits are new. */
  commits: number;
  limits: { protectedPaths: readonly string[]; maxFiles: number; maxBytes: number };
};

/** Null when it may be pushed, else every rule that it breaks, one sentence each, naming up to five offenders. */
export function checkPush({ branch, files, commits, limits }: Push): string | null {
  const guarded = limits.protectedPaths.map((glob) => ({
    glob,
    // Case does not matter: on a case-insensitive checkout `.GitHub` is `.github`.
    matches: picomatch(glob, { dot: true, nocase: true, nonegate: true }),
  }));
  const written = files.filter((file) => !file.status.startsWith('D'));
  const bytes = written.reduce((sum, file) => sum + file.size, 0);
  const problems = [
    commits === 0 ? `There is no new commit for ${branch}.` : null,
    files.length > limits.maxFiles
      ? `It changes ${files.length} files; ${limits.maxFiles} are allowed (push.max_files).`
      : null,
    bytes > limits.maxBytes
      ? `It holds ${kib(bytes)} KiB of files; ${kib(limits.maxBytes)} KiB are allowed (push.max_kib).`
      : null,
    offence(files, 'Paths with control characters can’t be pushed', (file) =>
      /[\p{Cc}\p{Zl}\p{Zp}]/u.test(file.path),
    ),
    offence(files, 'Paths that leave the repository can’t be pushed', (file) => leaves(file.path)),
    offence(files, 'Git’s own files can’t be pushed', (file) => file.path.split(/[/\\]/).some(isGit)),
    offence(written, 'Submodules can’t be pushed', (file) => file.mode === '160000'),
    offence(
      written,
      'Symbolic links must stay inside the repository',
      (file) => file.mode === '120000' && linksOut(file),
    ),
    offence(
      written,
      'Only plain files, executables and symbolic links can be pushed',
      (file) => !knownModes.has(file.mode),
    ),
    offence(files, 'Protected paths can’t be changed by an agent (protected_paths)', (file) =>
      guarded.some(({ matches }) => matches(normalised(file.path)) || matches(file.path)),
    ),
  ].filter((problem) => problem !== null);
  return problems.length === 0 ? null : problems.join(' ');
}

const knownModes = new Set(['100644', '100755', '120000', '160000']);
const kib = (bytes: number): number => Math.ceil(bytes / 1_024);

function offence(
  files: readonly PushedFile[],
  rule: string,
  breaks: (file: PushedFile) => boolean,
): string | null {
  const offenders = files.filter(breaks).map((file) => shown(file.path));
  if (offenders.length === 0) return null;
  const rest = offenders.length > 5 ? ` and ${offenders.length - 5} more` : '';
  return `${rule}: ${offenders.slice(0, 5).join(', ')}${rest}.`;
}

/** The path as people may read it: no control or invisible characters, no Markdown code end, not endless. */
function shown(path: string): string {
  const plain = path.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}`]/gu, '�');
  return `\`${plain.length > 120 ? `${plain.slice(0, 119)}…` : plain}\``;
}

const leaves = (path: string): boolean =>
  path === '' || path.startsWith('/') || /^[A-Za-z]:/.test(path) || path.split(/[/\\]/).includes('..');

/**
 * `.git` in all spellings that some file system takes for it: case, trailing dots and spaces and streams (NTFS), its
 * short name, ignorable characters (HFS+).
 */
function isGit(part: string): boolean {
  const name = part.replaceAll(/\p{Cf}/gu, '').toLowerCase();
  return /^(?:\.git|git~1)(?:[ .]*|:.*)$/.test(name) || name === '.gitmodules';
}

/**
 * The link's target, walked from the link's folder: it leaves when it goes above the root, or is absolute. `..` behind a
 * name counts as leaving too: that name may be another link, and then `..` is not the folder that it looks like.
 */
function linksOut(file: PushedFile): boolean {
  const target = file.link;
  if (target === undefined || target === '' || target.startsWith('/') || /^[A-Za-z]:|[\p{Cc}]/u.test(target))
    return true;
  const parts = target.split(/[/\\]/).filter((part) => part !== '' && part !== '.');
  const named = parts.findIndex((part) => part !== '..');
  const up = named === -1 ? parts.length : named;
  return up > file.path.split('/').length - 1 || parts.slice(up).some((part) => part === '..' || isGit(part));
}

/** As a careless file system would see it: compatibility forms folded, ignorable characters gone, `\` as `/`, no `./`. */
const normalised = (path: string): string =>
  path
    .normalize('NFKC')
    .replaceAll(/\p{Cf}/gu, '')
    .replaceAll('\\', '/')
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .map((part) => part.replace(/[. ]+$/, ''))
    .join('/');
