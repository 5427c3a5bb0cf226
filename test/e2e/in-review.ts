/** A story's way to where people review: a run whose tasks all wait for their approval. */
import type { Step } from './script.ts';
import type { PullView } from './views.ts';
import type { World } from './world.ts';

/** Tasks beside each other, each with its own sessions, all in review. */
export async function inReview(
  world: World,
  title: string,
  sessions: Step[][][],
): Promise<{ issue: number; pulls: PullView[] }> {
  world.plans(
    title,
    sessions.map((_, index) => ({ title: `${title}: ${index + 1}` })),
  );
  for (const [index, steps] of sessions.entries()) world.works(`${title}: ${index + 1}`, ...steps);
  const issue = await world.ana.opensIssue(title, '');
  await world.ana.comments(issue, '/entourage run');
  await world.run(issue).is('awaiting_approval');
  await world.ana.comments(issue, '/entourage approve');
  const pulls: PullView[] = [];
  for (const index of sessions.keys())
    pulls.push(await world.pull(issue, `t${index + 1}`).isReady({ within: 60 }));
  return { issue, pulls };
}
