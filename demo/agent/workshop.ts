/** The agent's hands in its worktree: files, tests, commits. Programs are started by argument arrays. */
import { execFile } from 'node:child_process';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Edit } from '../script/works.ts';

const run = promisify(execFile);
const scripts = join(import.meta.dirname, '..', 'script');
const author = ['-c', 'user.name=Demo agent', '-c', 'user.email=demo-agent@example.invalid'];

export interface Workshop {
  /** Tracked files, by path from the root. */
  files(): Promise<string[]>;
  /** Copies the files of a script's folder. */
  add(folder: string): Promise<void>;
  /** Throws when the place to edit isn't there exactly once; what an earlier session edited already is left. */
  edit(edit: Edit): Promise<void>;
  /** Runs the project's tests; null when they pass, else the end of their output. */
  test(): Promise<string | null>;
  /** Commits what changed, if anything did, and returns the head's id. */
  commit(message: string): Promise<string>;
}

export function createWorkshop(worktree: string): Workshop {
  const git = async (...args: string[]): Promise<string> => {
    const { stdout } = await run('git', args, { cwd: worktree, maxBuffer: 16 * 1024 * 1024 });
    return stdout.trim();
  };
  return {
    files: async () => (await git('ls-files')).split('\n'),
    add: (folder) => cp(join(scripts, folder), worktree, { recursive: true }),
    async edit({ path, find, replace }) {
      const file = join(worktree, path);
      const text = await readFile(file, 'utf8');
      const parts = text.split(find);
      const done = text.includes(replace) && (parts.length === 1 || replace.includes(find));
      if (done) return;
      if (parts.length !== 2)
        throw new Error(`${path} has ${parts.length - 1} places like “${find}”, not one`);
      await writeFile(file, parts.join(replace));
    },
    async test() {
      try {
        await run('node', ['--test'], { cwd: worktree, timeout: 60_000 });
        return null;
      } catch (error) {
        if (error instanceof Error && 'stdout' in error) return String(error.stdout).slice(-2_000);
        throw error;
      }
    },
    async commit(message) {
      await git('add', '--all');
      const staged = await git('diff', '--cached', '--name-only');
      if (staged !== '') await git(...author, 'commit', '--quiet', `--message=${message}`);
      return await git('rev-parse', 'HEAD');
    },
  };
}
