/** Handlers of merging: people who say merge, everybody who asks how it stands, and what jobs and webhooks found out. */
import { addJobs } from '../../../db/jobs.ts';
import { repositoryById, taskByPull } from '../../../db/queries/runs.ts';
import { dequeueReason, mergeWords } from '../../domain/merge.ts';
import { mergeGates, type Gate } from '../../domain/merge-gates.ts';
import { isRejection, reject, type Rejection } from '../../domain/rejection.ts';
import { decide } from '../../domain/task-rules.ts';
import { mergeBlock, ref, type Task } from '../../domain/task.ts';
import { commit } from '../commit.ts';
import { effectJob } from '../effect-job.ts';
import type { Context, Handlers } from '../handler.ts';
import { findTask, locateRun, locateTask } from '../locate.ts';
import { policyOf } from '../policy-of.ts';
import type { RunWork } from '../run-work.ts';
import { onTask } from './on-task.ts';
import { taskView } from '../views.ts';

async function gatesOf(context: Context, work: RunWork, task: Task): Promise<Gate[]> {
  const repository = await repositoryById(context.tx, work.installation, work.run.repository);
  if (repository === null) throw new Error(`run ${work.run.id} belongs to a repository that is not known`);
  return mergeGates({
    run: work.run,
    task,
    reviews: [...work.reviews.values()],
    policy: policyOf(repository),
  });
}

export const mergeTask: Handlers['merge_task'] = {
  async handle(context, input) {
    const work = await locateRun(context, input);
    if (isRejection(work)) return work;
    const task = locateTask(context, work, input);
    if (isRejection(task)) return task;
    if (task.state === 'merging') {
      // Whoever asks may know that what stood in the way is gone.
      await addJobs(context.tx, [
        effectJob(work.installation, { type: 'merge_task', run: work.run.id, task: task.number }),
      ]);
      return { output: { task: taskView(task, work.run) } };
    }
    if (task.state !== 'approved') return notYet(task, await gatesOf(context, work, task));
    const rejection = await commit(context, work, decide(task, { type: 'start_merge' }));
    return rejection ?? { output: { task: taskView(work.tasks.get(task.number) ?? task, work.run) } };
  },
};

function notYet(task: Task, gates: readonly Gate[]): Rejection {
  if (task.state === 'done') return reject('already_done', `Task ${ref(task)} is merged already.`);
  const missing = gates.filter((gate) => !gate.passed && gate.gate !== 'merge');
  return reject(
    'wrong_state',
    `Task ${ref(task)} can't be merged yet: ${missing.map(({ words }) => words).join(' ') || `it is ${task.state.replace('_', ' ')}.`}`,
    {
      help:
        task.pull === null ? 'It has no pull request yet.' : `Approve #${task.pull} in GitHub's review page.`,
      data: { task: ref(task), state: task.state },
    },
  );
}

export const getMergeStatus: Handlers['get_merge_status'] = {
  async handle(context, input) {
    const work = await locateRun(context, input);
    if (isRejection(work)) return work;
    const task = findTask(context, work, input);
    if (isRejection(task)) return task;
    const gates = await gatesOf(context, work, task);
    return { output: { task: ref(task), state: task.state, words: standing(task), gates } };
  },
};

function standing(task: Task): string {
  const block = mergeBlock(task);
  if (block !== null) return `approved, but GitHub does not merge it yet: ${block}`;
  return task.merge === null ? task.state.replace('_', ' ') : mergeWords(task.merge);
}

export const recordMergeStep: Handlers['record_merge_step'] = {
  handle: async (context, { head, change, ...address }) =>
    // A push in between makes it another merge.
    await onTask(context, address, (task) => (task.head === head ? { type: 'move_merge', change } : null)),
};

export const recordQueued: Handlers['record_queued'] = {
  handle: async (context, input) =>
    await onTask(context, await taskByPull(context.tx, context.caller.installation, input), (task) => ({
      type: 'move_merge',
      change: { step: 'queued', left: null, note: task.merge?.way === 'queue' ? task.merge.note : '' },
    })),
};

export const recordDequeued: Handlers['record_dequeued'] = {
  handle: async (context, input) =>
    await onTask(context, await taskByPull(context.tx, context.caller.installation, input), () => ({
      type: 'leave_queue',
      reason: dequeueReason(input.reason),
    })),
};

export const recordTakenOut: Handlers['record_taken_out'] = {
  handle: async (context, { reason, ...address }) =>
    await onTask(context, address, () => ({ type: 'take_out', reason })),
};

export const recordGroupFailure: Handlers['record_group_failure'] = {
  handle: async (context, { head, checks, reason, ...address }) =>
    await onTask(context, address, () => ({ type: 'fail_group', head, checks, reason })),
};

export const recordChecksAbsent: Handlers['record_checks_absent'] = {
  handle: async (context, { head, why, ...address }) =>
    await onTask(context, address, () => ({ type: 'record_absent', head, why })),
};
