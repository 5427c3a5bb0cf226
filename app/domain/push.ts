/** What may be pushed to a task's branch (AG-6): decided on facts about its commits and files, before anything leaves. */
import picomatch from 'picomatch';
import { checkAuthorship, type PushedCommit } from './authorship.ts';
import {
  hasControls,
  isGit,
  isUnwieldy,
  leaves,
  linksOut,
  normalised,
  offence,
  shown,
} from './push-paths.ts';

/** One changed path of `expected..head`, as `git diff-tree -r -z` names it. */
export type PushedFile = {
  path: string;
  /** `A` added, `M` modified, `D` deleted, `T` type changed; a rename is a deletion and an addition. */
  status: string;
  /** Bytes of the new blob; 0 for a deletion. */
  size: number;
  /** The new mode in octal, `100644`; `000000` for a deletion. */
  mode: string;
  /** The mode before, `000000` for an addition. */
  before: string;
  /** Where a symbolic link (mode 120000) points. */
  link?: string | undefined;
};

export type PushLimits = {
  protectedPaths: readonly string[];
  maxFiles: number;
  maxBytes: number;
  /** Globs of files whose secrets are made up: fixtures, samples. */
  secretsAllowedIn: readonly string[];
};

export type Push = {
  branch: string;
  files: readonly PushedFile[];
  /** The new ones that are not on the base. */
  commits: readonly PushedCommit[];
  /** The only address that they may be by. */
  address: string;
  limits: PushLimits;
};

/** Null when it may be pushed, else every rule that it breaks, one sentence each, naming up to five offenders. */
export function checkPush({ branch, files, commits, address, limits }: Push): string | null {
  const guarded = limits.protectedPaths.map(anyCase);
  const written = files.filter((file) => !file.status.startsWith('D'));
  const bytes = written.reduce((sum, file) => sum + file.size, 0);
  const those = (list: readonly PushedFile[], breaks: (file: PushedFile) => boolean): string[] =>
    list.filter(breaks).map((file) => shown(file.path));
  return sentences([
    commits.length === 0 ? `There is no new commit for ${branch}.` : null,
    tooManyFiles(new Set(files.map((file) => file.path)).size, limits),
    bytes > limits.maxBytes
      ? `It holds ${kib(bytes)} KiB of files; ${kib(limits.maxBytes)} KiB are allowed (push.max_kib).`
      : null,
    offence(
      'Paths with control characters can’t be pushed',
      those(files, (file) => hasControls(file.path)),
    ),
    offence(
      'Paths that leave the repository can’t be pushed',
      those(files, (file) => leaves(file.path)),
    ),
    offence(
      'Paths that are too long or too deep can’t be pushed',
      those(written, (file) => isUnwieldy(file.path)),
    ),
    offence(
      'Git’s own files can’t be pushed',
      those(files, (file) => file.path.split(/[/\\]/).some(isGit)),
    ),
    offence(
      'Submodules can’t be added, moved or removed by an agent',
      those(files, (file) => file.mode === gitlink || file.before === gitlink),
    ),
    offence(
      'Symbolic links must stay inside the repository',
      those(written, (file) => file.mode === '120000' && linksOut(file)),
    ),
    offence(
      'Only plain files, executables and symbolic links can be pushed',
      those(written, (file) => !knownModes.has(file.mode)),
    ),
    offence(
      'Protected paths can’t be changed by an agent (protected_paths)',
      those(files, (file) => guarded.some((matches) => matches(normalised(file.path)) || matches(file.path))),
    ),
    ...checkAuthorship(commits, address),
  ]);
}

/** Asked before the files are looked at, because there may be a million. */
export const tooManyFiles = (count: number, { maxFiles }: PushLimits): string | null =>
  count > maxFiles ? `It changes ${count} files; ${maxFiles} are allowed (push.max_files).` : null;

/** What the files say, read once their number and size are known to be bearable. */
export type Contents = {
  /** New ones, by the detector's name of the rule; never the value. */
  secrets: readonly { path: string; line: number; rule: string }[];
  /** New paths that differ from another one by case alone. */
  twins: readonly { path: string; other: string }[];
  /** Files that Git LFS keeps, pushed as themselves. */
  unpointed: readonly string[];
  /** Programs that a `.gitattributes` newly asks for, beside Git LFS. */
  filters: readonly { path: string; filter: string }[];
};

/** As `checkPush`. */
export function checkContents({ secrets, twins, unpointed, filters }: Contents): string | null {
  return sentences([
    offence(
      'Secrets can’t be pushed, in no commit (take them out of the commits, not only out of the files; made-up ones belong into files that push.secrets_allowed_in names)',
      secrets.map(({ path, line, rule }) => `${rule} in ${shown(path)} line ${line}`),
    ),
    offence(
      'Names that differ by case alone can’t be checked out everywhere',
      twins.map(({ path, other }) => `${shown(path)} beside ${shown(other)}`),
    ),
    offence('Files that Git LFS keeps can’t be changed by an agent', unpointed.map(shown)),
    offence(
      'Attributes that run a program on files can’t be pushed',
      filters.map(({ path, filter }) => `filter ${shown(filter)} in ${shown(path)}`),
    ),
  ]);
}

/** Case does not matter: on a case-insensitive checkout `.GitHub` is `.github`. */
export const anyCase = (glob: string): ((path: string) => boolean) =>
  picomatch(glob, { dot: true, nocase: true, nonegate: true });

function sentences(problems: readonly (string | null)[]): string | null {
  const found = problems.filter((problem) => problem !== null);
  return found.length === 0 ? null : found.join(' ');
}

const gitlink = '160000';
const knownModes = new Set(['100644', '100755', '120000', gitlink]);
const kib = (bytes: number): number => Math.ceil(bytes / 1_024);
