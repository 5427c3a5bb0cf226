/** The doctor's look at this machine: programs, disk, and whether the App answers. */
import { execFile } from 'node:child_process';
import { access, constants, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import type { Finding } from './finding.ts';

const run = promisify(execFile);

/** `git merge-tree --write-tree` and bundles of the form we use. */
const leastGit = [2, 38] as const;

export async function checkPrograms(): Promise<Finding[]> {
  return [await checkGit(), await checkTmux()];
}

async function checkGit(): Promise<Finding> {
  const text = await versionOf('git', ['--version']);
  const [major = 0, minor = 0] = (/(\d+)\.(\d+)/.exec(text ?? '') ?? []).slice(1).map(Number);
  const help = `Install git ${leastGit.join('.')} or later.`;
  if (text === null) return { state: 'bad', what: 'git is not installed.', help };
  const enough = major > leastGit[0] || (major === leastGit[0] && minor >= leastGit[1]);
  return enough
    ? { state: 'good', what: `git ${major}.${minor}` }
    : { state: 'bad', what: `git ${major}.${minor} is too old.`, help };
}

async function checkTmux(): Promise<Finding> {
  const text = await versionOf('tmux', ['-V']);
  return text === null
    ? {
        state: 'unsure',
        what: 'tmux is not installed.',
        help: 'Sessions run without it, and outlive a killed runner all the same; nobody can watch them.',
      }
    : { state: 'good', what: `${text}: \`entourage runner attach\` shows what agents do.` };
}

async function versionOf(file: string, args: readonly string[]): Promise<string | null> {
  try {
    return (await run(file, args, { timeout: 10_000 })).stdout.trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

const gib = 1024 ** 3;

/** Room for caches and worktrees, in the directory or in the one where it will be made. */
export async function checkDirectory(directory: string): Promise<Finding[]> {
  const place = await nearest(directory);
  const { bavail, bsize } = await statfs(place);
  const used = place === directory ? await usedBy(directory) : null;
  const holds = used === null ? '' : `, which holds ${(used / gib).toFixed(1)} GiB`;
  const free = `${((bavail * bsize) / gib).toFixed(1)} GiB free for ${directory}${holds}`;
  const enough: Finding =
    bavail * bsize >= 2 * gib
      ? { state: 'good', what: `${free}.` }
      : {
          state: bavail * bsize >= gib / 4 ? 'unsure' : 'bad',
          what: `Only ${free}.`,
          help: 'Make room, or point ENTOURAGE_DIR elsewhere; 2 GiB are a good start.',
        };
  try {
    await access(place, constants.W_OK);
    return [enough];
  } catch {
    return [
      enough,
      { state: 'bad', what: `${place} can’t be written to.`, help: 'Change its owner, or ENTOURAGE_DIR.' },
    ];
  }
}

/** Null where it can't be told in a few seconds. */
async function usedBy(directory: string): Promise<number | null> {
  try {
    const { stdout } = await run('du', ['-sk', '--', directory], { timeout: 5_000 });
    return Number(stdout.split('\t')[0]) * 1024;
  } catch (error) {
    // Others' files, or too many of them; it is only told, nothing depends on it.
    if (error instanceof Error) return null;
    throw error;
  }
}

async function nearest(directory: string): Promise<string> {
  try {
    await access(directory);
    return directory;
  } catch (error) {
    const parent = dirname(directory);
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || parent === directory) throw error;
    return await nearest(parent);
  }
}

/** Any answer of our API will do: without a key it is a refusal in our own form. */
export async function checkApp(url: string): Promise<Finding[]> {
  try {
    const response = await fetch(`${url}/api/v1/ping`, { signal: AbortSignal.timeout(5_000) });
    const body = (await response.json()) as { ok?: unknown; error?: { code?: unknown } };
    const ours = body.ok === true || typeof body.error?.code === 'string';
    return ours
      ? [{ state: 'good', what: `The App answers at ${url}.` }]
      : [
          {
            state: 'bad',
            what: `Something else answers at ${url}.`,
            help: 'Set ENTOURAGE_URL to the App’s address.',
          },
        ];
  } catch {
    return [
      { state: 'unsure', what: `The App does not answer at ${url}.`, help: 'Start it: `entourage app`.' },
    ];
  }
}
