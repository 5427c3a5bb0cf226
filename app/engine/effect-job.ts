/** The job that brings one effect about; its key makes repeated wishes one job, its queue keeps a run's or task's in order. */
import { effectKey, effectQueue, type Effect } from '../domain/effects.ts';
import type { Job } from '../../db/jobs.ts';

export const effectJob = (installation: number, effect: Effect): Job => ({
  task: effect.type,
  payload: { installation, ...effect },
  key: effectKey(effect),
  queue: effectQueue(effect),
});
