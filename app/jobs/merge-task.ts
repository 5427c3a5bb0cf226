/** Merges an approved pull request on exactly the head that was approved, or says what has to happen first. */
import { z } from 'zod';
import { after, later, report, type Work } from './context.ts';
import { loadScene, taskOf, type Scene } from './scene.ts';
import type { Task } from '../domain/task.ts';
import type { MergeResult } from '../github/port.ts';

const Payload = z.object({ run: z.uuid(), task: z.int().positive(), attempt: z.int().default(0) });

/** First wait after GitHub said "not now", doubled each time up to the longest. */
const wait = { first: 5_000, longest: 10 * 60_000 };

export async function mergeTask(work: Work, payload: unknown): Promise<void> {
  const { run, task: number, attempt } = Payload.parse(payload);
  const scene = await loadScene(work, run);
  const task = taskOf(scene, number);
  if (
    scene === null ||
    task === undefined ||
    task.state !== 'merging' ||
    task.pull === null ||
    task.head === null
  )
    return;
  if (scene.policy.merge.by === 'person') return;
  const pull = await work.port.pull(scene.repository, task.pull);
  if (pull === null) return;
  if (pull.state === 'open' && pull.draft) await work.port.ensureDraft(scene.repository, pull, false);
  const merged = await work.port.merge(scene.repository, {
    number: pull.number,
    head: task.head,
    method: scene.policy.merge.method,
    title: `${pull.title} (#${pull.number})`,
    message: `Part of run ${scene.run.number} of #${scene.run.issue}`,
  });
  await follow(work, scene, { task, pull: pull.number, merged, attempt });
}

type Merged = { task: Task; pull: number; merged: MergeResult; attempt: number };

async function follow(work: Work, scene: Scene, { task, pull, merged, attempt }: Merged): Promise<void> {
  switch (merged.result) {
    case 'merged':
      await report(work, 'record_merge', {
        repository: scene.repository.id,
        pull,
        commit: merged.commit,
        by: 'Entourage',
      });
      if (scene.policy.merge.delete_branch && task.branch !== null)
        await work.port.deleteBranch(scene.repository, task.branch);
      return;
    case 'head_moved':
      // The push that moved it comes as a fact of its own and asks for review again (RE-4).
      return;
    case 'conflict':
      await report(work, 'return_task', {
        run: task.run,
        task: task.number,
        reason: conflictWords(scene.run.base),
      });
      return;
    case 'blocked': {
      work.log.info(
        { run: task.run, task: task.number, pull, reason: merged.reason, attempt },
        'a merge has to wait',
      );
      await report(work, 'record_blocked', {
        run: task.run,
        task: task.number,
        reason: blockedWords(merged.reason),
      });
      await later(work, {
        task: 'merge_task',
        payload: {
          installation: work.installation,
          type: 'merge_task',
          run: task.run,
          task: task.number,
          attempt: attempt + 1,
        },
        // Not the effect's own key: a new approval must not wait for this one's turn.
        key: `merge_task_again:${task.run}:${task.number}`,
        queue: `task:${task.run}:${task.number}`,
        runAt: after(work.now(), Math.min(wait.longest, wait.first * 2 ** attempt)),
      });
    }
  }
}

/** GitHub's own words as it sends them; without any, that there are none. */
const blockedWords = (said: string): string => said.trim().slice(0, 1_000) || 'GitHub does not say why.';

const conflictWords = (base: string): string =>
  `It conflicts with ${base}, which moved. Merge ${base} into your branch (don't rebase: what was pushed stays), resolve the conflicts so that both changes keep their meaning, run the tests, push_branch, and request_review again.`;
