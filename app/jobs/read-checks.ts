/** Reads the checks of a task's head and reports them; with none in time it says why that may be, and people decide without. */
import { z } from 'zod';
import { reviewRequestedAt } from '../../db/queries/effects.ts';
import { counting, isSilent, type Check } from '../domain/ci.ts';
import { whyAbsent } from '../domain/ci-absence.ts';
import type { Task } from '../domain/task.ts';
import { after, later, read, report, type Work } from './context.ts';
import { loadScene, taskOf, type Scene } from './scene.ts';

const Payload = z.object({ run: z.uuid(), task: z.int().positive() });

export async function readChecks(work: Work, payload: unknown): Promise<void> {
  const address = Payload.parse(payload);
  const scene = await loadScene(work, address.run);
  const task = taskOf(scene, address.task);
  if (scene === null || task === undefined || task.head === null || task.head === task.base) return;
  if (task.state === 'done' || task.state === 'cancelled') return;
  const { head } = task;
  const checks = await work.port.checks(scene.repository, head, {
    base: scene.run.base,
    wanted: scene.policy.proof.checks,
  });
  await report(work, 'record_checks', { ...address, head, checks });
  const missing = checks.length === 0 || counting(checks).some(isSilent);
  if (!missing || task.state !== 'in_progress' || task.reviewHead !== head) return;
  const asked = await read(work, async (tx) => await reviewRequestedAt(tx, address));
  if (asked === null) return;
  const due = after(asked, work.times.checksMinutes * 60_000);
  if (due <= work.now()) await sayAbsent(work, scene, { task, head, checks });
  else
    await later(work, {
      task: 'read_checks',
      payload: { installation: work.installation, type: 'read_checks', ...address },
      // Not the effect's own key: a key keeps its time, and a check that reports meanwhile must not wait for it.
      key: `read_checks_late:${address.run}:${address.task}`,
      queue: `task:${address.run}:${address.task}`,
      runAt: due,
    });
}

/** RE-7: nobody waits for checks that never come without being told why they may not. */
async function sayAbsent(
  work: Work,
  scene: Scene,
  { task, head, checks }: { task: Task; head: string; checks: readonly Check[] },
): Promise<void> {
  const at = { run: task.run, task: task.number, head };
  if (task.pull !== null) {
    const facts = await work.port.ciFacts(scene.repository, {
      head,
      pull: task.pull,
      base: scene.run.base,
    });
    const why = whyAbsent({
      ...facts,
      missing: checks.filter(isSilent).map(({ name }) => name),
      seen: checks.filter((check) => !isSilent(check)).map(({ name }) => name),
    });
    await report(work, 'record_checks_absent', { ...at, why: why.slice(0, 2_000) });
  }
  if (counting(checks).every(isSilent)) await report(work, 'accept_unproven', at);
}
