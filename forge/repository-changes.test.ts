import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPullBed, type PullBed } from './pull-bed.ts';
import { acmeSeed, refused } from './test-bed.ts';

let bed: PullBed;
beforeAll(async () => {
  bed = await openPullBed(
    {},
    {
      seed: {
        ...acmeSeed,
        app: { ...acmeSeed.app, events: [...acmeSeed.app.events, 'repository'] },
      },
    },
  );
});
afterAll(async () => {
  await bed[Symbol.asyncDispose]();
});

const told = async () =>
  (await bed.hooks('repository')).map(({ action, payload }) => [
    action,
    (payload['repository'] as { full_name: string }).full_name,
    payload['changes'],
  ]);
const update = (repo: string, change: object) =>
  bed.as('ana').request('PATCH /repos/{owner}/{repo}', { owner: 'acme', repo, ...change });

test('renamed, hidden, edited: each is told with what it was', async () => {
  expect((await refused(update('shop', { name: 'vault' }))).status).toBe(422);
  await update('shop', { name: 'store' });
  await update('store', { private: true, description: 'A store' });
  await update('store', { private: false });
  expect(await told()).toEqual([
    ['renamed', 'acme/store', { repository: { name: { from: 'shop' } } }],
    ['privatized', 'acme/store', undefined],
    ['edited', 'acme/store', { description: { from: null } }],
    ['publicized', 'acme/store', undefined],
  ]);
  expect(
    (await bed.as('ana').request('GET /repos/{owner}/{repo}', { owner: 'acme', repo: 'store' })).status,
  ).toBe(200);
});

test('an installation gains and loses repositories, and takes over what its App asks for', async () => {
  const installation_id = bed.running.credentials.installations['acme']!;
  const vault = [...bed.running.state.repositories.values()].find(({ name }) => name === 'vault')!;
  const choose = (method: 'PUT' | 'DELETE', login: string) =>
    bed.as(login).request(`${method} /user/installations/{installation_id}/repositories/{repository_id}`, {
      installation_id,
      repository_id: vault.id,
    });
  expect((await refused(choose('DELETE', 'ben'))).status).toBe(404);
  await choose('DELETE', 'ana');
  await choose('PUT', 'ana');
  const hooks = await bed.hooks('installation_repositories');
  expect(hooks.map(({ action, payload }) => [action, payload['repositories_removed']])).toMatchObject([
    ['removed', [{ full_name: 'acme/vault' }]],
    ['added', []],
  ]);
  const app = bed.running.state.apps.get(bed.running.credentials.appId)!;
  app.permissions = { ...app.permissions, statuses: 'read' };
  const page = `${bed.running.url}/settings/installations/${installation_id}/permissions/update`;
  await fetch(page, { method: 'POST', redirect: 'manual' });
  expect(await bed.hooks('installation', 'new_permissions_accepted')).toMatchObject([
    { payload: { installation: { permissions: { statuses: 'read' } } } },
  ]);
});

test('handed over, it leaves the installation; deleted, it is gone with all that was in it', async () => {
  const at = { owner: 'acme', repo: 'vault' };
  await bed.as('ana').request('POST /repos/{owner}/{repo}/issues', { ...at, title: 'x' });
  expect((await refused(bed.as('ben').request('DELETE /repos/{owner}/{repo}', at))).status).toBe(403);
  await bed.as('ana').request('DELETE /repos/{owner}/{repo}', at);
  expect((await refused(bed.as('ana').request('GET /repos/{owner}/{repo}', at))).status).toBe(404);
  expect((await told()).at(-1)).toEqual(['deleted', 'acme/vault', undefined]);
  await bed.as('ana').request('POST /repos/{owner}/{repo}/transfer', {
    owner: 'acme',
    repo: 'store',
    new_owner: 'ana',
  });
  const gone = bed.installation.request('POST /repos/{owner}/{repo}/issues', {
    owner: 'ana',
    repo: 'store',
    title: 'x',
  });
  expect((await refused(gone)).status).toBe(403);
});
