/** Merging a pull request into its base, when nothing stands in the way. */
import { randomUUID } from 'node:crypto';
import { github, personOf } from './author.ts';
import { closeLinkedIssues } from './closing-words.ts';
import { recordCrash } from './crash.ts';
import { isCrossRepository } from './forks.ts';
import type { Forge } from './forge.ts';
import { mergeCommits, type MergeMethod } from './git/merge.ts';
import type { MergeRequest, Pull } from './pull-rows.ts';
import { enqueue, queueRule } from './merge-entries.ts';
import { mergeMessage } from './merge-message.ts';
import { baseRules, isBehind, unmetRules } from './merge-state.ts';
import { type Doer, isOpen, markMerged, repositoryOf } from './pulls.ts';
import { moveRefNow } from './ref-moves.ts';
import { find, nextId } from './state.ts';

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

const methodNames: Record<MergeMethod, string> = {
  merge: 'Merge commits',
  squash: 'Squash merges',
  rebase: 'Rebase merges',
};

/** The rules that this merge would break, one line each; who may bypass a ruleset is not bound by it. */
function forbidding(forge: Forge, { caller }: Doer, { pull, method }: MergeOrder): string[] {
  const as = { caller, act: 'merge' } as const;
  const rules = baseRules(forge, pull, as);
  if (rules.queue !== null) return ['Changes must be made through the merge queue'];
  const unmet = unmetRules(forge, pull, as);
  const methods = rules.pull?.allowed_merge_methods ?? ['merge', 'squash', 'rebase'];
  if (!methods.includes(method)) unmet.push(`The ${method} merge method is not allowed.`);
  if (rules.plain.has('required_linear_history') && method === 'merge')
    unmet.push('This branch must not contain merge commits.');
  if (isBehind(pull, rules)) unmet.push('Head branch is not up to date with the base branch.');
  return unmet;
}

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
  if (!repository.mergeMethods.includes(method))
    return refused(`${methodNames[method]} are not allowed on this repository.`);
  const unmet = forbidding(forge, doer, order);
  if (unmet.length > 0) return refused(`Repository rule violations found\n\n${unmet.join('\n')}\n`);
  const base = await forge.git(repository).resolve(`refs/heads/${pull.baseRef}`);
  if (base === null) return refused('Base branch was deleted');
  const merged = await mergeCommits(forge.git(repository).git, {
    method,
    base,
    head: pull.headSha,
    message: mergeMessage(forge, pull, order),
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
  if (repository.deleteBranchOnMerge && !isCrossRepository(pull)) {
    const head = `refs/heads/${pull.headRef}`;
    await moveRefNow(forge, { repository, caller: doer.caller, ref: head, sha: null, mode: 'delete' });
  }
  return { outcome: 'merged', sha: merged.sha };
}

/** Requests are forgotten a day after their last change (G20). */
const keptMs = 24 * 60 * 60 * 1000;

/** The request of that uuid, or null. */
export function mergeRequestOf(forge: Forge, pull: Pull, uuid: string): MergeRequest | null {
  const found = find(forge.state.mergeRequests, (one) => one.pullId === pull.id && one.uuid === uuid);
  if (found === undefined) return null;
  return forge.clock.now().getTime() - Date.parse(found.updatedAt) > keptMs ? null : found;
}

/** The request that is not decided yet, of which a pull request has at most one. */
export function pendingMergeRequest(forge: Forge, pull: Pull): MergeRequest | null {
  return (
    find(forge.state.mergeRequests, (one) => one.pullId === pull.id && one.result['status'] === 'pending') ??
    null
  );
}

/** Starts an asynchronous merge (G20); the result is written into the request when it is known. */
export function requestMerge(
  forge: Forge,
  doer: Doer,
  wanted: MergeOrder & { action: string },
): MergeRequest {
  const uuid = randomUUID();
  // A push in between cancels the merge, also when no sha was named.
  const order = { ...wanted, sha: wanted.sha ?? wanted.pull.headSha };
  const request: MergeRequest = {
    id: nextId(forge.state),
    uuid,
    pullId: order.pull.id,
    updatedAt: forge.clock.timestamp(),
    result: {
      status: 'pending',
      details: {
        message: 'Merge request is in progress.',
        uuid,
        merge_method: order.method,
        merge_action: order.action,
        expected_head_sha: order.sha,
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
  { request, order }: { request: MergeRequest; order: MergeOrder & { action: string } },
): Promise<void> {
  try {
    request.result = await decide(forge, doer, order);
  } catch (error) {
    recordCrash(forge, 'pulls/merge-async', error);
    request.result = { status: 'failed', details: { message: 'The forge failed; see its violations.' } };
  }
  request.updatedAt = forge.clock.timestamp();
  await forge.save();
}

/** Into the queue where the base has one, unless a direct merge was asked for. */
async function decide(
  forge: Forge,
  doer: Doer,
  order: MergeOrder & { action: string },
): Promise<MergeRequest['result']> {
  const failed = (message: string) => ({ status: 'failed', details: { message } });
  const { pull } = order;
  const repository = repositoryOf(forge, pull);
  const queues =
    order.action === 'merge_queue' || (order.action === 'default' && queueRule(forge, pull) !== null);
  if (!queues) {
    const done = await mergePull(forge, doer, order);
    if (done.outcome !== 'merged') return failed(done.message);
    return { status: 'merged', details: { message: 'Pull request was merged.', sha: done.sha } };
  }
  const entered = await forge.git(repository).serially(() => enqueue(forge, doer, { pull, sha: order.sha }));
  if ('refused' in entered) return failed(entered.refused);
  forge.queues.look(repository);
  return { status: 'enqueued', details: { message: 'Pull request is in the merge queue.' } };
}
