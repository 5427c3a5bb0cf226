/** `uses:` of actions in the workspace and in other repositories: JavaScript and composite. */
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { createRepository, type GitRepository } from '../git/repository.ts';
import { author, job, openRunBed, plain, type RunBed, steps } from './run-bed.ts';

// Real processes on a machine that others use too: time limits are for hangs, not for slowness.
vi.setConfig({ testTimeout: 30_000 });

let bed: RunBed;
let tools: GitRepository;
const composite = `name: Greet
description: Greets
inputs:
  who: { required: true }
  tone: { default: "kind to \${{ github.actor }}" }
outputs:
  said: { description: what was said, value: "\${{ steps.say.outputs.said }}" }
runs:
  using: composite
  steps:
    - id: say
      shell: bash
      env: { WHO: "\${{ inputs.who }}" }
      run: |
        echo "Hello $WHO, $tone, $FROM_STEP $FROM_JOB \${{ inputs.tone }}"; ls "$GITHUB_ACTION_PATH"
        echo "said=hello $WHO" >> "$GITHUB_OUTPUT"; echo "LATER=set by an action" >> "$GITHUB_ENV"
    - shell: bash
      continue-on-error: \${{ inputs.who == 'nobody' }}
      run: test "\${{ inputs.who }}" != nobody
    - { shell: bash, if: failure(), run: "echo went wrong" }
    - { uses: ./.github/inner, with: { n: "\${{ steps.say.outputs.said }}" } }
`;
const files = {
  '.github/greet/action.yml': composite,
  '.github/inner/action.yaml':
    'name: Inner\ndescription: d\ninputs: { n: { description: n } }\nruns: { using: node20, main: run.cjs }\n',
  '.github/inner/run.cjs':
    "console.log('inner', process.env.INPUT_N, process.env.GITHUB_ACTION_PATH ?? 'nowhere')",
  '.github/docker/action.yml': 'name: D\ndescription: d\nruns: { using: docker, image: alpine }\n',
  '.github/old/action.yml': 'name: O\ndescription: d\nruns: { using: node12, main: x.js }\n',
};

beforeAll(async () => {
  bed = await openRunBed();
  tools = await createRepository(join(bed.root, 'tools.git'), {
    defaultBranch: 'main',
    author,
    files: {
      'one/action.yml':
        'name: One\ndescription: d\nruns: { using: node24, main: main.mjs, post: post.mjs, post-if: failure() }\n',
      'one/main.mjs':
        "console.log('main', process.version); process.exitCode = Number(process.env.EXIT ?? 0)",
      'one/post.mjs':
        "console.log('post of', process.env.GITHUB_ACTION_REPOSITORY, process.env.GITHUB_ACTION_REF)",
      'deep/action.yml':
        'name: Deep\ndescription: d\nruns: { using: composite, steps: [{ uses: acme/tools/one@main }] }\n',
    },
  });
});
afterEach(() => bed.stop());
afterAll(() => bed[Symbol.asyncDispose]());

const actionAt = async (name: string, ref: string) => {
  if (name !== 'acme/tools') return 'no repository' as const;
  const sha = await tools.resolve(ref);
  return sha === null ? ('no version' as const) : { git: tools, sha };
};
const checkout = '      - uses: actions/checkout@v4\n';

test('a composite action sees its inputs and its caller’s env, gives outputs, and nests', async () => {
  const state = await bed.ended(
    steps(
      `${checkout}      - { id: g, uses: ./.github/greet, with: { who: Ana }, env: { FROM_STEP: step } }
      - run: echo "\${{ steps.g.outputs.said }} / $LATER / \${{ inputs.who }}."
`,
      '    env: { FROM_JOB: job }\n',
    ),
    { files },
  );
  const log = plain(job(state).log);
  expect(state.conclusion).toBe('success');
  expect(log).toContain('\nHello Ana, , step job kind to ana\naction.yml\n');
  expect(log).toContain('\ninner hello Ana nowhere\n');
  expect(log).toContain('\nhello Ana / set by an action / .\n');
  expect(log).not.toContain('\nwent wrong\n');
});

test('a failing step of a composite action fails it, unless it may; its own status decides its conditions', async () => {
  const use = (who: string) =>
    steps(`${checkout}      - { uses: ./.github/greet, with: { who: '${who}' } }\n`);
  expect((await bed.ended(use('nobody'), { files })).conclusion).toBe('success');
  const strict = { ...files, '.github/greet/action.yml': composite.replace(/ +continue-on-error.*\n/, '') };
  const failed = await bed.ended(use('nobody'), { files: strict });
  expect(failed.conclusion).toBe('failure');
  expect(plain(job(failed).log)).toContain('\nwent wrong\n');
  expect(plain(job(failed).log)).not.toContain('\ninner');
});

test('an action of another repository at a ref, nested too, with its post step when its condition holds', async () => {
  const use = (exit: number) => steps(`      - { uses: acme/tools/deep@main, env: { EXIT: ${exit} } }\n`);
  const fine = await bed.ended(use(0), { actionAt });
  expect(plain(job(fine).log)).toContain(`\nmain ${process.version}\n`);
  expect(job(fine).steps.map((step) => step.conclusion)).toEqual(['success', 'skipped']);
  const failed = await bed.ended(use(1), { actionAt });
  expect(failed.conclusion).toBe('failure');
  expect(plain(job(failed).log)).toContain('\npost of acme/tools main\n');
  expect(job(failed).steps.map((step) => step.name)).toEqual([
    'Run acme/tools/deep@main',
    'Post Run acme/tools/one@main',
  ]);
});

test('what can not be had is refused by its name, before the first step', async () => {
  const cases: [string, string][] = [
    ['acme/none@v1', 'This forge does not support the action acme/none@v1'],
    ['acme/tools/one@v9', 'unable to find version `v9`'],
    [
      'acme/tools@main',
      "Can't find 'action.yml', 'action.yaml' or 'Dockerfile' for action 'acme/tools@main'",
    ],
    ['docker://alpine:3', 'does not support the action docker://alpine:3'],
  ];
  for (const [uses, words] of cases) {
    const state = await bed.ended(steps(`      - run: echo first\n      - uses: ${uses}\n`), { actionAt });
    expect(state.conclusion).toBe('failure');
    expect(job(state).log).toContain(words);
    expect(job(state).log).not.toContain('first');
  }
  for (const [path, words] of [
    ['docker', 'which runs in a container'],
    ['old', 'node12'],
    ['nowhere', "Can't find 'action.yml'"],
    ['../../..', 'outside the workspace'],
  ]) {
    const state = await bed.ended(steps(`${checkout}      - uses: ./.github/${path}\n`), { files });
    expect(job(state).steps.map((step) => step.conclusion)).toEqual(['success', 'failure']);
    expect(job(state).log).toContain(words);
  }
});

test('an unexpected input is a warning, as at GitHub', async () => {
  const state = await bed.ended(
    steps(`${checkout}      - { uses: ./.github/inner, with: { N: 5, more: 6 } }\n`),
    { files },
  );
  expect(state.conclusion).toBe('success');
  expect(job(state).annotations).toMatchObject([
    { level: 'warning', message: "Unexpected input(s) 'more', valid inputs are ['n']" },
  ]);
  expect(plain(job(state).log)).toContain('\ninner 5 ');
});
