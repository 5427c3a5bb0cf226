import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import { readdir, readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { branch, gitSync, makeOrigin, temporaryDirectory, type TestOrigin } from './fixtures/origin.ts';
import { leftOut, leftOutWords } from './left-out.ts';
import { createObjectCache, type ObjectCache } from './object-cache.ts';
import {
  baseOf,
  bundleOf,
  commitRest,
  dirtyPaths,
  excludeUntracked,
  headOf,
  forgetStart,
  makeReadOnly,
  prepareWorkspace,
  restoreConfiguration,
  type WorkspaceOrder,
} from './workspace.ts';
import { removeTree } from './tree-removal.ts';

// Real processes; a busy machine needs its time.
vi.setConfig({ testTimeout: 30_000 });

type Bench = {
  origin: TestOrigin;
  root: string;
  cache: ObjectCache;
  order: (name: string, more?: Partial<WorkspaceOrder>) => WorkspaceOrder;
};

function bench(): Bench {
  const origin = makeOrigin();
  const root = temporaryDirectory();
  return {
    origin,
    root,
    cache: createObjectCache(join(root, 'cache')),
    order: (name, more = {}) => ({
      session: name,
      directory: join(root, 'sessions', name),
      origin: { repository: 'acme/shop', cloneUrl: origin.url, token: null },
      base: 'main',
      branch,
      start: origin.start,
      ...more,
    }),
  };
}

describe('a workspace', () => {
  test('AG-2: is a worktree on the task’s branch at its head, without a remote', async () => {
    const { cache, order, origin } = bench();
    const workspace = await prepareWorkspace(cache, order('s1'));
    expect(gitSync(workspace.path, 'rev-parse', '--abbrev-ref', 'HEAD')).toBe(branch);
    expect(await headOf(workspace)).toBe(origin.start);
    expect(gitSync(workspace.path, 'remote')).toBe('');
    expect(await baseOf(workspace)).toBe(origin.base);
    expect(readFileSync(join(workspace.path, 'README.md'), 'utf8')).toBe('# Shop\n');
  });

  test('is detached and not for writing in plan and review sessions', async () => {
    const { cache, order } = bench();
    const workspace = await prepareWorkspace(cache, order('s1', { branch: null }));
    await makeReadOnly(workspace);
    expect(gitSync(workspace.path, 'rev-parse', '--abbrev-ref', 'HEAD')).toBe('HEAD');
    expect(statSync(join(workspace.path, 'README.md')).mode & 0o222).toBe(0);
    expect(await dirtyPaths(workspace)).toEqual([]);
  });

  test('twenty at once share one cache', async () => {
    const { cache, order, root } = bench();
    const names = Array.from({ length: 20 }, (_, index) => `s${index}`);
    const made = await Promise.all(
      names.map((name) => prepareWorkspace(cache, order(name, { branch: `entourage/12/${name}` }))),
    );
    for (const workspace of made) expect(existsSync(join(workspace.path, 'sum.js'))).toBe(true);
    expect(await readdir(join(root, 'cache'))).toEqual(['acme+shop.git']);
    await Promise.all(names.map((name) => forgetStart(cache, 'acme/shop', name)));
    expect(gitSync(join(root, 'cache', 'acme+shop.git'), 'for-each-ref', 'refs/entourage')).toBe('');
  });

  test('TA-5: takes the branch from a superseded session, whose later commits don’t reach it', async () => {
    const { cache, order, origin } = bench();
    const old = await prepareWorkspace(cache, order('old'));
    const fresh = await prepareWorkspace(cache, order('new'));
    writeFileSync(join(old.path, 'late.js'), 'late');
    expect(await commitRest(old, 'Late')).not.toBeNull();
    expect(await headOf(fresh)).toBe(origin.start);
    expect(await bundleOf(fresh)).toBeNull();
  });

  test('a fetch with a token tells it to that host alone, and writes it nowhere', async () => {
    const { cache, order, origin, root } = bench();
    gitSync(origin.url, 'update-server-info');
    const seen: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      seen.push(request.headers.authorization);
      const path = join(origin.url, new URL(request.url!, 'http://x').pathname.replace(/^\/shop\.git\//, ''));
      if (!existsSync(path) || statSync(path).isDirectory()) response.writeHead(404).end();
      else response.end(readFileSync(path));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const cloneUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/shop.git`;
    const token = 'ghs_1_read-only.token';
    const secret = Buffer.from(`x-access-token:${token}`).toString('base64');
    await prepareWorkspace(cache, order('s1', { origin: { repository: 'acme/shop', cloneUrl, token } }));
    expect(new Set(seen)).toEqual(new Set([`Basic ${secret}`]));
    for (const name of await readdir(root, { recursive: true, withFileTypes: true })) {
      if (!name.isFile()) continue;
      const text = await readFile(join(name.parentPath, name.name), 'latin1');
      expect(text.includes(token) || text.includes(secret), join(name.parentPath, name.name)).toBe(false);
    }
  });

  test('what was written into the cache does not reach the next session', async () => {
    const { cache, order, root } = bench();
    await prepareWorkspace(cache, order('s1'));
    const dir = join(root, 'cache', 'acme+shop.git');
    gitSync(dir, 'config', 'core.fsmonitor', `touch ${root}/ran`);
    gitSync(dir, 'config', `url.file:///nowhere/.insteadOf`, '/');
    mkdirSync(join(dir, 'hooks'), { recursive: true });
    writeFileSync(join(dir, 'hooks', 'post-checkout'), `#!/bin/sh\ntouch ${root}/ran\n`, { mode: 0o755 });
    const second = await prepareWorkspace(cache, order('s2', { branch: 'entourage/12/t3' }));
    expect(await dirtyPaths(second)).toEqual([]);
    expect(existsSync(join(root, 'ran'))).toBe(false);
    expect(gitSync(second.path, 'config', '--list')).not.toContain('insteadof');
  });

  test('AG-2: has objects of its own to write, and the cache’s to read', async () => {
    const { cache, order, root } = bench();
    const workspace = await prepareWorkspace(cache, order('s1'));
    const before = await readdir(join(root, 'cache', 'acme+shop.git'), { recursive: true });
    writeFileSync(join(workspace.path, 'new.js'), 'new');
    const head = await commitRest(workspace, 'New');
    expect(await readdir(join(root, 'cache', 'acme+shop.git'), { recursive: true })).toEqual(before);
    const lent = await readdir(join(order('s1').directory, 'objects'), { recursive: true });
    expect(lent.some((name) => name.endsWith(head!.slice(2)))).toBe(false);
    expect(gitSync(workspace.path, 'rev-parse', 'origin/main')).toBe(await baseOf(workspace));
  });

  test('AG-5: what an agent left in its configuration does not run when its work is committed', async () => {
    const { cache, order, root } = bench();
    const workspace = await prepareWorkspace(cache, order('s1'));
    const touch = (name: string) => `touch ${join(root, name)}`;
    gitSync(workspace.path, 'config', 'filter.spy.clean', `sh -c "${touch('filter')}; cat"`);
    gitSync(workspace.path, 'config', 'core.fsmonitor', touch('fsmonitor'));
    gitSync(workspace.path, 'config', 'gpg.program', touch('gpg'));
    gitSync(workspace.path, 'config', 'commit.gpgSign', 'true');
    mkdirSync(join(workspace.gitDirectory, 'hooks'), { recursive: true });
    const hook = join(workspace.gitDirectory, 'hooks', 'post-commit');
    writeFileSync(hook, `#!/bin/sh\n${touch('hook')}\n`, { mode: 0o755 });
    // A second directory of configuration, where git looks when it is told to.
    const elsewhere = join(root, 'elsewhere');
    gitSync(root, 'init', '--quiet', '--bare', elsewhere);
    gitSync(elsewhere, 'config', 'filter.spy.clean', `sh -c "${touch('commondir')}; cat"`);
    writeFileSync(join(workspace.gitDirectory, 'commondir'), `${elsewhere}\n`);
    writeFileSync(join(workspace.path, '.gitattributes'), '* filter=spy\n');
    writeFileSync(join(workspace.path, 'new.js'), 'new');
    await restoreConfiguration(workspace, order('s1').directory);
    expect(await commitRest(workspace, 'The rest')).not.toBeNull();
    expect(await bundleOf(workspace)).not.toBeNull();
    const traces = ['filter', 'fsmonitor', 'gpg', 'hook', 'commondir'];
    expect(traces.filter((name) => existsSync(join(root, name)))).toEqual([]);
  });
});

describe('ending a workspace', () => {
  test('commits what is left once, in our name, and bundles it', async () => {
    const { cache, order, origin } = bench();
    const workspace = await prepareWorkspace(cache, order('s1'));
    writeFileSync(join(workspace.path, 'new file.js'), 'new');
    rmSync(join(workspace.path, 'sum.js'));
    const head = await commitRest(workspace, 'The rest');
    expect(await commitRest(workspace, 'Again')).toBeNull();
    expect(gitSync(workspace.path, 'log', '-1', '--format=%an|%ae|%s')).toBe(
      'Entourage|entourage@entourage.invalid|The rest',
    );
    const bundle = await bundleOf(workspace);
    expect(bundle?.head).toBe(head);
    writeFileSync(join(origin.url, 'work.bundle'), bundle!.bytes);
    origin.git('fetch', '--quiet', 'work.bundle', 'HEAD:refs/heads/taken');
    expect(origin.git('diff', '--name-status', branch, 'taken')).toBe('A\tnew file.js\nD\tsum.js');
  });

  test('has nothing to bundle when nobody committed', async () => {
    const { cache, order } = bench();
    expect(await bundleOf(await prepareWorkspace(cache, order('s1')))).toBeNull();
  });

  test('leaves out what the set-up made', async () => {
    const { cache, order } = bench();
    const workspace = await prepareWorkspace(cache, order('s1'));
    mkdirSync(join(workspace.path, 'node_modules'));
    writeFileSync(join(workspace.path, 'node_modules', 'dependency.js'), '');
    writeFileSync(join(workspace.path, 'made [1]?.txt'), '');
    await excludeUntracked(workspace);
    writeFileSync(join(workspace.path, 'mine.js'), '');
    expect((await dirtyPaths(workspace)).map(({ path }) => path)).toEqual(['mine.js']);
  });

  test('works on its own git directory, even when the agent removed `.git`', async () => {
    const { cache, order, root } = bench();
    gitSync(root, 'init', '--quiet');
    const workspace = await prepareWorkspace(cache, order('s1'));
    rmSync(join(workspace.path, '.git'));
    writeFileSync(join(workspace.path, 'new.js'), 'new');
    const head = await commitRest(workspace, 'The rest');
    expect(head).not.toBeNull();
    expect(gitSync(root, 'status', '--porcelain', '--untracked-files=no')).toBe('');
    expect((await bundleOf(workspace))?.head).toBe(head);
  });

  test('gets past the locks of a killed git, and commits no conflict markers', async () => {
    const { cache, order } = bench();
    const workspace = await prepareWorkspace(cache, order('s1'));
    writeFileSync(join(workspace.gitDirectory, 'index.lock'), '');
    await restoreConfiguration(workspace, order('s1').directory);
    writeFileSync(join(workspace.path, 'sum.js'), 'mine');
    expect(await commitRest(workspace, 'Mine')).not.toBeNull();
    gitSync(workspace.path, 'checkout', '--quiet', '-b', 'other', workspace.start);
    writeFileSync(join(workspace.path, 'sum.js'), 'theirs');
    expect(await commitRest(workspace, 'Theirs')).not.toBeNull();
    gitSync(workspace.path, 'checkout', '--quiet', branch);
    expect(() => gitSync(workspace.path, 'merge', 'other')).toThrow();
    expect(await commitRest(workspace, 'Markers')).toBeNull();
  });

  test('removes read-only directories and never follows a link out', async () => {
    const { cache, order, root } = bench();
    const outside = join(root, 'outside');
    mkdirSync(outside);
    writeFileSync(join(outside, 'precious'), '');
    const workspace = await prepareWorkspace(cache, order('s1'));
    mkdirSync(join(workspace.path, 'sealed'));
    writeFileSync(join(workspace.path, 'sealed', 'file'), '', { mode: 0o400 });
    symlinkSync(outside, join(workspace.path, 'way-out'));
    chmodSync(join(workspace.path, 'sealed'), 0o500);
    await removeTree(order('s1').directory);
    expect(existsSync(workspace.path)).toBe(false);
    expect(existsSync(join(outside, 'precious'))).toBe(true);
  });

  test('KW-1: a sweep clears what killed processes left in the cache', async () => {
    const { cache, order, root } = bench();
    const workspace = await prepareWorkspace(cache, order('s1'));
    const dir = join(root, 'cache', 'acme+shop.git');
    writeFileSync(join(dir, 'packed-refs.lock'), '');
    rmSync(order('s1').directory, { recursive: true });
    await createObjectCache(join(root, 'cache')).sweep();
    expect(existsSync(join(dir, 'packed-refs.lock'))).toBe(false);
    expect(gitSync(dir, 'for-each-ref', 'refs/entourage')).toBe('');
    expect((await prepareWorkspace(cache, order('s2'))).start).toBe(workspace.start);
  });

  test('KW-1: a cache that a kill broke, at whatever point, is made anew', async () => {
    const { cache, order, root, origin } = bench();
    const dir = join(root, 'cache', 'acme+shop.git');
    const pack = join(dir, 'objects', 'pack');
    const breaks: (() => void)[] = [
      // Killed in `git init`.
      () => rmSync(join(dir, 'HEAD')),
      // Killed while it wrote an object, by a machine that lost power.
      () => {
        for (const name of readdirSync(join(dir, 'objects'), { recursive: true }) as string[])
          if (/^[0-9a-f]{2}\/|\.pack$/.test(name)) {
            chmodSync(join(dir, 'objects', name), 0o600);
            writeFileSync(join(dir, 'objects', name), '');
          }
      },
      () => writeFileSync(join(dir, 'refs', 'remotes', 'origin', 'main'), ''),
    ];
    for (const [index, damage] of breaks.entries()) {
      await prepareWorkspace(cache, order(`before${index}`));
      damage();
      mkdirSync(pack, { recursive: true });
      writeFileSync(join(pack, 'tmp_pack_abc'), 'half');
      await createObjectCache(join(root, 'cache')).sweep();
      expect(existsSync(join(pack, 'tmp_pack_abc'))).toBe(false);
      const after = await prepareWorkspace(cache, order(`after${index}`));
      expect(await headOf(after), `after damage ${index}`).toBe(origin.start);
      expect(readFileSync(join(after.path, 'README.md'), 'utf8')).toBe('# Shop\n');
    }
  });

  test('KW-1: a runner that is killed while it fetches leaves a cache that the next one mends', async () => {
    const { cache, order, root, origin } = bench();
    // Enough to be in the middle of something.
    for (let index = 0; index < 3; index += 1)
      origin.git('update-ref', `refs/heads/more${index}`, origin.start);
    const program = `
      import { createObjectCache } from ${JSON.stringify(join(import.meta.dirname, 'object-cache.ts'))};
      import { prepareWorkspace } from ${JSON.stringify(join(import.meta.dirname, 'workspace.ts'))};
      const order = ${JSON.stringify(order('killed'))};
      console.log('begins');
      await prepareWorkspace(createObjectCache(${JSON.stringify(join(root, 'cache'))}), order);`;
    for (const afterMs of [0, 15, 40, 80]) {
      const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: 'pipe' });
      await once(child.stdout, 'data');
      await delay(afterMs);
      child.kill('SIGKILL');
      await once(child, 'close');
      rmSync(join(root, 'sessions'), { recursive: true, force: true });
      await createObjectCache(join(root, 'cache')).sweep();
      const workspace = await prepareWorkspace(cache, order(`after${afterMs}`));
      expect(await headOf(workspace)).toBe(origin.start);
    }
  });

  test('AG-2: names what is here as a stand-in only, and bundles without what the base has', async () => {
    const { cache, order, origin, root } = bench();
    const clone = join(root, 'clone');
    gitSync(root, 'clone', '--quiet', origin.url, clone);
    writeFileSync(join(clone, '.gitattributes'), '*.psd filter=lfs diff=lfs merge=lfs -text\n');
    const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'a'.repeat(64)}\nsize 7\n`;
    writeFileSync(join(clone, 'logo.psd'), pointer);
    gitSync(clone, 'add', '--all');
    gitSync(clone, 'update-index', '--add', '--cacheinfo', `160000,${origin.base},vendor/lib`);
    gitSync(clone, 'commit', '--quiet', '-m', 'More');
    gitSync(clone, 'push', '--quiet', 'origin', 'HEAD:main');
    const start = gitSync(clone, 'rev-parse', 'HEAD');
    const plain = await prepareWorkspace(cache, order('s1'));
    expect(leftOutWords(await leftOut(plain))).toBe('');
    const workspace = await prepareWorkspace(cache, order('s2', { start }));
    expect(readFileSync(join(workspace.path, 'logo.psd'), 'utf8')).toBe(pointer);
    expect(await dirtyPaths(workspace)).toEqual([]);
    const words = leftOutWords(await leftOut(workspace));
    expect(words).toMatch(
      /Submodules are not checked out: `vendor\/lib`\.[^]*as their pointers: `logo\.psd`\./,
    );
    gitSync(plain.path, 'merge', '--quiet', '--no-edit', 'origin/main');
    const bundle = join(root, 'work.bundle');
    writeFileSync(bundle, (await bundleOf(plain))!.bytes);
    expect(gitSync(clone, 'bundle', 'verify', bundle)).toContain(start);
  });
});
