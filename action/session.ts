/** One session in a job: its place on this machine, the work, and what the job shows of it. */
import { createHash } from 'node:crypto';
import { chmod, constants, copyFile, cp, lstat, mkdir, mkdtemp, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Assignment } from '../app/catalog/assignment.ts';
import type { SessionReport, WorkPlace } from '../runner/course.ts';
import { openRunnerDirectory } from '../runner/directory.ts';
import { makePassage } from '../runner/quarters.ts';
import { removeTree } from '../runner/tree-removal.ts';
import { workOn } from '../runner/work.ts';
import { ActionError } from './action-error.ts';
import type { Inputs } from './inputs.ts';
import { createJobLog } from './job-log.ts';

/** GitHub ends a cancelled step 10 seconds after it asked: the work has to be with the App before. */
const whenCancelled = {
  reason: 'The workflow run was cancelled.',
  cancelled: true,
  patienceMs: 2_000,
  pushPatienceMs: 1_500,
};

export async function runSession(
  assignment: Assignment,
  inputs: Inputs,
  cancelled: AbortSignal,
): Promise<SessionReport> {
  const { log, hear } = createJobLog();
  const root = await makeRoot();
  try {
    await using directory = await openRunnerDirectory(root, log);
    const place: WorkPlace = {
      url: inputs.url,
      sessions: directory.sessions,
      cache: directory.cache,
      // The job's end is the App's to notice; there is no next start here.
      tickets: null,
      tmux: null,
      isolation: 'auto',
      ...(await bringPrograms(root)),
      log,
      hear,
      pass: inputs.pass,
      patienceMs: 10_000,
      pushPatienceMs: 60_000,
      asked: whenCancelled,
    };
    return await workOn(assignment, place, cancelled);
  } finally {
    await removeTree(root);
  }
}

/**
 * Below the machine's directory for temporary files and not the job's: `RUNNER_TEMP` is inside of a home that other
 * users can't pass through on GitHub's own machines. The same one for each job of a runner, which does one at a time:
 * when a job is killed on a machine that lives on, the next one ends and removes what was left of its session.
 */
async function makeRoot(): Promise<string> {
  const runner = createHash('sha256')
    .update(process.env['RUNNER_TEMP'] ?? '')
    .digest('hex');
  const usual = join(tmpdir(), `entourage-job-${runner.slice(0, 12)}`);
  try {
    await mkdir(usual, { mode: 0o711 }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
    const root = (await isOurs(usual)) ? usual : await mkdtemp(join(tmpdir(), 'entourage-'));
    await makePassage(root);
    return root;
  } catch (cause) {
    throw new ActionError(
      `There is no place to work in ${tmpdir()}: ${(cause as Error).message}`,
      'The runner needs a directory for temporary files with room for the repository; TMPDIR names another one.',
      cause,
    );
  }
}

/** Everybody may make directories there, also one of this name. */
async function isOurs(path: string): Promise<boolean> {
  const info = await lstat(path);
  return info.isDirectory() && info.uid === process.getuid?.() && (info.mode & 0o022) === 0;
}

/** The agent's MCP server and the node that runs it, where a user of the agent's own can reach them. */
async function bringPrograms(root: string): Promise<{ node: string; mcp: string }> {
  const mcp = join(root, 'mcp');
  await cp(import.meta.dirname, mcp, { recursive: true });
  await chmod(mcp, 0o755);
  return { node: await reachableNode(root), mcp: join(mcp, 'mcp.js') };
}

/** This process's own node lies in the home of GitHub's runner; a copy costs a tenth of a second. */
async function reachableNode(root: string): Promise<string> {
  const own = process.execPath;
  if (await passable(own)) return own;
  const copy = join(root, 'node');
  await copyFile(own, copy, constants.COPYFILE_FICLONE);
  await chmod(copy, 0o755);
  return copy;
}

async function passable(file: string): Promise<boolean> {
  for (let path = dirname(file); path !== dirname(path); path = dirname(path)) {
    if (((await stat(path)).mode & 0o001) === 0) return false;
  }
  return true;
}
