/** A merge queue at work: groups built, judged by their checks, merged in order. */
import { closeLinkedIssues } from './closing-words.ts';
import { isCrossRepository } from './forks.ts';
import type { Forge } from './forge.ts';
import { entriesOf, type Queue, type RemovalReason } from './merge-entries.ts';
import { buildGroup, destroyGroup, queueDoer } from './merge-groups.ts';
import { baseRules, standingOf, unmetReviews } from './merge-state.ts';
import type { QueueEntry } from './pull-rows.ts';
import { type Doer, emitPullEvent, isOpen, markMerged } from './pulls.ts';
import { moveRefNow } from './ref-moves.ts';
import type { MergeQueueRule } from './rule-rows.ts';
import { branchRules, type BranchRules } from './rulesets.ts';
import { row } from './state.ts';

const minute = 60_000;

/** How an entry's group stands: `timed_out` checks count as failed ones. */
export type GroupStanding = 'unbuilt' | 'pending' | 'failing' | 'timed_out' | 'passing';

const rulesOf = (forge: Forge, { repository, baseRef }: Queue): BranchRules =>
  branchRules(forge, { repository, ref: `refs/heads/${baseRef}` });

/** What the required checks say at the head of an entry's group (G27); with none required it passes at once. */
export function groupStanding(forge: Forge, entry: QueueEntry, rules: BranchRules): GroupStanding {
  const { group, repositoryId } = entry;
  if (group === null) return 'unbuilt';
  const standings = rules.checks.map((required) =>
    standingOf(forge, { repositoryId, sha: group.sha }, required),
  );
  if (standings.includes('failing')) return 'failing';
  if (standings.every((standing) => standing === 'passing')) return 'passing';
  return groupDeadline(entry, rules.queue) <= forge.clock.now().getTime() ? 'timed_out' : 'pending';
}

/** When the silence of its checks becomes a failure, in milliseconds. */
export function groupDeadline(entry: QueueEntry, rule: MergeQueueRule | null): number {
  if (entry.group === null || rule === null) return Infinity;
  return Date.parse(entry.group.requestedAt) + rule.check_response_timeout_minutes * minute;
}

/** When a queue stops to wait for more entries. */
export function waitDeadline(first: QueueEntry, rule: MergeQueueRule): number {
  return Date.parse(first.enqueuedAt) + rule.min_entries_to_merge_wait_minutes * minute;
}

/** Does what there is to do now; for who runs serially in the repository already. */
export async function advance(forge: Forge, queue: Queue): Promise<void> {
  while (await step(forge, queue));
}

async function step(forge: Forge, queue: Queue): Promise<boolean> {
  const rules = rulesOf(forge, queue);
  const entries = entriesOf(forge, queue);
  for (const entry of entries) {
    const reason = removalOf(forge, entry, rules);
    if (reason === null) continue;
    await leave(forge, queue, { entry, reason });
    return true;
  }
  if (rules.queue === null || entries.length === 0) return false;
  return (await build(forge, queue, rules.queue)) || judge(forge, queue, rules);
}

/** Why an entry has no business in the queue any more. What a push into a queued head is called isn't documented. */
function removalOf(forge: Forge, entry: QueueEntry, rules: BranchRules): RemovalReason | null {
  const pull = row(forge.state.pulls, entry.pullId);
  if (rules.queue === null) return 'QUEUE_CLEARED';
  if (pull.mergedAt !== null) return 'ALREADY_MERGED';
  if (!isOpen(forge, pull) || pull.draft) return 'MANUAL';
  if (pull.headSha !== entry.headSha || pull.baseRef !== entry.baseRef) return 'MANUAL';
  return unmetReviews(forge, pull, baseRules(forge, pull)).length > 0 ? 'BRANCH_PROTECTIONS' : null;
}

/** Takes an entry out; whatever stood on its group is built anew by the next step. */
export async function leave(
  forge: Forge,
  queue: Queue,
  { entry, reason, doer }: { entry: QueueEntry; reason: RemovalReason; doer?: Doer },
): Promise<void> {
  forge.state.queueEntries.delete(entry.id);
  await destroyGroup(forge, queue, { entry, reason: reason === 'MERGE' ? 'merged' : 'dequeued' });
  const pull = row(forge.state.pulls, entry.pullId);
  emitPullEvent(forge, doer ?? queueDoer(forge, queue, entry), {
    pull,
    action: 'dequeued',
    extra: { reason },
  });
}

/** Gives every entry that may be tested now a group on top of the one before. True when one had to leave. */
async function build(forge: Forge, queue: Queue, rule: MergeQueueRule): Promise<boolean> {
  const base = await forge.git(queue.repository).resolve(`refs/heads/${queue.baseRef}`);
  if (base === null) return false;
  const limit = rule.max_entries_to_build === 0 ? Infinity : rule.max_entries_to_build;
  let onto = base;
  for (const [index, entry] of entriesOf(forge, queue).entries()) {
    const fits = index < limit && entry.group?.baseSha === onto;
    if (!fits) await destroyGroup(forge, queue, { entry, reason: 'invalidated' });
    if (index >= limit) continue;
    if (!fits && !(await buildGroup(forge, queue, { entry, onto, rule }))) {
      await leave(forge, queue, { entry, reason: 'MERGE_CONFLICT' });
      return true;
    }
    onto = entry.group?.sha ?? onto;
  }
  return false;
}

/** Merges what is green, or takes out what is red. True when something happened. */
async function judge(forge: Forge, queue: Queue, rules: BranchRules): Promise<boolean> {
  const { queue: rule } = rules;
  if (rule === null) return false;
  const entries = entriesOf(forge, queue);
  const standings = entries.map((entry) => groupStanding(forge, entry, rules));
  const ready = entries.slice(0, readyCount(standings, rule));
  const [first] = entries;
  const waits =
    first !== undefined &&
    ready.length < rule.min_entries_to_merge &&
    waitDeadline(first, rule) > forge.clock.now().getTime();
  if (ready.length > 0 && !waits) {
    await merge(forge, queue, ready);
    return true;
  }
  const red = redIndex(standings, rule);
  const entry = entries[red];
  if (entry === undefined) return false;
  const reason = standings[red] === 'timed_out' ? 'CI_TIMEOUT' : 'CI_FAILURE';
  await leave(forge, queue, { entry, reason });
  return true;
}

/** How many of the first entries may be merged together. */
function readyCount(standings: readonly GroupStanding[], rule: MergeQueueRule): number {
  const most = rule.max_entries_to_merge === 0 ? Infinity : rule.max_entries_to_merge;
  const inReach = standings.slice(0, Math.min(most, standings.length));
  if (rule.grouping_strategy === 'HEADGREEN') return inReach.lastIndexOf('passing') + 1;
  const stop = inReach.findIndex((standing) => standing !== 'passing');
  return stop === -1 ? inReach.length : stop;
}

/**
 * The entry that has failed by itself: everything before it is green. Where the head of a group decides, a red one
 * may still be saved by those after it, as long as they are tested.
 */
function redIndex(standings: readonly GroupStanding[], rule: MergeQueueRule): number {
  const isRed = (standing: GroupStanding | undefined): boolean =>
    standing === 'failing' || standing === 'timed_out';
  if (rule.grouping_strategy === 'HEADGREEN' && standings.includes('pending')) return -1;
  const stop = standings.findIndex((standing) => standing !== 'passing');
  return isRed(standings[stop]) ? stop : -1;
}

/** Moves the base to the last group's commit; every pull request in between is merged by that. */
async function merge(forge: Forge, queue: Queue, ready: readonly QueueEntry[]): Promise<void> {
  const { repository, baseRef } = queue;
  const ref = `refs/heads/${baseRef}`;
  const groups = ready.map(({ group }) => group);
  const [first, last] = [groups.at(0), groups.at(-1)];
  if (first === null || first === undefined || last === null || last === undefined)
    throw new Error('an entry without a group was to be merged');
  const change = await forge.git(repository).updateRef(ref, { sha: last.sha, before: first.baseSha });
  if (change !== 'done') throw new Error(`the base ${baseRef} moved although moves are serial: ${change}`);
  for (const [index, entry] of ready.entries()) {
    const pull = row(forge.state.pulls, entry.pullId);
    const doer = queueDoer(forge, queue, entry);
    // Before the push is told: a base that contains the head would count as merged by that push.
    markMerged(forge, doer, { pull, sha: groups[index]?.sha ?? last.sha });
    closeLinkedIssues(forge, doer, pull);
    await leave(forge, queue, { entry, reason: 'MERGE' });
    if (repository.deleteBranchOnMerge && !isCrossRepository(pull)) {
      const head = `refs/heads/${pull.headRef}`;
      await moveRefNow(forge, { repository, caller: doer.caller, ref: head, sha: null, mode: 'delete' });
    }
  }
  const { caller } = queueDoer(forge, queue, ready.at(-1) ?? null);
  await forge.pushes.tell({ repository, caller, refs: [{ ref, before: first.baseSha, after: last.sha }] });
}
