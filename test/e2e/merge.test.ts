/** From approval to base: our own serial queue where GitHub has none, the ways to ask, conflicts, pushes in between (RE-5, RE-6). */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { getMergeStatus, mergeTask } from '../../app/catalog/merges.ts';
import { inReview } from './in-review.ts';
import { work, type Step } from './script.ts';
import { createWorld, owner, repo, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  // What the policy's default does everywhere, the rules of the branch demand here.
  world = await createWorld({
    policy: { merge: '{ method: squash, update: required }' },
    repository: { ruleset: { requiredChecks: ['test'], strict: true, adminsBypass: true } },
  });
});
afterEach(() => world.isClean());
afterAll(() => world[Symbol.asyncDispose]());

it('RE-5: two approved at once merge one after the other, the second on top of the first', async () => {
  const { issue, pulls } = await inReview(world, 'Serial', [
    [work('serial-one.txt')],
    [work('serial-two.txt')],
  ]);
  await Promise.all(pulls.map((pull) => world.ana.approves(pull)));
  await world.isClosed(issue);
  const types = await world.records.eventTypes(issue);
  expect(types.filter((type) => type === 'pull_request_merged')).toHaveLength(2);
  // Brought up to date by us, with its approval: what it changes is the same.
  const moved = await world.records.query<{ data: { unchanged: boolean; by: string } }>(
    `select data from event where type = 'head_moved' and run = (select id from run where issue = $1) and (data->>'unchanged')::boolean`,
    [issue],
  );
  expect(moved).toHaveLength(1);
  expect((await world.records.eventTypes(issue)).filter((type) => type === 'review_received')).toHaveLength(
    2,
  );
});

it('RE-4 G20 G21: a push between approval and merge stops the merge, whichever way it is asked for', async () => {
  const { issue, pulls } = await inReview(world, 'Guarded', [[work('guarded.txt')]]);
  const [pull] = pulls;
  // This server does not know merge-async, and somebody pushes just before the merge that is asked for instead.
  world.forge.faults.answers({ operation: 'pulls/merge-async', status: 404, count: 1 });
  world.forge.faults.meanwhile('pulls/merge', () =>
    world.ben.writes(pull!.branch, 'pushed-in-between.txt', 'surprise\n'),
  );
  await world.ana.approves(pull!);
  const back = await world
    .task(issue, 't1')
    .becomes('in review again', (seen) => seen?.state === 'in_review' && seen.head !== pull!.head);
  expect(back?.reason).toMatch(/pushed after the approval/);
  expect((await world.pull(issue, 't1').now())?.merged).toBe(false);
  const here = { repository: `${owner}/${repo}`, run: 2, task: 't1' };
  await expect(world.olga.call(mergeTask, here)).rejects.toThrow(/can't be merged yet.*approval/s);
  const { gates } = await world.olga.call(getMergeStatus, here);
  expect(gates.filter(({ passed }) => !passed).map(({ gate }) => gate)).toEqual(['approval', 'merge']);
  await world.ana.approves(await world.pull(issue, 't1').isReady());
  await world.isClosed(issue);
  // What the server does not know is said once, calmly, and remembered.
  const ways = await world.records.query<{ way: string; note: string }>(
    `select data->'merge'->>'way' as way, data->'merge'->>'note' as note from event
     where type = 'merge_moved' and run = (select id from run where issue = $1) and data->'merge'->>'way' is not null`,
    [issue],
  );
  expect(ways.at(-1)).toEqual({ way: 'direct', note: 'this GitHub does not know asynchronous merges' });
});

it('RE-6: a conflict goes back to the agent with the files, and the next approval is asked for', async () => {
  const clash = (text: string): Step[] => [
    { do: 'write', path: 'clash.txt', text },
    { do: 'commit' },
    { do: 'review' },
  ];
  const resolve: Step[] = [{ do: 'git', args: ['merge', '-X', 'ours', 'origin/main'] }, { do: 'review' }];
  const { issue, pulls } = await inReview(world, 'Conflict', [[clash('one\n')], [clash('two\n'), resolve]]);
  await world.ana.approves(pulls[0]!);
  await world.task(issue, 't1').is('done');
  await world.ana.approves(pulls[1]!);
  const back = await world
    .task(issue, 't2')
    .becomes('sent back with the file', (seen) =>
      /conflicts with main in clash\.txt/.test(seen?.reason ?? ''),
    );
  expect(back?.state).toMatch(/ready|in_progress/);
  const again = await world
    .pull(issue, 't2')
    .becomes('in review again', ({ draft, head }) => !draft && head !== pulls[1]!.head);
  await world.task(issue, 't2').is('in_review');
  await world.ana.approves(again);
  await world.isClosed(issue);
});
