/** Brings a question's comment up to date: asked, then answered in the same place. */
import { z } from 'zod';
import { gitHubObject, saveGitHubObject } from '../../db/queries/effects.ts';
import { effectJob } from '../engine/effect-job.ts';
import { questionMarker } from '../github/render/markers.ts';
import { renderQuestion } from '../github/render/question.ts';
import { after, later, read, type Work } from './context.ts';
import { digest } from './digest.ts';
import { loadScene, taskOf } from './scene.ts';

const Payload = z.object({ run: z.uuid(), question: z.int().positive(), attempt: z.int().default(0) });

/** The pull request may be on its way; after that long the issue has to do. */
const patience = { attempts: 10, milliseconds: 2_000 };

export async function showQuestion(work: Work, payload: unknown): Promise<void> {
  const { run, question: number, attempt } = Payload.parse(payload);
  const scene = await loadScene(work, run);
  const question = scene?.questions.find((candidate) => candidate.number === number);
  if (scene === null || question === undefined) return;
  const key = { installation: work.installation, kind: 'question', key: `${run}/q${number}` } as const;
  const known = await read(work, async (tx) => await gitHubObject(tx, key));
  // Answered before it was ever shown: nobody needs to read it.
  if (known === null && question.state !== 'open') return;
  const pull = question.task === null ? null : (taskOf(scene, question.task)?.pull ?? null);
  if (known === null && question.task !== null && pull === null && attempt < patience.attempts) {
    const job = effectJob(work.installation, { type: 'show_question', run, question: number });
    await later(work, {
      ...job,
      payload: { ...job.payload, attempt: attempt + 1 },
      runAt: after(work.now(), patience.milliseconds),
    });
    return;
  }
  const body = renderQuestion(question, scene.run);
  const { id } = await work.port.ensureComment(scene.repository, {
    issue: pull ?? scene.run.issue,
    marker: questionMarker(scene.run.number, number),
    body,
    known: known?.id ?? null,
  });
  await read(work, async (tx) => {
    await saveGitHubObject(tx, { ...key, id, digest: digest(body), at: work.now() });
  });
}
