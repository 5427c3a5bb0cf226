/** What a push would change: every path that its new commits touch, and what the pull request would show new. */
import type { PushedCommit } from '../domain/authorship.ts';
import type { PushedFile } from '../domain/push.ts';
import { git } from './git.ts';
import { readBlobs, readOut, textLines } from './read-out.ts';

export type Range = { expected: string; head: string; base: string };

export type Entry = {
  path: string;
  status: string;
  mode: string;
  blob: string;
  /** Of the first parent. */
  before: string;
  /** The path's blobs in the parents. */
  parents: readonly string[];
};

const maxCommits = 500;

/** Commits that are on the base already are not the agent's, so that it may merge the base into its branch. */
export async function newCommits(dir: string, range: Range): Promise<PushedCommit[] | string> {
  const revisions = ['rev-list', `${range.expected}..${range.head}`, `^${range.base}`];
  const shas = textLines(await readOut(dir, revisions));
  if (shas.length > maxCommits)
    return `It has ${shas.length} new commits; at most ${maxCommits} can be pushed at once.`;
  if (shas.length === 0) return [];
  const format = ['%H', '%an', '%ae', '%cn', '%ce', '%B'].join('%x00');
  const raw = await readOut(
    dir,
    ['log', '--no-walk=unsorted', '--stdin', '--no-show-signature', '--no-mailmap', `--format=${format}%x00`],
    shas.join('\n'),
  );
  const fields = raw.toString('utf8').split('\0');
  const commits: PushedCommit[] = [];
  for (let index = 0; index + 5 < fields.length; index += 6) {
    const [sha = '', an = '', ae = '', cn = '', ce = '', message = ''] = fields.slice(index, index + 6);
    const author = { name: an, email: ae };
    commits.push({ sha: sha.trim(), author, committer: { name: cn, email: ce }, message });
  }
  return commits;
}

/**
 * Merges count with what they changed against all their parents; a merge that takes back a change of the base shows in
 * the pull request's own difference. The same path several times: every version counts.
 */
export async function changedEntries(
  dir: string,
  range: Range,
  commits: readonly PushedCommit[],
): Promise<Entry[]> {
  const args = [
    'diff-tree',
    '--stdin',
    '-r',
    '-c',
    '-z',
    '--root',
    '--raw',
    '--no-commit-id',
    '--full-index',
  ];
  const shas = commits.map(({ sha }) => sha).join('\n');
  const written = entries(await readOut(dir, [...args, '--no-renames'], shas));
  const before = new Set((await shown(dir, range.base, range.expected)).map(identity));
  const after = (await shown(dir, range.base, range.head)).filter((entry) => !before.has(identity(entry)));
  return [...new Map([...written, ...after].map((entry) => [identity(entry), entry])).values()];
}

const identity = (entry: Entry): string => `${entry.path}\0${entry.mode}\0${entry.blob}`;

/** What a pull request of `tip` to `base` shows. */
async function shown(dir: string, base: string, tip: string): Promise<Entry[]> {
  const ancestor = await git({ dir, args: ['merge-base', base, tip] });
  const from = ancestor.stdout.toString().trim();
  if (ancestor.code !== 0 || from === '') return [];
  return entries(
    await readOut(dir, ['diff-tree', '-r', '-z', '--raw', '--full-index', '--no-renames', from, tip]),
  );
}

/** `:mode mode blob blob status`, with a colon and a column more for each further parent, then the path, each ended by NUL. */
function entries(raw: Buffer): Entry[] {
  const fields = raw.toString('utf8').split('\0');
  const found: Entry[] = [];
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const words = (fields[index] ?? '').replace(/^:+/, '').split(' ');
    const parents = (words.length - 3) / 2;
    found.push({
      path: fields[index + 1] ?? '',
      before: words[0] ?? '',
      mode: words[parents] ?? '',
      parents: words.slice(parents + 1, 2 * parents + 1).filter((blob) => !/^0+$/.test(blob)),
      blob: words[2 * parents + 1] ?? '',
      status: (words.at(-1) ?? '').slice(-1),
    });
  }
  return found;
}

export const gitlink = '160000';
const symlink = '120000';
/** Longer ones lead nowhere. */
const longestLink = 4_096;

export async function described(dir: string, list: readonly Entry[]): Promise<PushedFile[]> {
  const blobs = list.filter((entry) => entry.status !== 'D' && entry.mode !== gitlink);
  const sizes = await readOut(
    dir,
    ['cat-file', '--batch-check=%(objectname) %(objectsize)'],
    blobs.map((entry) => entry.blob).join('\n'),
  );
  const sizeOf = new Map(
    textLines(sizes).map((line) => [line.split(' ')[0] ?? '', Number(line.split(' ')[1] ?? 0)] as const),
  );
  const sized = list.map((entry) => ({
    ...entry,
    size: entry.status === 'D' ? 0 : (sizeOf.get(entry.blob) ?? 0),
  }));
  const links = sized.filter(({ mode, size }) => mode === symlink && size < longestLink);
  const targets = await readBlobs(dir, links);
  return sized.map(({ path, status, mode, before, size, blob }) => {
    const link = mode === symlink ? targets.get(blob)?.toString('utf8') : undefined;
    return { path, status, mode, before, size, ...(link === undefined ? {} : { link }) };
  });
}
