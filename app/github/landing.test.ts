/** What git says of heads that moved after an approval: only the same change on a newer base keeps it. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { changesSame, conflictingFiles } from './landing.ts';

let directory: string;
const git = (...args: string[]): string =>
  execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.com', ...args], {
    cwd: directory,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();

/** Commits files on the branch at hand; answers the commit. */
function commit(files: Record<string, string>): string {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
  git('add', '--all');
  git('commit', '--quiet', '--allow-empty', '--message', 'work');
  return git('rev-parse', 'HEAD');
}

/** Two places that look alike, far from each other. */
const twin = (first: string, second: string): string =>
  [
    'function reader() {\n  // who\n  // may\n  // see it\n',
    first,
    '  // all\n  // of it\n  return allowed;\n}\n',
    '\n'.repeat(12),
    'function writer() {\n  // who\n  // may\n  // see it\n',
    second,
    '  // all\n  // of it\n  return allowed;\n}\n',
  ].join('');

const grant = '  allowed = true;\n';

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'entourage-landing-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  git('init', '--quiet', '--initial-branch=main');
  commit({ 'access.js': twin('', ''), 'other.js': 'one\n' });
});

/** The task's branch with the approved change; main one commit ahead of where it began. */
function approved(files: Record<string, string>, onMain: Record<string, string>): string {
  git('checkout', '--quiet', '-b', 'task');
  const before = commit(files);
  git('checkout', '--quiet', 'main');
  commit(onMain);
  git('checkout', '--quiet', 'task');
  return before;
}
const same = async (before: string): Promise<boolean> =>
  await changesSame(join(directory, '.git'), { base: 'main', before, after: 'HEAD' });

describe('an approval goes along with', () => {
  it('a merge of the newer base, also into the same file and of many commits', async () => {
    const before = approved({ 'access.js': twin(grant, '') }, { 'access.js': `// new\n${twin('', '')}` });
    git('merge', '--quiet', '--no-edit', 'main');
    expect(await same(before)).toBe(true);
    git('checkout', '--quiet', 'main');
    commit({ 'other.js': 'two\n' });
    git('checkout', '--quiet', 'task');
    git('merge', '--quiet', '--no-edit', 'main');
    expect(await same(before)).toBe(true);
  });

  it('a rebase onto it, and a commit that changes nothing', async () => {
    const before = approved({ 'access.js': twin(grant, '') }, { 'other.js': 'two\n' });
    git('rebase', '--quiet', 'main');
    expect(await same(before)).toBe(true);
    commit({});
    expect(await same(before)).toBe(true);
  });
});

describe('an approval does not go along with', () => {
  const approvedGrant = (): string => approved({ 'access.js': twin(grant, '') }, { 'other.js': 'two\n' });

  it('the approved lines at another place that looks alike', async () => {
    const before = approvedGrant();
    git('merge', '--quiet', '--no-edit', 'main');
    commit({ 'access.js': twin('', grant) });
    expect(await same(before)).toBe(false);
  });

  it('something slipped into the merge itself', async () => {
    const before = approvedGrant();
    git('merge', '--quiet', '--no-commit', 'main');
    commit({ 'other.js': 'three\n' });
    expect(await same(before)).toBe(false);
  });

  it('a merge that takes the base’s change back', async () => {
    const before = approvedGrant();
    git('merge', '--quiet', '--strategy=ours', '--no-edit', 'main');
    expect(await same(before)).toBe(false);
  });

  it('other white space, another mode, other bytes', async () => {
    const before = approvedGrant();
    commit({ 'access.js': twin(grant.replace('  ', '\t'), '') });
    expect(await same(before)).toBe(false);
    commit({ 'access.js': twin(grant, '') });
    expect(await same(before)).toBe(true);
    git('update-index', '--chmod=+x', 'access.js');
    git('commit', '--quiet', '--message', 'mode');
    expect(await same(before)).toBe(false);
    git('update-index', '--chmod=-x', 'access.js');
    commit({ 'bytes.bin': 'a\0b' });
    expect(await same(before)).toBe(false);
  });

  it('a conflict that somebody resolved, whatever it looks like', async () => {
    const before = approved({ 'other.js': 'one\nmine\n' }, { 'other.js': 'one\ntheirs\n' });
    expect(() => git('merge', '--quiet', 'main')).toThrow();
    commit({ 'other.js': 'one\ntheirs\nmine\n' });
    expect(await same(before)).toBe(false);
    expect(await conflictingFiles(join(directory, '.git'), { base: 'main', head: before })).toEqual([
      'other.js',
    ]);
  });

  it('a commit that is not there', async () => {
    approvedGrant();
    expect(await same('f'.repeat(40))).toBe(false);
  });

  it('history that has nothing in common with the base', async () => {
    const before = approvedGrant();
    git('checkout', '--quiet', '--orphan', 'alone');
    commit({ 'access.js': twin(grant, '') });
    expect(await same(before)).toBe(false);
  });
});
