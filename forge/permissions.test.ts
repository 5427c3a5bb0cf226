/** Who may what, by kind of token: each cell is the status that a caller gets. */
import { Octokit } from '@octokit/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { actionsAppId } from './seed.ts';
import { openBed, type Bed } from './test-bed.ts';
import { createInstallationToken } from './tokens.ts';

const shop = { owner: 'acme', repo: 'shop' };
const vault = { owner: 'acme', repo: 'vault' };

let bed: Bed;
const callers: Record<string, Octokit> = {};

beforeAll(async () => {
  bed = await openBed();
  const baseUrl = `${bed.running.url}/api/v3`;
  const { forge, state, credentials } = bed.running;
  const scoped = async (scope: object): Promise<Octokit> => {
    const installation_id = credentials.installations['acme']!;
    const path = 'POST /app/installations/{installation_id}/access_tokens';
    return new Octokit({
      baseUrl,
      auth: (await bed.app.request(path, { installation_id, ...scope })).data.token,
    });
  };
  const idOf = (name: string): number =>
    [...state.repositories.values()].find((one) => one.name === name)!.id;
  const acme = [...state.accounts.values()].find(({ login }) => login === 'acme')!;
  const actions = [...state.installations.values()].find(
    ({ appId, accountId }) => appId === actionsAppId && accountId === acme.id,
  )!;
  const job = createInstallationToken(forge, {
    installation: actions,
    repositoryIds: [idOf('shop')],
    permissions: { contents: 'read', issues: 'write', metadata: 'read' },
    workflowRunId: 1,
  });
  Object.assign(callers, {
    anonymous: new Octokit({ baseUrl }),
    stranger: bed.as('eve'),
    triage: bed.as('tom'),
    writer: bed.as('ben'),
    owner: bed.as('ana'),
    installation: await scoped({}),
    'one repository': await scoped({ repositories: ['shop'] }),
    'metadata only': await scoped({ permissions: { metadata: 'read' } }),
    'job token': new Octokit({ baseUrl, auth: job.token }),
  });
});
afterAll(async () => {
  await bed[Symbol.asyncDispose]();
});

const status = (request: Promise<{ status: number }>): Promise<number> =>
  request.then(
    (answer) => answer.status,
    (error: unknown) => (error as { status: number }).status,
  );

let count = 0;
const acts: Record<string, (octokit: Octokit) => Promise<{ status: number }>> = {
  'see the public one': (octokit) => octokit.request('GET /repos/{owner}/{repo}', shop),
  'see the private one': (octokit) => octokit.request('GET /repos/{owner}/{repo}', vault),
  'read private contents': (octokit) =>
    octokit.request('GET /repos/{owner}/{repo}/contents/{path}', { ...vault, path: 'secret' }),
  'open an issue': (octokit) => octokit.request('POST /repos/{owner}/{repo}/issues', { ...shop, title: 'x' }),
  'write a file': (octokit) => {
    count += 1;
    const path = `file-${count}`;
    const file = { path, message: path, content: '' };
    return octokit.request('PUT /repos/{owner}/{repo}/contents/{path}', { ...shop, ...file });
  },
  'change settings': (octokit) =>
    octokit.request('PATCH /repos/{owner}/{repo}', { ...shop, description: 'x' }),
  'act as the App': (octokit) => octokit.request('GET /app/installations'),
};

describe.each([
  ['anonymous', [200, 404, 404, 401, 401, 401, 401]],
  ['stranger', [200, 404, 404, 201, 403, 403, 401]],
  ['triage', [200, 404, 404, 201, 403, 403, 401]],
  ['writer', [200, 200, 200, 201, 201, 403, 401]],
  ['owner', [200, 200, 200, 201, 201, 200, 401]],
  ['installation', [200, 200, 200, 201, 201, 403, 401]],
  ['one repository', [200, 404, 404, 201, 201, 403, 401]],
  ['metadata only', [200, 200, 403, 403, 403, 403, 401]],
  ['job token', [200, 404, 404, 201, 403, 403, 401]],
] as const)('G40: %s', (name, expected) => {
  test.each(Object.entries(acts).map(([act, play], index) => [act, expected[index]!, play] as const))(
    '%s: %i',
    async (_, wanted, play) => {
      expect(await status(play(callers[name]!))).toBe(wanted);
    },
  );
});
