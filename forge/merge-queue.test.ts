import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { graphql as octokitGraphql } from '@octokit/graphql';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { openPullBed, type PullBed, shop } from './pull-bed.ts';
import { actionsAppId, type SeedRepository } from './seed.ts';
import { graphqlErrors, refused } from './test-bed.ts';
import { createInstallationToken } from './tokens.ts';

// Three pull requests and their groups are a few hundred git processes: on a busy machine that takes a while.
vi.setConfig({ testTimeout: 90_000 });

type QueueSeed = NonNullable<NonNullable<SeedRepository['ruleset']>['mergeQueue']>;

let bed: PullBed;
/** Directories that outlive a forge, removed when the last one on them is closed. */
const kept: string[] = [];
afterEach(async () => {
  await bed[Symbol.asyncDispose]();
  for (const dataDir of kept.splice(0)) rmSync(dataDir, { recursive: true, force: true });
});

/** A shop whose main has a queue that wants the check `test`. */
const open = async (mergeQueue: QueueSeed = {}, change: Partial<SeedRepository> = {}): Promise<void> => {
  bed = await openPullBed({
    ruleset: { requiredChecks: ['test'], adminsBypass: true, mergeQueue },
    ...change,
  });
};

const settled = async (): Promise<void> => {
  await bed.running.forge.queues.settled();
  await bed.running.settled();
};
const report = (sha: string, conclusion: 'success' | 'failure') =>
  bed.installation.request('POST /repos/{owner}/{repo}/check-runs', {
    ...shop,
    name: 'test',
    head_sha: sha,
    status: 'completed',
    conclusion,
  });

/** A pull request whose own head is green. */
const ready = async (branch: string, files: Record<string, string> = { [branch]: '1\n' }) => {
  const head = await bed.commit(branch, files, `Add ${branch}`);
  const number = await bed.pull(branch);
  await report(head, 'success');
  return { number, head, branch };
};

const graphql = async <Data>(query: string, variables: Record<string, unknown>, login = 'ben') =>
  bed.graphql(login)<Data>(query, variables);
const words = async (request: Promise<unknown>) => (await graphqlErrors(request))[0]?.message;

interface Entry {
  position: number;
  state: string;
  headCommit: { oid: string } | null;
}
interface Shown {
  repository: {
    pullRequest: {
      id: string;
      isInMergeQueue: boolean;
      isMergeQueueEnabled: boolean;
      mergeStateStatus: string;
      state: string;
      mergeQueueEntry: Entry | null;
    };
  };
}
const look = async (number: number) =>
  (
    await graphql<Shown>(
      `
        query ($number: Int!) {
          repository(owner: "acme", name: "shop") {
            pullRequest(number: $number) {
              id
              isInMergeQueue
              isMergeQueueEnabled
              mergeStateStatus
              state
              mergeQueueEntry {
                position
                state
                jump
                solo
                enqueuedAt
                enqueuer {
                  login
                }
                headCommit {
                  oid
                }
                baseCommit {
                  oid
                }
                pullRequest {
                  number
                }
              }
            }
          }
        }
      `,
      { number },
    )
  ).repository.pullRequest;

const enqueue = async (number: number, input: Record<string, unknown> = {}, login = 'ben') => {
  const { id } = await look(number);
  return graphql<{ enqueuePullRequest: { mergeQueueEntry: Entry } }>(
    `
      mutation ($input: EnqueuePullRequestInput!) {
        enqueuePullRequest(input: $input) {
          mergeQueueEntry {
            position
            state
            headCommit {
              oid
            }
          }
        }
      }
    `,
    { input: { pullRequestId: id, ...input } },
    login,
  );
};

/** The head of a pull request's group, once it is built. */
const groupOf = async (number: number): Promise<string> => {
  await settled();
  const oid = (await look(number)).mergeQueueEntry?.headCommit?.oid;
  if (oid === undefined) throw new Error(`#${number} has no group`);
  return oid;
};
const reasons = async (): Promise<[unknown, unknown][]> => {
  await settled();
  const hooks = await bed.hooks('pull_request', 'dequeued');
  return hooks.map((hook) => [hook.payload['number'], hook.payload['reason']]);
};
const groups = async (action: string) =>
  (await bed.hooks('merge_group', action)).map((hook): Record<string, unknown> => ({
    ...(hook.payload['merge_group'] as Record<string, unknown>),
    reason: hook.payload['reason'],
  }));
const main = async () =>
  (await bed.as('ana').request('GET /repos/{owner}/{repo}/commits/{ref}', { ...shop, ref: 'main' })).data;
const branches = async () =>
  (
    await bed.as('ana').request('GET /repos/{owner}/{repo}/git/matching-refs/{ref}', {
      ...shop,
      ref: 'heads/gh-readonly-queue',
    })
  ).data.map(({ ref }) => ref);

describe('a group', () => {
  test('G24, G27: a branch on the base, checks asked for, merged when they report there', async () => {
    await open();
    const { number, head } = await ready('one');
    const base = (await main()).sha;
    expect(await look(number)).toMatchObject({
      isInMergeQueue: false,
      isMergeQueueEnabled: true,
      mergeStateStatus: 'CLEAN',
      mergeQueueEntry: null,
    });
    expect((await enqueue(number)).enqueuePullRequest.mergeQueueEntry).toMatchObject({ position: 1 });
    const sha = await groupOf(number);
    const ref = `refs/heads/gh-readonly-queue/main/pr-${number}-${base}`;
    expect(await groups('checks_requested')).toMatchObject([
      { head_ref: ref, head_sha: sha, base_sha: base, base_ref: 'refs/heads/main', head_commit: { id: sha } },
    ]);
    expect(await branches()).toEqual([ref]);
    expect(await look(number)).toMatchObject({
      isInMergeQueue: true,
      // A queue doesn't show in the state of the head.
      mergeStateStatus: 'CLEAN',
      mergeQueueEntry: { state: 'AWAITING_CHECKS', position: 1 },
    });
    expect(sha).not.toBe(head);
    await report(sha, 'success');
    expect(await reasons()).toEqual([[number, 'MERGE']]);
    expect(await main()).toMatchObject({
      sha,
      parents: [{ sha: base }, { sha: head }],
      commit: { message: `Merge pull request #${number} from acme/one\n\nWork on one` },
    });
    expect(await groups('destroyed')).toMatchObject([{ head_sha: sha, reason: 'merged' }]);
    expect(await branches()).toEqual([]);
    const [closed] = await bed.hooks('pull_request', 'closed');
    expect(closed?.payload).toMatchObject({
      sender: { login: 'github-merge-queue[bot]' },
      pull_request: { merged: true, merge_commit_sha: sha, merged_by: { login: 'github-merge-queue[bot]' } },
    });
    expect((await bed.hooks('push')).at(-1)?.payload).toMatchObject({ ref: 'refs/heads/main', after: sha });
    expect((await bed.hooks('pull_request', 'enqueued'))[0]?.payload).toMatchObject({
      sender: { login: 'ben' },
    });
  });

  test('G24: red is CI_FAILURE; those behind are built anew, and merge in order', async () => {
    await open();
    const [one, two, three] = [await ready('one'), await ready('two'), await ready('three')];
    for (const { number } of [one, two, three]) await enqueue(number);
    const first = await groupOf(one.number);
    const [second, third] = [await groupOf(two.number), await groupOf(three.number)];
    expect((await groups('checks_requested')).map((group) => group['base_sha'])).toEqual([
      (await main()).sha,
      first,
      second,
    ]);
    // The last is green before the others: it waits for them.
    await report(third, 'success');
    // Red behind something undecided waits, too: the first may be to blame.
    await report(second, 'failure');
    await settled();
    expect((await look(two.number)).mergeQueueEntry).toMatchObject({ state: 'UNMERGEABLE', position: 2 });
    await report(first, 'success');
    expect(await reasons()).toEqual([
      [one.number, 'MERGE'],
      [two.number, 'CI_FAILURE'],
    ]);
    expect(await groups('destroyed')).toMatchObject([
      { head_sha: first, reason: 'merged' },
      { head_sha: second, reason: 'dequeued' },
      { head_sha: third, reason: 'invalidated' },
    ]);
    const again = await groupOf(three.number);
    expect(again).not.toBe(third);
    await report(again, 'success');
    expect((await reasons()).at(-1)).toEqual([three.number, 'MERGE']);
    expect((await look(two.number)).state).toBe('OPEN');
    expect((await main()).sha).toBe(again);
  });

  test('G24: silence is CI_TIMEOUT, a conflict with those before MERGE_CONFLICT', async () => {
    await open({ check_response_timeout_minutes: 30 });
    const one = await ready('one', { shared: 'one\n' });
    const two = await ready('two', { shared: 'two\n' });
    await enqueue(one.number);
    await enqueue(two.number);
    expect(await reasons()).toEqual([[two.number, 'MERGE_CONFLICT']]);
    await groupOf(one.number);
    bed.running.clock.advance(29 * 60_000);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect((await look(one.number)).isInMergeQueue).toBe(true);
    bed.running.clock.advance(2 * 60_000);
    await expect.poll(reasons, { timeout: 20_000 }).toEqual([
      [two.number, 'MERGE_CONFLICT'],
      [one.number, 'CI_TIMEOUT'],
    ]);
  });

  test('HEADGREEN: the last commit of the group decides for all before it', async () => {
    await open({ grouping_strategy: 'HEADGREEN', merge_method: 'SQUASH' });
    const [one, two] = [await ready('one'), await ready('two')];
    await enqueue(one.number);
    await enqueue(two.number);
    await report(await groupOf(one.number), 'failure');
    const head = await groupOf(two.number);
    await report(head, 'success');
    expect(await reasons()).toEqual([
      [one.number, 'MERGE'],
      [two.number, 'MERGE'],
    ]);
    expect(await main()).toMatchObject({
      sha: head,
      commit: { message: expect.stringMatching(/^Work on two \(#/) },
    });
  });

  test('waits for as many as the rule wants, but not for ever; and builds no more than it may', async () => {
    await open({ min_entries_to_merge: 2, min_entries_to_merge_wait_minutes: 5, max_entries_to_build: 1 });
    const [one, two] = [await ready('one'), await ready('two')];
    await enqueue(one.number);
    await enqueue(two.number);
    await report(await groupOf(one.number), 'success');
    await settled();
    expect((await look(one.number)).mergeQueueEntry).toMatchObject({ state: 'MERGEABLE' });
    expect((await look(two.number)).mergeQueueEntry).toMatchObject({ state: 'QUEUED', headCommit: null });
    bed.running.clock.advance(6 * 60_000);
    await expect.poll(reasons, { timeout: 20_000 }).toEqual([[one.number, 'MERGE']]);
    expect((await look(two.number)).mergeQueueEntry).toMatchObject({ state: 'AWAITING_CHECKS', position: 1 });
  });
});

describe('Actions', () => {
  const ci = `on: merge_group
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: echo "$GITHUB_REF"
`;

  test('a workflow on merge_group runs on the group, and its job is the check that merges', async () => {
    const ruleset = { requiredChecks: ['test'], mergeQueue: {} };
    await open({}, { ruleset, files: { '.github/workflows/ci.yml': ci } });
    const { number } = await ready('one');
    await enqueue(number);
    await expect.poll(reasons, { timeout: 20_000 }).toEqual([[number, 'MERGE']]);
    const [run] = [...bed.running.state.workflowRuns.values()];
    expect(run).toMatchObject({ event: 'merge_group', headSha: (await main()).sha });
  });

  test('G23: enqueued by GITHUB_TOKEN no workflow starts, and the queue waits', async () => {
    await open({}, { files: { '.github/workflows/ci.yml': ci } });
    const { number } = await ready('one');
    const { id } = await look(number);
    const { forge, state } = bed.running;
    const repository = [...state.repositories.values()].find(({ name }) => name === shop.repo)!;
    const installation = [...state.installations.values()].find(
      ({ appId, accountId }) => appId === actionsAppId && accountId === repository.ownerId,
    );
    const { token } = createInstallationToken(forge, {
      installation: installation!,
      repositoryIds: null,
      permissions: { contents: 'write', pull_requests: 'write' },
      workflowRunId: 1,
    });
    await octokitGraphql(
      `mutation ($id: ID!) { enqueuePullRequest(input: { pullRequestId: $id }) { mergeQueueEntry { id } } }`,
      { id, baseUrl: `${bed.running.url}/api`, headers: { authorization: `token ${token}` } },
    );
    await groupOf(number);
    await forge.workflows.idle();
    expect(state.workflowRuns.size).toBe(0);
    expect((await look(number)).mergeQueueEntry).toMatchObject({ state: 'AWAITING_CHECKS' });
  });
});

describe('entering and leaving', () => {
  test('G21: a direct merge is 405; enqueuing looks at the head, the checks and the queue', async () => {
    await open();
    const head = await bed.commit('one', { one: '1\n' });
    const number = await bed.pull('one');
    const direct = { ...shop, pull_number: number };
    expect(await words(enqueue(number))).toBe('Pull request Required status check "test" is expected.');
    await report(head, 'success');
    expect(
      await refused(bed.installation.request('PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge', direct)),
    ).toMatchObject({
      status: 405,
      message: expect.stringContaining('Changes must be made through the merge queue'),
    });
    expect(await words(enqueue(number, { expectedHeadOid: 'e'.repeat(40) }))).toContain(
      'Head branch was modified',
    );
    await enqueue(number, { expectedHeadOid: head });
    expect(await words(enqueue(number))).toBe('Pull request is already in the queue');
    expect(await words(enqueue(number, {}, 'eve'))).toContain('correct permissions');
  });

  test('G24: taken out by hand, by a push, by a closed pull request: MANUAL', async () => {
    await open();
    const [one, two, three] = [await ready('one'), await ready('two'), await ready('three')];
    for (const { number } of [one, two, three]) await enqueue(number);
    await groupOf(three.number);
    const { id } = await look(one.number);
    const out = () =>
      graphql(
        `
          mutation ($id: ID!) {
            dequeuePullRequest(input: { id: $id }) {
              mergeQueueEntry {
                id
              }
            }
          }
        `,
        { id },
      );
    await out();
    expect((await bed.hooks('pull_request', 'dequeued')).at(-1)?.payload).toMatchObject({
      reason: 'MANUAL',
      sender: { login: 'ben' },
    });
    expect(await words(out())).toContain(`Failed to remove PR #${one.number}`);
    await bed.commit('two', { more: '1\n' });
    await bed.as('ana').request('PATCH /repos/{owner}/{repo}/pulls/{pull_number}', {
      ...shop,
      pull_number: three.number,
      state: 'closed',
    });
    expect(await reasons()).toEqual([
      [one.number, 'MANUAL'],
      [two.number, 'MANUAL'],
      [three.number, 'MANUAL'],
    ]);
    expect(await branches()).toEqual([]);
  });

  test('G24: ALREADY_MERGED when its commits reach the base on their own; other reasons on demand', async () => {
    await open();
    const [one, two] = [await ready('one'), await ready('two')];
    await enqueue(one.number);
    await enqueue(two.number);
    await groupOf(two.number);
    await bed
      .as('ana')
      .request('PATCH /repos/{owner}/{repo}/git/refs/{ref}', { ...shop, ref: 'heads/main', sha: one.head });
    expect(await reasons()).toEqual([[one.number, 'ALREADY_MERGED']]);
    const response = await fetch(`${bed.running.url}/_forge/merge-queue/removals`, {
      method: 'POST',
      body: JSON.stringify({ owner: 'acme', repository: 'shop', number: two.number, reason: 'ROLL_BACK' }),
    });
    expect(await response.json()).toEqual({ removed: true });
    expect((await reasons()).at(-1)).toEqual([two.number, 'ROLL_BACK']);
  });

  test('who may bypass the rules merges past the queue, and the entry is ALREADY_MERGED', async () => {
    await open({ grouping_strategy: 'HEADGREEN' });
    const [one, two] = [await ready('one'), await ready('two')];
    await enqueue(one.number);
    await enqueue(two.number);
    interface Queue {
      repository: {
        mergeQueue: { configuration: object; entries: { totalCount: number; nodes: object[] } } | null;
        none: null;
      };
    }
    const read = () =>
      graphql<Queue>(
        `
          {
            repository(owner: "acme", name: "shop") {
              none: mergeQueue(branch: "other") {
                id
              }
              mergeQueue(branch: "main") {
                configuration {
                  mergingStrategy
                  mergeMethod
                  maximumEntriesToBuild
                }
                entries(first: 10) {
                  totalCount
                  nodes {
                    position
                    pullRequest {
                      number
                    }
                  }
                }
              }
            }
          }
        `,
        {},
      );
    await settled();
    expect((await read()).repository).toMatchObject({
      none: null,
      mergeQueue: {
        configuration: { mergingStrategy: 'HEADGREEN', mergeMethod: 'MERGE', maximumEntriesToBuild: 5 },
        entries: { totalCount: 2, nodes: [{ pullRequest: { number: one.number } }, { position: 2 }] },
      },
    });
    const { data } = await bed
      .as('ana')
      .request('PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge', { ...shop, pull_number: one.number });
    expect(await reasons()).toEqual([[one.number, 'ALREADY_MERGED']]);
    await groupOf(two.number);
    expect((await groups('checks_requested')).at(-1)).toMatchObject({ base_sha: data.sha });
  });

  test('a queue goes on after the forge was started again', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'forge-queue-'));
    kept.push(dataDir);
    const ruleset = { requiredChecks: ['test'], mergeQueue: {} };
    bed = await openPullBed({ ruleset }, { dataDir });
    const { number } = await ready('one');
    await enqueue(number);
    const sha = await groupOf(number);
    await bed[Symbol.asyncDispose]();
    bed = await openPullBed({ ruleset }, { dataDir });
    expect(await groupOf(number)).toBe(sha);
    await report(sha, 'success');
    expect(await reasons()).toEqual([[number, 'MERGE']]);
  });

  test('jumping the queue, and a base that moves under it', async () => {
    await open();
    const [one, two] = [await ready('one'), await ready('two')];
    await enqueue(one.number);
    const before = await groupOf(one.number);
    await enqueue(two.number, { jump: true });
    await settled();
    expect((await look(two.number)).mergeQueueEntry).toMatchObject({ position: 1 });
    expect(await groupOf(one.number)).not.toBe(before);
    const moved = await bed.commit('main', { direct: '1\n' });
    await groupOf(two.number);
    expect((await groups('checks_requested')).at(-2)).toMatchObject({ base_sha: moved });
  });

  test('QUEUE_CLEARED when the rule goes, BRANCH_PROTECTIONS when an approval does', async () => {
    await open({}, { ruleset: { requiredChecks: ['test'], requiredApprovals: 1, mergeQueue: {} } });
    const [one, two] = [await ready('one'), await ready('two')];
    for (const { number } of [one, two]) {
      await bed.as('ben').request('POST /repos/{owner}/{repo}/pulls/{pull_number}/reviews', {
        ...shop,
        pull_number: number,
        event: 'APPROVE',
      });
      await enqueue(number);
    }
    await bed.as('ben').request('POST /repos/{owner}/{repo}/pulls/{pull_number}/reviews', {
      ...shop,
      pull_number: one.number,
      event: 'REQUEST_CHANGES',
      body: 'Not so fast',
    });
    expect(await reasons()).toEqual([[one.number, 'BRANCH_PROTECTIONS']]);
    const ana = bed.as('ana');
    const { data: rulesets } = await ana.request('GET /repos/{owner}/{repo}/rulesets', shop);
    await ana.request('PUT /repos/{owner}/{repo}/rulesets/{ruleset_id}', {
      ...shop,
      ruleset_id: rulesets[0]!.id,
      rules: [],
    });
    expect((await reasons()).at(-1)).toEqual([two.number, 'QUEUE_CLEARED']);
    expect(await look(two.number)).toMatchObject({ isMergeQueueEnabled: false, isInMergeQueue: false });
  });
});

describe('PUT merge-async on a queue (G20)', () => {
  const ask = (
    number: number,
    change: { merge_action?: 'default' | 'direct_merge' | 'merge_queue'; sha?: string } = {},
  ) =>
    bed.installation.request('PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge-async', {
      ...shop,
      pull_number: number,
      ...change,
    });
  const result = async (number: number, data: { details: object }) => {
    const { uuid } = data.details as { uuid: string };
    const path = 'GET /repos/{owner}/{repo}/pulls/{pull_number}/merge-async/{uuid}';
    const read = async () =>
      (await bed.installation.request(path, { ...shop, pull_number: number, uuid })).data;
    await expect.poll(async () => (await read()).status, { timeout: 20_000 }).not.toBe('pending');
    return read();
  };

  test('default enqueues, asked again 200 enqueued, merged in the end; a direct one fails', async () => {
    await open();
    const { number, head } = await ready('one');
    const direct = await ask(number, { merge_action: 'direct_merge' });
    expect(await result(number, direct.data)).toMatchObject({
      status: 'failed',
      details: { message: expect.stringContaining('merge queue') },
    });
    const { status, data } = await ask(number, { sha: head });
    expect(status).toBe(202);
    expect(await result(number, data)).toMatchObject({ status: 'enqueued' });
    expect(await ask(number)).toMatchObject({ status: 200, data: { status: 'enqueued' } });
    const sha = await groupOf(number);
    await report(sha, 'success');
    await settled();
    expect(await result(number, data)).toMatchObject({ status: 'merged', details: { sha } });
  });

  test('what the rules forbid fails; so does a queue where there is none', async () => {
    await open();
    await bed.commit('one', { one: '1\n' });
    const number = await bed.pull('one');
    const { data } = await ask(number);
    expect(await result(number, data)).toMatchObject({
      status: 'failed',
      details: { message: expect.stringContaining('Required status check "test"') },
    });
    await bed.commit('side', { side: '1\n' });
    await bed.commit('two', { two: '1\n' });
    const other = await bed.pull('two', { base: 'side' });
    const none = await ask(other, { merge_action: 'merge_queue' });
    expect(await result(other, none.data)).toMatchObject({ status: 'failed' });
  });
});
