import { createAppAuth } from '@octokit/auth-app';
import { Octokit } from '@octokit/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBed, refused, type Bed } from './test-bed.ts';

const shop = { owner: 'acme', repo: 'shop' };
const vault = { owner: 'acme', repo: 'vault' };
let bed: Bed;
beforeAll(async () => {
  bed = await openBed();
});
afterAll(async () => {
  await bed[Symbol.asyncDispose]();
});

const withToken = (auth: string): Octokit => new Octokit({ baseUrl: `${bed.running.url}/api/v3`, auth });

async function tokenFor(scope: {
  repositories?: string[];
  permissions?: Record<string, 'read' | 'write'>;
}): Promise<Octokit> {
  const installation_id = bed.running.credentials.installations['acme']!;
  const { data } = await bed.app.request('POST /app/installations/{installation_id}/access_tokens', {
    installation_id,
    ...scope,
  });
  return withToken(data.token);
}

describe('the App', () => {
  test('sees itself and its installations by its JWT only', async () => {
    const { data: app } = await bed.app.request('GET /app');
    expect(app).toMatchObject({ slug: 'entourage', installations_count: 1 });
    const { data: all } = await bed.app.request('GET /app/installations');
    const { data: one } = await bed.app.request('GET /repos/{owner}/{repo}/installation', shop);
    expect(all.map(({ id }) => id)).toEqual([one.id]);
    expect((await refused(bed.as('ana').request('GET /app'))).status).toBe(401);
    const { token } = (await bed.app.auth({ type: 'app' })) as { token: string };
    expect((await refused(withToken(token).request('GET /user'))).status).toBe(403);
  });

  test('a JWT of another key is refused', async () => {
    const { generateKeyPairSync } = await import('node:crypto');
    const privateKey = generateKeyPairSync('rsa', { modulusLength: 2048 })
      .privateKey.export({ type: 'pkcs8', format: 'pem' })
      .toString();
    const auth = { appId: bed.running.credentials.appId, privateKey };
    const stranger = new Octokit({ baseUrl: `${bed.running.url}/api/v3`, authStrategy: createAppAuth, auth });
    expect((await refused(stranger.request('GET /app'))).status).toBe(401);
  });
});

describe('installation tokens', () => {
  test('are far longer than 40 characters and start with the App’s id (G40)', async () => {
    const installation_id = bed.running.credentials.installations['acme']!;
    const { data } = await bed.app.request('POST /app/installations/{installation_id}/access_tokens', {
      installation_id,
    });
    expect(data.token).toMatch(new RegExp(`^ghs_${bed.running.credentials.appId}_`));
    expect(data.token.length).toBeGreaterThan(300);
  });

  test('reach the named repositories alone: others are not found, or only read when public', async () => {
    const octokit = await tokenFor({ repositories: ['shop'] });
    expect((await octokit.request('GET /repos/{owner}/{repo}', shop)).status).toBe(200);
    expect((await refused(octokit.request('GET /repos/{owner}/{repo}', vault))).status).toBe(404);
    const { data } = await octokit.request('GET /installation/repositories');
    expect(data.repositories.map(({ name }) => name)).toEqual(['shop']);
    const elsewhere = await tokenFor({ repositories: ['vault'] });
    const write = elsewhere.request('POST /repos/{owner}/{repo}/issues', { ...shop, title: 'x' });
    expect(await refused(write)).toMatchObject({
      status: 403,
      message: expect.stringContaining('Resource not accessible by integration'),
    });
  });

  test('have a subset of permissions: without issues:write no issue, and never more than granted (G40)', async () => {
    const octokit = await tokenFor({ permissions: { issues: 'read' } });
    expect((await octokit.request('GET /repos/{owner}/{repo}/issues', shop)).status).toBe(200);
    const write = octokit.request('POST /repos/{owner}/{repo}/issues', { ...shop, title: 'x' });
    expect(await refused(write)).toMatchObject({ status: 403 });
    expect((await refused(tokenFor({ permissions: { administration: 'write' } }))).status).toBe(422);
  });

  test('end after an hour, and when they are revoked', async () => {
    const octokit = await tokenFor({});
    await octokit.request('DELETE /installation/token');
    expect((await refused(octokit.request('GET /installation/repositories'))).status).toBe(401);
    const another = await tokenFor({});
    bed.running.clock.advance(3_600_000);
    expect((await refused(another.request('GET /installation/repositories'))).status).toBe(401);
    bed.running.clock.advance(-3_600_000);
    expect((await another.request('GET /installation/repositories')).status).toBe(200);
  });

  test('Octokit corrects its clock by our date header and gets new tokens as they end', async () => {
    bed.running.clock.advance(2 * 3_600_000);
    expect((await bed.app.request('GET /app')).status).toBe(200);
    bed.running.clock.advance(-2 * 3_600_000);
  });
});

describe('people', () => {
  test('an unknown token is 401, a private repository 404 to who may not see it, 403 to who may only read', async () => {
    expect((await refused(withToken('gho_nobody').request('GET /user'))).status).toBe(401);
    expect((await refused(bed.as('eve').request('GET /repos/{owner}/{repo}', vault))).status).toBe(404);
    const put = { ...vault, path: 'a', message: 'a', content: 'YQ==' };
    expect(
      (await refused(bed.as('ben').request('PUT /repos/{owner}/{repo}/contents/{path}', put))).status,
    ).toBe(403);
    expect(
      (await refused(bed.as('eve').request('PUT /repos/{owner}/{repo}/contents/{path}', put))).status,
    ).toBe(404);
  });

  test('permission has four words, role_name five, user.permissions all levels; everybody reads what is public (G5)', async () => {
    const permission = async (username: string, repository = shop) => {
      const { data } = await bed.installation.request(
        'GET /repos/{owner}/{repo}/collaborators/{username}/permission',
        { ...repository, username },
      );
      return [data.permission, data.role_name, data.user?.permissions?.push, data.user?.permissions?.triage];
    };
    expect(await permission('ana')).toEqual(['admin', 'admin', true, true]);
    expect(await permission('mia')).toEqual(['write', 'maintain', true, true]);
    expect(await permission('ben')).toEqual(['write', 'write', true, true]);
    expect(await permission('tom')).toEqual(['read', 'triage', false, true]);
    expect(await permission('eve')).toEqual(['read', 'read', false, false]);
    expect(await permission('eve', vault)).toEqual(['none', 'none', false, false]);
    expect((await refused(permission('nobody'))).status).toBe(404);
  });
});
