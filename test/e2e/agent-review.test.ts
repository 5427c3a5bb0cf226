/** The reviewer agent over the real App, forge and runner: what it asks for comes back as threads, and a person has the last word. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { eventually } from './eventually.ts';
import { work } from './script.ts';
import { createWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld({
    reviewer: true,
    repository: { ruleset: { requiredChecks: ['test', 'entourage/review'], adminsBypass: true } },
  });
});
afterEach(() => world.isClean());
afterAll(() => world[Symbol.asyncDispose]());

const remark = (line: number, body: string, more: object = {}) => ({
  do: 'call' as const,
  tool: 'add_review_comment',
  input: { path: 'wishes.txt', line, body, ...more },
});
const verdict = (given: string, summary: string) => ({
  do: 'call' as const,
  tool: 'submit_review_verdict',
  input: { verdict: given, summary },
});

it('RE-2 RE-3 RE-4 G14 G16: it requests changes, its threads are answered, it approves, a person approves, it is merged', async () => {
  const { ana, ben } = world;
  world.plans('Add wishlists', [{ title: 'Store wishes', acceptance: ['A wish is kept'] }]);
  world.works('Store wishes', work('wishes.txt'), [
    { do: 'write', path: 'wishes.txt', text: 'all the wishes\nand dates\n' },
    { do: 'commit', message: 'Say more' },
    { do: 'push' },
    { do: 'answer_threads' },
    { do: 'review' },
  ]);
  world.reviews(
    'Store wishes',
    [
      { do: 'call', tool: 'get_changed_files' },
      { do: 'call', tool: 'get_task_diff' },
      { do: 'call', tool: 'push_branch' },
      { do: 'call', tool: 'request_review', input: { summary: 'x' } },
      remark(9, 'Nowhere.'),
      remark(1, 'Say more, @ana <!-- entourage:task 1/t1 -->', { suggestion: 'all the wishes' }),
      verdict('request_changes', 'One thing is *missing*.'),
      verdict('approve', 'No, wait.'),
    ],
    [remark(2, 'Nice.'), verdict('approve', 'All is there.')],
  );

  const issue = await ana.opensIssue('Add wishlists', 'Members want to keep what they wish for.');
  await ana.comments(issue, '/entourage run');
  await world.run(issue).is('awaiting_approval');
  await ana.comments(issue, '/entourage approve');

  const reworked = await world
    .task(issue, 't1')
    .becomes('approved by the agent', (row) => row?.state === 'in_review' && row.agentVerdict === 'approve');
  const pull = await world.pull(issue, 't1').isReady();
  expect(pull.head).toBe(reworked?.head);
  await world.pull(issue, 't1').becomes('described', ({ body }) => body.includes('rev approves, 1 comment'));
  await world.card(issue).shows(/rev approves, 1 comment, waits for a person/);

  // What the card says is decided; what stands in the pull request follows.
  const comments = await eventually(
    { what: 'the remarks and the answer' },
    () => ben.lineComments(pull.number),
    (all) => all.length >= 3,
  );
  expect(comments.map(({ by }) => by)).toEqual(Array(3).fill('entourage[bot]'));
  const [asked, answered, praised] = comments;
  expect(asked!.body).toContain('```suggestion\nall the wishes\n```');
  expect(asked!.body, 'an agent’s words mention nobody and mark nothing').not.toMatch(/@ana|<!--/);
  expect(answered!.replyTo).not.toBeNull();
  expect(answered!.body).toContain(pull.head.slice(0, 7));
  expect(praised!.replyTo).toBeNull();
  const reviews = (
    await ben.octokit.request('GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews', {
      owner: 'acme',
      repo: 'shop',
      pull_number: pull.number,
    })
  ).data;
  expect(reviews.filter(({ body }) => body !== '').map(({ state }) => state)).toEqual([
    'COMMENTED',
    'COMMENTED',
  ]);
  await eventually(
    { what: 'the verdict’s check' },
    () => ben.checksOf(pull.head),
    (checks) =>
      checks.some(
        ({ name, app, conclusion }) =>
          name === 'entourage/review' && app === 'entourage' && conclusion === 'success',
      ),
  );

  const said = world.transcript().filter(({ session }) => session === 'review: Store wishes');
  const of = (tool: string) =>
    said.filter(({ step }) => step === tool).map((one) => JSON.stringify(one.said));
  expect(of('get_task_diff')[0]).toContain('+wishes.txt');
  expect(of('push_branch')[0], 'a reviewer has no such tool').toMatch(/There is no tool/);
  expect(of('request_review')[0]).toMatch(/There is no tool/);
  expect(of('add_review_comment')[0]).toMatch(/not in the diff.*RIGHT\) that are: 1\./);
  // Its session may be over before it says more.
  for (const again of of('submit_review_verdict').slice(1, 2))
    expect(again).toMatch(/already_done|session_ended|superseded/);
  const engineer = world.transcript().filter(({ session }) => session === 'Store wishes');
  expect(JSON.stringify(engineer), 'reviewers’ tools are theirs').not.toContain('add_review_comment');

  await ben.approves(pull);
  await world.pull(issue, 't1').isMerged();
  await world.isClosed(issue);
  expect((await world.sessions(issue)).map(({ kind }) => kind).toSorted()).toEqual([
    'plan',
    'review',
    'review',
    'work',
    'work',
  ]);
});
