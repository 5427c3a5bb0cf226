/** The push check on real bundles, made by real git and by hand: what is refused, why, and that nothing of it arrives. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { agentIdentity, appAddress } from '../domain/authorship.ts';
import { git as runGit, lastWords } from './git.ts';
import { measureBundle, packLimits } from './pack.ts';
import type { PushResult } from './port.ts';
import { createPusher, type Pusher } from './push.ts';

const login = 'entourage[bot]';
const agent = agentIdentity('eng-1', appAddress(login));
const branch = 'entourage/12-t2';
const limits = {
  protectedPaths: ['.github/**'],
  maxFiles: 100,
  maxBytes: 4 * 1024 * 1024,
  secretsAllowedIn: ['test/fixtures/**'],
};
/** A made-up token of the form that GitHub gives; split, so that no detector finds it here. */
const token = `ghp${'_'}abcdefghijklmnopqrstuvwxyz0123456789`;

let root: string;
let dir: string;
let url: string;
let start: string;
let pusher: Pusher;

type Who = { name: string; email: string };

function git(args: readonly string[], input?: string | Buffer, who: Who = agent): string {
  const env = {
    PATH: process.env['PATH'],
    HOME: root,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_AUTHOR_NAME: who.name,
    GIT_AUTHOR_EMAIL: who.email,
    GIT_COMMITTER_NAME: who.name,
    GIT_COMMITTER_EMAIL: who.email,
  };
  const stdio = ['pipe', 'pipe', 'pipe'] as const;
  return execFileSync('git', args, { cwd: dir, env, input: input ?? '', stdio: [...stdio] })
    .toString()
    .trim();
}

function commit(files: Record<string, string | Buffer>, message = 'Work', who: Who = agent): string {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), text);
  }
  git(['add', '--all']);
  git(['commit', '--quiet', '--allow-empty', `--message=${message}`], '', who);
  return git(['rev-parse', 'HEAD']);
}

/** A commit on HEAD of a tree that no `git add` makes. */
function commitTree(tree: string): string {
  const made = git(['commit-tree', tree, '-p', 'HEAD', '-m', 'Work']);
  git(['update-ref', 'HEAD', made]);
  return made;
}
const tree = (...lines: string[]): string => git(['mktree', '--missing'], `${lines.join('\n')}\n`);
const blob = (text: string): string => git(['hash-object', '-w', '--stdin'], text);
const rootLines = (): string[] => git(['ls-tree', 'HEAD']).split('\n');

const bundleOf = (...refs: string[]): Buffer => {
  git([
    'bundle',
    'create',
    '--quiet',
    join(root, 'out.bundle'),
    ...(refs.length > 0 ? refs : [`${start}..HEAD`]),
  ]);
  return readFileSync(join(root, 'out.bundle'));
};

const push = async (bundle: Uint8Array = bundleOf(), more: object = {}): Promise<PushResult> =>
  await pusher.push({
    repository: { id: 1, url },
    login,
    token: () => Promise.resolve('a-token'),
    bundle,
    branch,
    base: 'main',
    expected: start,
    head: git(['rev-parse', 'HEAD']),
    limits,
    ...more,
  });

const standing = (): string =>
  git([`--git-dir=${join(root, 'shop.git')}`, 'rev-parse', `refs/heads/${branch}`]);

async function refused(bundle?: Uint8Array): Promise<string> {
  const result = await push(bundle);
  expect(result).toHaveProperty('refused');
  expect(standing(), 'the branch has not moved').toBe(start);
  const cache = join(root, 'cache');
  expect((existsSync(cache) ? readdirSync(cache) : []).filter((name) => name !== '1.git')).toEqual([]);
  return 'refused' in result ? result.refused : '';
}

let template: string;
beforeAll(() => {
  root = template = mkdtempSync(join(tmpdir(), 'push-'));
  dir = join(root, 'work');
  mkdirSync(dir);
  git(['init', '--quiet', '--initial-branch=main']);
  const ana = { name: 'Ana', email: 'ana@example.com' };
  commit({ 'README.md': '# Shop\n', 'src/old.ts': `const sample = '${token}';\n` }, 'First', ana);
  git(['init', '--quiet', '--bare', join(root, 'shop.git')]);
  git(['checkout', '--quiet', '-b', branch]);
  start = commit({}, 'Begin');
  git(['push', '--quiet', join(root, 'shop.git'), 'main', branch]);
});
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'push-'));
  cpSync(template, root, { recursive: true });
  dir = join(root, 'work');
  url = `file://${join(root, 'shop.git')}`;
  pusher = createPusher({ cacheDir: join(root, 'cache') });
});
afterEach(() => rmSync(root, { recursive: true, force: true }));
afterAll(() => rmSync(template, { recursive: true, force: true }));

describe('AG-6 what is pushed', () => {
  it('is the agent’s own work, and what it merged from the base by whomever', async () => {
    git(['checkout', '--quiet', 'main']);
    commit({ 'docs/a.md': 'a\n' }, 'Docs\n\nCo-authored-by: Ben <ben@example.com>', {
      name: 'Ana',
      email: 'a@b',
    });
    git(['push', '--quiet', url, 'main']);
    git(['checkout', '--quiet', branch]);
    commit({ 'src/a.ts': 'export {};\n' });
    git(['merge', '--quiet', '--no-edit', 'main']);
    const head = git(['rev-parse', 'HEAD']);
    expect(await push()).toEqual({ pushed: head });
    expect(standing()).toBe(head);
  });

  it('may move, delete and edit what held a secret before, and put samples where policy says', async () => {
    git(['mv', 'src/old.ts', 'src/new.ts']);
    commit({ 'test/fixtures/token.txt': token });
    commit({ 'src/new.ts': `// moved\nconst sample = '${token}';\n` });
    expect(await push()).toHaveProperty('pushed');
  });
});

describe('AG-6 what is refused', () => {
  it('a secret, also between two commits that take it back, named and never shown', async () => {
    commit({ 'src/a.ts': `\nconst other = '${token.replace('abc', 'xyz')}';\n` });
    commit({ 'src/a.ts': '\n' });
    const said = await refused();
    expect(said).toMatch(/^Secrets can’t be pushed.*GITHUB_TOKEN in `src\/a\.ts` line 2\.$/);
    expect(said).not.toContain('xyz');
  });

  it('a token of ours, and a secret in UTF-16', async () => {
    const text = `key=${token.replace('abc', 'xyz')}\n`;
    commit({ 'a.txt': `ent_session_${'a'.repeat(43)}`, 'b.txt': Buffer.from(`\ufeff${text}`, 'utf16le') });
    expect(await refused()).toMatch(/ENTOURAGE_TOKEN in `a\.txt` line 1, GITHUB_TOKEN in `b\.txt` line 1\.$/);
  });

  it('commits in other people’s names, and their signatures', async () => {
    commit({ 'a.ts': 'a' }, 'Mine', { name: 'Linus Torvalds', email: 'torvalds@example.com' });
    commit({ 'b.ts': 'b' }, 'Two\n\nSigned-off-by: Ana <ana@example.com>');
    expect(await refused()).toMatch(
      /^Commits in somebody else’s name .* by Linus Torvalds\. Commit messages that sign .*: Ana\.$/,
    );
  });

  it('names that collide with others, and a file that Git LFS keeps', async () => {
    const big = 'x'.repeat(2_000);
    commit({
      '.gitattributes': '*.psd filter=lfs diff=lfs merge=lfs -text\n',
      'Readme.MD': 'x',
      'art/logo.psd': big,
    });
    const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'a'.repeat(64)}\nsize 7\n`;
    commit({ 'art/ok.psd': pointer });
    expect(await refused()).toBe(
      'Names that differ by case alone can’t be checked out everywhere: `Readme.MD` beside `README.md`. Files that Git LFS keeps can’t be changed by an agent: `art/logo.psd`.',
    );
  });

  it('attributes that run a program, links outside, submodules and their removal', async () => {
    commit({ 'src/.gitattributes': '*.ts filter=evil\n' });
    expect(await refused()).toMatch(
      /^Attributes that run a program .*: filter `evil` in `src\/\.gitattributes`\.$/,
    );
    commitTree(
      tree(...rootLines(), `120000 blob ${blob('/etc/passwd')}\tlink`, `160000 commit ${start}\tvendor`),
    );
    expect(await refused()).toMatch(
      /Submodules .*: `vendor`\. Symbolic links must stay inside the repository: `link`\.$/,
    );
  });

  it('more files than allowed, before any of them is looked at', async () => {
    const empty = blob('');
    commitTree(
      tree(
        ...rootLines(),
        ...Array.from({ length: 30_000 }, (_, index) => `100644 blob ${empty}\tf${index}`),
      ),
    );
    expect(await refused()).toBe('It changes 30000 files; 100 are allowed (push.max_files).');
  });

  it('a tree as deep as no checkout goes', async () => {
    let inner = tree(`100644 blob ${blob('x')}\tx`);
    for (let depth = 0; depth < 60; depth += 1) inner = tree(`040000 tree ${inner}\td`);
    commitTree(tree(...rootLines(), `040000 tree ${inner}\tdeep`));
    expect(await refused()).toMatch(/^Paths that are too long or too deep can’t be pushed/);
  });

  it('more commits than can be looked at', async () => {
    const stream = Array.from(
      { length: 501 },
      (_, index) =>
        `commit refs/heads/${branch}\ncommitter ${agent.name} <${agent.email}> ${1_700_000_000 + index} +0000\ndata 1\nx\n${index === 0 ? `from ${start}\n` : ''}`,
    );
    git(['fast-import', '--quiet', '--force'], stream.join('\n'));
    expect(await refused()).toBe('It has 501 new commits; at most 500 can be pushed at once.');
  });

  it('objects that are malformed: a `.git` in a tree, a name twice, a commit without an author', async () => {
    const text = blob('x');
    const entry = (name: string): Buffer =>
      Buffer.concat([Buffer.from(`100644 ${name}\0`), Buffer.from(text, 'hex')]);
    for (const entries of [[entry('.git')], [entry('a'), entry('a')], [entry('a/b')]]) {
      git(['reset', '--quiet', '--hard', start]);
      const made = git(['hash-object', '-t', 'tree', '-w', '--literally', '--stdin'], Buffer.concat(entries));
      commitTree(made);
      expect(await refused()).toMatch(/^The bundle can’t be opened: /);
    }
    const raw = `tree ${git(['rev-parse', `${start}^{tree}`])}\nparent ${start}\n\nno author\n`;
    const made = git(['hash-object', '-t', 'commit', '-w', '--literally', '--stdin'], raw);
    git(['update-ref', 'HEAD', made]);
    expect(await refused()).toMatch(/^The bundle can’t be opened: /);
  });

  it('history that lacks what it builds on', async () => {
    commit({ 'a.ts': 'a' });
    const whole = bundleOf();
    const missing = Buffer.from(
      whole.toString('latin1').replace(`-${start}`, `-${'1'.repeat(40)}`),
      'latin1',
    );
    expect(await refused(missing)).toMatch(/^That is no complete git bundle that builds on/);
  });
});

/** A bundle by hand: its one ref stands at `head`, its pack holds `objects` as they are given. */
function bundleByHand(head: string, objects: readonly Buffer[], count = objects.length): Buffer {
  const pack = Buffer.concat([Buffer.from('PACK'), Buffer.from([0, 0, 0, 2]), Buffer.alloc(4), ...objects]);
  pack.writeUInt32BE(count, 8);
  const sum = createHash('sha1').update(pack).digest();
  return Buffer.concat([Buffer.from(`# v2 git bundle\n-${start} x\n${head} HEAD\n\n`), pack, sum]);
}
function object(type: number, size: number, body: Buffer): Buffer {
  const bytes: number[] = [];
  let rest = Math.floor(size / 16);
  bytes.push((type << 4) | (size & 15) | (rest > 0 ? 128 : 0));
  for (; rest > 0; rest = Math.floor(rest / 128)) bytes.push((rest & 127) | (rest > 127 ? 128 : 0));
  return Buffer.concat([Buffer.from(bytes), body]);
}
const varint = (size: number): Buffer => {
  const bytes: number[] = [];
  for (let rest = size; ; rest = Math.floor(rest / 128)) {
    bytes.push((rest & 127) | (rest > 127 ? 128 : 0));
    if (rest <= 127) return Buffer.from(bytes);
  }
};

describe('AG-6 a bundle that stands for more than it weighs', () => {
  it('is refused before git makes any of it', async () => {
    const half = Buffer.alloc(60 * 1024 * 1024);
    const heavy = object(3, half.length, deflateSync(half));
    const ten = bundleByHand(
      'a'.repeat(40),
      Array.from({ length: 10 }, () => heavy),
    );
    expect(ten.length).toBeLessThan(1024 * 1024);
    expect(await refused(ten)).toBe(
      'That is no git bundle that can be taken. What it holds is more than 512 MiB when it is unpacked.',
    );
  });

  it('is refused by the size that a delta would make', () => {
    const base = object(3, 5, deflateSync(Buffer.from('hello')));
    // Copies nothing yet and says that 4 GiB come of it.
    const delta = Buffer.concat([varint(5), varint(4 * 1024 ** 3), Buffer.from([0x90, 5])]);
    const made = Buffer.concat([Buffer.from([base.length]), deflateSync(delta)]);
    expect(measureBundle(bundleByHand('a'.repeat(40), [base, object(6, delta.length, made)]))).toBe(
      'An object in it is larger than 100 MiB.',
    );
  });

  it('is refused when it lies about sizes or numbers, or ends early', () => {
    const whole = object(3, 5, deflateSync(Buffer.from('hello')));
    const measure = (objects: readonly Buffer[], count?: number) =>
      measureBundle(bundleByHand('a'.repeat(40), objects, count));
    const damaged = 'Its pack is damaged or cut short.';
    expect(measure([whole])).toBeNull();
    expect(measure([object(3, 2, deflateSync(Buffer.from('hello')))])).toBe(damaged);
    expect(measure([object(3, 9, deflateSync(Buffer.from('hello')))])).toBe(damaged);
    expect(measure([whole], 2)).toBe(damaged);
    expect(measure([whole], 4_000_000_000)).toBe(
      `It holds 4000000000 objects; at most ${packLimits.objects} are taken.`,
    );
    expect(measure([Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f])])).toMatch(
      /larger than|damaged/,
    );
    expect(measureBundle(Buffer.from('PACK'))).toBe('It does not begin as a git bundle does.');
    expect(measureBundle(Buffer.from('# v3 git bundle\n@filter=blob:none\n\nPACK'))).toMatch(/filter/);
    expect(measureBundle(Buffer.from('# v2 git bundle\n\n'))).toBe('It holds no pack.');
  });

  it('measures what git itself packs, deltas and all, as bearable', () => {
    const lines = Array.from({ length: 4_000 }, (_, index) => `line ${index}`);
    commit({ 'big.txt': lines.join('\n') });
    commit({ 'big.txt': lines.with(7, 'changed').join('\n') });
    expect(measureBundle(bundleOf())).toBeNull();
    expect(measureBundle(bundleOf('--all'))).toBeNull();
    const size = { ...packLimits, totalBytes: 10_000 };
    expect(measureBundle(bundleOf(), size)).toMatch(/^What it holds is more than 0 MiB/);
  });
});

it('AG-6 no hook, filter or configuration of the cache runs', async () => {
  commit({ 'a.ts': 'a' });
  expect(await push()).toHaveProperty('pushed');
  const next = git(['rev-parse', 'HEAD']);
  const cache = join(root, 'cache', '1.git');
  mkdirSync(join(cache, 'hooks'), { recursive: true });
  for (const hook of ['pre-push', 'reference-transaction', 'post-update'])
    writeFileSync(join(cache, 'hooks', hook), `#!/bin/sh\ntouch ${root}/ran\n`, { mode: 0o755 });
  commit({ 'b.ts': 'b' });
  expect(await push(bundleOf(), { expected: next })).toHaveProperty('pushed');
  expect(existsSync(join(root, 'ran'))).toBe(false);
});

it('AG-6 what takes too long or prints too much is ended with all that it started', async () => {
  const helper = (line: string): string[] => ['-c', `alias.helper=!${line}`, 'helper'];
  // The answer comes when the last holder of the output is gone: a helper that lived on would hold it a minute.
  const slow = await runGit({ dir: root, args: helper('sleep 61'), milliseconds: 300 });
  expect(slow).toMatchObject({ timedOut: true, tooLong: false });
  expect(lastWords(slow)).toBe('it took too long');
  const long = await runGit({ dir: root, args: helper('yes; sleep 62') });
  expect(long).toMatchObject({ timedOut: false, tooLong: true });
  expect(lastWords(long)).toBe('there is too much of it');
});
