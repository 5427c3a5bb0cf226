import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { graphqlErrors, openBed, type Bed } from './test-bed.ts';

const shop = { owner: 'acme', repo: 'shop' };
let bed: Bed;
let pull: { id: string; number: number };
beforeAll(async () => {
  bed = await openBed();
  const ben = bed.as('ben');
  const { data: main } = await ben.request('GET /repos/{owner}/{repo}/branches/{branch}', {
    ...shop,
    branch: 'main',
  });
  await ben.request('POST /repos/{owner}/{repo}/git/refs', {
    ...shop,
    ref: 'refs/heads/topic',
    sha: main.commit.sha,
  });
  const content = Buffer.from('export const price = 2\n').toString('base64');
  const { data: file } = await ben.request('GET /repos/{owner}/{repo}/contents/{path}', {
    ...shop,
    path: 'src/price.js',
  });
  const { sha } = file as { sha: string };
  await ben.request('PUT /repos/{owner}/{repo}/contents/{path}', {
    ...shop,
    path: 'src/price.js',
    message: 'Raise',
    content,
    branch: 'topic',
    sha,
  });
  const { data } = await ben.request('POST /repos/{owner}/{repo}/pulls', {
    ...shop,
    title: 'Raise',
    head: 'topic',
    base: 'main',
    draft: true,
  });
  await bed.as('ana').request('POST /repos/{owner}/{repo}/pulls/{pull_number}/reviews', {
    ...shop,
    pull_number: data.number,
    event: 'REQUEST_CHANGES',
    body: 'Too much',
    comments: [{ path: 'src/price.js', line: 1, body: 'why?' }],
  });
  pull = { id: data.node_id, number: data.number };
});
afterAll(async () => {
  await bed[Symbol.asyncDispose]();
});

const as = (login: string) => bed.graphql(login);

const threads = `query ($number: Int!) { repository(owner: "acme", name: "shop") { pullRequest(number: $number) {
  id number isDraft headRefOid reviewDecision mergeStateStatus mergeable state
  reviewThreads(first: 50) { nodes { id isResolved comments(first: 50) { nodes { databaseId body path line originalLine diffHunk author { login } } } } }
} } }`;

interface Read {
  repository: {
    pullRequest: {
      isDraft: boolean;
      reviewThreads: { nodes: { id: string; isResolved: boolean; comments: { nodes: unknown[] } }[] };
    };
  };
}

describe('graphql', () => {
  test('viewer is the token’s account; an App’s is its bot', async () => {
    expect(await as('ana')('{ viewer { login } }')).toEqual({ viewer: { login: 'ana' } });
    expect(await bed.installation.graphql('{ viewer { login } }')).toEqual({
      viewer: { login: 'entourage[bot]' },
    });
  });

  test('a pull request with its state (G26) and its threads', async () => {
    const { repository } = await bed.installation.graphql<Read>(threads, { number: pull.number });
    expect(repository.pullRequest).toMatchObject({
      id: pull.id,
      isDraft: true,
      state: 'OPEN',
      mergeable: 'MERGEABLE',
      mergeStateStatus: 'DRAFT',
      reviewDecision: 'CHANGES_REQUESTED',
      reviewThreads: {
        nodes: [
          {
            isResolved: false,
            comments: { nodes: [{ body: 'why?', path: 'src/price.js', line: 1, author: { login: 'ana' } }] },
          },
        ],
      },
    });
  });

  test('draft to ready and back is GraphQL only (G12), and each way is told', async () => {
    const change = (name: string) =>
      bed.installation.graphql(
        `mutation ($id: ID!) { ${name}(input: { pullRequestId: $id }) { pullRequest { isDraft } } }`,
        { id: pull.id },
      );
    expect(await change('markPullRequestReadyForReview')).toEqual({
      markPullRequestReadyForReview: { pullRequest: { isDraft: false } },
    });
    expect(await bed.hooks('pull_request', 'ready_for_review')).toHaveLength(1);
    expect(await change('convertPullRequestToDraft')).toEqual({
      convertPullRequestToDraft: { pullRequest: { isDraft: true } },
    });
    expect(await bed.hooks('pull_request', 'converted_to_draft')).toHaveLength(1);
  });

  test('a thread is resolved by who may, and a stranger is FORBIDDEN', async () => {
    const { repository } = await bed.installation.graphql<Read>(threads, { number: pull.number });
    const threadId = repository.pullRequest.reviewThreads.nodes[0]!.id;
    const resolve =
      'mutation ($threadId: ID!) { resolveReviewThread(input: { threadId: $threadId }) { thread { isResolved } } }';
    expect(await graphqlErrors(as('eve')(resolve, { threadId }))).toMatchObject([{ type: 'FORBIDDEN' }]);
    expect(await bed.installation.graphql(resolve, { threadId })).toEqual({
      resolveReviewThread: { thread: { isResolved: true } },
    });
    expect(await bed.hooks('pull_request_review_thread', 'resolved')).toHaveLength(1);
  });

  test('what isn’t there or not to be seen is NOT_FOUND; a page without a bound or beyond 100 is refused (G42)', async () => {
    const vault = 'query { repository(owner: "acme", name: "vault") { id } }';
    expect(await graphqlErrors(as('eve')(vault))).toMatchObject([{ type: 'NOT_FOUND' }]);
    expect(await graphqlErrors(bed.installation.graphql(threads, { number: 99 }))).toMatchObject([
      { type: 'NOT_FOUND' },
    ]);
    const unbounded = threads.replace('reviewThreads(first: 50)', 'reviewThreads');
    expect(await graphqlErrors(bed.installation.graphql(unbounded, { number: pull.number }))).toMatchObject([
      { type: 'MISSING_PAGINATION_BOUNDARIES' },
    ]);
    const excessive = threads.replace('reviewThreads(first: 50)', 'reviewThreads(first: 101)');
    expect(await graphqlErrors(bed.installation.graphql(excessive, { number: pull.number }))).toMatchObject([
      { type: 'EXCESSIVE_PAGINATION' },
    ]);
  });

  test('without a token it is 401', async () => {
    const response = await fetch(`${bed.running.url}/api/graphql`, { method: 'POST', body: '{}' });
    expect(response.status).toBe(401);
  });

  test('a field without a resolver is an error and a violation, never null; so is what the schema doesn’t have', async () => {
    const { violations } = bed.running;
    expect(
      await graphqlErrors(as('ana')('{ repository(owner: "acme", name: "shop") { stargazerCount } }')),
    ).toMatchObject([{ message: expect.stringContaining('Repository.stargazerCount') }]);
    expect(await graphqlErrors(as('ana')('{ nonsense }'))).toMatchObject([
      { message: expect.stringContaining('nonsense') },
    ]);
    expect(violations.splice(0).map(({ kind }) => kind)).toEqual(['graphql', 'graphql']);
  });
});
