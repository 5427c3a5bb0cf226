/** Who stands in a merge queue: entering, order, leaving. Groups are built in merge-queue.ts. */
import type { Forge } from './forge.ts';
import { baseRules, unmetRules } from './merge-state.ts';
import type { Pull, QueueEntry } from './pull-rows.ts';
import { type Doer, emitPullEvent, isOpen, settleMergeable } from './pulls.ts';
import type { MergeQueueRule } from './rule-rows.ts';
import { find, nextId, where, type Repository } from './state.ts';

/** One queue: that of a base branch. */
export interface Queue {
  repository: Repository;
  baseRef: string;
}

/** G24. The last four come by themselves only where GitHub's own machinery fails; here somebody asks for them. */
export const removalReasons = [
  'MANUAL',
  'MERGE',
  'MERGE_CONFLICT',
  'CI_FAILURE',
  'CI_TIMEOUT',
  'ALREADY_MERGED',
  'QUEUE_CLEARED',
  'BRANCH_PROTECTIONS',
  'ROLL_BACK',
  'GIT_TREE_INVALID',
  'INVALID_MERGE_COMMIT',
  'UNKNOWN_REMOVAL_REASON',
] as const;
export type RemovalReason = (typeof removalReasons)[number];

/** First to be merged first. */
export function entriesOf(forge: Forge, { repository, baseRef }: Queue): QueueEntry[] {
  return where(
    forge.state.queueEntries,
    (entry) => entry.repositoryId === repository.id && entry.baseRef === baseRef,
  ).toSorted((a, b) => a.order - b.order);
}

export function entryOf(forge: Forge, pull: Pull): QueueEntry | null {
  return find(forge.state.queueEntries, (entry) => entry.pullId === pull.id) ?? null;
}

/** The rule that makes merges into the pull request's base go through a queue, or null. */
export function queueRule(forge: Forge, pull: Pull): MergeQueueRule | null {
  return baseRules(forge, pull).queue;
}

export type Entering = { entry: QueueEntry } | { refused: string };

/**
 * Puts a pull request into its base branch's queue, when everything that its own head can show is there; the rest
 * is tested on the group. Refusals are worded as far as reports tell GitHub's words.
 *
 * @param sha the head that the caller saw
 */
export async function enqueue(
  forge: Forge,
  doer: Doer,
  { pull, sha, jump = false }: { pull: Pull; sha?: string | null | undefined; jump?: boolean },
): Promise<Entering> {
  const refusal = await whyNot(forge, pull, sha ?? null);
  if (refusal !== null) return { refused: refusal };
  const queue = where(
    forge.state.queueEntries,
    (entry) => entry.repositoryId === pull.repositoryId && entry.baseRef === pull.baseRef,
  ).map((entry) => entry.order);
  const { caller } = doer;
  const entry: QueueEntry = {
    id: nextId(forge.state),
    repositoryId: pull.repositoryId,
    baseRef: pull.baseRef,
    pullId: pull.id,
    headSha: pull.headSha,
    order: jump ? Math.min(0, ...queue) - 1 : Math.max(0, ...queue) + 1,
    jump,
    enqueuedById: doer.actor.id,
    enqueuedAt: forge.clock.timestamp(),
    workflowRunId: caller.kind === 'installation' ? caller.workflowRunId : null,
    group: null,
  };
  forge.state.queueEntries.set(entry.id, entry);
  emitPullEvent(forge, doer, { pull, action: 'enqueued' });
  return { entry };
}

async function whyNot(forge: Forge, pull: Pull, sha: string | null): Promise<string | null> {
  if (queueRule(forge, pull) === null) return 'Pull request base branch has no merge queue';
  if (entryOf(forge, pull) !== null) return 'Pull request is already in the queue';
  if (!isOpen(forge, pull)) return 'Pull request is closed';
  if (pull.draft) return 'Pull request is still a draft';
  if (sha !== null && sha !== pull.headSha)
    return 'Pull request Head branch was modified. Review and try the merge again.';
  if (!(await settleMergeable(forge, pull))) return 'Pull request has merge conflicts';
  const [unmet] = unmetRules(forge, pull);
  return unmet === undefined ? null : `Pull request ${unmet}`;
}
