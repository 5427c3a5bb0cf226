/** Rows G20 to G27: merge-async, direct merges, auto-merge, the queue. */
import { expect } from 'vitest';
import { refusal, shop, type Behaviour, type Stage } from '../stage.ts';

const report = ({ installation }: Stage, sha: string, conclusion: 'success' | 'failure' = 'success') =>
  installation.request('POST /repos/{owner}/{repo}/check-runs', {
    ...shop,
    name: 'test',
    head_sha: sha,
    status: 'completed',
    conclusion,
  });

const opened = async (stage: Stage, branch = 'work', files: Record<string, string> = { [branch]: '1\n' }) => {
  const head = await stage.commit(branch, files);
  return { head, number: await stage.pull(branch) };
};

interface Shown {
  id: string;
  state: string;
  mergeable: string;
  mergeStateStatus: string;
  isInMergeQueue: boolean;
  mergeQueueEntry: { position: number; headCommit: { oid: string } | null } | null;
}
const look = async (stage: Stage, number: number): Promise<Shown> => {
  const query = `query ($number: Int!) { repository(owner: "acme", name: "shop") { pullRequest(number: $number) {
    id state mergeable mergeStateStatus isInMergeQueue mergeQueueEntry { position headCommit { oid } } } } }`;
  const { repository } = await stage.graphql<{ repository: { pullRequest: Shown } }>(query, { number });
  return repository.pullRequest;
};

const enqueue = async (stage: Stage, number: number, expectedHeadOid?: string) => {
  const { id } = await look(stage, number);
  return stage.graphql(
    `mutation ($input: EnqueuePullRequestInput!) { enqueuePullRequest(input: $input) { clientMutationId } }`,
    { input: { pullRequestId: id, ...(expectedHeadOid === undefined ? {} : { expectedHeadOid }) } },
  );
};

const merge = ({ installation }: Stage, number: number, change: { sha?: string } = {}) =>
  installation.request('PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge', {
    ...shop,
    pull_number: number,
    ...change,
  });

const mergeAsync = ({ installation }: Stage, number: number, change: { sha?: string } = {}) =>
  installation.request('PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge-async', {
    ...shop,
    pull_number: number,
    ...change,
  });
/** Asked by a person: an App's token would end before the day does. */
const resultOf = async ({ as }: Stage, number: number, details: object) => {
  const { uuid } = details as { uuid: string };
  const path = 'GET /repos/{owner}/{repo}/pulls/{pull_number}/merge-async/{uuid}';
  return (await as('ana').request(path, { ...shop, pull_number: number, uuid })).data;
};

const groupOf = async (stage: Stage, number: number): Promise<string> => {
  await stage.settled();
  return (await look(stage, number)).mergeQueueEntry?.headCommit?.oid ?? 'no group';
};
const reasons = async (stage: Stage) =>
  (await stage.hooks('pull_request', 'dequeued')).map(({ payload }) => [
    payload['number'],
    payload['reason'],
  ]);

const queued = { ruleset: { requiredChecks: ['test'], adminsBypass: true, mergeQueue: {} } };

const groupWorkflow = `on: merge_group
jobs: { other: { runs-on: ubuntu-latest, steps: [{ run: "true" }] } }
`;
const enqueueWorkflow = `on: { workflow_dispatch: { inputs: { pull: { type: string, required: true } } } }
permissions: { contents: write, pull-requests: write }
jobs:
  only:
    runs-on: ubuntu-latest
    steps:
      - env: { PULL: "\${{ inputs.pull }}", TOKEN: "\${{ github.token }}" }
        run: |
          query='{"query": "mutation { enqueuePullRequest(input: { pullRequestId: \\"'"$PULL"'\\" }) { clientMutationId } }"}'
          curl -sf -H "authorization: Bearer $TOKEN" -d "$query" "$GITHUB_GRAPHQL_URL"
`;

export const mergeBehaviours: Behaviour[] = [
  {
    facts: ['G20'],
    says: 'merge-async answers 202 with a uuid to ask by, 200 when it is merged, 400 for a draft; kept a day',
    play: async (stage) => {
      await stage.commit('draft', { d: '1\n' });
      const draft = await stage.pull('draft', { draft: true });
      expect((await refusal(mergeAsync(stage, draft))).status).toBe(400);
      const { number, head } = await opened(stage);
      const { status, data } = await mergeAsync(stage, number, { sha: head });
      expect([status, data.status]).toEqual([202, 'pending']);
      await expect
        .poll(async () => (await resultOf(stage, number, data.details)).status, { timeout: 30_000 })
        .toBe('merged');
      expect(await mergeAsync(stage, number)).toMatchObject({ status: 200, data: { status: 'merged' } });
      await stage.advance(25 * 3_600_000);
      expect((await refusal(resultOf(stage, number, data.details))).status).toBe(404);
    },
  },
  {
    facts: ['G20', 'G21'],
    says: 'a head that moved refuses the merge: 409 at once, failed when it is asynchronous',
    play: async (stage) => {
      const { number, head } = await opened(stage);
      await stage.commit('work', { more: '1\n' });
      expect((await refusal(merge(stage, number, { sha: head }))).status).toBe(409);
      const { data } = await mergeAsync(stage, number, { sha: head });
      await expect
        .poll(async () => (await resultOf(stage, number, data.details)).status, { timeout: 30_000 })
        .toBe('failed');
      expect((await look(stage, number)).state).toBe('OPEN');
    },
  },
  {
    facts: ['G21'],
    says: 'what is not mergeable is 405, also on a branch with a queue; enqueuing looks at the expected head',
    seed: queued,
    play: async (stage) => {
      const { number, head } = await opened(stage);
      const refused = await refusal(merge(stage, number));
      expect(refused.status).toBe(405);
      expect(refused.message).toContain('Changes must be made through the merge queue');
      await report(stage, head);
      const wrong = await refusal(enqueue(stage, number, 'e'.repeat(40)));
      expect(wrong.message).toMatch(/head/i);
      await enqueue(stage, number, head);
      expect((await look(stage, number)).isInMergeQueue).toBe(true);
    },
  },
  {
    facts: ['G22'],
    says: 'auto-merge is refused for what is clean already, and merges what waited when its checks come',
    seed: { allowAutoMerge: true, ruleset: { requiredChecks: ['test'] } },
    play: async (stage) => {
      const enable = async (number: number) =>
        stage.graphql(
          `mutation ($id: ID!) { enablePullRequestAutoMerge(input: { pullRequestId: $id }) { clientMutationId } }`,
          { id: (await look(stage, number)).id },
        );
      const clean = await opened(stage, 'clean');
      await report(stage, clean.head);
      expect((await refusal(enable(clean.number))).message).toContain('clean status');
      const waits = await opened(stage, 'waits');
      await enable(waits.number);
      await report(stage, waits.head);
      await expect
        .poll(async () => (await look(stage, waits.number)).state, { timeout: 30_000 })
        .toBe('MERGED');
    },
  },
  {
    facts: ['G23'],
    says: 'what a job’s token puts into the queue starts no workflow there, what a person puts there does',
    seed: {
      ruleset: { requiredChecks: ['test'], mergeQueue: {} },
      files: {
        '.github/workflows/group.yml': groupWorkflow,
        '.github/workflows/enqueue.yml': enqueueWorkflow,
      },
    },
    play: async (stage) => {
      const byJob = await opened(stage, 'by-job');
      await report(stage, byJob.head);
      const path = 'POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches';
      await stage.installation.request(path, {
        ...shop,
        workflow_id: 'enqueue.yml',
        ref: 'main',
        inputs: { pull: (await look(stage, byJob.number)).id },
      });
      await stage.settled();
      expect((await look(stage, byJob.number)).isInMergeQueue).toBe(true);
      const events = async () => {
        await stage.settled();
        const { data } = await stage.installation.request('GET /repos/{owner}/{repo}/actions/runs', shop);
        return data.workflow_runs.map(({ event }) => event);
      };
      expect(await events()).toEqual(['workflow_dispatch']);
      const byHand = await opened(stage, 'by-hand');
      await report(stage, byHand.head);
      await enqueue(stage, byHand.number);
      expect(await events()).toContain('merge_group');
    },
  },
  {
    facts: ['G24', 'G27'],
    says: 'groups are built in order on those before them, checked on their own commits, and merged in order',
    seed: queued,
    play: async (stage) => {
      const one = await opened(stage, 'one');
      const two = await opened(stage, 'two');
      for (const { number, head } of [one, two]) {
        await report(stage, head);
        await enqueue(stage, number);
      }
      const first = await groupOf(stage, one.number);
      const second = await groupOf(stage, two.number);
      const asked = await stage.hooks('merge_group', 'checks_requested');
      const groups = asked.map(({ payload }) => payload['merge_group'] as Record<string, string>);
      expect(groups.map((group) => [group['head_sha'], group['base_sha']])).toEqual([
        [first, groups[0]?.['base_sha']],
        [second, first],
      ]);
      expect(groups[0]?.['head_ref']).toBe(
        `refs/heads/gh-readonly-queue/main/pr-${one.number}-${groups[0]?.['base_sha']}`,
      );
      // The head's green check says nothing of the group: without one there it stays.
      expect(await reasons(stage)).toEqual([]);
      await report(stage, second);
      expect(await reasons(stage)).toEqual([]);
      await report(stage, first);
      expect(await reasons(stage)).toEqual([
        [one.number, 'MERGE'],
        [two.number, 'MERGE'],
      ]);
      const closed = await stage.hooks('pull_request', 'closed');
      expect(closed.map(({ payload }) => payload['number'])).toEqual([one.number, two.number]);
    },
  },
  {
    facts: ['G24'],
    says: 'a red group is CI_FAILURE, a conflict MERGE_CONFLICT, silence CI_TIMEOUT',
    seed: queued,
    play: async (stage) => {
      const red = await opened(stage, 'red');
      const late = await opened(stage, 'late', { shared: 'late\n' });
      const other = await opened(stage, 'other', { shared: 'other\n' });
      for (const { number, head } of [red, late, other]) {
        await report(stage, head);
        await enqueue(stage, number);
      }
      await report(stage, await groupOf(stage, red.number), 'failure');
      expect(await reasons(stage)).toEqual(
        expect.arrayContaining([
          [other.number, 'MERGE_CONFLICT'],
          [red.number, 'CI_FAILURE'],
        ]),
      );
      await groupOf(stage, late.number);
      await stage.advance(61 * 60_000);
      await expect
        .poll(() => reasons(stage), { timeout: 30_000 })
        .toContainEqual([late.number, 'CI_TIMEOUT']);
    },
  },
  {
    facts: ['G26'],
    says: 'mergeStateStatus tells CLEAN, DRAFT, DIRTY, BLOCKED, BEHIND; mergeable is null until it is computed',
    seed: { ruleset: { requiredChecks: ['test'], strict: true, adminsBypass: true } },
    play: async (stage) => {
      const { number, head } = await opened(stage, 'work', { 'README.md': 'ours\n' });
      const [hook] = await stage.hooks('pull_request', 'opened');
      expect(hook?.payload).toMatchObject({ pull_request: { mergeable: null } });
      const status = async (of = number) => (await look(stage, of)).mergeStateStatus;
      expect(await status()).toBe('BLOCKED');
      await report(stage, head);
      expect(await status()).toBe('CLEAN');
      await stage.commit('main', { 'new.txt': 'x\n' });
      expect(await status()).toBe('BEHIND');
      await stage.commit('main', { 'README.md': 'theirs\n' });
      expect(await status()).toBe('DIRTY');
      expect((await look(stage, number)).mergeable).toBe('CONFLICTING');
      await stage.commit('draft', { d: '1\n' });
      expect(await status(await stage.pull('draft', { draft: true }))).toBe('DRAFT');
    },
  },
];
