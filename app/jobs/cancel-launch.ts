/** Cancels the workflow run of a session that ended otherwise, so that no minutes are burned for nothing. */
import { z } from 'zod';
import { workflowPath } from '../domain/workflow.ts';
import type { RepositoryRef } from '../github/port.ts';
import type { Work } from './context.ts';
import { loadScene } from './scene.ts';

const Payload = z.object({ run: z.uuid(), session: z.uuid() });

export async function cancelLaunch(work: Work, payload: unknown): Promise<void> {
  const { run, session: id } = Payload.parse(payload);
  const scene = await loadScene(work, run);
  const session = scene?.sessions.find((candidate) => candidate.id === id);
  if (scene === null || session === undefined || session.state !== 'ended') return;
  await cancelLeftover(work, scene.repository, {
    session: id,
    run: session.workflowRun?.id ?? null,
    since: session.dispatchedAt ?? session.queuedAt,
  });
}

/** `run` is null where the dispatch did not tell it: then it is found by its name, made at `since` or later. */
export async function cancelLeftover(
  work: Work,
  repository: RepositoryRef,
  left: { session: string; run: number | null; since: string },
): Promise<void> {
  const known =
    left.run === null
      ? await work.port.findWorkflowRun(repository, { ...left, path: workflowPath })
      : await work.port.workflowRun(repository, left.run);
  if (known === null || known.status === 'completed') return;
  await work.port.cancelWorkflowRun(repository, known.id);
  work.log.info(
    { session: left.session, workflowRun: known.id },
    'cancelled a workflow run that nobody needs',
  );
}
