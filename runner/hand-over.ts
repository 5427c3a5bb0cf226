/** The end of a work session's worktree: what is left becomes a commit, what is committed goes to the App. */
import type { Log } from './log.ts';
import type { Uploader } from './upload.ts';
import { commitRest, headOf, undoCommit, type Workspace } from './workspace.ts';

export type HandOver = {
  workspace: Workspace;
  uploader: Uploader;
  agent: string;
  /** The verdict on an upload is waited for at most this long. */
  patienceMs: number;
  log: Log;
};

/** Answers null, or why the App refused the work. Throws what the client throws. */
export async function handOver(order: HandOver): Promise<string | null> {
  const { workspace, uploader, log } = order;
  const agents = await headOf(workspace);
  const rest = await commitRest(workspace, `Work of ${order.agent} that was not committed`);
  let result = await uploader.push(order.patienceMs);
  if (result.state === 'refused' && rest !== null) {
    // What was left over must not take the agent's own commits down with it.
    log('the uncommitted rest was refused', { reason: result.reason });
    await undoCommit(workspace, agents);
    result = await uploader.push(order.patienceMs);
  }
  log('work handed over', { state: result.state, head: result.head });
  return result.state === 'refused' ? `The work could not be pushed: ${result.reason}` : null;
}
