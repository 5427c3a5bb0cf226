/** What follows when a pull request left GitHub's merge queue: each reason of G24 by its own rule. */
import { isRed, type Check } from '../domain/ci.ts';
import type { DequeueReason } from '../domain/merge.ts';
import { report } from './context.ts';
import { again, blocked, conflict, filesInConflict, step, type Look } from './merging.ts';

/** What is to be merged now; null when it is settled otherwise, or has to wait. */
export async function afterQueue(look: Look): Promise<Look | null> {
  const { merge } = look.task;
  if (merge === null) return look;
  // Switched off is not by hand: without a queue there are other ways.
  if (!look.rules.queue && (merge.step === 'queued' || merge.left === 'QUEUE_CLEARED'))
    return { ...look, note: 'the merge queue was switched off' };
  if (merge.left === null) return look;
  return (await settled(look, merge.left)) ? null : look;
}

/** False: GitHub is asked again at once. */
async function settled(look: Look, reason: DequeueReason): Promise<boolean> {
  switch (reason) {
    case 'MERGE':
    case 'ALREADY_MERGED':
      return await merged(look, reason);
    case 'MANUAL':
      return await takenOut(look, 'somebody took it out of the merge queue by hand');
    case 'QUEUE_CLEARED':
      return await takenOut(look, 'somebody cleared the merge queue');
    case 'MERGE_CONFLICT':
      return await conflicting(look);
    case 'CI_FAILURE':
      return await red(look, 'CI is red in the merge queue');
    case 'CI_TIMEOUT':
      return await timedOut(look);
    case 'ROLL_BACK':
    case 'BRANCH_PROTECTIONS':
    case 'GIT_TREE_INVALID':
    case 'INVALID_MERGE_COMMIT':
    case 'UNKNOWN_REMOVAL_REASON':
      return await putBack(look, words[reason]);
  }
}

const words: Readonly<
  Record<
    Extract<
      DequeueReason,
      | 'ROLL_BACK'
      | 'BRANCH_PROTECTIONS'
      | 'GIT_TREE_INVALID'
      | 'INVALID_MERGE_COMMIT'
      | 'UNKNOWN_REMOVAL_REASON'
    >,
    string
  >
> = {
  ROLL_BACK: 'The merge queue rolled its group back (ROLL_BACK).',
  BRANCH_PROTECTIONS: 'The rules of the base branch are not met in the merge queue (BRANCH_PROTECTIONS).',
  GIT_TREE_INVALID: 'The merge queue could not build its files (GIT_TREE_INVALID).',
  INVALID_MERGE_COMMIT: 'The merge queue could not build its merge commit (INVALID_MERGE_COMMIT).',
  UNKNOWN_REMOVAL_REASON: 'It left the merge queue and GitHub does not say why.',
};

/** The pull request said "open" just now; it will say merged in a moment, or the reason was wrong. */
async function merged(look: Look, reason: DequeueReason): Promise<boolean> {
  if (look.attempt > 5)
    return await putBack(look, `It left the merge queue as merged (${reason}), and is open.`);
  await again(look, 2_000);
  return true;
}

async function takenOut({ work, task }: Look, reason: string): Promise<boolean> {
  await report(work, 'record_taken_out', { run: task.run, task: task.number, reason });
  return true;
}

async function putBack(look: Look, reason: string): Promise<boolean> {
  await step(look, { step: 'asked', left: null });
  await blocked(look, reason);
  return true;
}

/** Against the base, the agent can do something; against what stands before it in the queue, only time can. */
async function conflicting(look: Look): Promise<boolean> {
  const files = await filesInConflict(look);
  if (files.length === 0)
    return await putBack(look, 'It conflicts with pull requests that were before it in the merge queue.');
  await conflict(look, files);
  return true;
}

async function timedOut(look: Look): Promise<boolean> {
  if ((look.task.merge?.timeouts ?? 0) > 0)
    return await red(look, 'The merge queue waited in vain for its checks, twice');
  await step(look, { step: 'asked', left: null, timeouts: 1, note: 'its checks took too long in the queue' });
  return false;
}

/** RE-6: back to the agent with the group's red checks and their logs. */
async function red(look: Look, what: string): Promise<boolean> {
  const { work, scene, task } = look;
  const { base } = scene.run;
  const group = task.merge?.group ?? null;
  const seen =
    group === null
      ? []
      : await work.port.checks(scene.repository, group, { base, wanted: scene.policy.proof.checks });
  const checks = seen.filter(isRed);
  await report(work, 'record_group_failure', {
    run: task.run,
    task: task.number,
    head: group ?? task.head,
    checks,
    reason: `${what}: ${named(checks, seen)}. Merge ${base} into your branch (don't rebase: what was pushed stays), mend what fails together with what landed before, push_branch, and request_review again.`,
  });
  return true;
}

function named(checks: readonly Check[], seen: readonly Check[]): string {
  if (checks.length > 0)
    return checks.map(({ name, conclusion }) => `${name} (${conclusion ?? 'unknown'})`).join(', ');
  const open = seen.filter((check) => check.status !== 'completed').map(({ name }) => name);
  return open.length > 0 ? `${open.join(', ')} did not report` : 'GitHub names no check';
}
