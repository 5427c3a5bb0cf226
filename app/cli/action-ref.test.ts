import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ownAction, repositoryOf } from './action-ref.ts';
import { siteOf, tokenOf } from './site.ts';

const gitHub = siteOf({});
const server = siteOf({ GHE_HOST: 'github.example.com:8443' });

describe('where a copy came from', () => {
  it.each([
    ['https://github.com/acme/entourage', 'acme/entourage'],
    ['https://github.com/acme/entourage.git', 'acme/entourage'],
    ['https://token@github.com/acme/entourage.git/', 'acme/entourage'],
    ['git@github.com:acme/entourage.git', 'acme/entourage'],
    ['ssh://git@github.com/acme/en.tou-rage.git', 'acme/en.tou-rage'],
    ['https://gitlab.com/acme/entourage', null],
    ['https://github.com.evil.example/acme/entourage', null],
    ['https://github.com/acme', null],
    ['https://github.com/acme/a/b', null],
    ['/srv/git/entourage.git', null],
    ['../entourage', null],
  ])('%s is %s on github.com', (remote, name) => {
    const found = repositoryOf(remote, gitHub);
    expect(found === null ? null : `${found.owner}/${found.repo}`).toBe(name);
  });

  it('a server’s port belongs to its pages, not to ssh', () => {
    expect(repositoryOf('https://github.example.com:8443/acme/x', server)).toEqual({
      owner: 'acme',
      repo: 'x',
    });
    expect(repositoryOf('ssh://git@github.example.com:22/acme/x', server)).toEqual({
      owner: 'acme',
      repo: 'x',
    });
    expect(repositoryOf('git@github.example.com:acme/x.git', server)).toEqual({ owner: 'acme', repo: 'x' });
    expect(repositoryOf('https://github.example.com/acme/x', server)).toBeNull();
  });
});

describe('the action of this copy', { timeout: 30_000 }, () => {
  function copy(): { directory: string; git: (...args: string[]) => string } {
    const directory = mkdtempSync(join(tmpdir(), 'entourage-copy-'));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    const identity = ['-c', 'user.name=a', '-c', 'user.email=a@example.com'];
    const git = (...args: string[]): string =>
      execFileSync('git', ['-C', directory, ...identity, ...args], { encoding: 'utf8' }).trim();
    git('init', '-q');
    writeFileSync(join(directory, 'README.md'), 'x\n');
    git('add', '.');
    git('commit', '-qm', 'first');
    return { directory, git };
  }

  it('is its commit, once that is on GitHub with its bundle', async () => {
    const { directory, git } = copy();
    await expect(ownAction(gitHub, directory)).rejects.toThrow(
      /was not cloned from github\.com\.\nGive --action/,
    );
    git('remote', 'add', 'origin', 'https://github.com/acme/entourage.git');
    await expect(ownAction(gitHub, directory)).rejects.toThrow(/is not on github\.com yet\. Push it/);
    git('update-ref', 'refs/remotes/origin/main', 'HEAD');
    await expect(ownAction(gitHub, directory)).rejects.toThrow(/holds no bundle of it: run npm run build/);
    mkdirSync(join(directory, 'action/dist'), { recursive: true });
    writeFileSync(join(directory, 'action/dist/main.js'), '0\n');
    git('add', '.');
    git('commit', '-qm', 'bundle');
    git('update-ref', 'refs/remotes/origin/main', 'HEAD');
    expect(await ownAction(gitHub, directory)).toBe(`acme/entourage/action@${git('rev-parse', 'HEAD')}`);
    await expect(ownAction(server, directory)).rejects.toThrow(/not cloned from github\.example\.com:8443/);
  });
});

it('a token for a server is not one for github.com', () => {
  const both = { GH_ENTERPRISE_TOKEN: 'server', GITHUB_TOKEN: ' anywhere ' };
  expect(tokenOf(both)).toBe('anywhere');
  expect(tokenOf({ ...both, GHE_HOST: 'github.example.com' })).toBe('server');
  expect(tokenOf({ GH_ENTERPRISE_TOKEN: 'server' })).toBeNull();
  expect(tokenOf({ GITHUB_TOKEN: '' })).toBeNull();
});
