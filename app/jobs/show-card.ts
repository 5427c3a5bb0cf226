/** Brings the run's card up to date: at most one edit every few seconds, and the last state always arrives. */
import { z } from 'zod';
import { readEvents } from '../../db/events.ts';
import { finishedCosts, gitHubObject, lastEventId, saveGitHubObject } from '../../db/queries/effects.ts';
import { describeEvent } from '../domain/describe.ts';
import type { EventType } from '../domain/event.ts';
import { reviewerOf } from '../domain/reviewer.ts';
import { Size } from '../domain/words.ts';
import { effectJob } from '../engine/effect-job.ts';
import { renderCard } from '../github/render/card.ts';
import type { CostHistory } from '../domain/estimate.ts';
import { runMarker } from '../github/render/markers.ts';
import { after, later, read, type Work } from './context.ts';
import { digest } from './digest.ts';
import { loadScene, type Scene } from './scene.ts';

const Payload = z.object({ run: z.uuid() });

export async function showCard(work: Work, payload: unknown): Promise<void> {
  const { run } = Payload.parse(payload);
  const known = await read(
    work,
    async (tx) => await gitHubObject(tx, { installation: work.installation, kind: 'card', key: run }),
  );
  const next = known === null ? null : after(known.editedAt, work.times.cardSeconds * 1000);
  if (next !== null && next > work.now()) {
    await later(work, { ...effectJob(work.installation, { type: 'show_card', run }), runAt: next });
    return;
  }
  await drawCard(work, run);
}

/** The card as it should be now, whatever was edited when. */
export async function drawCard(work: Work, run: string): Promise<Scene | null> {
  const scene = await loadScene(work, run);
  if (scene === null) return null;
  const key = { installation: work.installation, kind: 'card', key: run } as const;
  const known = await read(work, async (tx) => await gitHubObject(tx, key));
  const body = renderCard({
    ...scene,
    ...(await surroundings(work, scene)),
    policyProblem: scene.repository.policyProblem,
    missingReviewer: missingReviewer(scene),
  });
  const { id, before } = await work.port.ensureComment(scene.repository, {
    issue: scene.run.issue,
    marker: runMarker(scene.run.number),
    body,
    known: known?.id ?? null,
  });
  // An edit that changed nothing does not hold up the next one.
  if (before === body && known !== null) return scene;
  await read(work, async (tx) => {
    await saveGitHubObject(tx, { ...key, id, digest: digest(body), at: work.now() });
  });
  return scene;
}

function missingReviewer({ policy }: Scene): string | null {
  const reviewer = reviewerOf(policy);
  return reviewer !== null && 'missing' in reviewer ? reviewer.missing : null;
}

/** Counted, not told: they would push what matters out of the last ten. */
const quiet: ReadonlySet<EventType> = new Set([
  'usage_recorded',
  'session_dispatched',
  'session_bound',
  'session_started',
  'dependency_met',
  'branch_created',
  'context_saved',
  'remark_added',
  'message_seen',
  'task_added',
]);
const lookBack = 60;

async function surroundings(
  work: Work,
  { run }: Scene,
): Promise<{ happened: { at: string; words: string }[]; history: CostHistory }> {
  return await read(work, async (tx) => {
    const events = await readEvents(tx, run.id, { after: await lastEventId(tx, run.id, lookBack) });
    const costs = await finishedCosts(tx, work.installation, run.repository);
    return {
      happened: events
        .filter(({ event }) => !quiet.has(event.type))
        .map(({ event, at }) => ({ at, words: describeEvent(event) })),
      history: Object.fromEntries(
        costs.flatMap((row) => (Size.safeParse(row.size).success ? [[row.size, row.costs]] : [])),
      ),
    };
  });
}
