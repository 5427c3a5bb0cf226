/** A merge queue that is switched on while merges are under way: they go by it from then on (RE-5, G21). */
import { Octokit } from '@octokit/core';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { work } from './script.ts';
import { createWorld, owner, repo, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld({
    // What nobody reports keeps the merge waiting until the rules change.
    policy: { proof: '{ checks: [test] }' },
    repository: { ruleset: { requiredChecks: ['never'], adminsBypass: true } },
  });
});
afterEach(() => world.isClean());
afterAll(() => world[Symbol.asyncDispose]());

it('a merge that was asked for at once goes by the queue', async () => {
  const title = 'Switched';
  world.plans(title, [{ title: `${title}: 1` }]);
  world.works(`${title}: 1`, work('switched.txt'));
  const issue = await world.ana.opensIssue(title, '');
  await world.ana.comments(issue, '/entourage run');
  await world.run(issue).is('awaiting_approval');
  await world.ana.comments(issue, '/entourage approve');
  const pull = await world.pull(issue, 't1').isReady({ within: 60 });
  await world.ana.approves(pull);
  await world
    .task(issue, 't1')
    .becomes('blocked', (task) => task?.state === 'merging' && /never/.test(task.reason));
  const { forge } = world;
  const olga = new Octokit({ auth: forge.credentials.tokens['olga'], baseUrl: `${forge.url}/api/v3` });
  const { data: rulesets } = await olga.request('GET /repos/{owner}/{repo}/rulesets', { owner, repo });
  await olga.request('PUT /repos/{owner}/{repo}/rulesets/{ruleset_id}', {
    owner,
    repo,
    ruleset_id: rulesets[0]!.id,
    rules: [
      {
        type: 'merge_queue',
        parameters: {
          check_response_timeout_minutes: 60,
          grouping_strategy: 'ALLGREEN',
          max_entries_to_build: 5,
          max_entries_to_merge: 5,
          merge_method: 'SQUASH',
          min_entries_to_merge: 1,
          min_entries_to_merge_wait_minutes: 0,
        },
      },
    ],
  });
  await world.ana.comments(pull.number, '/entourage merge');
  await world.isClosed(issue, { within: 60 });
  const steps = await world.records.query<{ step: string }>(
    `select data->'merge'->>'step' as step from event
     where type = 'merge_moved' and run = (select id from run where issue = $1) order by id`,
    [issue],
  );
  expect(steps.map(({ step }) => step)).toContain('queued');
});
