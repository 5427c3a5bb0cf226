/** Merges through GitHub's queue: our checks on its groups, and each way out of it by its own rule (RE-5, RE-6). */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { SeedRepository } from '../../forge/seed.ts';
import { inReview } from './in-review.ts';
import { work, type Step } from './script.ts';
import { createUser } from './users.ts';
import { createWorld, owner, repo, type World } from './world.ts';

/** Green alone, red together. */
const ci = `name: ci
on:
  pull_request:
  merge_group:
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: |
          echo looking at left and right
          if [ -e left.txt ] && [ -e right.txt ]; then echo "left.txt and right.txt do not go together"; exit 1; fi
`;

type Queue = NonNullable<NonNullable<SeedRepository['ruleset']>['mergeQueue']>;

async function queueWorld(queue: Queue): Promise<World> {
  const world = await createWorld({
    repository: {
      ruleset: {
        requiredChecks: ['test', { context: 'entourage', app: 'entourage' }],
        adminsBypass: true,
        mergeQueue: queue,
      },
    },
    policy: { reactions: '{ ci_failed: { retry: 1, then: escalate } }' },
  });
  const token = world.forge.credentials.tokens['olga'] ?? '';
  const olga = createUser('olga', token, { api: `${world.forge.url}/api/v3`, owner, repo });
  const { data } = await olga.octokit.request('GET /repos/{owner}/{repo}/contents/{path}', {
    owner,
    repo,
    path: '.github/workflows/ci.yml',
  });
  await olga.octokit.request('PUT /repos/{owner}/{repo}/contents/{path}', {
    owner,
    repo,
    path: '.github/workflows/ci.yml',
    message: 'CI in merge groups too',
    content: Buffer.from(ci).toString('base64'),
    ...('sha' in data ? { sha: data.sha } : {}),
  });
  return world;
}

/** As text, one line an event. */
const told = async (world: World, issue: number): Promise<string> =>
  (
    await world.records.query<{ line: string }>(
      `select type || ' ' || data::text as line from event where run = (select id from run where issue = $1) order by id`,
      [issue],
    )
  )
    .map(({ line }) => line)
    .join('\n');

describe('a queue that merges as soon as it may', () => {
  let world: World;
  beforeAll(async () => {
    world = await queueWorld({ min_entries_to_merge: 1 });
  });
  afterEach(() => world.isClean());
  afterAll(() => world[Symbol.asyncDispose]());

  it('RE-5 G27: two approved tasks land through the queue; our required check is on the group', async () => {
    const { issue, pulls } = await inReview(world, 'Queue', [
      [work('queue-one.txt')],
      [work('queue-two.txt')],
    ]);
    for (const pull of pulls) await world.ana.approves(pull);
    await world.isClosed(issue, { within: 60 });
    const checks = [...world.forge.state.checkRuns.values()].filter(
      ({ externalId }) => externalId?.startsWith('group/entourage/') === true,
    );
    expect(checks.length).toBeGreaterThan(0);
    for (const check of checks) expect(check.conclusion).toBe('success');
    expect(await told(world, issue)).toMatch(/merge_moved.*"queued"/);
  });

  it('RE-6 G24: red together goes back to the agent with the group’s log, and lands after it is mended', async () => {
    const mend: Step[] = [
      { do: 'git', args: ['merge', '--no-edit', 'origin/main'] },
      { do: 'git', args: ['rm', '--quiet', 'left.txt'] },
      { do: 'commit', message: 'Right takes the place of left' },
      { do: 'review' },
    ];
    const { issue, pulls } = await inReview(world, 'Together', [
      [work('left.txt')],
      [work('right.txt'), mend],
    ]);
    await world.ana.approves(pulls[0]!);
    await world.task(issue, 't1').is('done');
    await world.ana.approves(pulls[1]!);
    const again = await world
      .pull(issue, 't2')
      .becomes('in review again', ({ draft, head }) => !draft && head !== pulls[1]!.head, { within: 60 });
    const story = await told(world, issue);
    expect(story).toMatch(/ci_failed.*merge_group.*do not go together/);
    await world.task(issue, 't2').is('in_review');
    await world.ana.approves(again);
    await world.isClosed(issue, { within: 60 });
  });

  it('RE-6 G24: a conflict with what is before it in the queue goes back to the agent with the file', async () => {
    const clash = (text: string): Step[] => [
      { do: 'write', path: 'clash.txt', text },
      { do: 'commit' },
      { do: 'review' },
    ];
    const resolve: Step[] = [{ do: 'git', args: ['merge', '-X', 'ours', 'origin/main'] }, { do: 'review' }];
    const { issue, pulls } = await inReview(world, 'Clash', [[clash('one\n')], [clash('two\n'), resolve]]);
    await world.ana.approves(pulls[0]!);
    // Only what is in the queue has its turn: two approvals at once may enter in any order.
    await world
      .task(issue, 't1')
      .becomes('queued', (task) => task?.state === 'done' || world.forge.state.queueEntries.size > 0);
    await world.ana.approves(pulls[1]!);
    await world.task(issue, 't1').is('done');
    const again = await world
      .pull(issue, 't2')
      .becomes('in review again', ({ draft, head }) => !draft && head !== pulls[1]!.head, { within: 90 });
    expect(await told(world, issue)).toMatch(/It conflicts with main in clash\.txt/);
    await world.task(issue, 't2').is('in_review');
    await world.ana.approves(again);
    await world.isClosed(issue, { within: 60 });
  });
});

describe('a queue that waits for company', () => {
  let world: World;
  beforeAll(async () => {
    world = await queueWorld({ min_entries_to_merge: 2, min_entries_to_merge_wait_minutes: 300 });
  });
  afterEach(() => world.isClean());
  afterAll(() => world[Symbol.asyncDispose]());

  it('G24: taken out by hand it stays approved until somebody says merge; cleared with the queue it lands another way', async () => {
    const { issue, pulls } = await inReview(world, 'Alone', [[work('alone.txt')]]);
    await world.ana.approves(pulls[0]!);
    await world.card(issue).shows(/alone.* in the merge queue \|/i);
    const { data: seen } = await world.ana.octokit.request('GET /repos/{owner}/{repo}/pulls/{pull_number}', {
      owner,
      repo,
      pull_number: pulls[0]!.number,
    });
    await world.ana.octokit.graphql(
      `mutation ($input: DequeuePullRequestInput!) { dequeuePullRequest(input: $input) { clientMutationId } }`,
      { input: { id: seen.node_id } },
    );
    const out = await world.task(issue, 't1').is('approved');
    expect(out?.reason).toMatch(/^taken out of the merge: somebody took it out/);
    await world.card(issue).shows(/taken out of the merge.*\/entourage merge t1/);
    await world.ana.comments(pulls[0]!.number, '/entourage merge');
    await world.card(issue).shows(/alone.* in the merge queue \|/i);
    // The queue is switched off in the middle of the run: without one there are other ways.
    const token = world.forge.credentials.tokens['olga'] ?? '';
    const olga = createUser('olga', token, { api: `${world.forge.url}/api/v3`, owner, repo });
    const { data: rulesets } = await olga.octokit.request('GET /repos/{owner}/{repo}/rulesets', {
      owner,
      repo,
    });
    const id = rulesets[0]!.id;
    const { data: ruleset } = await olga.octokit.request('GET /repos/{owner}/{repo}/rulesets/{ruleset_id}', {
      owner,
      repo,
      ruleset_id: id,
    });
    await olga.octokit.request('PUT /repos/{owner}/{repo}/rulesets/{ruleset_id}', {
      owner,
      repo,
      ruleset_id: id,
      rules: (ruleset.rules ?? []).filter(({ type }) => type !== 'merge_queue'),
    });
    await world.isClosed(issue, { within: 60 });
    expect(await told(world, issue)).toMatch(/the merge queue was switched off/);
  });
});
