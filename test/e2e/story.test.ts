/** The main job, told by the people in it, wherever agents work: from `/entourage run` to merged pull requests and a closed issue. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { places } from '../../demo/seed.ts';
import { work } from './script.ts';
import { createWorld, repo, type World } from './world.ts';

describe.each(places)('on %s', (on) => {
  let world: World;
  beforeAll(async () => {
    world = await createWorld({ on });
  });
  afterEach(() => world.isClean());
  afterAll(() => world[Symbol.asyncDispose]());

  it('IN-1 PL-1 PL-3 PL-4 TA-2 TA-7 RE-1 RE-3 RE-5 SE-1 AG-5: an issue becomes merged pull requests', async () => {
    const { ana, ben, forge } = world;
    world.plans('Add wishlists', [
      {
        title: 'Store wishes',
        acceptance: ['A wish is kept'],
        files: ['wishes.txt'],
        why: 'Nothing works without it.',
      },
      { title: 'Show wishes', depends_on: [1], acceptance: ['A wish is shown'] },
      { title: 'Share wishes', depends_on: [1] },
      { title: 'Test it all', depends_on: [2, 3] },
    ]);
    world.works('Store wishes', work('wishes.txt'), [
      { do: 'write', path: 'wishes.txt', text: 'all the wishes\n' },
      { do: 'commit', message: 'Say more' },
      { do: 'push' },
      { do: 'answer_threads' },
      { do: 'review' },
    ]);
    for (const [title, file] of [
      ['Show wishes', 'show.txt'],
      ['Share wishes', 'share.txt'],
      ['Test it all', 'test.txt'],
    ] as const)
      world.works(title, work(file));

    const issue = await ana.opensIssue('Add wishlists', 'Members want to keep what they wish for.');
    const command = await ana.comments(issue, '/entourage run');
    await world.reacts(command, 'eyes');
    await world.run(issue).is('awaiting_approval');
    const card = await world.card(issue).shows(/Approve this plan/);
    expect(card.body).toContain('```mermaid');
    expect(card.body).toContain('Nothing works without it.');
    expect(await world.records.tasksOf(issue), 'nothing is started before approval').toEqual([]);

    await ana.ticks(card, /Approve this plan/);
    const first = await world.pull(issue, 't1').isReady();
    expect(first.title).toBe('t1: Store wishes');
    expect(first.branch).toMatch(/^entourage\/\d+-t1-store-wishes$/);
    expect((await world.records.tasksOf(issue)).map(({ state }) => state)).toEqual([
      'in_review',
      'todo',
      'todo',
      'todo',
    ]);

    await ben.requestsChanges(first, { path: 'wishes.txt', line: 1, body: 'Please say more.' });
    await world.pull(issue, 't1').becomes('pushed again', ({ head }) => head !== first.head);
    const reworked = await world.pull(issue, 't1').isReady();
    const replies = (await ben.lineComments(first.number)).filter(({ replyTo }) => replyTo !== null);
    expect(replies.map(({ by }) => by)).toEqual(['entourage[bot]']);
    expect(replies[0]!.body).toContain(reworked.head.slice(0, 7));
    await ben.approves(reworked);
    await world.pull(issue, 't1').isMerged();

    // Both sides of the diamond work at once.
    const [show, share] = await Promise.all([
      world.pull(issue, 't2').isReady(),
      world.pull(issue, 't3').isReady(),
    ]);
    expect((await world.task(issue, 't4').now())?.state).toBe('todo');
    await Promise.all([ana.approves(show), ana.approves(share)]);
    await ana.approves(await world.pull(issue, 't4').isReady());
    await world.isClosed(issue);
    await world.run(issue).is('done');

    await world.card(issue).shows(/4 of 4 done/);
    expect(
      world.replies(issue).filter(({ body }) => body.includes('entourage:run')),
      'one card',
    ).toHaveLength(1);
    const repository = [...forge.state.repositories.values()].find(({ name }) => name === repo)!;
    const git = forge.forge.git(repository);
    expect(String(await git.readFile('main', 'wishes.txt'))).toBe('all the wishes\n');
    const jobs = (await world.records.eventTypes(issue)).filter((type) => type === 'pull_request_merged');
    expect(jobs).toHaveLength(4);
  });

  it('PL-3: feedback makes a new version of the plan, and the first one can’t be approved any more', async () => {
    const { ana, ben } = world;
    world.manages(
      'Add gift cards',
      [{ do: 'plan', tasks: [{ title: 'One large task' }] }],
      [{ do: 'plan', tasks: [{ title: 'First half' }, { title: 'Second half', depends_on: [1] }] }],
    );
    world.works('*', work('gift.txt'));
    const issue = await ana.opensIssue('Add gift cards', '');
    await ana.comments(issue, '/entourage run');
    const outdated = await world.card(issue).shows(/One large task/);
    await ana.comments(issue, '/entourage revise Please make two tasks of it.');
    await world
      .run(issue)
      .becomes('planned anew', (run) => run?.planVersion === 2 && run.state === 'awaiting_approval');
    // Ben's page still shows the first version; his tick edits the comment he sees.
    await ben.ticks(outdated, /Approve this plan/);
    await world.card(issue).shows(/- \[ \] .*Approve this plan/);
    await world.settled();
    expect((await world.run(issue).now())?.state).toBe('awaiting_approval');
    const approval = await ben.comments(issue, '/entourage approve');
    await world.reacts(approval, 'rocket');
    await world.run(issue).is('executing');
    expect((await world.records.tasksOf(issue)).map(({ title }) => title)).toEqual([
      'First half',
      'Second half',
    ]);
    await ana.comments(issue, '/entourage cancel');
    await world.run(issue).is('cancelled');
    await world.settled();
  });
});
