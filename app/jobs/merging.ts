/** One look at a merge: what is true now, and the ways it can end or be looked at again. */
import type { MergeChange } from '../domain/merge.ts';
import type { Task } from '../domain/task.ts';
import type { MergeRules, PullState } from '../github/port.ts';
import { after, later, report, type Work } from './context.ts';
import type { Scene } from './scene.ts';

export type Look = {
  work: Work;
  scene: Scene;
  task: Task & { head: string };
  pull: PullState;
  rules: MergeRules;
  /** How often it was looked at in vain. */
  attempt: number;
  /** Merge-async's request that is waited for. */
  request: string | null;
  /** It was seen to be in no queue any more, and nobody said why yet. */
  gone: boolean;
  /** Why it is asked for in this way, when there is something to say. */
  note: string;
  /** ISO: since when checks of the updated branch are waited for. */
  since: string | null;
};

const longest = 10 * 60_000;
/** Milliseconds, doubled each time. */
export const patience = (first: number, attempt: number): number =>
  Math.min(longest, first * 2 ** Math.min(attempt, 20));

export async function again(
  { work, task, attempt }: Look,
  milliseconds: number,
  more: { attempt?: number; request?: string; gone?: boolean; since?: string } = {},
): Promise<void> {
  await later(work, {
    task: 'merge_task',
    payload: {
      installation: work.installation,
      type: 'merge_task',
      run: task.run,
      task: task.number,
      attempt: attempt + 1,
      ...more,
    },
    // Not the effect's own key: a new approval must not wait for this one's turn.
    key: `merge_task_again:${task.run}:${task.number}`,
    newTime: true,
    queue: `task:${task.run}:${task.number}`,
    runAt: after(work.now(), milliseconds),
  });
}

export async function step({ work, task }: Look, change: MergeChange): Promise<void> {
  await report(work, 'record_merge_step', {
    run: task.run,
    task: task.number,
    head: task.head,
    change,
  });
}

export async function landed({ work, scene, pull }: Look, commit: string | null): Promise<void> {
  await report(work, 'record_merge', {
    repository: scene.repository.id,
    pull: pull.number,
    commit,
    by: 'Entourage',
  });
}

/** GitHub says "not now": its words are shown, and it is asked again, less and less often. */
export async function blocked(look: Look, said: string): Promise<void> {
  const { work, task, pull, attempt } = look;
  const reason = said.trim().slice(0, 1_000) || 'GitHub does not say why.';
  work.log.info(
    { run: task.run, task: task.number, pull: pull.number, reason, attempt },
    'a merge has to wait',
  );
  await report(work, 'record_blocked', { run: task.run, task: task.number, reason });
  await again(look, patience(5_000, attempt));
}

/** RE-6: back to the agent, with the files that stand against it where git can name them. */
export async function conflict(look: Look, files: readonly string[]): Promise<void> {
  const { work, scene, task } = look;
  const { base } = scene.run;
  const where = files.length === 0 ? '' : ` in ${files.slice(0, 20).join(', ')}`;
  await report(work, 'return_task', {
    run: task.run,
    task: task.number,
    reason: `It conflicts with ${base}${where}: ${base} moved. Merge ${base} into your branch (don't rebase: what was pushed stays), resolve the conflicts so that both changes keep their meaning, run the tests, push_branch, and request_review again.`,
  });
}

export const filesInConflict = async ({ work, scene, task }: Look): Promise<readonly string[]> =>
  task.branch === null
    ? []
    : await work.port.conflicts(scene.repository, { base: scene.run.base, branch: task.branch });
