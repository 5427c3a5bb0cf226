/** Rows G10 to G18: opening, drafts, reviews, line comments. */
import { expect } from 'vitest';
import { refusal, shop, type Behaviour, type Stage } from '../stage.ts';

type Review = { event?: 'APPROVE' | 'REQUEST_CHANGES' | 'COMMENT'; body?: string; comments?: object[] };
/** @param by a person; the App without one */
const review = (stage: Stage, number: number, { by, ...given }: Review & { by?: string }) => {
  const octokit = by === undefined ? stage.installation : stage.as(by);
  return octokit.request('POST /repos/{owner}/{repo}/pulls/{pull_number}/reviews', {
    ...shop,
    pull_number: number,
    ...(given as { event: 'APPROVE' }),
  });
};

const opened = async ({ commit, pull }: Stage, files: Record<string, string> = { 'a.txt': 'a\nb\nc\n' }) => {
  const head = await commit('work', files);
  return { head, number: await pull('work') };
};

const look = (stage: Stage, number: number) =>
  stage.graphql<{
    repository: {
      pullRequest: { id: string; isDraft: boolean; reviewDecision: string | null; mergeStateStatus: string };
    };
  }>(
    `query ($number: Int!) { repository(owner: "acme", name: "shop") { pullRequest(number: $number) {
      id isDraft reviewDecision mergeStateStatus } } }`,
    { number },
  );

export const pullBehaviours: Behaviour[] = [
  {
    facts: ['G10'],
    says: 'opening needs a commit between base and head; an empty one will do',
    play: async (stage) => {
      const { installation } = stage;
      const { data: main } = await installation.request('GET /repos/{owner}/{repo}/git/ref/{ref}', {
        ...shop,
        ref: 'heads/main',
      });
      const branch = { ...shop, ref: 'refs/heads/empty', sha: main.object.sha };
      await installation.request('POST /repos/{owner}/{repo}/git/refs', branch);
      const refused = await refusal(stage.pull('empty', { draft: true }));
      expect(refused.status).toBe(422);
      expect(refused.message).toContain('No commits between main and empty');
      const { data: parent } = await installation.request(
        'GET /repos/{owner}/{repo}/git/commits/{commit_sha}',
        { ...shop, commit_sha: main.object.sha },
      );
      const { data: commit } = await installation.request('POST /repos/{owner}/{repo}/git/commits', {
        ...shop,
        message: 'Begin',
        tree: parent.tree.sha,
        parents: [parent.sha],
      });
      await installation.request('PATCH /repos/{owner}/{repo}/git/refs/{ref}', {
        ...shop,
        ref: 'heads/empty',
        sha: commit.sha,
      });
      expect(await stage.pull('empty', { draft: true })).toBe(1);
    },
  },
  {
    facts: ['G11'],
    says: 'a plan without drafts refuses one with 422, and takes an ordinary one',
    seed: { private: true, drafts: false },
    play: async (stage) => {
      await stage.commit('work', { a: '1\n' });
      const refused = await refusal(stage.pull('work', { draft: true }));
      expect(refused.status).toBe(422);
      expect(refused.message).toMatch(/draft/i);
      expect(await stage.pull('work')).toBe(1);
    },
  },
  {
    facts: ['G12'],
    says: 'draft to ready and back is GraphQL only; REST ignores it',
    play: async (stage) => {
      await stage.commit('work', { a: '1\n' });
      const number = await stage.pull('work', { draft: true });
      await stage.installation.request('PATCH /repos/{owner}/{repo}/pulls/{pull_number}', {
        ...shop,
        pull_number: number,
        draft: false,
      });
      const { id, isDraft } = (await look(stage, number)).repository.pullRequest;
      expect(isDraft).toBe(true);
      const set = (name: string) =>
        stage.graphql(`mutation ($id: ID!) { ${name}(input: { pullRequestId: $id }) { clientMutationId } }`, {
          id,
        });
      await set('markPullRequestReadyForReview');
      expect(await stage.hooks('pull_request', 'ready_for_review')).toHaveLength(1);
      await set('convertPullRequestToDraft');
      expect(await stage.hooks('pull_request', 'converted_to_draft')).toHaveLength(1);
      expect((await look(stage, number)).repository.pullRequest.isDraft).toBe(true);
    },
  },
  {
    facts: ['G13'],
    says: 'neither the author nor somebody who is no collaborator is asked to review',
    play: async (stage) => {
      await stage.commit('work', { a: '1\n' });
      const pull_number = await stage.pull('work', { as: 'ben' });
      const ask = (login: string) =>
        stage.as('ben').request('POST /repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers', {
          ...shop,
          pull_number,
          reviewers: [login],
        });
      expect((await refusal(ask('ben'))).status).toBe(422);
      expect((await refusal(ask('eve'))).status).toBe(422);
      expect((await ask('mia')).status).toBe(201);
    },
  },
  {
    facts: ['G14'],
    says: 'nobody approves or refuses an own pull request, an App included; its approval of another does not count',
    seed: { ruleset: { requiredApprovals: 1 } },
    play: async (stage) => {
      const { number } = await opened(stage);
      for (const event of ['APPROVE', 'REQUEST_CHANGES'] as const) {
        const refused = await refusal(review(stage, number, { event, body: 'x' }));
        expect(refused.status).toBe(422);
        expect(refused.message).toMatch(/your own pull request/i);
      }
      expect((await review(stage, number, { event: 'COMMENT', body: 'x' })).data.state).toBe('COMMENTED');
      expect((await review(stage, number, { by: 'mia', event: 'APPROVE' })).data.state).toBe('APPROVED');
      await stage.commit('theirs', { b: '1\n' });
      const theirs = await stage.pull('theirs', { as: 'ben' });
      const decision = async () => (await look(stage, theirs)).repository.pullRequest.reviewDecision;
      expect((await review(stage, theirs, { event: 'APPROVE' })).data.state).toBe('APPROVED');
      expect(await decision()).toBe('REVIEW_REQUIRED');
      await review(stage, theirs, { by: 'mia', event: 'APPROVE' });
      expect(await decision()).toBe('APPROVED');
    },
  },
  {
    facts: ['G15'],
    says: 'a body is needed to comment and to request changes; without an event it is pending; webhooks write small',
    play: async (stage) => {
      const { number } = await opened(stage);
      for (const event of ['REQUEST_CHANGES', 'COMMENT'] as const)
        expect((await refusal(review(stage, number, { by: 'mia', event }))).status).toBe(422);
      expect((await review(stage, number, { by: 'ben' })).data.state).toBe('PENDING');
      expect(await stage.hooks('pull_request_review')).toEqual([]);
      await review(stage, number, { by: 'mia', event: 'REQUEST_CHANGES', body: 'no' });
      expect(await stage.hooks('pull_request_review', 'submitted')).toMatchObject([
        { payload: { review: { state: 'changes_requested', body: 'no' } } },
      ]);
    },
  },
  {
    facts: ['G16'],
    says: 'a line comment lies in the diff or is refused; outdated its line is null; replies go to the first comment',
    play: async (stage) => {
      const { number } = await opened(stage);
      const at = (line: number) => ({ path: 'a.txt', line, side: 'RIGHT', body: 'here' });
      const wrong = review(stage, number, { by: 'mia', event: 'COMMENT', body: 'x', comments: [at(9)] });
      expect((await refusal(wrong)).status).toBe(422);
      await review(stage, number, { by: 'mia', event: 'COMMENT', body: 'x', comments: [at(2)] });
      const list = async () => {
        const path = 'GET /repos/{owner}/{repo}/pulls/{pull_number}/comments';
        return (await stage.installation.request(path, { ...shop, pull_number: number })).data;
      };
      const [first] = await list();
      expect(first).toMatchObject({ line: 2, original_line: 2 });
      const reply = (comment_id: number) =>
        stage.installation.request(
          'POST /repos/{owner}/{repo}/pulls/{pull_number}/comments/{comment_id}/replies',
          { ...shop, pull_number: number, comment_id, body: 'fixed' },
        );
      const { data: replied } = await reply(Number(first?.id));
      expect(replied.in_reply_to_id).toBe(first?.id);
      expect((await refusal(reply(Number(replied.id)))).status).toBeGreaterThanOrEqual(400);
      await stage.commit('work', { 'a.txt': 'a\nB\nc\n' });
      expect((await list())[0]).toMatchObject({ line: null, original_line: 2 });
    },
  },
  {
    facts: ['G18'],
    says: 'an approval falls when the diff changes, and stays when only the base went on',
    seed: { ruleset: { requiredApprovals: 1, dismissStaleReviews: true, adminsBypass: true } },
    play: async (stage) => {
      const { number } = await opened(stage);
      const decision = async () => (await look(stage, number)).repository.pullRequest.reviewDecision;
      await review(stage, number, { by: 'mia', event: 'APPROVE' });
      expect(await decision()).toBe('APPROVED');
      await stage.commit('main', { 'unrelated.txt': 'x\n' });
      expect(await decision()).toBe('APPROVED');
      await stage.commit('work', { 'b.txt': 'b\n' });
      expect(await decision()).toBe('REVIEW_REQUIRED');
      expect(await stage.hooks('pull_request_review', 'dismissed')).toHaveLength(1);
    },
  },
];
