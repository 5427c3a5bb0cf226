/** Whatever path an agent names, its tools read nothing outside of its worktree, and nothing of git's. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { temporaryDirectory } from './fixtures/origin.ts';
import { readWorktreeFile, taskDiff, WorktreeRefusal } from './worktree-tools.ts';

function worktree() {
  const root = temporaryDirectory();
  const path = join(root, 'worktree');
  for (const folder of ['src/deep', '.git']) mkdirSync(join(path, folder), { recursive: true });
  mkdirSync(join(root, 'worktree-of-another'));
  for (const secret of ['secret', 'worktree-of-another/file', 'worktree/.git/file'])
    writeFileSync(join(root, secret), 'secret');
  for (const own of ['file', 'src/file', 'src/deep/file']) writeFileSync(join(path, own), 'own');
  symlinkSync('..', join(path, 'up'));
  symlinkSync('../..', join(path, 'src', 'up'));
  symlinkSync(join(root, 'secret'), join(path, 'absolute'));
  symlinkSync('up/secret', join(path, 'chain'));
  symlinkSync('.git', join(path, 'git'));
  symlinkSync('loop', join(path, 'loop'));
  symlinkSync('src/file', join(path, 'inside'));
  return { path, start: '', branch: null, base: '', gitDirectory: join(path, '.git'), excludes: '' };
}

const parts = [
  '..',
  '.',
  '',
  'src',
  'deep',
  'up',
  'file',
  'secret',
  'absolute',
  'chain',
  'git',
  '.git',
  'loop',
];
const more = ['inside', 'worktree-of-another', 'worktree', '...', 'none'];

test('AG-2: by `..`, by links, by links to links', async () => {
  const workspace = worktree();
  const paths = fc.array(fc.constantFrom(...parts, ...more), { minLength: 1, maxLength: 6 });
  const read: string[] = [];
  await fc.assert(
    fc.asyncProperty(paths, fc.constantFrom('', '/', `${workspace.path}/`), async (path, root) => {
      try {
        const { content } = await readWorktreeFile(workspace, { path: `${root}${path.join('/')}` });
        expect(content).toBe('own');
        read.push(content);
      } catch (error) {
        if (!(error instanceof WorktreeRefusal)) throw error;
      }
    }),
    {
      numRuns: 1_500,
      examples: [
        [['inside'], ''],
        [['src', '..', 'file'], ''],
        [['up', 'secret'], ''],
      ],
    },
  );
  expect(read.length, 'some paths are good').toBeGreaterThan(1);
});

test('AG-2: a path with a NUL, one that is a folder, and a difference outside are refused in words', async () => {
  const workspace = worktree();
  const refusal = async (work: Promise<unknown>): Promise<string> => {
    const error = await work.then(
      () => null,
      (problem: unknown) => problem,
    );
    return error instanceof WorktreeRefusal ? error.code : String(error);
  };
  expect(await refusal(readWorktreeFile(workspace, { path: 'file\0.txt' }))).toBe('not_permitted');
  expect(await refusal(readWorktreeFile(workspace, { path: 'src' }))).toBe('invalid_input');
  expect(await refusal(readWorktreeFile(workspace, { path: 'loop' }))).toBe('not_found');
  expect(await refusal(taskDiff(workspace, { path: 'src/../../secret' }))).toBe('not_permitted');
});
