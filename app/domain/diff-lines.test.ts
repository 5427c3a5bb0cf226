/** Where a reviewer may comment (G16), and what it is told where it may not. */
import { describe, expect, it } from 'vitest';
import { linesOn, outsideDiff } from './diff-lines.ts';

const patch = [
  '@@ -1,3 +1,4 @@ function first() {',
  ' one',
  '-two',
  '+two!',
  '+and more',
  ' three',
  '@@ -20,2 +21,1 @@',
  ' twenty',
  '-twenty-one',
  '\\ No newline at end of file',
].join('\n');

describe('RE-2 G16 the lines of a diff', () => {
  it('RE-2 are those of its hunks, on each side', () => {
    expect(linesOn(patch, 'RIGHT')).toEqual([
      [1, 4],
      [21, 21],
    ]);
    expect(linesOn(patch, 'LEFT')).toEqual([
      [1, 3],
      [20, 21],
    ]);
  });
  it('RE-2 of a new file and of a removed one are on one side only', () => {
    expect(linesOn('@@ -0,0 +1,2 @@\n+a\n+b\n', 'LEFT')).toEqual([]);
    expect(linesOn('@@ -0,0 +1,2 @@\n+a\n+b\n', 'RIGHT')).toEqual([[1, 2]]);
    expect(linesOn('@@ -1 +0,0 @@\n-a', 'LEFT')).toEqual([[1, 1]]);
    expect(linesOn('', 'RIGHT')).toEqual([]);
  });
  it('RE-2 a line of code that looks like a hunk or a file’s name is a line', () => {
    expect(linesOn('@@ -1,1 +1,3 @@\n one\n+@@ -9,9 +9,9 @@\n+++ b/x', 'RIGHT')).toEqual([[1, 3]]);
  });
  it.each([
    [{ path: 'a.ts', line: 2, side: 'RIGHT' as const }, null],
    [{ path: 'a.ts', line: 21, side: 'LEFT' as const }, null],
    [
      { path: 'a.ts', line: 5, side: 'RIGHT' as const },
      {
        message: 'Line 5 of a.ts is not in the diff.',
        help: 'Lines of the new file (side RIGHT) that are: 1-4, 21.',
      },
    ],
    [
      { path: 'new.ts', line: 1, side: 'LEFT' as const },
      {
        message: 'Line 1 of new.ts is not in the diff.',
        help: 'There is no line of the old file (side LEFT) in it. Say it in the summary of submit_review_verdict.',
      },
    ],
    [
      { path: 'logo.png', line: 1, side: 'RIGHT' as const },
      {
        message: 'GitHub shows no lines of logo.png.',
        help: 'Say it in the summary of submit_review_verdict.',
      },
    ],
    [
      { path: '../etc/passwd', line: 1, side: 'RIGHT' as const },
      {
        message: '../etc/passwd is not changed by this pull request.',
        help: 'It changes a.ts, new.ts, logo.png. What concerns another file goes into the summary of submit_review_verdict.',
      },
    ],
  ])('RE-2 %j', (at, expected) => {
    const files = [
      { path: 'a.ts', patch },
      { path: 'new.ts', patch: '@@ -0,0 +1 @@\n+a' },
      { path: 'logo.png', patch: null },
    ];
    expect(outsideDiff(files, at)).toEqual(expected);
  });
});
