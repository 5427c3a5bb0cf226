/** How steps and jobs end before their time: cancelled, too slow, or left behind. */
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { createRepository } from '../git/repository.ts';
import { createActions } from './actions.ts';
import { runnerPatience } from './process-group.ts';
import { author, job, openRunBed, plain, plainRequest, type RunBed, steps, until } from './run-bed.ts';
import { readWorkflow } from './workflow.ts';

// Real processes on a machine that others use too: time limits are for hangs, not for slowness.
vi.setConfig({ testTimeout: 30_000 });

let bed: RunBed;
beforeAll(async () => {
  bed = await openRunBed({ interrupt: 1_000, terminate: 1_000 });
});
afterEach(() => bed.stop());
afterAll(() => bed[Symbol.asyncDispose]());

const node = (script: string) =>
  `      - shell: node {0}\n        run: |\n${script.replaceAll(/^/gm, '          ')}\n`;
const waiting = (path: string) =>
  `require('node:fs').writeFileSync('${path}', ''); setInterval(() => {}, 1000)`;

test('a cancelled step gets SIGINT, SIGTERM, and then the kill, each after GitHub’s patience', async () => {
  expect(runnerPatience).toEqual({ interrupt: 7_500, terminate: 2_500 });
  const marker = join(bed.root, 'signals');
  const run = await bed.started(
    steps(`${node(`process.on('SIGINT', () => console.log('got SIGINT'))
process.on('SIGTERM', () => console.log('got SIGTERM'))
${waiting(marker)}`)}      - { if: cancelled(), run: "echo cancelled holds" }
      - { if: failure(), run: "echo failure holds" }
      - { run: "echo success holds" }
      - { if: always(), run: "exit 1" }
`),
  );
  await until(() => existsSync(marker));
  expect(bed.actions().cancel(run.state.id)).toBe(true);
  const state = await run.ended;
  expect(state.conclusion).toBe('cancelled');
  const log = plain(job(state).log);
  expect(log).toMatch(/got SIGINT\n[\s\S]*got SIGTERM\n[\s\S]*##\[error\]The operation was canceled\.\n/);
  expect(log).toContain('\ncancelled holds\n');
  expect(log).not.toContain('failure holds\n');
  expect(job(state).steps.map((step) => step.conclusion)).toEqual([
    'cancelled',
    'success',
    'skipped',
    'skipped',
    'failure',
  ]);
});

test('SIGINT goes to the step’s own process, which may end in peace', async () => {
  const marker = join(bed.root, 'peace');
  const run = await bed.started(
    steps(
      node(`const child = require('node:child_process').spawn(process.execPath, ['-e', \`process.on('SIGINT', () => console.log('child hit')); setInterval(() => {}, 1000)\`], { stdio: 'inherit' })
process.on('SIGINT', () => { console.log('saved'); child.kill(); process.exit(0) })
${waiting(marker)}`),
    ),
  );
  await until(() => existsSync(marker));
  bed.actions().cancel(run.state.id);
  const state = await run.ended;
  expect(plain(job(state).log)).toContain('\nsaved\n');
  expect(plain(job(state).log)).not.toContain('child hit\n');
  expect(job(state).steps[0]?.conclusion).toBe('cancelled');
});

test('what leaves its process group is found by the runner’s tracking variable', async () => {
  const marker = join(bed.root, 'orphan');
  const script = `(require('node:child_process').spawn('sh', ['-c', 'while true; do date +%s%N > ${marker}; sleep 0.05; done'], { detached: true, stdio: 'ignore' })).unref()`;
  const state = await bed.ended(
    steps(`${node(script)}      - run: until test -s ${marker}; do sleep 0.05; done\n`),
  );
  expect(state.conclusion).toBe('success');
  const last = await readFile(marker, 'utf8');
  await delay(300);
  expect(await readFile(marker, 'utf8')).toBe(last);
});

test('a job over its time is cancelled; always() still runs', async () => {
  const late = await bed.ended(
    steps(
      `${node('setInterval(() => {}, 1000)')}      - { if: always(), run: "echo \${{ job.status }}" }\n`,
      '    timeout-minutes: 0.01\n',
    ),
  );
  expect(late.conclusion).toBe('cancelled');
  expect(plain(job(late).log)).toContain('has exceeded the maximum execution time of 0.01 minutes.');
  expect(plain(job(late).log)).toContain('\ncancelled\n');
});

test('a forced cancellation does not wait for steps that clean up', async () => {
  const marker = join(bed.root, 'forced');
  const run = await bed.started(
    steps(
      `${node(`process.on('SIGINT', () => {}); process.on('SIGTERM', () => {}); ${waiting(marker)}`)}      - { if: always(), run: "echo never" }\n`,
    ),
  );
  await until(() => existsSync(marker));
  bed.actions().cancel(run.state.id, true);
  const state = await run.ended;
  expect(job(state).steps.map((step) => step.conclusion)).toEqual(['cancelled', 'skipped']);
  expect(plain(job(state).log)).not.toContain('\nnever\n');
});

const grouped = (extra: string) =>
  `on: push\nconcurrency: { group: one${extra} }\njobs:\n  test: { runs-on: x, steps: [{ run: 'until test -e ${bed.root}/go; do sleep 0.05; done' }] }\n`;

test('G33: queue: max keeps those that wait; a run that is cancelled while it waits is gone at once', async () => {
  const first = await bed.started(grouped(', queue: max'));
  await until(() => first.state.jobs[0]?.status === 'in_progress');
  const waiters = await Promise.all([1, 2, 3].map(() => bed.started(grouped(', queue: max'))));
  const gone = waiters[1];
  await until(() => waiters.every((run) => run.state.status === 'pending'));
  bed.actions().cancel(gone!.state.id);
  expect((await gone!.ended).conclusion).toBe('cancelled');
  expect(first.state.status).toBe('in_progress');
  await writeFile(join(bed.root, 'go'), '');
  const ends = await Promise.all([first, waiters[0]!, waiters[2]!].map((run) => run.ended));
  expect(ends.map((state) => state.conclusion)).toEqual(['success', 'success', 'success']);
  expect(gone!.seen).toEqual(['run queued', 'run pending', 'run completed cancelled']);
});

test('G33: a job that is queued for a day is cancelled', async () => {
  const times = { moved: 0 };
  await using actions = await createActions({
    root: join(bed.root, 'queue'),
    runners: [],
    now: () => new Date(Date.now() + times.moved),
  });
  const git = await createRepository(join(bed.root, 'queue.git'), {
    defaultBranch: 'main',
    files: { a: '' },
    author,
  });
  const run = actions.start(
    {
      ...plainRequest(),
      id: 1,
      workflow: await readWorkflow('w.yml', steps('      - run: "true"\n')),
      repository: { git, id: 1, fullName: 'a/b', ownerId: 2 },
      sha: (await git.resolve('main'))!,
    },
    { onRun: () => undefined, onJob: () => undefined },
  );
  await until(() => run.state.jobs[0]?.status === 'queued');
  times.moved = 24 * 3_600_000;
  expect((await run.ended).conclusion).toBe('cancelled');
  expect(job(run.state).steps).toEqual([]);
});
