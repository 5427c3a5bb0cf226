/** The branches a merge queue builds, one an entry, each on top of the one before (G24). */
import { appDoer } from './app-doer.ts';
import { github, personOf } from './author.ts';
import type { Forge } from './forge.ts';
import { mergeCommits, type MergeMethod } from './git/merge.ts';
import type { Queue } from './merge-entries.ts';
import { mergeMessage } from './merge-message.ts';
import type { MergeGroup, QueueEntry } from './pull-rows.ts';
import type { Doer } from './pulls.ts';
import { moveRefNow } from './ref-moves.ts';
import { renderSimpleCommit } from './render/commit.ts';
import type { MergeQueueRule } from './rule-rows.ts';
import { mergeQueueAppId } from './seed.ts';
import { row } from './state.ts';

/**
 * `github-merge-queue[bot]`, who acts for the queue.
 *
 * @param entry one that a job's GITHUB_TOKEN enqueued makes what follows silent to workflows (G23)
 */
export function queueDoer(forge: Forge, { repository }: Queue, entry: QueueEntry | null): Doer {
  const app = row(forge.state.apps, mergeQueueAppId);
  return appDoer(forge, app, {
    accountId: repository.ownerId,
    workflowRunId: entry?.workflowRunId ?? null,
  });
}

/** Merges an entry's head onto a commit, gives it a branch and asks for checks. False when it conflicts. */
export async function buildGroup(
  forge: Forge,
  queue: Queue,
  { entry, onto, rule }: { entry: QueueEntry; onto: string; rule: MergeQueueRule },
): Promise<boolean> {
  const { repository } = queue;
  const pull = row(forge.state.pulls, entry.pullId);
  const method = rule.merge_method.toLowerCase() as MergeMethod;
  const enqueuer = row(forge.state.accounts, entry.enqueuedById);
  const merged = await mergeCommits(forge.git(repository).git, {
    method,
    base: onto,
    head: entry.headSha,
    message: mergeMessage(forge, pull, { method }),
    author: { ...personOf(enqueuer), date: forge.clock.timestamp() },
    committer: { ...github, date: forge.clock.timestamp() },
  });
  if (!('sha' in merged)) return false;
  const ref = `refs/heads/gh-readonly-queue/${queue.baseRef}/pr-${pull.number}-${onto}`;
  const doer = queueDoer(forge, queue, entry);
  entry.group = { ref, sha: merged.sha, baseSha: onto, requestedAt: forge.clock.timestamp() };
  const { caller } = doer;
  const change = await moveRefNow(forge, { repository, caller, ref, sha: merged.sha, mode: 'create' });
  if (change !== 'done') throw new Error(`the merge queue could not make ${ref}: ${change}`);
  await emitGroup(forge, { queue, doer, group: entry.group }, { action: 'checks_requested' });
  return true;
}

/** Removes an entry's branch, which nobody shall test any more. */
export async function destroyGroup(
  forge: Forge,
  queue: Queue,
  { entry, reason }: { entry: QueueEntry; reason: 'merged' | 'invalidated' | 'dequeued' },
): Promise<void> {
  const { group } = entry;
  if (group === null) return;
  entry.group = null;
  const doer = queueDoer(forge, queue, entry);
  const { repository } = queue;
  await moveRefNow(forge, { repository, caller: doer.caller, ref: group.ref, sha: null, mode: 'delete' });
  await emitGroup(forge, { queue, doer, group }, { action: 'destroyed', reason });
}

async function emitGroup(
  forge: Forge,
  { queue, doer, group }: { queue: Queue; doer: Doer; group: MergeGroup },
  { action, reason }: { action: 'checks_requested' | 'destroyed'; reason?: string },
): Promise<void> {
  const commit = await forge.git(queue.repository).readCommit(group.sha);
  if (commit === null) throw new Error(`git lost the merge group ${group.sha}`);
  forge.webhooks.emit({
    event: 'merge_group',
    action,
    payload: {
      merge_group: {
        head_sha: group.sha,
        head_ref: group.ref,
        base_sha: group.baseSha,
        base_ref: `refs/heads/${queue.baseRef}`,
        head_commit: renderSimpleCommit(commit),
      },
      ...(reason === undefined ? {} : { reason }),
    },
    sender: doer.actor,
    repository: queue.repository,
    caller: doer.caller,
  });
}
