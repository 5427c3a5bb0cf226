import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultPolicy } from './policy.ts';
import { checkPush, type PushedFile } from './push.ts';

const file = (path: string, about: Partial<PushedFile> = {}): PushedFile => ({
  path,
  status: 'A',
  size: 10,
  mode: '100644',
  ...about,
});
const limits = { protectedPaths: defaultPolicy.protected_paths, maxFiles: 100, maxBytes: 4_096 * 1_024 };
const check = (...files: PushedFile[]): string | null =>
  checkPush({ branch: 'entourage/12-t2', files, commits: 1, limits });

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
      /^Submodules can’t be pushed: `vendor\/lib`\.$/,
    );
    expect(check(file('x', { mode: '040000' }))).toMatch(/^Only plain files/);
  });

  it('be too large, in files or in bytes, or empty', () => {
    expect(check(...Array.from({ length: 101 }, (_, index) => file(`f${index}`)))).toBe(
      'It changes 101 files; 100 are allowed (push.max_files).',
    );
    expect(check(file('big', { size: 4_096 * 1_024 + 1 }))).toBe(
      'It holds 4097 KiB of files; 4096 KiB are allowed (push.max_kib).',
    );
    expect(checkPush({ branch: 'entourage/12-t2', files: [], commits: 0, limits })).toBe(
      'There is no new commit for entourage/12-t2.',
    );
  });
});

it('AG-6 names up to five offenders of each rule, and every rule', () => {
  const files = Array.from({ length: 7 }, (_, index) => file(`.github/${index}.yml`));
  expect(check(...files, file('vendor', { mode: '160000' }))).toBe(
    'Submodules can’t be pushed: `vendor`. Protected paths can’t be changed by an agent (protected_paths): `.github/0.yml`, `.github/1.yml`, `.github/2.yml`, `.github/3.yml`, `.github/4.yml` and 2 more.',
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
