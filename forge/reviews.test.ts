import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { reviewDecision } from './merge-state.ts';
import { pullNumbered } from './pulls.ts';
import { openPullBed, type PullBed, shop } from './pull-bed.ts';
import { resolveThread, threadsOf } from './review-threads.ts';
import { row } from './state.ts';
import { refused } from './test-bed.ts';

const numbers = (count: number) => Array.from({ length: count }, (_, index) => `line ${index + 1}\n`);

let bed: PullBed;
let branch: string;
let number: number;
let count = 0;
beforeAll(async () => {
  bed = await openPullBed({
    files: { 'list.txt': numbers(30).join(''), 'README.md': '# Shop\n' },
    ruleset: { requiredApprovals: 1, dismissStaleReviews: true, adminsBypass: true },
  });
});
afterAll(() => bed[Symbol.asyncDispose]());
beforeEach(async () => {
  count += 1;
  branch = `topic-${count}`;
  await bed.commit(branch, { 'list.txt': numbers(30).with(9, 'ten\n').join('') });
  number = await bed.pull(branch);
});

type Comment = { path: string; body: string; line?: number; side?: string; start_line?: number };
const review = (
  login: string | null,
  body: { event?: 'APPROVE' | 'REQUEST_CHANGES' | 'COMMENT'; body?: string; comments?: Comment[] },
) =>
  (login === null ? bed.installation : bed.as(login)).request(
    'POST /repos/{owner}/{repo}/pulls/{pull_number}/reviews',
    {
      ...shop,
      pull_number: number,
      ...body,
    },
  );

const comments = async () =>
  (
    await bed
      .as('ana')
      .request('GET /repos/{owner}/{repo}/pulls/{pull_number}/comments', { ...shop, pull_number: number })
  ).data;

const here = () => {
  const { forge, state } = bed.running;
  const repository = [...state.repositories.values()].find((one) => one.name === 'shop')!;
  return { forge, pull: pullNumbered(forge, repository, number) };
};

describe('verdicts', () => {
  test('nobody approves or refuses his own, an App included; commenting works (G14)', async () => {
    for (const event of ['APPROVE', 'REQUEST_CHANGES'] as const) {
      const refusal = await review(null, { event, body: 'me' }).catch(
        (error: unknown) => error as { response: { data: unknown } },
      );
      expect(refusal).toMatchObject({
        status: 422,
        response: { data: { errors: [expect.stringContaining('your own pull request')] } },
      });
    }
    expect((await review(null, { event: 'COMMENT', body: 'noted' })).data.state).toBe('COMMENTED');
  });

  test('a body is needed to request changes and to comment; none is a pending review (G15)', async () => {
    expect((await refused(review('ben', { event: 'REQUEST_CHANGES' }))).status).toBe(422);
    expect((await refused(review('ben', { event: 'COMMENT' }))).status).toBe(422);
    const { data: pending } = await review('ben', { body: 'later' });
    expect(pending.state).toBe('PENDING');
    const list = async (login: string) =>
      (
        await bed
          .as(login)
          .request('GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews', { ...shop, pull_number: number })
      ).data;
    expect([(await list('ana')).length, (await list('ben')).length]).toEqual([0, 1]);
    expect((await refused(review('ben', { event: 'APPROVE' }))).status).toBe(422);
    await bed.as('ben').request('POST /repos/{owner}/{repo}/pulls/{pull_number}/reviews/{review_id}/events', {
      ...shop,
      pull_number: number,
      review_id: Number(pending.id),
      event: 'REQUEST_CHANGES',
    });
    // Webhook states are lower case.
    expect((await bed.hooks('pull_request_review', 'submitted')).at(-1)?.payload).toMatchObject({
      review: { id: pending.id, state: 'changes_requested', body: 'later' },
      sender: { login: 'ben' },
    });
    expect(reviewDecision(here().forge, here().pull)).toBe('CHANGES_REQUESTED');
  });

  test('approvals of people with write count, those of readers don’t; dismissing takes one back', async () => {
    const decision = () => reviewDecision(here().forge, here().pull);
    expect(decision()).toBe('REVIEW_REQUIRED');
    await review('eve', { event: 'APPROVE' });
    expect(decision()).toBe('REVIEW_REQUIRED');
    const { data } = await review('mia', { event: 'APPROVE' });
    expect(decision()).toBe('APPROVED');
    const dismiss = (login: string) =>
      bed.as(login).request('PUT /repos/{owner}/{repo}/pulls/{pull_number}/reviews/{review_id}/dismissals', {
        ...shop,
        pull_number: number,
        review_id: Number(data.id),
        message: 'no longer',
      });
    expect((await refused(dismiss('eve'))).status).toBe(403);
    expect((await dismiss('ben')).data.state).toBe('DISMISSED');
    expect((await bed.hooks('pull_request_review', 'dismissed')).at(-1)?.payload).toMatchObject({
      review: { id: data.id, state: 'dismissed' },
    });
    expect(decision()).toBe('REVIEW_REQUIRED');
  });

  test('an approval falls when the diff changes, and stays when only the base went on (G18)', async () => {
    await review('ben', { event: 'APPROVE' });
    const state = async () =>
      (
        await bed
          .as('ana')
          .request('GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews', { ...shop, pull_number: number })
      ).data.at(-1)?.state;
    await bed.commit('main', { [`unrelated-${count}`]: 'x\n' });
    expect(await state()).toBe('APPROVED');
    await bed.commit(branch, { 'more.txt': 'm\n' });
    expect(await state()).toBe('DISMISSED');
  });
});

describe('line comments', () => {
  test('the line must be in the diff, or nothing of the review is kept (G16)', async () => {
    const inside = { path: 'list.txt', line: 10, body: 'here' };
    for (const wrong of [
      { path: 'list.txt', line: 25 },
      { path: 'none.txt', line: 1 },
      { path: 'list.txt', line: 10, start_line: 2 },
    ])
      expect(
        (await refused(review('ben', { event: 'COMMENT', comments: [inside, { body: 'x', ...wrong }] })))
          .status,
      ).toBe(422);
    expect(await comments()).toEqual([]);
    await review('ben', {
      event: 'REQUEST_CHANGES',
      body: 'see below',
      comments: [
        inside,
        { path: 'list.txt', line: 10, side: 'LEFT', body: 'old' },
        { path: 'list.txt', start_line: 8, line: 11, body: 'range' },
      ],
    });
    expect((await comments()).map((one) => [one.line, one.side, one.start_line ?? null, one.body])).toEqual([
      [10, 'RIGHT', null, 'here'],
      [10, 'LEFT', null, 'old'],
      [11, 'RIGHT', 8, 'range'],
    ]);
    expect((await comments())[0]?.diff_hunk.split('\n').at(-1)).toBe('+ten');
    const told = await bed.hooks('pull_request_review_comment', 'created');
    expect(told.slice(-3).map((hook) => (hook.payload['comment'] as { body: string }).body)).toEqual([
      'here',
      'old',
      'range',
    ]);
  });

  test('replies go to a thread’s first comment only (G16), threads resolve', async () => {
    const { data: head } = await bed
      .as('ana')
      .request('GET /repos/{owner}/{repo}/pulls/{pull_number}', { ...shop, pull_number: number });
    const { data: first } = await bed
      .as('ben')
      .request('POST /repos/{owner}/{repo}/pulls/{pull_number}/comments', {
        ...shop,
        pull_number: number,
        body: 'why?',
        path: 'list.txt',
        line: 10,
        commit_id: head.head.sha,
      });
    const reply = (comment_id: number) =>
      bed.installation.request(
        'POST /repos/{owner}/{repo}/pulls/{pull_number}/comments/{comment_id}/replies',
        {
          ...shop,
          pull_number: number,
          comment_id,
          body: 'because',
        },
      );
    const { data: second } = await reply(Number(first.id));
    expect(second).toMatchObject({ in_reply_to_id: first.id, line: 10, path: 'list.txt' });
    expect((await refused(reply(Number(second.id)))).status).toBe(422);
    expect((await refused(reply(1))).status).toBe(404);
    const { forge, pull } = here();
    const [thread] = threadsOf(forge, pull);
    const actor = row(forge.state.accounts, row(forge.state.issues, pull.id).authorId);
    resolveThread(
      forge,
      { actor, caller: { kind: 'user', account: actor, app: null } },
      { thread: thread!, resolved: true },
    );
    const [told] = (await bed.hooks('pull_request_review_thread', 'resolved')).slice(-1);
    expect((told!.payload['thread'] as { comments: { id: number }[] }).comments.map((one) => one.id)).toEqual(
      [first.id, second.id],
    );
  });

  test('comments follow their line; when it changes they are outdated, line null, original_line kept (G16)', async () => {
    await review('ben', { event: 'COMMENT', comments: [{ path: 'list.txt', line: 10, body: 'here' }] });
    await bed.commit(branch, { 'list.txt': ['new first\n', ...numbers(30).with(9, 'ten\n')].join('') });
    expect((await comments())[0]).toMatchObject({ line: 11, original_line: 10 });
    await bed.commit(branch, { 'list.txt': ['new first\n', ...numbers(30).with(9, 'ten again\n')].join('') });
    const [outdated] = await comments();
    expect(outdated).toMatchObject({ line: null, original_line: 10 });
    const { data: reply } = await bed.installation.request(
      'POST /repos/{owner}/{repo}/pulls/{pull_number}/comments/{comment_id}/replies',
      { ...shop, pull_number: number, comment_id: outdated!.id, body: 'fixed' },
    );
    expect(reply).toMatchObject({ line: null, original_line: 10 });
  });

  test('bodies have GitHub’s length (G2); others’ comments are edited by people with write (G5)', async () => {
    expect((await refused(review('ben', { event: 'COMMENT', body: 'x'.repeat(65_537) }))).status).toBe(422);
    await review('eve', { event: 'COMMENT', comments: [{ path: 'list.txt', line: 10, body: 'mine' }] });
    const [comment] = await comments();
    const edit = (login: string) =>
      bed.as(login).request('PATCH /repos/{owner}/{repo}/pulls/comments/{comment_id}', {
        ...shop,
        comment_id: comment!.id,
        body: 'edited',
      });
    expect((await refused(edit('tom'))).status).toBe(403);
    expect((await edit('ben')).data.body).toBe('edited');
    expect((await bed.hooks('pull_request_review_comment', 'edited')).at(-1)?.payload).toMatchObject({
      changes: { body: { from: 'mine' } },
    });
  });
});
