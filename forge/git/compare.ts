/** History and differences: log, merge base, compare, changed files with patches as GitHub shows them. */
import { type Git, gitText } from './command.ts';
import { emptyTree, type Person } from './objects.ts';

export type Commit = {
  sha: string;
  tree: string;
  parents: string[];
  author: Required<Person>;
  committer: Required<Person>;
  message: string;
};

export type ChangedFile = {
  filename: string;
  status: 'added' | 'removed' | 'modified' | 'renamed' | 'changed';
  /** Blob on the new side; on the old side when the file was removed. */
  sha: string;
  additions: number;
  deletions: number;
  previousFilename?: string;
  /** From the first `@@` on; absent for binary files, pure renames and mode changes. */
  patch?: string;
};

export type Comparison = {
  mergeBase: string;
  ahead: number;
  behind: number;
  /** Oldest first, as GitHub's compare gives them. */
  commits: Commit[];
  files: ChangedFile[];
};

const commitFormat = ['%H', '%T', '%P', '%an', '%ae', '%aI', '%cn', '%ce', '%cI', '%B'].join('%n');

function parseCommit(text: string): Commit {
  const [sha = '', tree = '', parents = '', an = '', ae = '', ad = '', cn = '', ce = '', cd = '', ...body] =
    text.split('\n');
  return {
    sha,
    tree,
    parents: parents === '' ? [] : parents.split(' '),
    author: { name: an, email: ae, date: utc(ad) },
    committer: { name: cn, email: ce, date: utc(cd) },
    message: body.join('\n').replace(/\n+$/, ''),
  };
}

/** GitHub gives dates in UTC without milliseconds. */
function utc(date: string): string {
  return new Date(date).toISOString().replace('.000Z', 'Z');
}

/** Commits reachable from `head` and not from `not`, newest first. Shas, not names. */
export async function listCommits(
  git: Git,
  head: string,
  options: { not?: string; path?: string; limit?: number; skip?: number } = {},
): Promise<Commit[]> {
  const range = options.not === undefined ? [head] : [head, `^${options.not}`];
  const page = [
    ...(options.limit === undefined ? [] : [`--max-count=${options.limit}`]),
    ...(options.skip === undefined ? [] : [`--skip=${options.skip}`]),
  ];
  const path = options.path === undefined ? [] : [`:(literal)${options.path}`];
  const text = await gitText(git, [
    'log',
    '-z',
    `--format=${commitFormat}`,
    ...page,
    ...range,
    '--',
    ...path,
  ]);
  return text
    .split('\0')
    .filter((part) => part !== '')
    .map((part) => parseCommit(part));
}

/** One commit by its sha, or null. */
export async function readCommit(git: Git, sha: string): Promise<Commit | null> {
  const output = await git(['log', '-z', '--max-count=1', `--format=${commitFormat}`, sha, '--'], {
    answers: [128],
  });
  if (output.code !== 0) return null;
  return parseCommit(output.stdout.toString().replace(/\0$/, ''));
}

/** The best common ancestor, or null for unrelated histories. */
export async function mergeBase(git: Git, one: string, other: string): Promise<string | null> {
  const output = await git(['merge-base', one, other], { answers: [1] });
  return output.code === 0 ? output.stdout.toString().trim() : null;
}

/** What `head` has over `base`, by their merge base (three dots). Null for unrelated histories. */
export async function compareCommits(git: Git, base: string, head: string): Promise<Comparison | null> {
  const ancestor = await mergeBase(git, base, head);
  if (ancestor === null) return null;
  const [counts, commits, files] = await Promise.all([
    gitText(git, ['rev-list', '--left-right', '--count', `${base}...${head}`]),
    listCommits(git, head, { not: base }),
    changedFiles(git, ancestor, head),
  ]);
  const [behind = '0', ahead = '0'] = counts.split(/\s+/);
  return {
    mergeBase: ancestor,
    ahead: Number(ahead),
    behind: Number(behind),
    commits: commits.toReversed(),
    files,
  };
}

/** Files that differ between two treeishes; null on the left is the empty tree. */
export async function changedFiles(git: Git, from: string | null, to: string): Promise<ChangedFile[]> {
  const common = ['diff-tree', '-r', '-M', '--no-ext-diff', '--no-textconv', '--no-color'];
  const ends = [from ?? emptyTree, to];
  const [facts, patches] = await Promise.all([
    gitText(git, [...common, '--raw', '--numstat', '--abbrev=40', '-z', ...ends]),
    gitText(git, [...common, '-p', '--full-index', ...ends]),
  ]);
  return attachPatches(parseFacts(facts), patches);
}

type Fact = ChangedFile & { typeChanged: boolean };

/** `--raw --numstat -z`: all raw records (they start with a colon), then all counts, in the same order. */
function parseFacts(text: string): Fact[] {
  const parts = text.split('\0');
  const facts: Fact[] = [];
  let at = 0;
  while (parts[at]?.startsWith(':') === true) {
    const [, , before = '', after = '', letter = ''] = (parts[at] ?? '').split(' ');
    const renamed = letter.startsWith('R') || letter.startsWith('C');
    const first = parts[at + 1] ?? '';
    facts.push({
      filename: renamed ? (parts[at + 2] ?? '') : first,
      status: statusOf(letter),
      sha: letter === 'D' ? before : after,
      additions: 0,
      deletions: 0,
      ...(renamed ? { previousFilename: first } : {}),
      typeChanged: letter === 'T',
    });
    at += renamed ? 3 : 2;
  }
  for (const fact of facts) {
    const [added = '-', deleted = '-'] = (parts[at] ?? '').split('\t');
    fact.additions = added === '-' ? 0 : Number(added);
    fact.deletions = deleted === '-' ? 0 : Number(deleted);
    at += fact.previousFilename === undefined ? 1 : 3;
  }
  return facts;
}

function statusOf(letter: string): ChangedFile['status'] {
  const known: Record<string, ChangedFile['status']> = {
    A: 'added',
    D: 'removed',
    M: 'modified',
    R: 'renamed',
  };
  return known[letter.charAt(0)] ?? 'changed';
}

/** A line of a patch never starts with `diff --git `, so the sections split safely; order is that of `--raw`. */
function attachPatches(facts: readonly Fact[], text: string): ChangedFile[] {
  const sections = text.split(/^(?=diff --git )/m).filter((section) => section !== '');
  let at = 0;
  return facts.map(({ typeChanged, ...file }) => {
    const own = sections.slice(at, at + (typeChanged ? 2 : 1));
    at += own.length;
    const patch = own.map((section) => hunks(section)).filter((hunk) => hunk !== '');
    return patch.length === 0 ? file : { ...file, patch: patch.join('\n') };
  });
}

function hunks(section: string): string {
  const start = section.search(/^@@ /m);
  return start === -1 ? '' : section.slice(start).replace(/\n$/, '');
}
