/** What a push would change: every path that its new commits touch, and what the pull request would show new. */
import type { PushedFile } from '../domain/push.ts';
import { git, lastWords } from './git.ts';

export type Range = { expected: string; head: string; base: string };

type Entry = { path: string; status: string; mode: string; blob: string };

const maxCommits = 500;

/**
 * Commits that are on the base already are not the agent's, so that it may merge the base into its branch. Merges count
 * with what they changed against all their parents; a merge that takes back a change of the base shows in the pull
 * request's own difference. Words instead of files: why it can't be looked at.
 */
export async function changedFiles(
  dir: string,
  range: Range,
): Promise<{ files: PushedFile[]; commits: number } | string> {
  const commits = lines(
    await output(dir, ['rev-list', `${range.expected}..${range.head}`, `^${range.base}`]),
  );
  if (commits.length > maxCommits)
    return `It has ${commits.length} new commits; at most ${maxCommits} can be pushed at once.`;
  const written = entries(
    await output(
      dir,
      [
        'diff-tree',
        '--stdin',
        '-r',
        '-c',
        '-z',
        '--root',
        '--raw',
        '--no-commit-id',
        '--full-index',
        '--no-renames',
      ],
      commits.join('\n'),
    ),
  );
  const before = new Set((await shown(dir, range.base, range.expected)).map(identity));
  const after = (await shown(dir, range.base, range.head)).filter((entry) => !before.has(identity(entry)));
  // The same path several times: every version counts, the last one is what is reported.
  const unique = new Map([...written, ...after].map((entry) => [identity(entry), entry]));
  return { files: await described(dir, [...unique.values()]), commits: commits.length };
}

const identity = (entry: Entry): string => `${entry.path}\0${entry.mode}\0${entry.blob}`;

/** What a pull request of `tip` to `base` shows. */
async function shown(dir: string, base: string, tip: string): Promise<Entry[]> {
  const ancestor = await git({ dir, args: ['merge-base', base, tip] });
  const from = ancestor.stdout.toString().trim();
  if (ancestor.code !== 0 || from === '') return [];
  return entries(
    await output(dir, ['diff-tree', '-r', '-z', '--raw', '--full-index', '--no-renames', from, tip]),
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
      mode: words[parents] ?? '',
      blob: words[2 * parents + 1] ?? '',
      status: (words.at(-1) ?? '').slice(-1),
    });
  }
  return found;
}

async function described(dir: string, list: readonly Entry[]): Promise<PushedFile[]> {
  const blobs = list.filter((entry) => entry.status !== 'D' && entry.mode !== '160000');
  const sizes = await output(
    dir,
    ['cat-file', '--batch-check=%(objectname) %(objectsize)'],
    blobs.map((entry) => entry.blob).join('\n'),
  );
  const sizeOf = new Map(
    lines(sizes).map((line) => [line.split(' ')[0] ?? '', Number(line.split(' ')[1] ?? 0)] as const),
  );
  const files: PushedFile[] = [];
  for (const entry of list) {
    const size = entry.status === 'D' ? 0 : (sizeOf.get(entry.blob) ?? 0);
    const link =
      entry.mode === '120000' && size < 4096
        ? (await output(dir, ['cat-file', 'blob', entry.blob])).toString('utf8')
        : undefined;
    files.push({
      path: entry.path,
      status: entry.status,
      mode: entry.mode,
      size,
      ...(link === undefined ? {} : { link }),
    });
  }
  return files;
}

async function output(dir: string, args: readonly string[], stdin?: string): Promise<Buffer> {
  const result = await git({
    dir,
    args,
    ...(stdin === undefined ? {} : { stdin: stdin === '' ? '' : `${stdin}\n` }),
  });
  if (result.code !== 0)
    throw new Error(`git ${args[0] ?? ''} failed while a push was looked at: ${lastWords(result)}`);
  return result.stdout;
}

const lines = (buffer: Buffer): string[] =>
  buffer
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '');
