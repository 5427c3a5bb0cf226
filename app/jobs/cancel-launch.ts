/** Cancels the workflow run of a session that ended otherwise, so that no minutes are burned for nothing. */
import { z } from 'zod';
import type { RepositoryRef } from '../github/port.ts';
import type { Work } from './context.ts';
import { loadScene } from './scene.ts';
import { placeOfRun, workflowRunOf, type PlaceOfRun } from './workflow-run.ts';

const Payload = z.object({ run: z.uuid(), session: z.uuid() });

export async function cancelLaunch(work: Work, payload: unknown): Promise<void> {
  const { run, session: id } = Payload.parse(payload);
  const scene = await loadScene(work, run);
  const session = scene?.sessions.find((candidate) => candidate.id === id);
  if (scene === null || session === undefined || session.state !== 'ended') return;
  await cancelLeftover(work, scene.repository, placeOfRun(session));
}

export async function cancelLeftover(work: Work, repository: RepositoryRef, left: PlaceOfRun): Promise<void> {
  const known = await workflowRunOf(work, repository, left);
  if (known === null || known.status === 'completed') return;
  await work.port.cancelWorkflowRun(repository, known.id);
  work.log.info(
    { session: left.session, workflowRun: known.id },
    'cancelled a workflow run that nobody needs',
  );
}
