import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultPolicy } from './policy.ts';
import type { PushedCommit } from './authorship.ts';
import { checkContents, checkPush, type PushedFile } from './push.ts';
import { twins } from './push-paths.ts';

const file = (path: string, about: Partial<PushedFile> = {}): PushedFile => ({
  path,
  status: 'A',
  size: 10,
  mode: '100644',
  before: '000000',
  ...about,
});
const limits = {
  protectedPaths: defaultPolicy.protected_paths,
  maxFiles: 100,
  maxBytes: 4_096 * 1_024,
  secretsAllowedIn: [],
};
const address = 'entourage[bot]@users.noreply.github.com';
const agent = { name: 'eng-1 (Entourage)', email: address };
const own: PushedCommit = { sha: 'a'.repeat(40), author: agent, committer: agent, message: 'Work\n' };
const push = { branch: 'entourage/12-t2', commits: [own], address, limits };
const check = (...files: PushedFile[]): string | null => checkPush({ ...push, files });
const signed = (about: Partial<PushedCommit>): string | null =>
  checkPush({ ...push, files: [file('a.ts')], commits: [own, { ...own, ...about }] });

describe('AG-6 a push may hold', () => {
  it('files, executables, deletions and links that stay inside', () => {
    expect(
      check(
        file('src/api.ts'),
        file('bin/run', { mode: '100755' }),
        file('old.ts', { status: 'D', size: 0, mode: '000000' }),
        file('docs/link', { mode: '120000', link: '../README.md' }),
        file('a/b/link', { mode: '120000', link: '../../src/./api.ts' }),
        file('.gitignore'),
        file('.gitattributes'),
        file('github/x.md'),
        file('docs/env.md'),
      ),
    ).toBeNull();
  });
});

describe('AG-6 a push may not', () => {
  it.each([
    '.github/workflows/ci.yml',
    '.GitHub/workflows/ci.yml',
    '.github/.hidden',
    'ENTOURAGE.md',
    'entourage.MD',
    'CODEOWNERS',
    '.env',
    'app/.env.local',
    'app\\.env',
    '.git\u200Bhub/workflows/ci.yml',
    './.github/x',
    '.github./x',
  ])('change the protected path %j', (path) => {
    expect(check(file(path))).toMatch(/^Protected paths can’t be changed by an agent/);
    expect(check(file(path, { status: 'D', mode: '000000', size: 0 }))).toMatch(/Protected paths/);
  });

  it.each([
    '.git/config',
    '.GIT/hooks/post-checkout',
    'a/.git/x',
    '.git',
    'git~1/x',
    '.git /x',
    '.git./x',
    '.git::$INDEX_ALLOCATION/x',
    '.g\u200Cit/x',
    '.gitmodules',
    'a\\.git\\config',
  ])('write Git’s own %j', (path) => expect(check(file(path))).toMatch(/Git’s own files can’t be pushed/));

  it.each(['../x', 'a/../../x', '/etc/passwd', 'C:\\x', 'a\\..\\x', ''])(
    'leave the repository by %j',
    (path) => {
      expect(check(file(path))).toMatch(/Paths that leave the repository/);
    },
  );

  it.each(['a\nb', 'a\u0000b', 'a\u001b[31m', 'a\u2028b'])('hold the control characters of %j', (path) => {
    const said = check(file(path)) ?? '';
    expect(said).toMatch(/Paths with control characters/);
    expect(said).not.toMatch(/[\p{Cc}\u2028]/u);
  });

  it.each([
    '/etc/passwd',
    '../../x',
    'a/../../../x',
    'C:\\x',
    '',
    '../.git/config',
    '..\\..\\x',
    'x\u0000',
    'link/../x',
  ])('hold a link from docs/ to %j', (link) => {
    expect(check(file('docs/link', { mode: '120000', link }))).toMatch(/Symbolic links must stay inside/);
  });

  it('hold a link whose target is not known, a submodule, or a mode that Git does not have', () => {
    expect(check(file('docs/link', { mode: '120000' }))).toMatch(/Symbolic links must stay inside/);
    expect(check(file('vendor/lib', { mode: '160000' }))).toMatch(
      /^Submodules can’t be added, moved or removed by an agent: `vendor\/lib`\.$/,
    );
    const gone = { status: 'D', size: 0, mode: '000000', before: '160000' };
    expect(check(file('vendor/lib', gone))).toMatch(/^Submodules can’t be added, moved or removed/);
    expect(check(file('x', { mode: '040000' }))).toMatch(/^Only plain files/);
  });

  it('be too large, in files or in bytes, or empty', () => {
    expect(check(...Array.from({ length: 101 }, (_, index) => file(`f${index}`)))).toBe(
      'It changes 101 files; 100 are allowed (push.max_files).',
    );
    const versions = Array.from({ length: 101 }, (_, size) => file('same', { size }));
    expect(check(...versions), 'versions of one file').toBeNull();
    expect(check(file('big', { size: 4_096 * 1_024 + 1 }))).toBe(
      'It holds 4097 KiB of files; 4096 KiB are allowed (push.max_kib).',
    );
    expect(checkPush({ ...push, files: [], commits: [] })).toBe(
      'There is no new commit for entourage/12-t2.',
    );
  });
});

it('AG-6 names up to five offenders of each rule, and every rule', () => {
  const files = Array.from({ length: 7 }, (_, index) => file(`.github/${index}.yml`));
  expect(check(...files, file('vendor', { mode: '160000' }))).toBe(
    'Submodules can’t be added, moved or removed by an agent: `vendor`. Protected paths can’t be changed by an agent (protected_paths): `.github/0.yml`, `.github/1.yml`, `.github/2.yml`, `.github/3.yml`, `.github/4.yml` and 2 more.',
  );
  expect(check(file(`.github/${'x'.repeat(500)}\`@all`))).toMatch(/`\.github\/x{111}…`/);
});

it('AG-6 protects a path in every spelling of its case', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { minLength: 16, maxLength: 16 }), (upper) => {
      const path = Array.from('.github/ci/a.yml', (letter, index) =>
        upper[index] ? letter.toUpperCase() : letter,
      ).join('');
      expect(check(file(path))).not.toBeNull();
    }),
  );
});

describe('AG-6 nobody else’s name', () => {
  const ana = { name: 'Ana', email: 'ana@example.com' };

  it.each([
    ['author', { author: ana }],
    ['committer', { committer: ana }],
    ['name at our address', { author: { name: 'Ana', email: address } }],
    ['name that only begins like ours', { author: { name: 'Ana Ng (Entourage) ', email: address } }],
    ['address of another bot', { author: { name: 'Entourage', email: 'x[bot]@users.noreply.github.com' } }],
  ])('is somebody’s %s', (_, about) => {
    const said = signed(about);
    expect(said).toMatch(/^Commits in somebody else’s name can’t be pushed .*--reset-author/);
    expect(said).toMatch(/: `aaaaaaa` by \w/);
  });

  it.each([
    'Work\n\nCo-authored-by: Ana <ana@example.com>\n',
    'Work\n\nco-AUTHORED-by:Ana <ana@example.com>\n\nMore words.\n',
    'Work\n\nSigned-off-by: Ana <ana@example.com>',
    '  Reviewed-by: Ana <ana@example.com>',
  ])('is in the message %j', (message) =>
    expect(signed({ message })).toMatch(/^Commit messages that sign for somebody.*`aaaaaaa` .*-by: Ana\.$/i),
  );

  it.each([
    'Work\n\nCo-Authored-By: Claude <noreply@anthropic.com>\n',
    `Work\n\nSigned-off-by: eng-1 (Entourage) <${address}>\n`,
    'Say who a thing is co-authored-by: see the docs\n',
  ])('is not in the message %j', (message) => expect(signed({ message })).toBeNull());

  it('can’t carry markup or a mention into what people read', () => {
    expect(signed({ author: { name: '@all [x](http://y) `z`\n# h', email: 'a@b' } })).toMatch(
      /: `aaaaaaa` by all xhttpy z h\.$/,
    );
    expect(signed({ author: { name: '\u202e', email: 'a@b' } })).toMatch(/by nobody\.$/);
    expect(signed({ message: 'x'.repeat(70_000) })).toBe('Commit messages have at most 64 KiB: `aaaaaaa`.');
  });
});

describe('AG-6 names', () => {
  it('are refused when no checkout can hold them', () => {
    expect(check(file(`${'d/'.repeat(40)}x`))).toMatch(/^Paths that are too long or too deep/);
    expect(check(file('é'.repeat(128)))).toMatch(/^Paths that are too long or too deep/);
    expect(check(file(`${'d/'.repeat(39)}x`), file('e'.repeat(255)))).toBeNull();
  });

  it('differ by more than case, in every folder on their way', () => {
    const there = ['README.md', 'src', 'src/api.ts', 'Docs', 'Docs/Api', 'new.ts', 'café.md'];
    expect(twins(['new.ts', 'src/new.ts'], [...there, 'src/new.ts'])).toEqual([]);
    expect(twins(['Readme.md'], [...there, 'Readme.md'])).toEqual([
      { path: 'Readme.md', other: 'README.md' },
    ]);
    expect(twins(['docs/a.md'], [...there, 'docs', 'docs/a.md'])).toEqual([{ path: 'docs', other: 'Docs' }]);
    expect(twins(['cafe\u0301.md'], [...there, 'cafe\u0301.md'])).toHaveLength(1);
  });

  it('are never let through when they leave the repository or are Git’s, whatever stands around them', () => {
    const parts = fc.array(fc.constantFrom('a', 'src', '.', 'b c', 'ü'));
    const evil = fc.constantFrom('..', '.git', '.GIT', '.gIt.', 'GIT~1', '.git ');
    const paths = fc
      .tuple(parts, evil, parts, fc.constantFrom('/', '\\'))
      .map(([before, part, after, slash]) => [...before, part, ...after].join(slash));
    fc.assert(
      fc.property(paths, (path) => {
        expect(check(file(path))).toMatch(/leave the repository|Git’s own files/);
        expect(check(file('x/link', { mode: '120000', link: `../${path}` }))).toMatch(/must stay inside/);
      }),
    );
  });
});

it('AG-6 says of contents which rule, where, and never the value', () => {
  const nothing = { secrets: [], twins: [], unpointed: [], filters: [] };
  expect(checkContents(nothing)).toBeNull();
  expect(
    checkContents({
      secrets: [{ path: 'src/a.ts', line: 3, rule: 'GITHUB_TOKEN' }],
      twins: [{ path: 'a', other: 'A' }],
      unpointed: ['logo.psd'],
      filters: [{ path: '.gitattributes', filter: 'x`y' }],
    }),
  ).toBe(
    'Secrets can’t be pushed, in no commit (take them out of the commits, not only out of the files; made-up ones belong into files that push.secrets_allowed_in names): GITHUB_TOKEN in `src/a.ts` line 3. Names that differ by case alone can’t be checked out everywhere: `a` beside `A`. Files that Git LFS keeps can’t be changed by an agent: `logo.psd`. Attributes that run a program on files can’t be pushed: filter `x�y` in `.gitattributes`.',
  );
});
