/** Closes the issue of a run that is done, after its card shows the end. */
import { z } from 'zod';
import type { Work } from './context.ts';
import { drawCard } from './show-card.ts';

const Payload = z.object({ run: z.uuid() });

export async function finishRun(work: Work, payload: unknown): Promise<void> {
  const scene = await drawCard(work, Payload.parse(payload).run);
  if (scene?.run.state === 'done') await work.port.closeIssue(scene.repository, scene.run.issue);
}
