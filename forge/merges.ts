/** Merging a pull request into its base, when nothing stands in the way. */
import { randomUUID } from 'node:crypto';
import { github, personOf } from './author.ts';
import { closeLinkedIssues } from './closing-words.ts';
import type { Forge } from './forge.ts';
import { mergeCommits, type MergeMethod } from './git/merge.ts';
import type { MergeRequest, Pull } from './pull-rows.ts';
import { unmetRules } from './merge-state.ts';
import { type Doer, isOpen, markMerged, repositoryOf } from './pulls.ts';
import { moveRefNow } from './ref-moves.ts';
import { find, nextId, row } from './state.ts';

export type MergeOrder = {
  pull: Pull;
  method: MergeMethod;
  /** Head the caller saw; another one refuses the merge. */
  sha: string | undefined;
  title: string | undefined;
  message: string | undefined;
};

/** `moved` is GitHub's 409, `refused` its 405. */
export type MergeOutcome =
  | { outcome: 'merged'; sha: string }
  | { outcome: 'moved'; message: string }
  | { outcome: 'refused'; message: string };

const refused = (message: string): MergeOutcome => ({ outcome: 'refused', message });

/** Merges now, after whatever else moves refs of the repository. */
export function mergePull(forge: Forge, doer: Doer, order: MergeOrder): Promise<MergeOutcome> {
  const repository = repositoryOf(forge, order.pull);
  return forge.git(repository).serially(() => mergeNow(forge, doer, order));
}

async function mergeNow(forge: Forge, doer: Doer, order: MergeOrder): Promise<MergeOutcome> {
  const { pull, method } = order;
  const repository = repositoryOf(forge, pull);
  if (order.sha !== undefined && order.sha !== pull.headSha)
    return { outcome: 'moved', message: 'Head branch was modified. Review and try the merge again.' };
  if (!isOpen(forge, pull)) return refused('Pull Request is not mergeable');
  if (pull.draft) return refused('Pull Request is still a draft');
  const unmet = unmetRules(forge, pull);
  if (unmet.length > 0) return refused(`Repository rule violations found\n\n${unmet.join('\n')}\n`);
  const base = await forge.git(repository).resolve(`refs/heads/${pull.baseRef}`);
  if (base === null) return refused('Base branch was deleted');
  const merged = await mergeCommits(forge.git(repository).git, {
    method,
    base,
    head: pull.headSha,
    message: messageOf(forge, order),
    author: { ...personOf(doer.actor), date: forge.clock.timestamp() },
    committer: { ...github, date: forge.clock.timestamp() },
  });
  if (!('sha' in merged)) return refused('Pull Request is not mergeable');
  const ref = `refs/heads/${pull.baseRef}`;
  const change = await forge.git(repository).updateRef(ref, { sha: merged.sha, before: base });
  if (change !== 'done')
    throw new Error(`the base ${pull.baseRef} moved although moves are serial: ${change}`);
  // Before the push is told: a base that contains the head would count as merged by that push.
  markMerged(forge, doer, { pull, sha: merged.sha });
  closeLinkedIssues(forge, doer, pull);
  await forge.pushes.tell({
    repository,
    caller: doer.caller,
    refs: [{ ref, before: base, after: merged.sha }],
  });
  if (repository.deleteBranchOnMerge) {
    const head = `refs/heads/${pull.headRef}`;
    await moveRefNow(forge, { repository, caller: doer.caller, ref: head, sha: null, mode: 'delete' });
  }
  return { outcome: 'merged', sha: merged.sha };
}

/** GitHub's defaults: `Merge pull request #1 from owner/branch`, and `Title (#1)` for a squash. */
function messageOf(forge: Forge, { pull, method, title, message }: MergeOrder): string {
  const issue = row(forge.state.issues, pull.id);
  const owner = row(forge.state.accounts, repositoryOf(forge, pull).ownerId).login;
  const isMerge = method === 'merge';
  const first =
    title ??
    (isMerge
      ? `Merge pull request #${pull.number} from ${owner}/${pull.headRef}`
      : `${issue.title} (#${pull.number})`);
  const rest = message ?? (isMerge ? issue.title : (issue.body ?? ''));
  return rest.trim() === '' ? first : `${first}\n\n${rest}`;
}

/** Requests are forgotten after a day (G20). */
const keptMs = 24 * 60 * 60 * 1000;

/** The request of that uuid, or null. */
export function mergeRequestOf(forge: Forge, pull: Pull, uuid: string): MergeRequest | null {
  const found = find(forge.state.mergeRequests, (one) => one.pullId === pull.id && one.uuid === uuid);
  if (found === undefined) return null;
  return forge.clock.now().getTime() - Date.parse(found.createdAt) > keptMs ? null : found;
}

/** The request that is not decided yet, of which a pull request has at most one. */
export function pendingMergeRequest(forge: Forge, pull: Pull): MergeRequest | null {
  return (
    find(forge.state.mergeRequests, (one) => one.pullId === pull.id && one.result['status'] === 'pending') ??
    null
  );
}

/** Starts an asynchronous merge (G20); the result is written into the request when it is known. */
export function requestMerge(forge: Forge, doer: Doer, order: MergeOrder & { action: string }): MergeRequest {
  const uuid = randomUUID();
  const request: MergeRequest = {
    id: nextId(forge.state),
    uuid,
    pullId: order.pull.id,
    createdAt: forge.clock.timestamp(),
    result: {
      status: 'pending',
      details: {
        message: 'The merge is in progress.',
        uuid,
        merge_method: order.method,
        merge_action: order.action,
        expected_head_sha: order.sha ?? order.pull.headSha,
      },
    },
  };
  forge.state.mergeRequests.set(request.id, request);
  void finish(forge, doer, { request, order });
  return request;
}

/** Never rejects: what goes wrong is the request's result, and a violation when it is our fault. */
async function finish(
  forge: Forge,
  doer: Doer,
  { request, order }: { request: MergeRequest; order: MergeOrder },
): Promise<void> {
  try {
    const done = await mergePull(forge, doer, order);
    request.result =
      done.outcome === 'merged'
        ? { status: 'merged', details: { message: 'Pull Request successfully merged', sha: done.sha } }
        : { status: 'failed', details: { message: done.message } };
  } catch (error) {
    const findings = [error instanceof Error ? (error.stack ?? error.message) : String(error)];
    forge.violations.push({ kind: 'crash', where: 'pulls/merge-async', findings });
    request.result = { status: 'failed', details: { message: 'The forge failed; see its violations.' } };
  }
  await forge.save();
}
