/** Where on GitHub the workflow run of a session is. */
import type { Session } from '../domain/session.ts';
import { workflowPath } from '../domain/workflow.ts';
import type { RepositoryRef, WorkflowRunState } from '../github/port.ts';
import type { Work } from './context.ts';

/** `run` is null where the dispatch did not tell it: then it is found by its name, made at `since` or later. */
export type PlaceOfRun = { session: string; run: number | null; since: string };

export const placeOfRun = (session: Session): PlaceOfRun => ({
  session: session.id,
  run: session.workflowRun?.id ?? null,
  since: session.dispatchedAt ?? session.queuedAt,
});

/** Null when GitHub has none (any more). */
export async function workflowRunOf(
  work: Work,
  repository: RepositoryRef,
  { session, run, since }: PlaceOfRun,
): Promise<WorkflowRunState | null> {
  return run === null
    ? await work.port.findWorkflowRun(repository, { path: workflowPath, session, since })
    : await work.port.workflowRun(repository, run);
}
