/** Every effect's job, and the frame they run in: GitHub's limits are waited for, never thrown. */
import { z } from 'zod';
import { blockedUntil, blockUntil } from '../../db/queries/effects.ts';
import { inTransaction } from '../../db/transaction.ts';
import { effectQueue, type Effect } from '../domain/effects.ts';
import { GitHubError } from '../github/port.ts';
import { answerThreads } from './answer-threads.ts';
import { later, type Jobs, type Work } from './context.ts';
import { cancelLaunch } from './cancel-launch.ts';
import { finishRun } from './finish-run.ts';
import { launchSession } from './launch-session.ts';
import { mergeTask } from './merge-task.ts';
import { planByModel } from './plan-by-model.ts';
import { pushBundle } from './push-bundle.ts';
import { readChecks } from './read-checks.ts';
import { retireTask } from './retire-task.ts';
import { showCard } from './show-card.ts';
import { showGroup } from './show-group.ts';
import { showQuestion } from './show-question.ts';
import { showReview } from './show-review.ts';
import { showTask } from './show-task.ts';
import { watchSession } from './watch-session.ts';
import { withdrawMerge } from './withdraw-merge.ts';

export type EffectName = Effect['type'] | 'show_group' | 'push_bundle' | 'watch_session';

/** One handler each; an effect without one does not compile. */
export const effectJobs: Readonly<Record<EffectName, (work: Work, payload: unknown) => Promise<void>>> = {
  show_card: showCard,
  show_task: showTask,
  show_question: showQuestion,
  answer_threads: answerThreads,
  show_review: showReview,
  merge_task: mergeTask,
  withdraw_merge: withdrawMerge,
  read_checks: readChecks,
  retire_task: retireTask,
  finish_run: finishRun,
  launch_session: launchSession,
  cancel_launch: cancelLaunch,
  watch_session: watchSession,
  plan_by_model: planByModel,
  push_bundle: pushBundle,
  show_group: showGroup,
};

/** What graphile-worker knows of a job that runs. */
export type RunningJob = { id: string; key: string | null; signal?: AbortSignal | undefined };

const Payload = z.looseObject({ installation: z.int() });
/** What names an effect's queue. */
const Place = z.object({ run: z.string(), task: z.int().nullish(), version: z.int().nullish() });

export async function runEffect(
  jobs: Jobs,
  name: EffectName,
  { job, payload }: { job: RunningJob; payload: unknown },
): Promise<void> {
  const { installation } = Payload.parse(payload);
  const again = async (until: string): Promise<void> => {
    const key = job.key === null ? {} : { key: job.key };
    const queue =
      name === 'push_bundle' || name === 'show_group' ? {} : { queue: queueOf(name, Place.parse(payload)) };
    await later(
      { db: jobs.db, installation },
      { task: name, payload: Payload.parse(payload), runAt: until, ...key, ...queue },
    );
  };
  const blocked = await inTransaction(
    jobs.db,
    { installation },
    async (tx) => await blockedUntil(tx, installation),
  );
  if (blocked !== null && blocked > jobs.now()) return await again(blocked);
  try {
    await effectJobs[name](
      {
        ...jobs,
        installation,
        port: jobs.github(installation),
        cause: `job:${job.id}`,
        name,
        signal: job.signal,
      },
      payload,
    );
  } catch (error) {
    if (!(error instanceof GitHubError) || error.blockedUntil === null) throw error;
    const until = error.blockedUntil;
    jobs.log.info({ installation, until, job: name }, 'GitHub wants us to wait');
    await inTransaction(jobs.db, { installation }, async (tx) => {
      await blockUntil(tx, installation, until);
    });
    await again(until);
  }
}

function queueOf(name: EffectName, { run, task, version }: z.infer<typeof Place>): string {
  if (name === 'plan_by_model') return effectQueue({ type: name, run, version: version ?? 1 });
  if (name === 'launch_session' || name === 'cancel_launch' || name === 'watch_session')
    return effectQueue({ type: 'launch_session', run, task: null });
  return effectQueue(
    task === undefined || task === null ? { type: 'show_card', run } : { type: 'show_task', run, task },
  );
}
