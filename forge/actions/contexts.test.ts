/** What expressions and processes see: contexts, functions, environments, shells, summaries. */
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { job, openRunBed, plain, type RunBed, steps } from './run-bed.ts';

// Real processes on a machine that others use too: time limits are for hangs, not for slowness.
vi.setConfig({ testTimeout: 30_000 });

let bed: RunBed;
beforeAll(async () => {
  bed = await openRunBed();
});
afterEach(() => bed.stop());
afterAll(() => bed[Symbol.asyncDispose]());

const said = async (content: string, change: Parameters<RunBed['ended']>[1] = {}) =>
  plain(job(await bed.ended(content, change)).log);
/** Each expression printed on a line of its own. */
const print = (expressions: readonly string[]) =>
  steps(
    `      - id: first\n        run: echo "n=1" >> "$GITHUB_OUTPUT"\n      - run: |\n          cat <<'END'\n${expressions.map((one) => `          \${{ ${one} }}`).join('\n')}\n          END\n`,
  );

test('the contexts of a job’s steps', async () => {
  const cases: [string, string][] = [
    ['github.repository', 'acme/shop'],
    ['github.ref_name', 'main'],
    ['github.job', 'test'],
    ['github.event.commits[0].message', 'Hello'],
    ['github.workflow_ref', 'acme/shop/.github/workflows/ci.yml@refs/heads/main'],
    ['github.run_attempt', '1'],
    ["github.token != ''", 'true'],
    ['env.A', 'from the workflow'],
    ['vars.PLACE', 'here'],
    ["secrets.KEY == 'k3y-value'", 'true'],
    ['secrets.NONE', ''],
    ['inputs.count', '3'],
    ['steps.first.outputs.n', '1'],
    ['steps.first.outcome', 'success'],
    ['runner.os', 'Linux'],
    ['runner.environment', 'github-hosted'],
    ['job.status', 'success'],
    ['strategy.job-total', '1'],
    ["format('{0}-{1}', 'a', 'b')", 'a-b'],
    ["contains(fromJSON('[1, 2]'), 2)", 'true'],
    ["startsWith(github.ref, 'refs/') && !endsWith(github.ref, 'x')", 'true'],
    ["join(fromJSON('[1, 2]'), '+')", '1+2'],
  ];
  const log = await said(`env: { A: from the workflow }\n${print(cases.map(([expression]) => expression))}`, {
    variables: { PLACE: 'here' },
    secrets: { KEY: 'k3y-value' },
    inputs: { count: 3 },
  });
  const printed = log.split('##[endgroup]\n').at(-1)?.split('\n');
  expect(printed?.slice(0, cases.length)).toEqual(cases.map(([, value]) => value));
});

test('a text of several lines keeps its form, with and without expressions', async () => {
  const log = await said(
    steps(
      '      - run: |\n          cat <<END\n            in ${{ github.job }}\n          END\n      - run: >-\n          echo one\n          ${{ github.job }}\n',
    ),
  );
  expect(log).toContain('\n  in test\n');
  expect(log).toContain('\none test\n');
});

test('status functions decide in conditions: success, failure, cancelled, always', async () => {
  const conditions = [
    'success()',
    'failure()',
    'cancelled()',
    'always()',
    "failure() && steps.bad.outcome == 'failure'",
  ];
  const lines = conditions.map((one) => `      - { if: "${one}", run: 'true' }\n`).join('');
  const state = await bed.ended(steps(`${lines}      - { id: bad, run: exit 1 }\n${lines}`));
  const ends = job(state).steps.map((step) => step.conclusion);
  expect(ends.slice(0, 6)).toEqual(['success', 'skipped', 'skipped', 'success', 'skipped', 'failure']);
  expect(ends.slice(6)).toEqual(['skipped', 'success', 'skipped', 'success', 'success']);
});

test('hashFiles hashes what fits, and is empty where nothing does', async () => {
  const log = await said(
    steps(`      - uses: actions/checkout@v4
      - run: |
          echo "all=\${{ hashFiles('**/*.txt') }} one=\${{ hashFiles('a.txt') }}"
          echo "not=\${{ hashFiles('**/*.txt', '!sub/**') }} none=\${{ hashFiles('*.lock') }}."
`),
    { files: { 'sub/b.txt': 'two\n' } },
  );
  const all = /\nall=([0-9a-f]{64}) one=([0-9a-f]{64})\n/.exec(log);
  expect(all?.[1]).not.toBe(all?.[2]);
  expect(log).toContain(`\nnot=${all?.[2]} none=.\n`);
});

test('needs: results and outputs of the jobs before', async () => {
  const state = await bed.ended(`on: push
jobs:
  a: { runs-on: x, outputs: { n: "\${{ steps.s.outputs.n }}" }, steps: [{ id: s, run: 'echo n=7 >> $GITHUB_OUTPUT' }] }
  b: { runs-on: x, needs: a, if: "needs.a.outputs.n == 7", steps: [{ run: 'echo "\${{ needs.a.result }} \${{ needs.a.outputs.n }}"' }] }
`);
  expect(plain(job(state, 'b').log)).toContain('\nsuccess 7\n');
});

test('env at all levels, defaults of run, working directories and shells', async () => {
  const state = await bed.ended(`on: push
env: { A: w, B: w, C: w }
defaults: { run: { shell: sh } }
jobs:
  test:
    runs-on: x
    env: { B: j, C: j }
    defaults: { run: { working-directory: sub } }
    steps:
      - { run: mkdir -p sub/deep, working-directory: . }
      - { env: { C: s }, run: 'echo "$A$B$C $(basename "$PWD") $0" | sed "s,/.*,,"' }
      - { working-directory: sub/deep, shell: bash, run: 'set -o | grep "pipefail.*on"; basename "$PWD"' }
      - { env: { GITHUB_JOB: mine, RUNNER_OS: mine, CI: mine, GITHUB_TOKEN: mine }, run: 'echo "$GITHUB_JOB $RUNNER_OS $CI $GITHUB_TOKEN"' }
      - { shell: 'node {0}', run: 'console.log(process.argv.length, process.env.C)' }
      - { shell: 'nothere {0}', if: always(), run: x }
      - { shell: pwsh, if: always(), run: x }
`);
  const log = plain(job(state).log);
  expect(log).toContain('\nwjs sub \n');
  expect(log).toMatch(/\npipefail\s+on\ndeep\n/);
  expect(log).toContain('\ntest Linux mine mine\n');
  expect(log).toContain('\n2 j\n');
  expect(log).toContain('This forge does not support the shell "nothere {0}": nothere is not installed');
  expect(log).toContain('This forge does not support the shell "pwsh"');
});

test('G35: a summary of more than 1 MiB is left out with an error; smaller ones add up, masked', async () => {
  const state = await bed.ended(
    steps(`      - run: echo "one $K" >> "$GITHUB_STEP_SUMMARY"
        env: { K: "\${{ secrets.KEY }}" }
      - run: head -c 1100000 /dev/zero | tr '\\0' x >> "$GITHUB_STEP_SUMMARY"
      - run: echo three >> "$GITHUB_STEP_SUMMARY"
`),
    { secrets: { KEY: 'k3y-value' } },
  );
  expect(job(state).summary).toBe('one ***\nthree\n');
  expect(job(state).annotations[0]?.message).toContain('supports content up to a size of 1024k, got 1075k');
});

test('G35: twenty summaries of a job are shown', async () => {
  const lines = Array.from({ length: 22 }, (_, at) => `      - run: echo ${at} >> "$GITHUB_STEP_SUMMARY"\n`);
  const state = await bed.ended(steps(lines.join('')));
  expect(job(state).summary.trim().split('\n')).toEqual(Array.from({ length: 20 }, (_, at) => String(at)));
});

test('a job gets a token and an environment of its own, which end with it', async () => {
  const ended: string[] = [];
  const grants: unknown[] = [];
  const state = await bed.ended(
    `on: push
permissions: { contents: read, id-token: write }
jobs:
  a: { runs-on: x, steps: [{ run: 'echo "token \${{ github.token }} $OWN"' }] }
  b: { runs-on: x, permissions: {}, steps: [{ run: 'true' }] }
  c: { runs-on: x, permissions: write-all, steps: [{ run: 'true' }] }
`,
    {
      grant: (granted) => {
        grants.push([granted.key, granted.permissions]);
        const environment = { OWN: `private-${granted.key}` };
        return {
          token: `ghs_of_${granted.key}`,
          environment,
          actionEnvironment: {},
          secret: [environment.OWN],
          end: () => void ended.push(granted.key),
        };
      },
    },
  );
  expect(Object.fromEntries(grants as [string, unknown][])).toEqual({
    a: { contents: 'read', id_token: 'write' },
    b: {},
    c: expect.objectContaining({ id_token: 'write', contents: 'write' }),
  });
  expect(new Set(ended)).toEqual(new Set(['a', 'b', 'c']));
  expect(plain(job(state, 'a').log)).toContain('\ntoken *** ***\n');
});

test('groups, add-mask, stop-commands; debug lines stay out', async () => {
  const log = await said(
    steps(`      - run: |
          echo '::group::Things'; echo inside; echo '::endgroup::'
          echo '::add-mask::hush'; echo 'say hush'
          echo '::debug::not shown'
          echo '::unknown::kept'
`),
  );
  expect(log).toContain('\n##[group]Things\ninside\n##[endgroup]\nsay ***\n::unknown::kept\n');
  expect(log).not.toMatch(/##\[debug\]/);
});
