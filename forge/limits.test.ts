import { Octokit } from '@octokit/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Caller } from './caller.ts';
import { createClock } from './clock.ts';
import { createRateLimit, githubLimits } from './rate-limit.ts';
import { openBed, type Bed } from './test-bed.ts';

const shop = { owner: 'acme', repo: 'shop' };
let bed: Bed;
beforeEach(async () => {
  bed = await openBed();
});
afterEach(async () => {
  await bed[Symbol.asyncDispose]();
});

interface Refused {
  status: number;
  message: string;
  headers: Record<string, string>;
}

/** What a request came to, refused or not. */
async function outcome(request: Promise<{ status: number }>): Promise<Refused | { status: number }> {
  try {
    return { status: (await request).status };
  } catch (error) {
    const { status, message, response } = error as Refused & { response: { headers: Refused['headers'] } };
    return { status, message, headers: response.headers };
  }
}

const enforce = (limits: Partial<typeof githubLimits>) =>
  Object.assign(bed.running.forge.rateLimit.limits, { enforced: true }, limits);
const me = () => outcome(bed.as('ben').request('GET /user'));
const comment = () =>
  outcome(bed.as('ben').request('POST /repos/{owner}/{repo}/labels', { ...shop, name: `l${Math.random()}` }));

describe('primary limits', () => {
  test('G41: each token has its own 5,000 an hour; used up, it is 403 with nothing remaining until the reset', async () => {
    enforce({ primary: 2 });
    expect((await me()).status).toBe(200);
    expect((await me()).status).toBe(200);
    const refused = (await me()) as Refused;
    expect(refused).toMatchObject({
      status: 403,
      message: expect.stringContaining('API rate limit exceeded for user ID'),
      headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-limit': '2' },
    });
    expect(refused.headers).not.toHaveProperty('retry-after');
    expect((await outcome(bed.as('ana').request('GET /user'))).status).toBe(200);
    const wait = Number(refused.headers['x-ratelimit-reset']) * 1000 - bed.running.clock.now().getTime();
    bed.running.clock.advance(wait + 1000);
    expect((await me()).status).toBe(200);
  });

  test('G41: what has not changed is a 304 and costs nothing', async () => {
    const ben = bed.as('ben');
    const first = await ben.request('GET /repos/{owner}/{repo}', shop);
    const ask = (etag: string) =>
      ben.request('GET /repos/{owner}/{repo}', { ...shop, headers: { 'if-none-match': etag } });
    const again = (await outcome(ask(first.headers.etag!))) as Refused;
    expect(again.status).toBe(304);
    expect(again.headers['x-ratelimit-used']).toBe(first.headers['x-ratelimit-used']);
    await ben.request('POST /repos/{owner}/{repo}/issues', { ...shop, title: 'a change' });
    expect((await ask(first.headers.etag!)).status).toBe(200);
  });

  test('anonymous requests have 60 an hour, GITHUB_TOKENs 1,000 a repository (G32)', async () => {
    const { headers } = await new Octokit({ baseUrl: `${bed.running.url}/api/v3` }).request(
      'GET /repos/{owner}/{repo}',
      shop,
    );
    expect(headers['x-ratelimit-limit']).toBe('60');
    const { state } = bed.running;
    const installation = [...state.installations.values()][0]!;
    const app = state.apps.get(installation.appId)!;
    const limits = createRateLimit(createClock(), { ...githubLimits });
    const job = (workflowRunId: number, repositoryId: number): Caller => ({
      kind: 'installation',
      account: state.accounts.get(app.botId)!,
      app,
      installation,
      permissions: {},
      repositoryIds: [repositoryId],
      workflowRunId,
    });
    limits.spend({ caller: job(1, 7), resource: 'core', kind: 'read' });
    expect(limits.of(job(2, 7), 'core')).toMatchObject({ limit: 1000, used: 1 });
    expect(limits.of(job(3, 8), 'core')).toMatchObject({ limit: 1000, used: 0 });
  });
});

describe('secondary limits', () => {
  test('G41: no more than so many at once', async () => {
    enforce({ concurrent: 2 });
    bed.running.faults.answers({ count: 2, operation: 'users/get-authenticated', milliseconds: 300 });
    const all = await Promise.all([me(), me(), me()]);
    expect(all.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 200, 403]);
    expect(all.find(({ status }) => status === 403)).toMatchObject({
      message: expect.stringContaining('secondary rate limit'),
      headers: { 'retry-after': '60' },
    });
    expect((await me()).status).toBe(200);
  });

  test('G41: reading costs a point, writing five, each minute anew', async () => {
    enforce({ restPoints: 7 });
    expect((await comment()).status).toBe(201);
    expect((await me()).status).toBe(200);
    expect((await comment()).status).toBe(403);
    expect((await me()).status).toBe(200);
    expect((await me()).status).toBe(403);
    bed.running.clock.advance(60_000);
    expect((await comment()).status).toBe(201);
  });

  test('G41: 80 creations a minute, 500 an hour', async () => {
    enforce({ creationsPerMinute: 2, creationsPerHour: 3 });
    const create = () =>
      outcome(bed.as('ben').request('POST /repos/{owner}/{repo}/issues', { ...shop, title: 'x' }));
    const statuses = [await create(), await create(), await create()].map(({ status }) => status);
    expect(statuses).toEqual([201, 201, 403]);
    expect((await comment()).status).toBe(201);
    bed.running.clock.advance(61_000);
    expect([(await create()).status, (await create()).status]).toEqual([201, 403]);
    bed.running.clock.advance(3_600_000);
    expect((await create()).status).toBe(201);
  });
});

describe('GraphQL', () => {
  const threads = `query ($first: Int!) { repository(owner: "acme", name: "shop") { pullRequest(number: 1) {
    reviewThreads(first: $first) { nodes { ...thread } } } } }
    fragment thread on PullRequestReviewThread { comments(first: 50) { nodes { body } } }`;
  const ask = async (query: string, variables: Record<string, unknown> = {}) => {
    const response = await fetch(`${bed.running.url}/api/graphql`, {
      method: 'POST',
      headers: { authorization: `bearer ${bed.running.credentials.tokens['ben']}` },
      body: JSON.stringify({ query, variables }),
    });
    const body = (await response.json()) as { errors?: { type?: string; message: string }[] };
    return { ...body, status: response.status, headers: response.headers };
  };

  test('G42: a document costs its pages by a hundred, at least 1, from a budget of its own', async () => {
    const small = await ask('{ viewer { login } }');
    expect(small.headers.get('x-ratelimit-resource')).toBe('graphql');
    expect(small.headers.get('x-ratelimit-used')).toBe('1');
    // One page of 100 threads, and the comments of each: 101 requests.
    expect((await ask(threads, { first: 100 })).headers.get('x-ratelimit-used')).toBe('2');
    const nested = threads.replace(
      'nodes { ...thread }',
      'nodes { pullRequest { reviewThreads(first: 100) { nodes { ...thread } } } }',
    );
    // 1 + 50 + 5,000 requests.
    expect((await ask(nested, { first: 50 })).headers.get('x-ratelimit-used')).toBe('53');
  });

  test('G42: what could ask for more than 500,000 nodes is refused', async () => {
    const many = threads
      .replace(
        'nodes { ...thread }',
        'nodes { pullRequest { reviewThreads(first: 100) { nodes { ...thread } } } }',
      )
      .replace('first: 50', 'first: 100');
    expect((await ask(many, { first: 100 })).errors).toMatchObject([
      { type: 'MAX_NODE_LIMIT_EXCEEDED', message: expect.stringContaining('1,010,100') },
    ]);
  });

  test('G41: a used up budget is answered 200 with an error; too many points are a 403', async () => {
    enforce({ graphql: 1 });
    expect((await ask('{ viewer { login } }')).errors).toBeUndefined();
    const refused = await ask('{ viewer { login } }');
    expect(refused).toMatchObject({ status: 200, errors: [{ type: 'RATE_LIMITED' }] });
    expect(refused.headers.get('x-ratelimit-remaining')).toBe('0');
    enforce({ graphql: 5000, graphqlPoints: 0 });
    expect((await ask('{ viewer { login } }')).status).toBe(403);
    expect((await me()).status).toBe(200);
  });

  test('a variable of another type than the document says is a violation', async () => {
    expect((await ask(threads, { first: 'many' })).errors?.[0]?.message).toContain('first');
    expect(bed.running.violations.splice(0)).toMatchObject([{ kind: 'graphql' }]);
  });
});
