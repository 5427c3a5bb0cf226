/** What people do by hand in the middle is truth: the run follows it (RE-8). */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { work } from './script.ts';
import type { PullView } from './views.ts';
import { createWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterEach(() => world.isClean());
afterAll(() => world[Symbol.asyncDispose]());

/** Two tasks, the second after the first; the first one is in review. */
async function inReview(title: string): Promise<{ issue: number; pull: PullView }> {
  world.plans(title, [{ title: `${title}: first` }, { title: `${title}: second`, depends_on: [1] }]);
  for (const which of ['first', 'second'])
    world.works(`${title}: ${which}`, work(`${title} ${which}.txt`.replaceAll(' ', '-')));
  const issue = await world.ana.opensIssue(title, '');
  await world.ana.comments(issue, '/entourage run');
  await world.run(issue).is('awaiting_approval');
  await world.ana.comments(issue, '/entourage approve');
  return { issue, pull: await world.pull(issue, 't1').isReady() };
}

it('RE-8 TA-1: a pull request merged by hand makes its task done and starts the next', async () => {
  const { issue, pull } = await inReview('Merged by hand');
  await world.ben.merges(pull);
  await world.task(issue, 't1').is('done');
  await world.ana.approves(await world.pull(issue, 't2').isReady());
  await world.isClosed(issue);
});

it('RE-8 TA-1: a pull request closed by hand cancels its task, and what waits for it says so', async () => {
  const { issue, pull } = await inReview('Closed by hand');
  await world.ben.closes(pull);
  await world.task(issue, 't1').is('cancelled');
  const run = await world.run(issue).is('failed');
  expect(run?.reason).toMatch(/cancelled/);
  expect((await world.task(issue, 't2').now())?.state).toBe('todo');
  await world.card(issue).shows(/closed by @(&#8203;)?ben/);
});

it('RE-8: a branch deleted by hand cancels its task', async () => {
  const { issue, pull } = await inReview('Deleted by hand');
  await world.ben.deletesBranch(pull.branch);
  await world.task(issue, 't1').is('cancelled');
  await world.run(issue).is('failed');
});

it('RE-8: a pull request reopened by hand brings its task and its run back, and its agent goes on', async () => {
  const { issue, pull } = await inReview('Reopened by hand');
  // Its work is on the branch already.
  world.works('Reopened by hand: first', [{ do: 'review' }]);
  await world.ben.closes(pull);
  await world.task(issue, 't1').is('cancelled');
  await world.run(issue).is('failed');
  // We take the branch away; GitHub reopens only what has one, so its page offers to restore it first.
  await world.settled();
  await world.ben.restoresBranch(pull.branch, pull.head);
  await world.ben.reopens(pull);
  await world.task(issue, 't1').becomes('taken up again', (task) => task?.state !== 'cancelled');
  await world.ana.approves(await world.pull(issue, 't1').isReady());
  await world.ana.approves(await world.pull(issue, 't2').isReady());
  await world.isClosed(issue);
});

it('RE-4 RE-8: a push by hand after the approval asks again', async () => {
  const { issue, pull } = await inReview('Pushed by hand');
  // Red on purpose: the approval comes, the merge can't.
  const red = await world.ben.writes(pull.branch, 'red', 'red\n');
  await world.task(issue, 't1').becomes('at the new head', (task) => task?.head === red);
  await world.ana.approves({ number: pull.number, head: pull.head });
  await world.settled();
  expect((await world.task(issue, 't1').now())?.state, 'an approval of an older head is none').toBe(
    'in_review',
  );
});

it('RE-5 RE-4: a merge that GitHub blocks says why, on the card and in the pull request', async () => {
  const { issue, pull } = await inReview('Blocked merge');
  const red = await world.ben.writes(pull.branch, 'red', 'red\n');
  await world
    .task(issue, 't1')
    .becomes('red at the new head', (task) => task?.head === red && task.state === 'in_review');
  await world.ana.approves({ number: pull.number, head: red });
  await world.card(issue).shows(/GitHub does not merge it yet: .*test/);
  await world
    .pull(issue, 't1')
    .becomes(
      'open, with the reason',
      ({ body, merged }) => !merged && /GitHub does not merge it yet/.test(body),
    );
  expect((await world.task(issue, 't1').now())?.state).toBe('merging');
  await world.ana.comments(issue, '/entourage cancel');
  await world.run(issue).is('cancelled');
  await world.settled();
});

it('RE-8: a branch forced back to its start leaves a task that can still be cancelled', async () => {
  const { issue, pull } = await inReview('Forced by hand');
  const [row] = await world.records.query<{ base: string }>(
    'select base from task where branch = $1 and head = $2',
    [pull.branch, pull.head],
  );
  await world.ben.forces(pull.branch, row!.base);
  await world
    .task(issue, 't1')
    .becomes('moved or cancelled', (task) => task?.head === row!.base || task?.state === 'cancelled');
  await world.settled();
  await world.ana.comments(issue, '/entourage cancel');
  await world.run(issue).is('cancelled', 'failed');
  await world.settled();
});

it('RE-8: words that people write around our part of the body stay, and a new title stops nothing', async () => {
  const { issue, pull } = await inReview('Retitled by hand');
  await world.ben.retitles(pull, 'Something much better');
  await world.ben.describes(pull, `Mind the gap.\n\n${pull.body}\n\nMade with care.`);
  await world.ana.approves(pull);
  const merged = await world.pull(issue, 't1').isMerged();
  await world.settled();
  expect((await world.pull(issue, 't1').now())?.body).toMatch(/^Mind the gap\.[\s\S]*Made with care\.$/);
  expect(merged.state).toBe('closed');
  await world.ana.approves(await world.pull(issue, 't2').isReady());
  await world.isClosed(issue);
});
