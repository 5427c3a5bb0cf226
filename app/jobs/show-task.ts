/** Brings a task's branch, pull request and check run up to date, in that order: each needs the one before. */
import { z } from 'zod';
import { gitHubObject, saveGitHubObject } from '../../db/queries/effects.ts';
import { leaseActivity } from '../../db/queries/sessions.ts';
import type { Task } from '../domain/task.ts';
import type { CheckRunContent, PullState } from '../github/port.ts';
import { reviewCheck } from '../github/render/agent-review.ts';
import { taskCheck } from '../github/render/check-run.ts';
import { firstCommitMessage, pullBody, pullTitle } from '../github/render/task-pull.ts';
import { branchName } from './branch-name.ts';
import { read, report, type Work } from './context.ts';
import { digest } from './digest.ts';
import { loadScene, taskOf, type Scene } from './scene.ts';

const Payload = z.object({ run: z.uuid(), task: z.int().positive() });

/** A task that nobody works on yet has nothing on GitHub: its branch starts from the base as it is when work starts. */
const unstarted = new Set(['todo', 'ready', 'cancelled']);
const forReview = new Set(['in_review', 'approved', 'merging', 'done']);
/** GitHub's label of a pull request that is ours. */
const label = 'entourage';

export async function showTask(work: Work, payload: unknown): Promise<void> {
  const { run, task: number } = Payload.parse(payload);
  const scene = await loadScene(work, run);
  const found = taskOf(scene, number);
  if (scene === null || found === undefined) return;
  if (found.branch === null && unstarted.has(found.state)) return;
  const task = await withBranch(work, scene, found);
  const pull = task === null ? null : await withPull(work, scene, task);
  if (task === null || pull === null) return;
  const shown = { ...task, pull: pull.number, pullUrl: pull.url };
  await work.port.ensurePullBody(scene.repository, pull, pullBody({ ...scene, task: shown }));
  if (pull.state === 'open' && shown.state !== 'cancelled')
    await work.port.ensureDraft(scene.repository, pull, !forReview.has(shown.state));
  await showCheck(work, scene, await proofOf(work, scene, shown));
  await showCheck(work, scene, reviewCheck({ ...scene, task: shown }));
}

async function withBranch(work: Work, scene: Scene, task: Task): Promise<Task | null> {
  if (task.branch !== null) return task;
  const name = branchName(scene.policy.branches.prefix, scene.run, task);
  const { base, head } = await work.port.ensureBranch(scene.repository, {
    name,
    base: scene.run.base,
    message: firstCommitMessage(scene.run, task),
    restore: null,
  });
  const recorded = await report(work, 'record_branch', {
    run: task.run,
    task: task.number,
    branch: name,
    base,
    head,
  });
  return recorded ? { ...task, branch: name, base, head } : null;
}

/** Null when there is none to show any more: GitHub's word went back as a fact instead. */
async function withPull(work: Work, scene: Scene, task: Task): Promise<PullState | null> {
  if (task.pull === null) return await openPull(work, scene, task);
  const pull = await work.port.pull(scene.repository, task.pull);
  if (pull === null) {
    work.log.warn(
      { run: task.run, task: task.number, pull: task.pull },
      'the pull request of a task is gone',
    );
    return null;
  }
  if (pull.state === 'open' || task.state === 'done' || task.state === 'cancelled') return pull;
  const at = { repository: scene.repository.id, pull: pull.number };
  if (pull.merged) {
    await report(work, 'record_merge', { ...at, commit: pull.mergeCommit, by: 'GitHub' });
    return null;
  }
  // Closed after the task became ready: somebody did that by hand and wins (RE-8). Before: the task was retried since.
  if (task.readyAt === null || pull.closedAt === null || pull.closedAt > task.readyAt) {
    await report(work, 'record_close', { ...at, by: 'GitHub' });
    return null;
  }
  return await reopen(work, scene, { task, pull });
}

async function openPull(work: Work, scene: Scene, task: Task): Promise<PullState | null> {
  const pull = await work.port.ensurePull(scene.repository, {
    branch: task.branch ?? '',
    base: scene.run.base,
    title: pullTitle(task),
    body: pullBody({ ...scene, task }),
    labels: [label, task.priority],
  });
  const recorded = await report(work, 'record_pull_request', {
    run: task.run,
    task: task.number,
    number: pull.number,
    url: pull.url,
  });
  return recorded ? pull : null;
}

/** A task that was cancelled and is retried goes on in its old pull request, from where its branch stood. */
async function reopen(
  work: Work,
  scene: Scene,
  { task, pull }: { task: Task; pull: PullState },
): Promise<PullState | null> {
  if (unstarted.has(task.state)) return null;
  await work.port.ensureBranch(scene.repository, {
    name: task.branch ?? '',
    base: scene.run.base,
    message: firstCommitMessage(scene.run, task),
    restore: task.head,
  });
  await work.port.reopenPull(scene.repository, pull.number);
  return await work.port.pull(scene.repository, pull.number);
}

async function proofOf(work: Work, scene: Scene, task: Task): Promise<CheckRunContent | null> {
  const activity =
    task.session === null
      ? ''
      : await read(work, async (tx) => await leaseActivity(tx, work.installation, task.session ?? ''));
  return taskCheck({ ...scene, task, activity });
}

/** One check run a head; written only when its words changed. */
async function showCheck(work: Work, scene: Scene, content: CheckRunContent | null): Promise<void> {
  if (content === null) return;
  const key = {
    installation: work.installation,
    kind: 'check',
    key: `${content.externalId}/${content.head}`,
  } as const;
  const known = await read(work, async (tx) => await gitHubObject(tx, key));
  const wanted = digest(JSON.stringify(content));
  if (known?.digest === wanted) return;
  const id = await work.port.ensureCheckRun(scene.repository, content, known?.id ?? null);
  await read(work, async (tx) => {
    await saveGitHubObject(tx, { ...key, id, digest: wanted, at: work.now() });
  });
}
