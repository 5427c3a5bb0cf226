/** Looks at the workflow run of a session that does not report: by webhook when the run ended, by sweep when nothing is heard. */
import { z } from 'zod';
import { sessionOnActions } from '../domain/session.ts';
import type { WorkflowJob, WorkflowRunState } from '../github/port.ts';
import { report, type Work } from './context.ts';
import { loadScene } from './scene.ts';
import { placeOfRun, workflowRunOf } from './workflow-run.ts';

const Payload = z.object({ run: z.uuid(), session: z.uuid() });

/** Reports what is over; what waits or runs is left alone: its lease says when to look again. */
export async function watchSession(work: Work, payload: unknown): Promise<void> {
  const { run, session: id } = Payload.parse(payload);
  const scene = await loadScene(work, run);
  const session = scene?.sessions.find((candidate) => candidate.id === id);
  if (scene === null || session === undefined || !sessionOnActions(session)) return;
  const { repository } = scene;
  const found = await workflowRunOf(work, repository, placeOfRun(session));
  if (found === null) {
    await report(work, 'record_workflow_missing', { session: id });
    return;
  }
  if (found.status !== 'completed') return;
  const jobs = await work.port.workflowJobs(repository, found.id, found.attempt);
  await report(work, 'record_workflow_run', {
    session: id,
    workflow_run: { id: found.id, attempt: found.attempt, url: found.url },
    conclusion: found.conclusion ?? 'unknown',
    ...ending(found, jobs),
  });
}

/** The step that failed, else the one that was cut off; and how long the longest job ran. */
function ending(
  { createdAt }: WorkflowRunState,
  jobs: readonly WorkflowJob[],
): { step: string | null; minutes: number | null; created_at: string } {
  const ended = jobs.find(({ conclusion }) => conclusion !== null && conclusion !== 'success') ?? jobs[0];
  const step = ['failure', 'timed_out', 'cancelled'].flatMap(
    (conclusion) => ended?.steps.find((candidate) => candidate.conclusion === conclusion) ?? [],
  )[0];
  const minutes = jobs.flatMap(({ startedAt, completedAt, steps }) =>
    // A job that never got a runner has a time of its start too, but no step.
    startedAt === null || completedAt === null || steps.length === 0
      ? []
      : [(Date.parse(completedAt) - Date.parse(startedAt)) / 60_000],
  );
  return {
    step: step?.name.slice(0, 200) ?? null,
    minutes: minutes.length === 0 ? null : Math.max(0, ...minutes),
    created_at: createdAt,
  };
}
