/** What an agent can get at: a probe looks through /proc, environment, git configuration, files and worktree. */
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmodSync, chownSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { playApp, type PlayedAnswer } from '../app/client/fixtures/played-app.ts';
import { branch, makeOrigin, temporaryDirectory } from '../runner/fixtures/origin.ts';
import { assignmentFor, kindAnswers } from '../runner/fixtures/play.ts';
import { onLinux } from '../runner/process-tree.ts';
import { buildAction } from './build.ts';
import { githubToken, identityToken, requestToken, startJob } from './fixtures/job.ts';
import { backwards, probeScript, type Findings, type ProbeOrder } from './fixtures/probe.ts';

const dist = join(tmpdir(), `entourage-test-probed-${process.pid}`);
beforeAll(async () => {
  await buildAction(dist);
});
afterAll(() => rmSync(dist, { recursive: true }));

const gitToken = 'ghs_reads-one-repository';
const modelKey = 'sk-model-key-of-the-job';
const isRoot = process.getuid?.() === 0;

/** A job whose agent is the probe, run as `uid`. */
async function probe(uid: number | undefined, processes: boolean) {
  const origin = makeOrigin();
  const directory = temporaryDirectory();
  chmodSync(directory, 0o711);
  if (uid !== undefined) chownSync(directory, uid, uid);
  const task = assignmentFor(origin, probeScript);
  const secrets = {
    'runner token': task.runner_token,
    'agent token': task.agent_token,
    'git token': gitToken,
    'identity token': identityToken,
    'request token': requestToken,
    GITHUB_TOKEN: githubToken,
    'model key': modelKey,
  };
  const order: ProbeOrder = {
    secrets: Object.fromEntries(Object.entries(secrets).map(([name, text]) => [name, backwards(text)])),
    roots: [directory],
    processes,
  };
  const assignment = { ...task, git_token: gitToken, prompt: JSON.stringify(order) };
  const kind = kindAnswers(origin);
  const uploads: Parameters<PlayedAnswer>[0][] = [];
  const app = await playApp({
    ...kind,
    exchange_session: () => ({ assignment }),
    // Taken when the job is over: until then the repository is the job's user's, and git wants its owner.
    upload_bundle: (call) => (uploads.push(call), { bundle: randomUUID() }),
    get_bundle: () => ({ state: 'pushed', head: uploads.at(-1)?.input['head'] ?? null, reason: '' }),
  });
  const own = (owner: number) => execFileSync('chown', ['-R', `${owner}:${owner}`, dirname(origin.url)]);
  if (uid !== undefined) own(uid);
  onTestFinished(() => app.stop());
  const job = await startJob({
    dist,
    inputs: { url: app.url, session: task.session, pass: 'MODEL_KEY' },
    environment: { MODEL_KEY: modelKey, TMPDIR: directory },
    ...(uid === undefined ? {} : { uid }),
  });
  expect(await job.ended, job.log()).toEqual({ code: 0, signal: null });
  if (uid !== undefined) own(0);
  for (const call of uploads) await kind['upload_bundle']?.(call, new AbortController().signal);
  const findings = JSON.parse(origin.git('show', `${branch}:findings.json`)) as Findings;
  return { app, job, task, findings };
}

const kinds = (found: readonly string[]): string[] => [...new Set(found)].toSorted();

describe('an agent in a job', { timeout: 60_000 }, () => {
  test.runIf(onLinux && isRoot)(
    'AG-5: of its own user finds its own token and its model key, nothing else',
    async () => {
      const { app, job, task, findings } = await probe(undefined, true);
      expect(app.inputsOf('start_session')).toMatchObject([{ isolation: 'user' }]);
      expect(job.summary()).toContain('a user of its own');
      expect(findings.uid).toBeGreaterThan(0);
      expect(findings.groups.filter((group) => group < 100)).toEqual([]);
      expect(findings.looked).toBeGreaterThan(50);
      const where = kinds(findings.found.map((place) => place.replace(/\/proc\/\d+/, '/proc/N')));
      expect(where).toEqual([
        expect.stringMatching(`^agent token in .*/${task.session}/mcp\\.json$`),
        'model key in /proc/N/environ',
        'model key in environment',
      ]);
      expect(findings.opened).toEqual([]);
      expect(findings.written).toEqual([]);
      expect(findings.sudo).toBe(false);
      expect(findings.variables.filter((name) => /^(GITHUB|ACTIONS|RUNNER|INPUT)_/.test(name))).toEqual([]);
      expect(readFileSync('/etc/passwd', 'utf8')).not.toContain(task.session.slice(-12));
    },
  );

  test('AG-5: without a user of its own finds no token in environment, arguments, git configuration or files', async () => {
    const { app, job, task, findings } = await probe(isRoot ? 65_534 : undefined, false);
    expect(app.inputsOf('start_session')).toMatchObject([{ isolation: 'none' }]);
    expect(job.summary()).toContain('could read its tokens');
    expect(findings.looked).toBeGreaterThan(20);
    expect(kinds(findings.found)).toEqual([
      expect.stringMatching(`^agent token in .*/${task.session}/mcp\\.json$`),
      'model key in environment',
    ]);
    expect(findings.variables.filter((name) => /^(GITHUB|ACTIONS|RUNNER|INPUT)_/.test(name))).toEqual([]);
  });
});
