/** Starts the workflow of sessions that are queued for GitHub Actions, or says what a person has to set up first. */
import { z } from 'zod';
import { sessionInput, workflowPath } from '../domain/workflow.ts';
import type { Session } from '../domain/session.ts';
import type { DispatchProblem, RepositoryRef } from '../github/port.ts';
import { report, type Work } from './context.ts';
import { cancelLeftover } from './cancel-launch.ts';
import { loadScene, taskOf, type Scene } from './scene.ts';

const Payload = z.object({ run: z.uuid(), task: z.int().positive().nullable() });

/** Level-triggered: whatever waits now is started. A task's session waits for its branch, and is asked for again with it. */
export async function launchSession(work: Work, payload: unknown): Promise<void> {
  const { run, task } = Payload.parse(payload);
  const scene = await loadScene(work, run);
  if (scene === null) return;
  if (task !== null && (taskOf(scene, task)?.branch ?? null) === null) return;
  const waiting = scene.sessions.filter(
    (session) => session.task === task && session.state === 'queued' && session.place === 'actions',
  );
  for (const session of waiting) await launch(work, scene, session);
}

async function launch(work: Work, { repository }: Scene, session: Session): Promise<void> {
  const since = work.now();
  const ref = repository.defaultBranch;
  const dispatch = { path: workflowPath, ref, inputs: { [sessionInput]: session.id } };
  let answer = await work.port.dispatchWorkflow(repository, dispatch);
  if (answer.result === 'refused' && answer.problem === 'no_branch') {
    const current = await defaultBranch(work, repository);
    if (current !== null && current !== ref)
      answer = await work.port.dispatchWorkflow(repository, { ...dispatch, ref: current });
  }
  if (answer.result === 'refused') {
    work.log.info({ session: session.id, problem: answer.problem }, 'GitHub does not start the workflow');
    await report(work, 'record_launch_refused', {
      session: session.id,
      reason: whatToDo[answer.problem]({
        repository: `${repository.owner}/${repository.name}`,
        branch: ref,
        said: answer.reason.slice(0, 300),
      }),
    });
    return;
  }
  const run = answer.run === null ? null : { ...answer.run, attempt: 1 };
  // The session ended, or another run has it, while GitHub was asked: this one is not needed.
  if (!(await report(work, 'record_launch', { session: session.id, workflow_run: run })))
    await cancelLeftover(work, repository, { session: session.id, run: run?.id ?? null, since });
}

/** The default branch as it is called now, kept for next time: its rename's webhook may be lost or late. */
async function defaultBranch(work: Work, repository: RepositoryRef): Promise<string | null> {
  const now = await work.port.repository(repository);
  if (now === null) return null;
  await report(work, 'record_repository', {
    repository: now.id,
    owner: now.owner,
    owner_id: now.ownerId,
    name: now.name,
    default_branch: now.defaultBranch,
    private: now.private,
  });
  return now.defaultBranch;
}

/** `said`: GitHub’s own words, which don’t end with a stop. */
type Place = { repository: string; branch: string; said: string };

/** The run is paused with these words, so each says what a person does. Plain text: cards escape it. */
const whatToDo: Readonly<Record<DispatchProblem, (at: Place) => string>> = {
  missing: ({ repository, branch }) =>
    `${repository} has no ${workflowPath} on ${branch}. Commit it (entourage init writes it), then /entourage resume.`,
  disabled: ({ repository }) =>
    `The workflow ${workflowPath} of ${repository} is disabled. Enable it on the Actions page, then /entourage resume.`,
  outdated: ({ repository, branch, said }) =>
    `${workflowPath} on ${branch} of ${repository} does not take the input ${sessionInput} as this version wants it (GitHub says: ${said}). Bring it up to date (entourage init writes it), then /entourage resume.`,
  actions_disabled: ({ repository }) =>
    `GitHub Actions is disabled for ${repository}. Enable it under Settings, Actions, or set dispatch: runner in ENTOURAGE.md, then /entourage resume.`,
  permission: ({ repository, said }) =>
    `The App may not start workflows in ${repository}: GitHub says: ${said}. It needs the permission "Actions: write". Grant it in the App’s settings and accept it for the installation, then /entourage resume.`,
  no_branch: ({ repository, branch }) =>
    `${repository} has no branch ${branch}, which Entourage knows as its default. Once the default branch is settled, /entourage resume.`,
};
