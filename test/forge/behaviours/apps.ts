/** Rows G40 to G45: tokens, limits, webhooks and who sent them. */
import { createAppAuth } from '@octokit/auth-app';
import { Octokit } from '@octokit/core';
import { verify } from '@octokit/webhooks-methods';
import { expect } from 'vitest';
import { refusal, shop, type Behaviour, type Stage } from '../stage.ts';

const open = async ({ as }: Stage, login = 'ana'): Promise<number> => {
  const { data } = await as(login).request('POST /repos/{owner}/{repo}/issues', { ...shop, title: 'x' });
  return data.number;
};

const create = (octokit: Octokit) =>
  octokit.request('POST /repos/{owner}/{repo}/issues', { ...shop, title: 'x' });

export const appBehaviours: Behaviour[] = [
  {
    facts: ['G40'],
    says: 'an installation token is long, of a subset of repositories and permissions, and ends after an hour',
    play: async (stage) => {
      const { token, octokit } = await stage.scoped({
        repositories: ['shop'],
        permissions: { issues: 'read' },
      });
      expect(token).toMatch(new RegExp(`^ghs_${stage.credentials.appId}_.+\\..+\\..+`));
      expect(token.length).toBeGreaterThan(100);
      expect((await octokit.request('GET /repos/{owner}/{repo}/issues', shop)).status).toBe(200);
      const written = await refusal(create(octokit));
      expect(written).toMatchObject({ status: 403 });
      expect(written.message).toContain('Resource not accessible by integration');
      expect(written.headers['x-accepted-github-permissions']).toContain('issues=write');
      const vault = octokit.request('GET /repos/{owner}/{repo}', { owner: 'acme', repo: 'vault' });
      expect((await refusal(vault)).status).toBe(404);
      const more = stage.scoped({ permissions: { administration: 'write' } });
      expect((await refusal(more)).status).toBe(422);
      await stage.advance(3_601_000);
      expect((await refusal(octokit.request('GET /repos/{owner}/{repo}/issues', shop))).status).toBe(401);
    },
  },
  {
    facts: ['G40'],
    says: 'an App’s JWT lives ten minutes at most, and does nothing but look after the App',
    play: async (stage) => {
      const { token } = (await stage.app.auth({ type: 'app' })) as { token: string };
      const octokit = stage.withToken(token);
      expect((await octokit.request('GET /app')).data?.slug).toBe('entourage');
      expect((await refusal(octokit.request('GET /user'))).status).toBe(403);
      const { generateKeyPairSync } = await import('node:crypto');
      const { privateKey } = generateKeyPairSync('rsa', {
        modulusLength: 2048,
        publicKeyEncoding: { type: 'spki', format: 'pem' },
        privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      });
      const stranger = new Octokit({
        baseUrl: `${stage.url}/api/v3`,
        authStrategy: createAppAuth,
        auth: { appId: stage.credentials.appId, privateKey },
      });
      expect((await refusal(stranger.request('GET /app'))).status).toBe(401);
      const { SignJWT, importPKCS8 } = await import('jose');
      const key = await importPKCS8(stage.credentials.privateKey, 'RS256');
      const long = await new SignJWT({})
        .setProtectedHeader({ alg: 'RS256' })
        .setIssuer(String(stage.credentials.appId))
        .setIssuedAt()
        .setExpirationTime('20m')
        .sign(key);
      expect((await refusal(stage.withToken(long).request('GET /app'))).status).toBe(401);
      await stage.advance(11 * 60_000);
      expect((await refusal(octokit.request('GET /app'))).status).toBe(401);
    },
  },
  {
    facts: ['G41'],
    says: 'used up, the hour’s requests are 403 with nothing remaining; secondary limits say retry-after; 304 is free',
    play: async (stage) => {
      const ben = stage.as('ben');
      const first = await ben.request('GET /user');
      const again = ben.request('GET /user', { headers: { 'if-none-match': first.headers.etag ?? '' } });
      const same = await refusal(again);
      expect([same.status, same.headers['x-ratelimit-used']]).toEqual([
        304,
        first.headers['x-ratelimit-used'],
      ]);
      await stage.control('POST', 'limits', { enforced: true, creationsPerMinute: 1 });
      await create(ben);
      const fast = await refusal(create(ben));
      expect(fast).toMatchObject({ status: 403, headers: { 'retry-after': '60' } });
      expect(fast.message).toContain('secondary rate limit');
      await stage.advance(61_000);
      await create(ben);
      await stage.control('POST', 'limits', { primary: 1 });
      const none = await refusal(ben.request('GET /user'));
      expect(none).toMatchObject({ status: 403, headers: { 'x-ratelimit-remaining': '0' } });
      expect(none.headers).not.toHaveProperty('retry-after');
      await stage.advance(3_600_000);
      expect((await ben.request('GET /user')).status).toBe(200);
    },
  },
  {
    facts: ['G42'],
    says: 'a page has a bound of 1 to 100, and the document a price and a most of 500,000 nodes',
    play: async (stage) => {
      await stage.commit('work', { a: '1\n' });
      await stage.pull('work');
      const threads = (bound: string, inner = 'totalCount') =>
        stage.graphql(
          `{ repository(owner: "acme", name: "shop") { pullRequest(number: 1) { reviewThreads${bound} { ${inner} } } } }`,
        );
      await threads('(first: 100)');
      for (const bound of ['', '(first: 101)', '(first: 0)'])
        expect((await refusal(threads(bound))).message).toMatch(/limit|paginate|must be/i);
      const deep = (depth: number): string =>
        depth === 0
          ? 'totalCount'
          : `nodes { pullRequest { reviewThreads(first: 100) { ${deep(depth - 1)} } } }`;
      expect((await refusal(threads('(first: 100)', deep(2)))).message).toContain('possible nodes');
    },
  },
  {
    facts: ['G43'],
    says: 'webhooks are signed with the App’s secret, never repeated by themselves, and sent again with the same GUID',
    play: async (stage) => {
      await stage.control('POST', 'faults/webhooks', { kind: 'drop', count: 1, event: 'issues' });
      await open(stage);
      expect(await stage.hooks('issues')).toEqual([]);
      await open(stage);
      const [sent] = await stage.hooks('issues', 'opened');
      const { webhookSecret } = stage.credentials;
      const signature = String(sent?.headers['x-hub-signature-256']);
      expect(await verify(webhookSecret, sent?.text ?? '', signature)).toBe(true);
      const { data } = await stage.app.request('GET /app/hook/deliveries');
      const [logged] = data;
      expect(logged).toMatchObject({ guid: sent?.guid, status: 'OK', redelivery: false });
      await stage.app.request('POST /app/hook/deliveries/{delivery_id}/attempts', {
        delivery_id: Number(logged?.id),
      });
      const [, again] = await stage.hooks('issues', 'opened');
      expect(again).toMatchObject({ guid: sent?.guid, text: sent?.text });
      await stage.advance(73 * 3_600_000);
      const later = new Octokit({
        baseUrl: `${stage.url}/api/v3`,
        authStrategy: createAppAuth,
        auth: { appId: stage.credentials.appId, privateKey: stage.credentials.privateKey },
        log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
      });
      expect((await later.request('GET /app/hook/deliveries')).data).toEqual([]);
    },
  },
  {
    facts: ['G44'],
    says: 'an App’s own events come back with its bot as sender; who edits a comment does not change its App',
    play: async (stage) => {
      const issue_number = await open(stage);
      const { data } = await stage.installation.request(
        'POST /repos/{owner}/{repo}/issues/{issue_number}/comments',
        { ...shop, issue_number, body: 'ours' },
      );
      await stage.as('ben').request('PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}', {
        ...shop,
        comment_id: data.id,
        body: 'theirs',
      });
      const hooks = await stage.hooks('issue_comment');
      const seen = hooks.map(({ action, payload }) => [
        action,
        (payload['sender'] as { login: string; type: string }).login,
        (payload['sender'] as { type: string }).type,
        (payload['comment'] as { performed_via_github_app: { slug: string } | null }).performed_via_github_app
          ?.slug,
      ]);
      expect(seen).toEqual([
        ['created', 'entourage[bot]', 'Bot', 'entourage'],
        ['edited', 'ben', 'User', 'entourage'],
      ]);
    },
  },
  {
    facts: ['G45'],
    says: 'a comment on a pull request is an issue_comment with issue.pull_request; an edit is told with what it was',
    play: async (stage) => {
      await stage.commit('work', { a: '1\n' });
      const issue_number = await stage.pull('work');
      const { data } = await stage
        .as('ben')
        .request('POST /repos/{owner}/{repo}/issues/{issue_number}/comments', {
          ...shop,
          issue_number,
          body: 'before',
        });
      await stage.as('ben').request('PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}', {
        ...shop,
        comment_id: data.id,
        body: 'after',
      });
      expect(await stage.hooks('issue_comment')).toMatchObject([
        {
          action: 'created',
          payload: { issue: { number: issue_number, pull_request: { url: expect.any(String) } } },
        },
        { action: 'edited', payload: { changes: { body: { from: 'before' } }, comment: { body: 'after' } } },
      ]);
    },
  },
];
