/** The end of a work session's worktree: what is left becomes a commit, what is committed goes to the App. */
import { outputLines } from './git.ts';
import { reasonOf, type Log } from './log.ts';
import type { Uploader } from './upload.ts';
import { commitRest, headOf, restoreConfiguration, textIn, undoCommit, type Workspace } from './workspace.ts';

export type HandOver = {
  workspace: Workspace;
  /** The session's own directory. */
  directory: string;
  uploader: Uploader;
  agent: string;
  /** The verdict on an upload is waited for at most this long. */
  patienceMs: number;
  log: Log;
};

/** What a session did to its branch, bounded, for people to read. */
export type HandedOver = {
  head: string;
  /** Why the App did not take it; null when it did, or still looks at it. */
  refusal: string | null;
  /** Oldest first. */
  commits: { sha: string; subject: string }[];
  files: string[];
};

const mostShown = 100;

/** Throws what the client throws. */
export async function handOver(order: HandOver): Promise<HandedOver> {
  const { workspace, uploader, log } = order;
  const agents = await headOf(workspace);
  const { rest, problem } = await keepRest(order);
  let result = await uploader.push(order.patienceMs);
  if (result.state === 'refused' && rest !== null) {
    // What was left over must not take the agent's own commits down with it.
    log('the uncommitted rest was refused', { reason: result.reason });
    await undoCommit(workspace, agents);
    result = await uploader.push(order.patienceMs);
  }
  log('work handed over', { state: result.state, head: result.head });
  const refusal = result.state === 'refused' ? `The work could not be pushed: ${result.reason}` : problem;
  return { head: result.head, refusal, ...(await listed(workspace)) };
}

/** Commits what is left. Where that fails (a full disk), what the agent committed itself is handed over all the same. */
async function keepRest(order: HandOver): Promise<{ rest: string | null; problem: string | null }> {
  const { workspace, directory, agent, log } = order;
  try {
    await restoreConfiguration(workspace, directory);
    const rest = await commitRest(workspace, `Work of ${agent} that was not committed`);
    return { rest, problem: null };
  } catch (error) {
    const reason = reasonOf(error);
    log('the uncommitted rest could not be committed', { reason });
    return { rest: null, problem: `What was not committed could not be kept. ${reason}` };
  }
}

async function listed(workspace: Workspace): Promise<Pick<HandedOver, 'commits' | 'files'>> {
  const range = `${workspace.start}..HEAD`;
  const log = ['log', '--no-color', '--no-show-signature', `--max-count=${mostShown}`, '--format=%H%x00%s'];
  const subjects = outputLines(await textIn(workspace, [...log, range]));
  const diff = ['diff', '--no-ext-diff', '--no-textconv', '--name-only', '--no-renames', '-z'];
  const names = (await textIn(workspace, [...diff, workspace.start, 'HEAD'])).split('\0');
  return {
    commits: subjects.toReversed().map((line) => {
      const [sha = '', subject = ''] = line.split('\0');
      return { sha, subject: subject.slice(0, 200) };
    }),
    files: names.filter((name) => name !== '').slice(0, mostShown),
  };
}
