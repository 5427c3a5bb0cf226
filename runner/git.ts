/** Runs the real `git`: argument arrays, an environment of its own, no prompts, bounded output. */
import { spawn } from 'node:child_process';
import type { CommitIdentity } from '../app/domain/authorship.ts';
import type { AgentUser } from './agent-user.ts';
import { spawnAs } from './spawn-as.ts';

export type GitOptions = {
  cwd: string;
  /** Configuration for this call alone, in its environment: never in argv, a URL or a file. */
  config?: Readonly<Record<string, string>>;
  env?: Readonly<Record<string, string>>;
  /** Exit codes besides 0 that are answers. */
  answers?: readonly number[];
  /** Output beyond this is dropped and `truncated` set; without it, all of it is kept. */
  maxBytes?: number;
  signal?: AbortSignal;
  /** Runs it as that user, in a repository that belongs to the user. Takes no signal then. */
  user?: AgentUser | null;
};
export type GitOutput = { code: number; stdout: Buffer; truncated: boolean };

export class GitError extends Error {
  readonly code = 'git_failed';
  readonly exitCode: number;
  readonly stderr: string;
  constructor(args: readonly string[], output: { code: number; stderr: string }, cause?: unknown) {
    super(`git ${args[0] ?? ''} ended with ${output.code}: ${output.stderr.trim().slice(-2_000)}`, { cause });
    this.name = 'GitError';
    this.exitCode = output.code;
    this.stderr = output.stderr;
  }
}

/** In whose name git commits; it wins over every configuration. */
export const signedAs = ({ name, email }: CommitIdentity): Record<string, string> => ({
  GIT_AUTHOR_NAME: name,
  GIT_AUTHOR_EMAIL: email,
  GIT_COMMITTER_NAME: name,
  GIT_COMMITTER_EMAIL: email,
});

/** Entries as `GIT_CONFIG_COUNT`, `GIT_CONFIG_KEY_0`, …: they win over every file an agent can write. */
export function gitConfiguration(entries: Readonly<Record<string, string>>): Record<string, string> {
  const all = Object.entries(entries);
  const environment: Record<string, string> = { GIT_CONFIG_COUNT: String(all.length) };
  for (const [index, [key, value]] of all.entries()) {
    environment[`GIT_CONFIG_KEY_${index}`] = key;
    environment[`GIT_CONFIG_VALUE_${index}`] = value;
  }
  return environment;
}

/** Nothing in a repository may make our own git run a program. */
const harmless = {
  'core.hooksPath': '/dev/null',
  'core.fsmonitor': 'false',
  'core.quotePath': 'false',
  'commit.gpgSign': 'false',
  'credential.helper': '',
  'gc.auto': '0',
  'maintenance.auto': 'false',
  'protocol.ext.allow': 'never',
  // A token must not follow a redirection to another place.
  'http.followRedirects': 'false',
};

function environmentOf(options: GitOptions): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '/usr/bin:/bin',
    HOME: '/nonexistent',
    LC_ALL: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_TERMINAL_PROMPT: '0',
    ...gitConfiguration({ ...harmless, ...options.config }),
    ...options.env,
  };
}

/** Rejects with `GitError` on an unexpected exit code, with the signal's reason when that fires. */
export function git(args: readonly string[], options: GitOptions): Promise<GitOutput> {
  return new Promise((resolve, reject) => {
    const child = start(args, options);
    const limit = options.maxBytes ?? Number.POSITIVE_INFINITY;
    const stdout: Buffer[] = [];
    let size = 0;
    let truncated = false;
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => {
      const kept = chunk.subarray(0, Math.max(0, limit - size));
      truncated ||= kept.length < chunk.length;
      size += kept.length;
      if (kept.length > 0) stdout.push(kept);
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr = (stderr + chunk.toString()).slice(-8_000);
    });
    child.on('error', (cause) => {
      reject(
        options.signal?.aborted ? cause : new GitError(args, { code: -1, stderr: cause.message }, cause),
      );
    });
    child.on('close', (status) => {
      const code = status ?? -1;
      if (code === 0 || options.answers?.includes(code)) {
        resolve({ code, stdout: Buffer.concat(stdout), truncated });
      } else {
        reject(new GitError(args, { code, stderr }));
      }
    });
  });
}

function start(args: readonly string[], options: GitOptions) {
  const env = environmentOf(options);
  if (options.user) return spawnAs(options.user, { file: 'git', args, cwd: options.cwd, env });
  return spawn('git', args, {
    cwd: options.cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
}

/** Standard output as text without the last newline. */
export async function gitText(args: readonly string[], options: GitOptions): Promise<string> {
  return (await git(args, options)).stdout.toString().replace(/\n$/, '');
}

/** Lines of git's output, without the empty one at its end. */
export const outputLines = (text: string): string[] => text.split('\n').filter((line) => line !== '');
