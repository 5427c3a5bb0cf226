/** Workflows run as real processes on a checkout of a real repository. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { createRepository } from '../git/repository.ts';
import { createActions } from './actions.ts';
import { author, job, openRunBed, plain, plainRequest, type RunBed, steps, until } from './run-bed.ts';
import { readWorkflow } from './workflow.ts';

// Real processes on a machine that others use too: time limits are for hangs, not for slowness.
vi.setConfig({ testTimeout: 30_000 });

let bed: RunBed;
let root: string;
beforeAll(async () => {
  bed = await openRunBed();
  ({ root } = bed);
});
afterEach(() => bed.stop());
afterAll(() => bed[Symbol.asyncDispose]());

const started: RunBed['started'] = (content, change) => bed.started(content, change);
const ended: RunBed['ended'] = (content, change) => bed.ended(content, change);

test('a job runs its steps in order on a checkout and tells each change', async () => {
  const { ended: end, seen } = await started(
    steps('      - uses: actions/checkout@v4\n      - run: cat a.txt; git rev-parse --abbrev-ref HEAD\n'),
  );
  const state = await end;
  expect(state).toMatchObject({ status: 'completed', conclusion: 'success' });
  expect(plain(job(state).log)).toContain('\none\nmain\n');
  expect(job(state).steps.map((step) => [step.number, step.name, step.conclusion])).toEqual([
    [1, 'Run actions/checkout@v4', 'success'],
    [2, 'Run cat a.txt; git rev-parse --abbrev-ref HEAD', 'success'],
  ]);
  expect([...new Set(seen)]).toEqual([
    'run queued',
    'test queued',
    'run in_progress',
    'test in_progress',
    'test completed success',
    'run completed success',
  ]);
});

test('a failing command stops the job; conditions and continue-on-error decide what follows', async () => {
  const state = await ended(
    steps(`      - run: exit 3
        continue-on-error: true
      - run: |
          false
          echo not reached
      - run: echo skipped
      - if: failure()
        run: echo after failure
      - if: always() && github.ref_name == 'other'
        run: echo no
`),
  );
  expect(state.conclusion).toBe('failure');
  expect(job(state).steps.map((step) => step.conclusion)).toEqual([
    'success',
    'failure',
    'skipped',
    'success',
    'skipped',
  ]);
  expect(plain(job(state).log)).toContain('##[error]Process completed with exit code 3.');
  expect(plain(job(state).log)).not.toContain('\nnot reached');
});

test('env, outputs, path and expressions reach later steps and jobs', async () => {
  const state = await ended(`
on: push
env: { A: workflow, B: workflow }
jobs:
  first:
    runs-on: ubuntu-latest
    env: { B: job }
    outputs:
      whole: \${{ steps.make.outputs.one }}-\${{ steps.make.outputs.two }}
    steps:
      - id: make
        run: |
          echo "one=1" >> "$GITHUB_OUTPUT"
          printf 'two<<X\\n2\\n3\\nX\\n' >> "$GITHUB_OUTPUT"
          echo "C=step" >> "$GITHUB_ENV"
          mkdir "$RUNNER_TEMP/bin"; printf '#!/bin/sh\\necho tool ran' > "$RUNNER_TEMP/bin/tool"; chmod +x "$RUNNER_TEMP/bin/tool"
          echo "$RUNNER_TEMP/bin" >> "$GITHUB_PATH"
      - env: { D: "\${{ format('{0}!', env.C) }}" }
        run: echo "$A $B $C $D"; tool; echo '\${{ github.event.commits[0].message }} \${{ github.repository_owner }}'
  second:
    needs: first
    if: needs.first.outputs.whole != ''
    runs-on: ubuntu-latest
    steps:
      - run: echo '\${{ toJSON(needs.first.outputs) }}' | tr -d '\\n '
`);
  expect(state.conclusion).toBe('success');
  expect(plain(job(state, 'first').log)).toContain('\nworkflow job step step!\ntool ran\nHello acme\n');
  expect(plain(job(state, 'second').log)).toContain('\n{"whole":"1-2\\n3"}\n');
});

test('a job whose need failed is skipped, unless its condition says otherwise', async () => {
  const { ended: end, seen } = await started(`
on: push
jobs:
  a: { runs-on: x, steps: [{ run: exit 1 }] }
  b: { runs-on: x, needs: a, steps: [{ run: 'true' }] }
  c: { runs-on: x, needs: [a, b], if: always(), steps: [{ run: 'echo \${{ needs.a.result }} \${{ needs.b.result }}' }] }
`);
  const state = await end;
  expect(Object.fromEntries(state.jobs.map((one) => [one.key, one.conclusion]))).toEqual({
    a: 'failure',
    b: 'skipped',
    c: 'success',
  });
  expect(state.conclusion).toBe('failure');
  expect(plain(job(state, 'c').log)).toContain('\nfailure skipped\n');
  expect(seen.filter((line) => line.startsWith('b '))).toEqual(['b completed skipped']);
});

test('secrets, the token and added masks never show in log, summary or outputs', async () => {
  const state = await ended(
    steps(
      `      - uses: actions/checkout@v4
      - id: leak
        env: { T: "\${{ secrets.GITHUB_TOKEN }}", K: "\${{ secrets.KEY }}" }
        run: |
          echo "T=$T K=$K"; printf 'split'; printf "$K\\n"; echo '::add-mask::later'; echo later
          cat .git/config
          echo "summary $K" >> "$GITHUB_STEP_SUMMARY"
          echo "v=$K" >> "$GITHUB_OUTPUT"
`,
      '    outputs: { v: "${{ steps.leak.outputs.v }}" }\n',
    ),
    { secrets: { KEY: 's3cret' } },
  );
  const { log, summary, outputs } = job(state);
  expect(plain(log)).toContain('\nT=*** K=***\nsplit***\n***\n');
  expect(plain(log)).toContain('AUTHORIZATION: basic ***');
  expect(summary).toBe('summary ***\n');
  expect(outputs).toEqual({});
  for (const secret of ['s3cret', 'ghs_the_token']) expect(JSON.stringify(state)).not.toContain(secret);
});

test('a workflow sees nothing of the environment of whoever started the forge', async () => {
  process.env['FORGE_TEST_SECRET'] = 'from outside';
  try {
    const { log } = job(await ended(steps('      - run: env; git config --list --global || true\n')));
    expect(log).not.toContain('FORGE_TEST_SECRET');
    expect(log).not.toMatch(/GITHUB_TOKEN=|VITEST/);
    expect(log).toContain('GITHUB_REPOSITORY=acme/shop');
    expect(log).not.toContain('NODE_OPTIONS');
  } finally {
    delete process.env['FORGE_TEST_SECRET'];
  }
});

test('what this forge does not have is refused by its name', async () => {
  const cases: [string, string][] = [
    [steps('      - uses: docker/login-action@v3\n'), 'the action docker/login-action@v3'],
    [
      steps('      - uses: actions/checkout@v4\n        with: { repository: other/one }\n'),
      'another repository (other/one)',
    ],
    [
      steps('      - uses: actions/checkout@v4\n        with: { wrong: 1 }\n'),
      '"wrong" of actions/checkout@v4',
    ],
    [steps('      - run: x\n        shell: pwsh\n'), 'the shell "pwsh"'],
    [steps('      - run: x\n', '    container: node:24\n'), '"container" of a job'],
    [steps('      - run: x\n', '    strategy: { matrix: { v: [1, 2] } }\n'), '"strategy" of a job'],
    ['on: push\njobs:\n  test:\n    uses: a/b/.github/workflows/c.yml@main\n', 'the reusable workflow a/b'],
  ];
  for (const [content, words] of cases) {
    const state = await ended(content);
    expect(state.conclusion).toBe('failure');
    expect(job(state).log).toContain('This forge does not support');
    expect(job(state).log).toContain(words);
  }
});

test('what can not be started or evaluated fails by its name, and nothing else with it', async () => {
  const state = await ended(`
on: push
jobs:
  where: { runs-on: x, steps: [{ run: 'true', working-directory: nowhere }] }
  value: { runs-on: x, name: "\${{ fromJSON('{') }}", steps: [{ run: 'true' }] }
  minutes: { runs-on: x, timeout-minutes: "\${{ github.actor }}", steps: [{ run: 'true' }] }
  fine: { runs-on: x, steps: [{ run: 'true' }] }
`);
  expect(Object.fromEntries(state.jobs.map((one) => [one.key, one.conclusion]))).toEqual({
    where: 'failure',
    value: 'failure',
    minutes: 'failure',
    fine: 'success',
  });
  expect(job(state, 'where').log).toContain('Could not start bash in');
  expect(job(state, 'value').log).toContain('could not be evaluated');
  expect(job(state, 'minutes').log).toContain('expected a number above 0');
});

test('a file GitHub can not read is a startup failure without jobs', async () => {
  const { ended: end, seen } = await started('on: push\njobs:\n  a:\n    steps: []\n');
  expect(await end).toMatchObject({
    conclusion: 'startup_failure',
    jobs: [],
    errors: [expect.stringContaining('runs-on')],
  });
  expect(seen).toEqual(['run completed startup_failure']);
});

test('cancel ends the whole process group; always() still runs', async () => {
  const marker = join(root, 'alive');
  const { ended: end, state } = await started(
    steps(`      - run: |
          trap '' TERM
          (trap '' TERM; while true; do date +%s%N > ${marker}; sleep 0.05; done) &
          wait
      - if: always()
        run: echo cleaned
      - run: echo never
`),
  );
  await until(() =>
    readFile(marker).then(
      (bytes) => bytes.length > 0,
      () => false,
    ),
  );
  expect(bed.actions().cancel(state.id)).toBe(true);
  await end;
  expect(state.conclusion).toBe('cancelled');
  expect(job(state).steps.map((step) => step.conclusion)).toEqual(['cancelled', 'success', 'skipped']);
  expect(plain(job(state).log)).toContain('The operation was canceled.');
  const last = await readFile(marker, 'utf8');
  await delay(200);
  expect(await readFile(marker, 'utf8')).toBe(last);
  expect(bed.actions().cancel(state.id)).toBe(false);
});

test('time limits of jobs and of steps', async () => {
  const slow = await ended(steps('      - run: sleep 30\n', '    timeout-minutes: 0.005\n'));
  expect(slow.conclusion).toBe('cancelled');
  expect(job(slow).annotations[0]?.message).toContain('exceeded the maximum execution time');
  const step = await ended(
    steps(
      '      - run: sleep 30\n        timeout-minutes: 0.005\n      - if: failure()\n        run: echo went on\n',
    ),
  );
  expect(step.conclusion).toBe('failure');
  expect(plain(job(step).log)).toMatch(/has timed out after 0.005 minutes[\s\S]*\nwent on\n/);
});

test('a background process neither holds the job open nor outlives it', async () => {
  const marker = join(root, 'background');
  const before = Date.now();
  const state = await ended(
    steps(`      - run: (while true; do date +%s%N > ${marker}; sleep 0.05; done) &\n`),
  );
  expect(state.conclusion).toBe('success');
  expect(Date.now() - before).toBeLessThan(10_000);
  const last = await readFile(marker, 'utf8').catch(() => '');
  await delay(200);
  expect(await readFile(marker, 'utf8').catch(() => '')).toBe(last);
});

test('at most two jobs at a time, the rest waits its turn', async () => {
  const marks = join(root, 'marks');
  const one = `{ runs-on: x, steps: [{ run: 'mkdir -p ${marks}; touch ${marks}/$GITHUB_JOB; ls ${marks} | wc -l; sleep 0.3; rm ${marks}/$GITHUB_JOB' }] }`;
  const keys = ['a', 'b', 'c', 'd', 'e'];
  const state = await ended(`on: push\njobs:\n${keys.map((key) => `  ${key}: ${one}\n`).join('')}`);
  expect(state.conclusion).toBe('success');
  const seen = keys.map((key) => Number(/^(\d+)$/m.exec(plain(job(state, key).log))?.[1]));
  expect(Math.max(...seen)).toBe(2);
});

/** Its job waits for the file `go`. */
const grouped = (cancel: boolean, go: string) =>
  `on: push\nconcurrency: { group: "ci-\${{ github.ref }}", cancel-in-progress: ${cancel} }\n` +
  `jobs:\n  test: { runs-on: x, steps: [{ run: 'until test -e ${go}; do sleep 0.05; done' }] }\n`;

test('concurrency cancels what is in progress when it says so', async () => {
  const go = join(root, 'go-cancel');
  const first = await started(grouped(true, go));
  await until(() => first.state.jobs[0]?.status === 'in_progress');
  const second = await started(grouped(true, go));
  expect((await first.ended).conclusion).toBe('cancelled');
  await writeFile(go, '');
  expect((await second.ended).conclusion).toBe('success');
});

test('without it the newest waits and replaces who waited', async () => {
  const go = join(root, 'go-wait');
  const first = await started(grouped(false, go));
  await until(() => first.state.jobs[0]?.status === 'in_progress');
  const second = await started(grouped(false, go));
  const third = await started(grouped(false, go));
  const other = await started(grouped(false, go), { ref: 'refs/heads/other' });
  expect((await second.ended).conclusion).toBe('cancelled');
  expect(first.state.status).toBe('in_progress');
  await writeFile(go, '');
  expect(
    (await Promise.all([first, third, other].map((run) => run.ended))).map((run) => run.conclusion),
  ).toEqual(['success', 'success', 'success']);
});

test('a job that may fail counts as a success; jobs of one group take turns', async () => {
  const log = join(root, 'turns');
  const turn = (name: string) =>
    `{ runs-on: x, concurrency: turns, continue-on-error: ${name === 'a'}, steps: [{ run: 'echo in >> ${log}; sleep 0.2; echo out >> ${log}; test ${name} != a' }] }`;
  const state = await ended(`on: push
jobs:
  a: ${turn('a')}
  b: ${turn('b')}
  c: { runs-on: x, needs: a, steps: [{ run: 'echo "a was \${{ needs.a.result }}"' }] }
`);
  expect(state.conclusion).toBe('success');
  expect(job(state, 'a').conclusion).toBe('failure');
  expect(plain(job(state, 'c').log)).toContain('\na was success\n');
  expect(await readFile(log, 'utf8')).toBe('in\nout\nin\nout\n');
});

test('annotations come from workflow commands, stop-commands switches them off', async () => {
  const state = await ended(
    steps(`      - run: |
          echo '::warning file=src/a.ts,line=3,endLine=4,title=Odd%2C this::two%0Alines'
          echo '::stop-commands::token'
          echo '::error::not one'
          echo '::token::'
          echo '::error::one'
`),
  );
  expect(job(state).annotations).toEqual([
    {
      level: 'warning',
      message: 'two\nlines',
      title: 'Odd, this',
      path: 'src/a.ts',
      line: 3,
      endLine: 4,
      column: null,
    },
    { level: 'failure', message: 'one', title: null, path: '.github', line: 1, endLine: 1, column: null },
  ]);
  expect(plain(job(state).log)).toContain('\n::error::not one\n');
});

test('setup-node keeps this Node; a checkout of another ref and depth', async () => {
  const state = await ended(
    steps(`      - uses: actions/setup-node@v4
        with: { node-version: 18 }
      - run: node --version
      - uses: actions/checkout@v4
        with: { fetch-depth: 0, path: sub, persist-credentials: false }
      - run: git log --oneline | wc -l; git remote get-url origin; grep -c extraheader .git/config || true
        working-directory: sub
`),
  );
  expect(state.conclusion).toBe('success');
  expect(plain(job(state).log)).toContain(`\n${process.version}\n`);
  expect(plain(job(state).log)).toContain('\n1\nhttp://forge.invalid/acme/shop.git\n0\n');
});

test('stopping the interpreter kills what runs and leaves no directory', async () => {
  const {
    ended: end,
    state,
    house,
  } = await started(steps('      - run: sleep 60\n      - if: always()\n        run: sleep 60\n'));
  await until(() => state.jobs[0]?.steps[0]?.status === 'in_progress');
  await bed.actions()[Symbol.asyncDispose]();
  expect((await end).conclusion).toBe('cancelled');
  expect(await readdir(house)).toEqual([]);
});

test('a watcher that fails is the run’s failure, not silence', async () => {
  await using actions = await createActions({ root: join(root, 'watched') });
  const git = await createRepository(join(root, 'watched.git'), {
    defaultBranch: 'main',
    files: { a: '' },
    author,
  });
  const workflow = await readWorkflow('w.yml', steps('      - run: "true"\n'));
  const { ended: end } = actions.start(
    {
      ...plainRequest(),
      id: 1,
      workflow,
      repository: { git, id: 1, fullName: 'a/b', ownerId: 2 },
      sha: (await git.resolve('main'))!,
    },
    {
      onRun: () => undefined,
      onJob: () => {
        throw new Error('the glue broke');
      },
    },
  );
  await expect(end).rejects.toThrow('the glue broke');
});
