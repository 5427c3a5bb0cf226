import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { acmeSeed, openBed, refused, type Bed } from './test-bed.ts';

const shop = { owner: 'acme', repo: 'shop' };
const ruled = { owner: 'acme', repo: 'ruled' };
const base64 = (text: string): string => Buffer.from(text).toString('base64');
let bed: Bed;
let directory: string;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'forge-clone-'));
  const [public_, ...rest] = acmeSeed.repositories;
  const ruleset = {
    requiredChecks: ['test', { context: 'entourage', app: 'entourage' }],
    requiredApprovals: 1,
  };
  bed = await openBed({
    seed: { ...acmeSeed, repositories: [public_!, ...rest, { ...public_!, name: 'ruled', ruleset }] },
  });
});
afterAll(async () => {
  rmSync(directory, { recursive: true });
  await bed[Symbol.asyncDispose]();
});

const run = promisify(execFile);
const git = (...words: string[]) =>
  run('git', words, {
    env: {
      ...process.env,
      GIT_TERMINAL_PROMPT: '0',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_AUTHOR_NAME: 'Ben',
      GIT_AUTHOR_EMAIL: 'b@x',
      GIT_COMMITTER_NAME: 'Ben',
      GIT_COMMITTER_EMAIL: 'b@x',
    },
  });
const remote = (repository: string, token?: string): string => {
  const url = new URL(`${bed.running.url}/acme/${repository}.git`);
  if (token !== undefined) Object.assign(url, { username: 'x-access-token', password: token });
  return url.href;
};

describe('files', () => {
  const get = (path: string, ref?: string) =>
    bed.installation.request('GET /repos/{owner}/{repo}/contents/{path}', {
      ...shop,
      path,
      ...(ref === undefined ? {} : { ref }),
    });
  const put = (login: string, file: { path: string; content: string; sha?: string; branch?: string }) =>
    bed.as(login).request('PUT /repos/{owner}/{repo}/contents/{path}', {
      ...shop,
      ...file,
      content: base64(file.content),
      message: `Change ${file.path}`,
    });

  test('a file, a directory, the root; what isn’t there is 404', async () => {
    const { data: file } = await get('src/price.js');
    expect(file).toMatchObject({
      type: 'file',
      path: 'src/price.js',
      content: base64('export const price = 1\n') + '\n',
    });
    const { data: root } = await get('');
    expect((root as { path: string }[]).map(({ path }) => path)).toEqual(['README.md', 'src']);
    const { data: src } = await get('src');
    expect((src as { path: string }[]).map(({ path }) => path)).toEqual(['src/price.js']);
    expect((await refused(get('src/nothing.js'))).status).toBe(404);
    expect((await refused(get('README.md', 'no-such-branch'))).status).toBe(404);
  });

  test('a person writes a file: 201 new, 200 with its sha, 422 without, 409 with another; the push is told', async () => {
    expect((await put('ben', { path: 'docs/über uns.md', content: 'a' })).status).toBe(201);
    const { data } = await get('docs/über uns.md');
    const { sha } = data as { sha: string };
    expect((await refused(put('ben', { path: 'docs/über uns.md', content: 'b' }))).status).toBe(422);
    expect(
      (await refused(put('ben', { path: 'docs/über uns.md', content: 'b', sha: '0'.repeat(40) }))).status,
    ).toBe(409);
    const { status, data: changed } = await put('ben', { path: 'docs/über uns.md', content: 'b', sha });
    expect(status).toBe(200);
    expect((await bed.hooks('push')).at(-1)?.payload).toMatchObject({
      ref: 'refs/heads/main',
      after: changed.commit.sha,
      pusher: { name: 'ben' },
    });
    expect((await refused(put('tom', { path: 'x', content: 'x' }))).status).toBe(403);
    expect((await refused(put('ben', { path: 'x', content: 'x', branch: 'nowhere' }))).status).toBe(404);
  });
});

describe('branches and rules', () => {
  test('the default branch, its head and its rules', async () => {
    const { data: branch } = await bed.installation.request('GET /repos/{owner}/{repo}/branches/{branch}', {
      ...ruled,
      branch: 'main',
    });
    expect(branch).toMatchObject({
      name: 'main',
      protected: true,
      commit: { commit: { author: { name: expect.any(String) } } },
    });
    const { data: rules } = await bed.installation.request(
      'GET /repos/{owner}/{repo}/rules/branches/{branch}',
      { ...ruled, branch: 'main' },
    );
    const { appId } = bed.running.credentials;
    expect(rules).toMatchObject([
      { type: 'pull_request', parameters: { required_approving_review_count: 1 } },
      {
        type: 'required_status_checks',
        parameters: {
          required_status_checks: [{ context: 'test' }, { context: 'entourage', integration_id: appId }],
        },
      },
    ]);
    const other = await bed.installation.request('GET /repos/{owner}/{repo}/rules/branches/{branch}', {
      ...ruled,
      branch: 'feature/x',
    });
    expect(other.data).toEqual([]);
    const get = bed.installation.request('GET /repos/{owner}/{repo}/branches/{branch}', {
      ...ruled,
      branch: 'feature/x',
    });
    expect((await refused(get)).status).toBe(404);
  });
});

describe('a ruled branch', () => {
  test('takes no direct change, from nobody, through no door', async () => {
    const file = { ...ruled, path: 'x', message: 'x', content: base64('x') };
    const put = bed.as('ana').request('PUT /repos/{owner}/{repo}/contents/{path}', file);
    expect(await refused(put)).toMatchObject({
      status: 409,
      message: expect.stringContaining('through a pull request'),
    });
    const put2 = bed.installation.request('PUT /repos/{owner}/{repo}/contents/{path}', file);
    expect((await refused(put2)).status).toBe(409);
    const { tokens } = bed.running.credentials;
    const clone = join(directory, 'ruled');
    await git('clone', '-q', remote('ruled', tokens['ana']), clone);
    await git('-C', clone, 'commit', '-q', '--allow-empty', '-m', 'x');
    await expect(git('-C', clone, 'push', '-q', 'origin', 'HEAD:main')).rejects.toThrow(
      'through a pull request',
    );
    await git('-C', clone, 'push', '-q', 'origin', 'HEAD:topic');
  });
});

describe('git', () => {
  test('a person with write clones, commits and pushes; who may only read is denied', async () => {
    const { tokens } = bed.running.credentials;
    const clone = join(directory, 'shop');
    await git('clone', '-q', remote('shop', tokens['ben']), clone);
    expect(readFileSync(join(clone, 'README.md'), 'utf8')).toBe('# Shop\n');
    writeFileSync(join(clone, 'new.txt'), 'new\n');
    await git('-C', clone, 'add', 'new.txt');
    await git('-C', clone, 'commit', '-q', '-m', 'New');
    await git('-C', clone, 'push', '-q', 'origin', 'HEAD:refs/heads/topic');
    expect((await bed.hooks('push')).at(-1)?.payload).toMatchObject({
      ref: 'refs/heads/topic',
      created: true,
    });
    await expect(
      git('-C', clone, 'push', '-q', remote('shop', tokens['eve']), 'HEAD:refs/heads/evil'),
    ).rejects.toThrow('403');
    await expect(git('-C', clone, 'push', '-q', remote('shop'), 'HEAD:refs/heads/evil')).rejects.toThrow(
      /could not read Username|Authentication failed/,
    );
  });

  test('what is public is cloned by anybody, what is private only by those who see it', async () => {
    const { tokens } = bed.running.credentials;
    await git('ls-remote', remote('shop'));
    await git('ls-remote', remote('vault', tokens['ben']));
    await expect(git('ls-remote', remote('vault'))).rejects.toThrow(
      /could not read Username|Authentication failed/,
    );
    await expect(git('ls-remote', remote('vault', tokens['eve']))).rejects.toThrow(/not found/i);
  });

  test('an installation token with contents:write pushes, one that only reads can’t', async () => {
    const installation_id = bed.running.credentials.installations['acme']!;
    const tokenFor = async (level: 'read' | 'write'): Promise<string> => {
      const permissions = { contents: level };
      return (
        await bed.app.request('POST /app/installations/{installation_id}/access_tokens', {
          installation_id,
          permissions,
        })
      ).data.token;
    };
    const clone = join(directory, 'by-app');
    await git('clone', '-q', remote('shop', await tokenFor('read')), clone);
    await expect(git('-C', clone, 'push', '-q', 'origin', 'HEAD:refs/heads/entourage/t1')).rejects.toThrow(
      '403',
    );
    await git(
      '-C',
      clone,
      'push',
      '-q',
      remote('shop', await tokenFor('write')),
      'HEAD:refs/heads/entourage/t1',
    );
    const { data } = await bed.as('ana').request('GET /repos/{owner}/{repo}/branches', shop);
    expect(data.map(({ name }) => name)).toContain('entourage/t1');
  });
});
