/** Runs the real `git` on one bare repository: argument arrays, no outside configuration, no prompts. */
import { spawn } from 'node:child_process';

/** `code` is the exit status; `stdout` is bytes because blobs and patches are not always text. */
export type GitOutput = { code: number; stdout: Buffer; stderr: string };

export type GitOptions = {
  input?: string | Buffer;
  env?: Record<string, string>;
  /** Exit codes besides 0 that are answers and not errors (`merge-tree` says 1 for a conflict). */
  answers?: readonly number[];
};

/** A git that is bound to a repository. Rejects with `GitError` on an unexpected exit code. */
export type Git = (args: readonly string[], options?: GitOptions) => Promise<GitOutput>;

export class GitError extends Error {
  readonly code = 'git_failed';
  readonly exitCode: number;
  readonly stderr: string;
  constructor(args: readonly string[], output: { code: number; stderr: string }, cause?: unknown) {
    super(`git ${args[0] ?? ''} ended with ${output.code}: ${output.stderr.trim()}`, { cause });
    this.name = 'GitError';
    this.exitCode = output.code;
    this.stderr = output.stderr;
  }
}

/**
 * The environment of every git the forge starts. Nothing of the parent but PATH, so that a developer's
 * configuration, credentials or `GIT_DIR` never reach a repository of the forge.
 */
export function gitEnvironment(): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '/usr/bin:/bin',
    HOME: '/nonexistent',
    LC_ALL: 'C',
    TZ: 'UTC',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_TERMINAL_PROMPT: '0',
    GIT_AUTHOR_NAME: 'GitHub',
    GIT_AUTHOR_EMAIL: 'noreply@github.com',
    GIT_COMMITTER_NAME: 'GitHub',
    GIT_COMMITTER_EMAIL: 'noreply@github.com',
  };
}

/**
 * Configuration that only a command line or this environment may set; a repository's own file can't undo it.
 * `safe.directory`: the data directory may belong to another user than the process (a mounted volume).
 */
export function gitConfiguration(entries: Record<string, string>): Record<string, string> {
  const all = Object.entries({
    'safe.directory': '*',
    'core.hooksPath': '/dev/null',
    'gc.auto': '0',
    ...entries,
  });
  const environment: Record<string, string> = { GIT_CONFIG_COUNT: String(all.length) };
  for (const [index, [key, value]] of all.entries()) {
    environment[`GIT_CONFIG_KEY_${index}`] = key;
    environment[`GIT_CONFIG_VALUE_${index}`] = value;
  }
  return environment;
}

/** A git bound to the bare repository at `dir`. */
export function gitAt(dir: string): Git {
  return (args, options = {}) =>
    new Promise((resolve, reject) => {
      const child = spawn('git', args, {
        cwd: dir,
        env: { ...gitEnvironment(), ...gitConfiguration({}), GIT_DIR: dir, ...options.env },
        stdio: ['pipe', 'pipe', 'pipe'],
      });
      const stdout: Buffer[] = [];
      const stderr: Buffer[] = [];
      child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
      child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
      // A git that refuses early closes its input; its exit code tells the story, EPIPE adds nothing.
      child.stdin.on('error', (error: NodeJS.ErrnoException) => {
        if (error.code !== 'EPIPE') reject(error);
      });
      child.on('error', (cause) => reject(new GitError(args, { code: -1, stderr: cause.message }, cause)));
      child.on('close', (status) => {
        const output = {
          code: status ?? -1,
          stdout: Buffer.concat(stdout),
          stderr: Buffer.concat(stderr).toString(),
        };
        const expected = output.code === 0 || (options.answers ?? []).includes(output.code);
        if (expected) resolve(output);
        else reject(new GitError(args, output));
      });
      child.stdin.end(options.input ?? '');
    });
}

/** Standard output as text without the last newline. */
export async function gitText(git: Git, args: readonly string[], options?: GitOptions): Promise<string> {
  return (await git(args, options)).stdout.toString().replace(/\n$/, '');
}
