/** An approval that is taken back while its pull request waits in GitHub's merge queue: it must not merge (RE-4, G24). */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { inReview } from './in-review.ts';
import { work } from './script.ts';
import { createWorld, owner, repo, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld({
    repository: {
      // No reviews demanded by GitHub: the approval that counts is ours to guard. The queue waits for company.
      ruleset: {
        requiredChecks: [],
        adminsBypass: true,
        mergeQueue: { min_entries_to_merge: 2, min_entries_to_merge_wait_minutes: 300 },
      },
    },
  });
});
afterEach(() => world.isClean());
afterAll(() => world[Symbol.asyncDispose]());

it('leaves the queue when its approval is dismissed, and comes back with the next', async () => {
  const { issue, pulls } = await inReview(world, 'Withdrawn', [[work('withdrawn.txt')]]);
  const pull = pulls[0]!;
  await world.ana.approves(pull);
  await world.card(issue).shows(/in the merge queue/i);
  const numbers = (): number[] =>
    [...world.forge.state.queueEntries.values()].map(
      ({ pullId }) => world.forge.state.pulls.get(pullId)!.number,
    );
  expect(numbers()).toEqual([pull.number]);
  const at = { owner, repo, pull_number: pull.number };
  const { data: reviews } = await world.ana.octokit.request(
    'GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews',
    at,
  );
  await world.ana.octokit.request(
    'PUT /repos/{owner}/{repo}/pulls/{pull_number}/reviews/{review_id}/dismissals',
    { ...at, review_id: Number(reviews[0]!.id), message: 'Too early.' },
  );
  await world.task(issue, 't1').is('in_review');
  await expect.poll(numbers, { timeout: 20_000 }).toEqual([]);
  // Our own hand is not somebody's who wants it out.
  await world.ana.approves(pull);
  await world.card(issue).shows(/in the merge queue/i);
  await expect.poll(numbers, { timeout: 20_000 }).toEqual([pull.number]);
  await world.task(issue, 't1').is('merging');
  await world.ana.comments(issue, '/entourage cancel');
  await world.task(issue, 't1').is('cancelled');
  await expect.poll(numbers, { timeout: 20_000 }).toEqual([]);
});
