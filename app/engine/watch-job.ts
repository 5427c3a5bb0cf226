/** The job that looks at the workflow run of a session. */
import { effectQueue } from '../domain/effects.ts';
import type { Job } from '../../db/jobs.ts';

export const watchJob = (installation: number, at: { run: string; session: string }): Job => ({
  task: 'watch_session',
  payload: { installation, ...at },
  key: `watch_session:${at.session}`,
  queue: effectQueue({ type: 'launch_session', run: at.run, task: null }),
});
