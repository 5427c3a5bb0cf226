/** The built Action, as GitHub's runner starts it: a real process, a played App, a real repository. */
import { chmodSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Assignment } from '../app/catalog/assignment.ts';
import { playApp, PlayedRefusal, type PlayedAnswer } from '../app/client/fixtures/played-app.ts';
import { branch, makeOrigin, temporaryDirectory } from '../runner/fixtures/origin.ts';
import { assignmentFor, kindAnswers } from '../runner/fixtures/play.ts';
import { until } from '../runner/fixtures/until.ts';
import { findAgentUser } from '../runner/agent-user.ts';
import { onLinux, processTree } from '../runner/process-tree.ts';
import { buildAction } from './build.ts';
import { githubToken, identityToken, requestToken, startJob, type JobOptions } from './fixtures/job.ts';

const dist = join(tmpdir(), `entourage-test-dist-${process.pid}`);
beforeAll(async () => {
  await buildAction(dist);
});
afterAll(() => rmSync(dist, { recursive: true }));

const kit = `
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
const git = (...args) => execFileSync('git', args, { encoding: 'utf8' }).trim();
const say = (event) => console.log(JSON.stringify(event));
`;
const commitOne = `${kit}
writeFileSync('sum.test.js', 'test');
git('add', '.'); git('commit', '-qm', 'Test *sum* @octocat');
`;

type Options = {
  script?: string;
  assignment?: Partial<Assignment>;
  answers?: Record<string, PlayedAnswer>;
  inputs?: Record<string, string>;
  job?: Partial<JobOptions>;
};

async function open({ script = commitOne, assignment = {}, answers = {}, inputs = {}, job = {} }: Options) {
  const origin = makeOrigin();
  const task: Assignment = { ...assignmentFor(origin, script), ...assignment };
  const app = await playApp({
    ...kindAnswers(origin),
    exchange_session: () => ({ assignment: task }),
    ...answers,
  });
  onTestFinished(() => app.stop());
  const started = await startJob({
    dist,
    inputs: { url: app.url, session: task.session, pass: '', ...inputs },
    ...job,
  });
  return { app, origin, task, job: started };
}

describe('the Action', { timeout: 30_000 }, () => {
  test('AG-4: exchanges the job’s identity for a session, works, hands over, and says what it did', async () => {
    const usage = { input_tokens: 12_000, cached_tokens: 10, output_tokens: 20, cost: 1_500_000 };
    const { app, origin, job } = await open({
      script: `${commitOne} say({ type: 'usage', ...${JSON.stringify(usage)} });`,
    });
    expect(await job.ended, job.log()).toEqual({ code: 0, signal: null });
    expect(job.audiences).toEqual([app.url]);
    const [exchange] = app.calls;
    expect(exchange).toMatchObject({ operation: 'exchange_session', token: identityToken });
    expect(app.inputsOf('end_session')).toMatchObject([{ outcome: 'completed', usage, cancelled: false }]);
    expect(origin.git('log', '-1', '--format=%s', branch)).toBe('Test *sum* @octocat');
    const summary = job.summary();
    expect(summary).toContain('## Run 12, t2: the agent is done');
    expect(summary).toContain('$1.50');
    expect(summary).toContain('Test \\*sum\\* @\u2060octocat');
    expect(summary).toContain('`sum.test.js`');
    expect(summary).toContain('https://github.example/acme/shop/issues/7');
    expect(summary).toContain('https://github.example/acme/shop/pull/9');
  });

  test('AG-4: every secret is masked before anything could print it', async () => {
    const { task, job } = await open({
      script: '',
      inputs: { pass: 'MODEL_KEY' },
      job: { environment: { MODEL_KEY: 'sk-model-key' } },
      assignment: { git_token: 'ghs_reads-only' },
    });
    await job.ended;
    const secrets = [identityToken, task.runner_token, task.agent_token, 'ghs_reads-only', 'sk-model-key'];
    for (const secret of secrets) {
      const lines = job
        .log()
        .split('\n')
        .filter((line) => line.includes(secret));
      expect(lines, secret).toEqual([`::add-mask::${secret}`]);
    }
    expect(job.log()).not.toMatch(new RegExp(`${githubToken}|${requestToken}`));
  });

  test('what an agent prints is no command to GitHub’s runner', async () => {
    const { job } = await open({
      script: `${kit} say({ type: 'text', text: '::error::forged' }); say({ type: 'text', text: 'a ##[error]b' });
        console.error('::set-output name=x::y'); process.exit(1);`,
    });
    expect((await job.ended).code).toBe(0);
    expect(job.log()).toContain('\n: :set-output');
    expect(job.log()).toContain('a # #[error]b');
    expect(job.log()).not.toMatch(/^\s*::(?:error|set-output)|##\[/m);
  });

  test('a session that another run has is no failure: a notice, and nothing is done', async () => {
    const { app, job } = await open({
      answers: {
        exchange_session: () => {
          throw new PlayedRefusal('already_done', 'Another run has this session.');
        },
      },
    });
    expect((await job.ended).code).toBe(0);
    expect(job.log()).toMatch(/^::notice title=Nothing to do::Another run has this session\./m);
    expect(app.calls).toHaveLength(1);
  });

  test.each([
    ['not_authenticated', /ENTOURAGE_OIDC_ISSUER/],
    ['not_permitted', /default branch/],
    ['not_found', /compare `url`/],
  ] as const)('a refused exchange (%s) makes the job red and says what to do', async (code, words) => {
    const { job } = await open({
      answers: {
        exchange_session: () => {
          throw new PlayedRefusal(code, 'No.');
        },
      },
    });
    expect((await job.ended).code).toBe(1);
    expect(job.log()).toMatch(/^::error::The App refused this job: No\./m);
    expect(job.log()).toMatch(words);
  });

  test('an App that can’t be reached is asked again a little, then said', async () => {
    const away = await playApp({});
    await away.stop();
    const { job } = await open({ inputs: { url: away.url } });
    expect((await job.ended).code).toBe(1);
    expect(job.log()).toMatch(
      /^::error::The App at http:\/\/127\.0\.0\.1:\d+ can’t be reached.*ECONNREFUSED/m,
    );
    expect(job.log()).toContain('/entourage retry');
  });

  test('a workflow without `id-token: write` is told which line it lacks', async () => {
    const { app, job } = await open({ job: { identity: false } });
    expect((await job.ended).code).toBe(1);
    expect(job.log()).toMatch(/^::error::.*identity token.*id-token: write/m);
    expect(app.calls).toEqual([]);
  });

  test.each([
    [{ url: '' }, /`url` is missing/],
    [{ url: 'entourage.example.com' }, /`url` is no address/],
    [{ url: 'https://user:secret@entourage.example.com' }, /no plain address/],
    [{ session: '' }, /`session` is missing/],
    [{ session: '../12' }, /no session id/],
    [{ pass: 'MODEL_KEY, GITHUB_TOKEN' }, /never get GITHUB_TOKEN/],
  ])('inputs that can’t be right are refused: %j', async (inputs, words) => {
    const { app, job } = await open({ inputs });
    expect((await job.ended).code).toBe(1);
    expect(job.log()).toMatch(words);
    expect(app.calls).toEqual([]);
  });

  test('an agent that fails does not make the job red: the App counts that', async () => {
    const { app, job } = await open({ script: 'process.exit(3);' });
    expect((await job.ended).code).toBe(0);
    expect(app.inputsOf('end_session')).toMatchObject([{ outcome: 'failed' }]);
    expect(job.summary()).toContain('exit code 3');
    expect(job.log()).toMatch(/^::warning title=Session failed::The engine ended with exit code 3/m);
  });

  test('an engine that is not installed ends the session with what is missing', async () => {
    const { app, job } = await open({ assignment: { engine: 'no-such-engine' } });
    expect((await job.ended).code).toBe(0);
    expect(app.inputsOf('end_session')[0]?.['reason']).toMatch(/no engine `no-such-engine`/);
  });

  test('a repository that can’t be fetched makes the job red, and the session ends in words', async () => {
    const { app, job } = await open({ assignment: { clone_url: '/nowhere/shop.git' } });
    expect((await job.ended).code).toBe(1);
    expect(job.log()).toMatch(/^::error::There is no workspace for the agent: git fetch ended with 128/m);
    expect(app.inputsOf('end_session')).toMatchObject([{ outcome: 'failed' }]);
  });

  test('AG-7: cancelled, it stops the agent, hands over what there is and frees the slot in time', async () => {
    const { app, origin, task, job } = await open({
      script: `${commitOne} writeFileSync('rest.txt', 'rest');
        for (const s of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(s, () => {});
        say({ type: 'text', text: 'far' }); setInterval(() => {}, 1000);`,
    });
    await until(() => job.log().includes('agent: far'));
    const began = Date.now();
    job.child.kill('SIGINT');
    expect(await job.ended, job.log()).toEqual({ code: 0, signal: null });
    expect(Date.now() - began).toBeLessThan(7_500);
    expect(app.inputsOf('end_session')).toMatchObject([
      { outcome: 'stopped', cancelled: true, reason: 'The workflow run was cancelled.' },
    ]);
    expect(origin.git('ls-tree', '--name-only', branch).split('\n')).toContain('rest.txt');
    expect(
      readdirSync(tmpdir()).filter((name) => existsSync(join(tmpdir(), name, 'sessions', task.session))),
    ).toEqual([]);
  });

  test('AG-7: cancelled while the App judges slowly, the upload and the end still come through', async () => {
    const { app, job } = await open({
      script: `${commitOne} say({ type: 'text', text: 'far' }); setInterval(() => {}, 1000);`,
      answers: { get_bundle: async () => (await delay(700), { state: 'pending', head: null, reason: '' }) },
    });
    await until(() => job.log().includes('agent: far'));
    job.child.kill('SIGINT');
    await job.ended;
    const order = app.calls.map(({ operation }) => operation).filter((name) => name !== 'heartbeat');
    expect(order.indexOf('upload_bundle')).toBeGreaterThan(0);
    expect(order.at(-1)).toBe('end_session');
    expect(app.inputsOf('end_session')).toMatchObject([{ cancelled: true }]);
  });

  test.runIf(onLinux)(
    'KW-1: what a killed job left is ended and removed by the next one on the same machine',
    async () => {
      const machine = temporaryDirectory();
      chmodSync(machine, 0o711);
      const job = { environment: { TMPDIR: machine, RUNNER_TEMP: join(machine, 'runner') } };
      const first = await open({
        script: `${kit} for (const s of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGPIPE']) process.on(s, () => {});
        say({ type: 'text', text: 'far' }); setInterval(() => {}, 1000);`,
        job,
      });
      await until(() => first.job.log().includes('agent: far'));
      first.job.child.kill('SIGKILL');
      await first.job.ended;
      const left = async () =>
        await processTree(null, first.task.session, await findAgentUser(first.task.session)).alive();
      // The agent, and the shell that keeps its exit code.
      expect(await left()).toHaveLength(2);
      const second = await open({ script: '', job });
      expect((await second.job.ended).code).toBe(0);
      expect(await left()).toEqual([]);
      expect(await findAgentUser(first.task.session)).toBeNull();
      expect(readdirSync(machine).filter((name) => name.startsWith('entourage-job'))).toEqual([]);
    },
  );

  test('the same sources give the same bytes, below 1.5 MB', async () => {
    const again = temporaryDirectory();
    const sizes = await buildAction(again);
    expect(readdirSync(again).toSorted()).toEqual(readdirSync(dist).toSorted());
    expect([...sizes.values()].reduce((sum, size) => sum + size, 0)).toBeLessThan(1_500_000);
  });
});
