/** The operations that the runner itself answers, from the session's worktree. */
import { lstat, open, realpath } from 'node:fs/promises';
import { isAbsolute, join, relative, sep } from 'node:path';
import type { z } from 'zod';
import type {
  getChangedFiles,
  getCommits,
  getTaskDiff,
  getWorktree,
  readFile,
} from '../app/catalog/worktree.ts';
import { outputLines } from './git.ts';
import { baseOf, dirtyPaths, gitIn, headOf, textIn, type Workspace } from './workspace.ts';

/** Enough for any file that a person reads, little enough for a model. */
const largestFile = 256 * 1024;
const largestDiff = 256 * 1024;
const mostFiles = 3_000;
const mostCommits = 300;

/** A refusal for the agent: what happened, and what would help. */
export class WorktreeRefusal extends Error {
  readonly code: string;
  readonly help: string | undefined;
  constructor(code: string, message: string, help?: string) {
    super(message);
    this.name = 'WorktreeRefusal';
    this.code = code;
    this.help = help;
  }
}

export async function describeWorktree(
  workspace: Workspace,
): Promise<z.output<typeof getWorktree.output>['worktree']> {
  const { path, branch } = workspace;
  const [base, head] = [await baseOf(workspace), await headOf(workspace)];
  return { path, branch, base, head, changed: (await dirtyPaths(workspace)).length };
}

export async function readWorktreeFile(
  workspace: Workspace,
  input: Pick<z.output<typeof readFile.input>, 'path'>,
): Promise<z.output<typeof readFile.output>> {
  const path = await inside(workspace, input.path);
  const info = await lstat(path);
  if (!info.isFile()) {
    throw new WorktreeRefusal('invalid_input', `\`${input.path}\` is no file.`, 'Name a file.');
  }
  const file = await open(path, 'r');
  try {
    const buffer = Buffer.alloc(Math.min(info.size, largestFile));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
    const bytes = buffer.subarray(0, bytesRead);
    if (bytes.includes(0)) {
      throw new WorktreeRefusal('invalid_input', `\`${input.path}\` is not text.`);
    }
    return { path: input.path, content: bytes.toString(), truncated: info.size > bytesRead };
  } finally {
    await file.close();
  }
}

/** The real path of a path from the repository's root, every link on the way resolved. */
async function inside(workspace: Workspace, path: string): Promise<string> {
  const root = await realpath(workspace.path);
  const outside = new WorktreeRefusal(
    'not_permitted',
    `\`${path}\` is outside of the repository.`,
    'Use a path from the repository’s root.',
  );
  if (isAbsolute(path) || path.includes('\0')) throw outside;
  const wanted = join(root, path);
  if (!contains(root, wanted)) throw outside;
  let real: string;
  try {
    real = await realpath(wanted);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ENOTDIR' && code !== 'ELOOP') throw error;
    throw new WorktreeRefusal(
      'not_found',
      `There is no \`${path}\`.`,
      'Paths start at the repository’s root.',
    );
  }
  if (!contains(root, real) || relative(root, real).split(sep)[0] === '.git') throw outside;
  return real;
}

function contains(root: string, path: string): boolean {
  const way = relative(root, path);
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way));
}

/** `--no-ext-diff --no-textconv`: nothing that the worktree configures may run here. */
const plain = ['--no-ext-diff', '--no-textconv', '--no-color'];

export async function taskDiff(
  workspace: Workspace,
  input: Pick<z.output<typeof getTaskDiff.input>, 'path'>,
): Promise<z.output<typeof getTaskDiff.output>> {
  const path = input.path === undefined ? [] : [`:(top,literal)${checked(input.path)}`];
  const base = await baseOf(workspace);
  const tracked = await gitIn(workspace, ['diff', ...plain, base, '--', ...path], { maxBytes: largestDiff });
  let diff = tracked.stdout.toString();
  let truncated = tracked.truncated;
  for (const file of await untracked(workspace, path)) {
    if (diff.length >= largestDiff) return { diff: diff.slice(0, largestDiff), truncated: true };
    const added = await gitIn(workspace, ['diff', ...plain, '--no-index', '--', '/dev/null', file], {
      answers: [1],
      maxBytes: largestDiff - diff.length,
    });
    diff += added.stdout.toString();
    truncated ||= added.truncated;
  }
  return { diff, truncated };
}

function checked(path: string): string {
  if (isAbsolute(path) || path.split('/').includes('..')) {
    throw new WorktreeRefusal('not_permitted', `\`${path}\` is outside of the repository.`);
  }
  return path;
}

async function untracked(workspace: Workspace, path: readonly string[]): Promise<string[]> {
  const args = ['ls-files', '-z', '--others', '--exclude-standard', '--', ...path];
  const output = await gitIn(workspace, args, { maxBytes: 1024 * 1024 });
  const names = output.stdout.toString().split('\0');
  return names.filter((name) => name !== '' && !name.endsWith('/')).slice(0, 200);
}

const statuses: Readonly<Record<string, string>> = {
  A: 'added',
  D: 'deleted',
  M: 'modified',
  T: 'type_changed',
};

export async function changedFiles(workspace: Workspace): Promise<z.output<typeof getChangedFiles.output>> {
  const base = await baseOf(workspace);
  const output = await gitIn(workspace, ['diff', ...plain, '--name-status', '--no-renames', '-z', base]);
  const fields = output.stdout.toString().split('\0');
  const files: { path: string; status: string }[] = [];
  for (let index = 0; index + 1 < fields.length && files.length < mostFiles; index += 2) {
    files.push({ path: fields[index + 1] ?? '', status: statuses[fields[index] ?? ''] ?? 'modified' });
  }
  for (const path of await untracked(workspace, [])) {
    if (files.length < mostFiles) files.push({ path, status: 'untracked' });
  }
  return { files };
}

export async function commits(workspace: Workspace): Promise<z.output<typeof getCommits.output>> {
  const base = await baseOf(workspace);
  const range = [
    'log',
    '--no-color',
    `--max-count=${mostCommits}`,
    '--format=%H%x00%cI%x00%s',
    `${base}..HEAD`,
  ];
  const lines = outputLines(await textIn(workspace, range));
  return {
    commits: lines.map((line) => {
      const [sha = '', at = '', subject = ''] = line.split('\0');
      return { sha, at, subject: subject.slice(0, 500) };
    }),
  };
}
