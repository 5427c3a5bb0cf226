/** The job that looks at the workflow run of a session. */
import { effectQueue } from '../domain/effects.ts';
import { addJobs, type Job } from '../../db/jobs.ts';
import { sessionOfWorkflowRun } from '../../db/queries/sessions.ts';
import { inTransaction } from '../../db/transaction.ts';
import type { Engine } from './handler.ts';

export const watchJob = (installation: number, at: { run: string; session: string }): Job => ({
  task: 'watch_session',
  payload: { installation, ...at },
  key: `watch_session:${at.session}`,
  queue: effectQueue({ type: 'launch_session', run: at.run, task: null }),
});

/** GitHub says that a workflow run ended: if a session of ours still counts on it, it is looked at now. */
export async function workflowEnded(
  engine: Engine,
  installation: number,
  at: { repository: number; workflowRun: number; session: string | null },
): Promise<void> {
  await inTransaction(engine.db, { installation }, async (tx) => {
    const found = await sessionOfWorkflowRun(tx, installation, at);
    if (found !== null) await addJobs(tx, [watchJob(installation, found)]);
  });
}
