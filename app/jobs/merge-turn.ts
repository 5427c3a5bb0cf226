/** Our own serial queue, where GitHub has none: one merge at a time into a branch, each on top of the one before. */
import { mergingTasks, type MergingTask } from '../../db/queries/merges.ts';
import { counting, isGreen, isRed } from '../domain/ci.ts';
import { priorityRank } from '../domain/priority.ts';
import { mergeStarted } from '../domain/task.ts';
import { effectJob } from '../engine/effect-job.ts';
import { after, later, read, report } from './context.ts';
import { again, blocked, conflict, filesInConflict, patience, step, type Look } from './merging.ts';

/** True when it is this task's turn, its branch is as new as it has to be, and its checks say so. */
export async function mayMerge(look: Look): Promise<boolean> {
  const { task, pull, attempt } = look;
  // GitHub computes it after every push; a merge before that is refused for no reason.
  if (pull.mergeable === null && attempt < 3) {
    await again(look, 1_000);
    return false;
  }
  const first = await whoseTurn(look);
  if (first !== null) {
    await step(look, { step: 'waiting', note: `${first} merges first`, left: null });
    // Whoever ends its merge wakes the next; this is for the case that nobody did.
    await again(look, 60_000, { attempt: 0 });
    return false;
  }
  if (look.request !== null) return true;
  if (!(await upToDate(look))) return false;
  return task.merge === null || task.merge.expects.length === 0 || (await judged(look, task.merge.expects));
}

/** The pull request that goes first, by priority, then by its approval; null when this one does. What GitHub blocks holds nobody up. */
async function whoseTurn({ work, scene, task }: Look): Promise<string | null> {
  const rows = await read(
    work,
    async (tx) =>
      await mergingTasks(tx, work.installation, { repository: scene.repository.id, base: scene.run.base }),
  );
  const mine = (row: MergingTask): boolean => row.run === task.run && row.task === task.number;
  const [first] = rows.filter((row) => mine(row) || row.reason === mergeStarted).sort(order);
  return first === undefined || mine(first) ? null : `#${first.pull ?? 0}`;
}

function order(first: MergingTask, second: MergingTask): number {
  return (
    priorityRank[first.priority] - priorityRank[second.priority] ||
    (first.merge?.since ?? '').localeCompare(second.merge?.since ?? '') ||
    (first.pull ?? 0) - (second.pull ?? 0)
  );
}

/** Brings the branch up to date where the rules or the policy want it; false while that goes on. */
async function upToDate(look: Look): Promise<boolean> {
  const { work, scene, task, pull, rules } = look;
  const { base } = scene.run;
  // A person's second approval costs more than the rare red that an update would find.
  const wanted = rules.strict || (scene.policy.merge.update === 'always' && !rules.updateAsksAgain);
  if (!wanted) return true;
  const behind =
    pull.mergeState === 'behind' || (await work.port.behind(scene.repository, { base, head: task.head })) > 0;
  if (!behind) return true;
  if (pull.mergeable === false) {
    await conflict(look, await filesInConflict(look));
    return false;
  }
  if (task.merge?.step !== 'updating')
    await step(look, { step: 'updating', note: `${base} moved`, expects: judges(look), left: null });
  const answer = await work.port.updateBranch(scene.repository, { number: pull.number, head: task.head });
  if (answer.result === 'refused') {
    // Done by an earlier look whose answer got lost, or in conflict, or not allowed.
    const now = await work.port.pull(scene.repository, pull.number);
    if (now !== null && now.head === task.head) {
      await (/conflict/i.test(answer.reason)
        ? conflict(look, await filesInConflict(look))
        : blocked(look, answer.reason));
      return false;
    }
  }
  await again(look, patience(1_000, look.attempt));
  return false;
}

/** Names of the checks that judge it now: the updated branch has to please them too. */
const judges = ({ task }: Look): string[] => [
  ...new Set([
    ...(task.merge?.expects ?? []),
    ...(task.checksHead === task.head
      ? counting(task.checks)
          .filter(isGreen)
          .map(({ name }) => name)
      : []),
  ]),
];

/** Whether the checks of the updated branch are green; red ones go back to the agent. */
async function judged(look: Look, expects: readonly string[]): Promise<boolean> {
  const { work, scene, task } = look;
  const seen = task.checksHead === task.head ? task.checks : [];
  const red = counting(seen).filter(isRed);
  if (red.length > 0) {
    await report(work, 'record_group_failure', {
      run: task.run,
      task: task.number,
      head: task.head,
      checks: red,
      reason: `CI is red on its branch since that was brought up to date with ${scene.run.base}: ${red.map(({ name }) => name).join(', ')}. Mend what fails together with what landed before, push_branch, and request_review again.`,
    });
    return false;
  }
  const open = expects.filter((name) => !seen.some((check) => check.name === name && isGreen(check)));
  if (open.length === 0) return true;
  const since = look.since ?? work.now();
  const none = open.every((name) => !seen.some((check) => check.name === name && check.url !== null));
  // CI that ran before and does not start now: GitHub's own rules decide whether it may merge.
  if (none && after(since, work.times.checksMinutes * 60_000) <= work.now()) return true;
  if (task.merge?.step !== 'checking') await step(look, { step: 'checking', note: open.join(', ') });
  // Checks wake this job by their webhooks; a lost one is made up for.
  const { run, number } = task;
  await later(work, effectJob(work.installation, { type: 'read_checks', run, task: number }));
  await again(look, patience(15_000, look.attempt), { since });
  return false;
}
