/** Workflow files: read by GitHub's parser, started by the right events. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createRepository } from '../git/repository.ts';
import { parseAssignments } from './command-file.ts';
import { asksToSkip, matches, starts, type TriggerEvent, workflowsFor } from './trigger.ts';
import { readWorkflow, type Workflow } from './workflow.ts';

const jobs = 'jobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: "true"\n';

async function workflow(on: string): Promise<Workflow> {
  const read = await readWorkflow('.github/workflows/ci.yml', `on: ${on}\n${jobs}`);
  if ('errors' in read) throw new Error(read.errors.join('\n'));
  return read;
}

const push = (ref: string, changedPaths: string[] | null = null): TriggerEvent => ({
  name: 'push',
  action: null,
  ref,
  changedPaths,
});
const pull = (action: string, base = 'main'): TriggerEvent => ({
  name: 'pull_request',
  action,
  ref: `refs/heads/${base}`,
  changedPaths: ['src/a.ts'],
});

test('events and their default activity types', async () => {
  const both = await workflow('[push, pull_request]');
  expect(starts(both, push('refs/heads/x'))).toBe(true);
  expect(starts(both, push('refs/tags/v1'))).toBe(true);
  expect(
    ['opened', 'synchronize', 'reopened', 'closed', 'labeled'].map((one) => starts(both, pull(one))),
  ).toEqual([true, true, true, false, false]);
  expect(starts(await workflow('workflow_dispatch'), push('refs/heads/x'))).toBe(false);
  expect(starts(await workflow('{ pull_request: { types: [labeled] } }'), pull('opened'))).toBe(false);
});

test('branch, tag and path filters', async () => {
  const main = await workflow("{ push: { branches: [main, 'release/**', '!release/old'] } }");
  expect(
    ['main', 'release/1/2', 'release/old', 'other'].map((name) => starts(main, push(`refs/heads/${name}`))),
  ).toEqual([true, true, false, false]);
  expect(starts(main, push('refs/tags/main'))).toBe(false);
  const ignoring = await workflow("{ push: { branches-ignore: ['wip/*'] } }");
  expect(starts(ignoring, push('refs/heads/wip/x'))).toBe(false);
  expect(starts(ignoring, push('refs/heads/main'))).toBe(true);
  const source = await workflow("{ pull_request: { branches: [main], paths: ['src/**'] } }");
  expect(starts(source, pull('opened'))).toBe(true);
  expect(starts(source, pull('opened', 'dev'))).toBe(false);
  const docs = await workflow("{ push: { paths-ignore: ['**.md'] } }");
  expect(starts(docs, push('refs/heads/main', ['README.md', 'docs/a.md']))).toBe(false);
  expect(starts(docs, push('refs/heads/main', ['README.md', 'a.ts']))).toBe(true);
});

test('filter patterns are GitHub’s, not a shell’s', () => {
  expect(matches(['v[12].[0-9]+'], 'v1.10')).toBe(true);
  expect(matches(['*'], 'a/b')).toBe(false);
  expect(matches(['**'], 'a/b')).toBe(true);
  expect(matches(['a.c'], 'abc')).toBe(false);
  expect(matches(['*.jsx?'], 'page.js')).toBe(true);
  expect(matches(['**/x'], 'x')).toBe(true);
});

test('a broken file says what is wrong', async () => {
  expect(await readWorkflow('w.yml', 'on: push\njobs:\n  a:\n    steps: []\n')).toMatchObject({
    errors: [expect.stringContaining('runs-on')],
  });
  expect(await readWorkflow('w.yml', 'on: [push\n')).toHaveProperty('errors');
  expect(await readWorkflow('w.yml', '')).toHaveProperty('errors');
  expect(
    await readWorkflow(
      'w.yml',
      `on: push\n${jobs}    needs: b\n`
        .replace('steps:', 'needs: b\n    steps:')
        .replace(/ {4}needs: b\n$/, ''),
    ),
  ).toMatchObject({
    errors: expect.arrayContaining([expect.stringMatching(/unknown job|at least one job/)]),
  });
});

test('workflows come from the commit, other files and events stay out', async () => {
  const root = await mkdtemp(join(tmpdir(), 'forge-workflows-'));
  try {
    const files = {
      '.github/workflows/ci.yml': `on: push\n${jobs}`,
      '.github/workflows/pr.yaml': `on: pull_request\n${jobs}`,
      '.github/workflows/notes.txt': 'on: push',
      '.github/workflows/broken.yml': 'on: push\njobs: 1\n',
    };
    const author = { name: 'Ana', email: 'ana@example.com' };
    const it = await createRepository(join(root, 'r.git'), { defaultBranch: 'main', files, author });
    const sha = (await it.resolve('main'))!;
    const found = await workflowsFor(it, sha, push('refs/heads/main'));
    expect(found.map((one) => [one.path, 'errors' in one])).toEqual([
      ['.github/workflows/broken.yml', true],
      ['.github/workflows/ci.yml', false],
    ]);
    const bare = await it.commit({
      branch: 'bare',
      message: 'none',
      files: { '.github/workflows/ci.yml': null },
      author,
    });
    expect((await workflowsFor(it, bare, push('refs/heads/bare'))).map((one) => one.path)).toEqual([
      '.github/workflows/broken.yml',
    ]);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
});

test('a commit message can ask to skip', () => {
  expect(asksToSkip('Docs [skip ci]')).toBe(true);
  expect(asksToSkip('Title\n\nskip-checks: true')).toBe(true);
  expect(asksToSkip('Do not skip ci')).toBe(false);
});

test('command files take lines and blocks, and nothing else', () => {
  expect(parseAssignments('a=1=2\nb<<END\nx\ny=z\nEND\n\nc=\n')).toEqual({ a: '1=2', b: 'x\ny=z', c: '' });
  expect(() => parseAssignments('nonsense\n')).toThrow(/Invalid format/);
  expect(() => parseAssignments('b<<END\nx\n')).toThrow(/delimiter/);
});
