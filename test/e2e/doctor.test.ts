/** `entourage doctor` against the local GitHub: each thing that can be wrong is made wrong, and named with what to do. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAppAuth } from '@octokit/auth-app';
import { Octokit } from '@octokit/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkHook } from '../../app/cli/doctor-hook.ts';
import { examine } from '../../app/cli/examine.ts';
import { checks, type NamedFinding } from '../../app/cli/finding.ts';
import { policyFile } from '../../app/cli/policy-file.ts';
import { ownRegistration } from '../../app/cli/registration.ts';
import { workflowFile, workflowPath } from '../../app/domain/workflow.ts';
import { startForge, type RunningForge } from '../../forge/server.ts';
import { entourage } from './terminal.ts';

/** Nobody is there; nobody outside this machine is asked. */
const url = 'http://127.0.0.1:1';
const action = `acme/entourage/action@${'ab'.repeat(20)}`;
const workflow = workflowFile({ url, action, pass: ['MODEL_KEY'] });
const policy = policyFile({ dispatch: 'actions', engines: ['command'], command: ['agent'] });
const files = { 'README.md': '# it\n', 'ENTOURAGE.md': policy, [workflowPath]: workflow };
const owner = 'acme';

let forge: RunningForge;
let directory: string;
let app: Octokit;
let receiver: Server;
let answer = 200;
/** The commit of the action’s repository. */
let at: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'entourage-doctor-'));
  receiver = createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(answer).end());
  });
  await new Promise<void>((resolve) => void receiver.listen(0, '127.0.0.1', resolve));
  const { permissions, events } = await ownRegistration();
  const repository = {
    owner,
    files,
    ruleset: { requiredChecks: ['test', { context: 'entourage', app: 'entourage' }], adminsBypass: true },
  };
  forge = await startForge({
    dataDir: join(directory, 'forge'),
    webhookUrl: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`,
    seed: {
      app: {
        slug: 'entourage',
        owner,
        permissions: Object.fromEntries(permissions.map(({ name, level }) => [name, level])),
        events: events.map(({ name }) => name),
        installations: [{ account: owner }],
      },
      users: [{ login: 'olga' }, { login: 'solo' }],
      organizations: [{ login: owner, owners: ['olga'] }],
      repositories: [
        { ...repository, name: 'whole', secrets: { MODEL_KEY: 'x' } },
        { ...repository, name: 'bare', files: { 'README.md': '# it\n' }, ruleset: {}, private: true },
        {
          ...repository,
          name: 'queue',
          ruleset: { requiredChecks: ['test'], mergeQueue: {}, adminsBypass: true },
        },
        { ...repository, name: 'lame' },
        {
          owner,
          name: 'entourage',
          files: {
            'action/action.yml': 'runs: { using: node24, main: dist/main.js }\n',
            'action/dist/main.js': '0\n',
            'half/action.yml': 'runs: { using: node24, main: dist/main.js }\n',
          },
        },
        { owner: 'solo', name: 'elsewhere', files: { 'README.md': '# it\n' } },
      ],
    },
  });
  const { appId, privateKey } = forge.credentials;
  writeFileSync(join(directory, 'app.pem'), privateKey, { mode: 0o600 });
  const baseUrl = `${forge.url}/api/v3`;
  const { data } = await olga().request('GET /repos/{owner}/{repo}/git/ref/{ref}', {
    owner,
    repo: 'entourage',
    ref: 'heads/main',
  });
  at = data.object.sha;
  await commit(
    'whole',
    workflowPath,
    workflowFile({ url, action: `acme/entourage/action@${at}`, pass: ['MODEL_KEY'] }),
  );
  app = new Octokit({ baseUrl, authStrategy: createAppAuth, auth: { appId, privateKey } });
});
afterAll(async () => {
  await forge[Symbol.asyncDispose]();
  await new Promise((resolve) => void receiver.close(resolve));
  rmSync(directory, { recursive: true, force: true });
  expect(forge.violations).toEqual([]);
});

const olga = (): Octokit =>
  new Octokit({ auth: forge.credentials.tokens['olga'], baseUrl: `${forge.url}/api/v3` });

const environmentOf = (more: Record<string, string>): Record<string, string> => ({
  APP_ID: String(forge.credentials.appId),
  PRIVATE_KEY_PATH: join(directory, 'app.pem'),
  WEBHOOK_SECRET: forge.credentials.webhookSecret,
  GHE_HOST: new URL(forge.url).host,
  GHE_PROTOCOL: 'http',
  ENTOURAGE_URL: url,
  ENTOURAGE_DIR: directory,
  ...more,
});

type Asked = Parameters<typeof examine>[1];

/** What the doctor says, by what it looked at. */
async function doctor(asked: Asked = {}, environment: Record<string, string> = {}) {
  const findings = await examine(environmentOf(environment), asked);
  expect(JSON.stringify(findings)).not.toContain(forge.credentials.webhookSecret);
  expect(findings.filter(({ check }) => !(check in checks))).toEqual([]);
  expect(findings.filter(({ state, help }) => state !== 'good' && help === undefined)).toEqual([]);
  const of = (check: keyof typeof checks): string =>
    findings
      .filter((finding) => finding.check === check)
      .map(({ state, what, help }) => `${state}: ${what}${help === undefined ? '' : ` → ${help}`}`)
      .join('\n');
  return { findings, of };
}
const asOlga = () => ({ GITHUB_TOKEN: forge.credentials.tokens['olga'] ?? '' });
const repo = (name: string): Asked => ({ repo: [`${owner}/${name}`] });
const probed = (name: string): Asked => ({ ...repo(name), probe: true });

async function commit(name: string, path: string, text: string): Promise<void> {
  const at = { owner, repo: name, path };
  const { data } = await olga().request('GET /repos/{owner}/{repo}/contents/{path}', at);
  if (Array.isArray(data)) throw new Error(`${path} is a directory`);
  const content = Buffer.from(text).toString('base64');
  await olga().request('PUT /repos/{owner}/{repo}/contents/{path}', {
    ...at,
    message: path,
    content,
    sha: data.sha,
  });
}

describe('the App', () => {
  it('is good as app.yml wants it; a server’s version is told', async () => {
    const { of } = await doctor();
    expect(of('app-key')).toBe('good: GitHub knows the App as entourage.');
    expect(of('app-permissions')).toMatch(/^good: The App has all permissions of app.yml/);
    expect(of('app-events')).toBe('good: The App hears all events of app.yml.');
    expect(of('installations')).toBe('good: Installed on acme, all repositories.');
    expect(of('identity-issuer')).toBe(`good: Jobs’ identities are signed by ${forge.url}/_services/token.`);
    expect(of('server-version')).toContain(forge.url);
  });

  it('lacks permissions and events: each is named with what it is for', async () => {
    const row = [...forge.state.apps.values()].find(({ slug }) => slug === 'entourage')!;
    const installation = [...forge.state.installations.values()].find(({ appId }) => appId === row.id)!;
    const before = { permissions: row.permissions, events: row.events, accepted: installation.permissions };
    row.permissions = { ...row.permissions, checks: 'read' };
    row.events = row.events.filter((name) => name !== 'workflow_run');
    const { of } = await doctor();
    const process = await entourage(['doctor', '--json'], { environment: environmentOf({}) });
    expect(process.code).toBe(1);
    const lacking = (JSON.parse(process.out) as NamedFinding[]).filter(({ state }) => state === 'bad');
    expect(lacking.map(({ check }) => check)).toEqual(['app-permissions', 'app-events']);
    expect(of('app-permissions')).toMatch(
      /^bad: The App lacks the permission checks: write\. It is for: The check `entourage`/,
    );
    expect(of('app-events')).toMatch(
      /^bad: The App does not hear workflow_run\. It is for: A session's workflow run/,
    );
    row.permissions = before.permissions;
    row.events = before.events;
    installation.permissions = { ...before.accepted, actions: 'read' };
    expect((await doctor()).of('installations')).toMatch(
      /^bad: acme has not accepted: actions: write\. → .*settings\/installations/,
    );
    installation.permissions = before.accepted;
    installation.suspendedAt = '2026-01-01T00:00:00Z';
    expect((await doctor()).of('installations')).toMatch(/^unsure: The installation on acme is suspended/);
    installation.suspendedAt = null;
  });

  it('has another key, or no GitHub there', async () => {
    expect((await doctor({}, { APP_ID: '7' })).of('app-key')).toMatch(
      /^bad: GitHub does not take the key of App 7/,
    );
    const stranger = createServer((_, response) => response.writeHead(404).end('<html>'));
    await new Promise<void>((resolve) => void stranger.listen(0, '127.0.0.1', resolve));
    const host = `127.0.0.1:${(stranger.address() as AddressInfo).port}`;
    const { of } = await doctor({}, { GHE_HOST: host });
    expect(of('app-key')).toBe(`bad: http://${host}/api/v3 does not answer like GitHub. → Check GHE_HOST.`);
    expect(of('identity-issuer')).toMatch(/can’t be used: .* answers 404/);
    await new Promise((resolve) => void stranger.close(resolve));
  });

  it('has an issuer of another name', async () => {
    const issuer = `${forge.url.replace('127.0.0.1', 'localhost')}/_services/token`;
    const { of } = await doctor({}, { ENTOURAGE_OIDC_ISSUER: issuer });
    expect(of('identity-issuer')).toMatch(/^bad: .* says that its name is/);
  });
});

describe('G43: webhooks', () => {
  const said = async (check: string): Promise<string> => {
    const { appId, privateKey } = forge.credentials;
    const gitHub = { appId, privateKey, apiUrl: `${forge.url}/api/v3`, webUrl: forge.url };
    const findings = (await checkHook({ gitHub, url })).filter((finding) => finding.check === check);
    return findings
      .map(({ state, what, help }) => `${state}: ${what}${help === undefined ? '' : ` → ${help}`}`)
      .join('\n');
  };
  const hook = async (data: object): Promise<void> => {
    await app.request({ method: 'PATCH', url: '/app/hook/config', data });
  };
  const deliver = async (status: number): Promise<void> => {
    answer = status;
    forge.ping();
    await forge.settled();
  };

  it('their address is compared with ours', async () => {
    const { data } = await app.request('GET /app/hook/config');
    expect(await said('webhook-address')).toMatch(
      /^unsure: Webhooks go to http:.*not to http:\/\/127\.0\.0\.1:1\/api\/github\/webhooks/,
    );
    await hook({ url: `${url}/api/github/webhooks` });
    expect(await said('webhook-address')).toBe(`good: Webhooks go to ${url}/api/github/webhooks.`);
    await hook({ url: data.url });
  });

  it('a wrong secret, a wrong address and a silent App show in the answers', async () => {
    await forge.settled();
    forge.state.deliveries.clear();
    expect(await said('webhook-deliveries')).toMatch(/^unsure: GitHub sent no webhook/);
    await deliver(200);
    expect(await said('webhook-deliveries')).toBe('good: The App took the last 1 webhooks.');
    for (const [status, words] of [
      [400, /does not take their signature\. → WEBHOOK_SECRET is not the secret/],
      [401, /does not take their signature/],
      [404, /something else answers there/],
      [502, /nobody answers in time/],
      [500, /the answer was 500/],
    ] as const) {
      await deliver(status);
      expect(await said('webhook-deliveries'), String(status)).toMatch(words);
    }
    await deliver(200);
    expect(await said('webhook-deliveries')).toMatch(/^unsure: The App takes webhooks now; 5 of the last 7/);
  });
});

describe('a repository', () => {
  it('has everything: an admin’s token shows what the App can’t see', async () => {
    const { findings, of } = await doctor(probed('whole'), asOlga());
    const about: string[] = [
      'repository',
      'people',
      'policy',
      'workflow',
      'action',
      'workflow-enabled',
      'actions-enabled',
      'workflow-secrets',
      'dispatch',
      'branch-rules',
      'own-check',
      'merge-way',
      'task-branches',
      'drafts',
    ];
    const here = findings.filter(({ check }) => about.includes(check));
    expect(here.filter(({ state }) => state !== 'good')).toEqual([]);
    expect(here.map(({ check }) => check)).toEqual(about);
    expect(of('own-check')).toBe('good: main requires `entourage` from this App alone.');
    expect([...forge.state.workflowRuns.values()]).toEqual([]);
  });

  it('has nothing yet', async () => {
    const { of } = await doctor(repo('bare'));
    expect(of('policy')).toMatch(
      /^unsure: There is no ENTOURAGE\.md on main.*entourage init --repo acme\/bare/,
    );
    expect(of('workflow')).toMatch(/^bad: There is no \.github\/workflows\/entourage\.yml on main/);
    expect(of('branch-rules')).toMatch(/^unsure: main requires no check/);
    expect(of('own-check')).toMatch(/^unsure: main does not require the check `entourage`/);
    expect(of('drafts')).toMatch(/G11|\[WIP\]/);
    expect(of('dispatch')).toBe('');
  });

  it('is not the App’s, or not there', async () => {
    const { of } = await doctor({ repo: ['solo/elsewhere'] });
    expect(of('repository')).toMatch(/^bad: The App is not installed on solo\/elsewhere.*installations\/new/);
  });

  it('its settings can’t be seen by the App alone', async () => {
    const { of } = await doctor(repo('whole'));
    expect(of('actions-enabled')).toMatch(/^unsure: .*--probe/);
    expect(of('workflow-secrets')).toMatch(/^unsure: Agents need MODEL_KEY/);
  });

  it('a merge queue, and ways of merging that it refuses', async () => {
    const { of } = await doctor(repo('queue'));
    expect(of('merge-way')).toMatch(/^good: .*merge queue/);
    await commit('queue', 'ENTOURAGE.md', policy.replace('by: auto', 'by: direct'));
    expect((await doctor(repo('queue'))).of('merge-way')).toMatch(/^bad: ENTOURAGE\.md merges directly/);
    await commit('whole', 'ENTOURAGE.md', policy.replace('by: auto', 'by: queue'));
    expect((await doctor(repo('whole'))).of('merge-way')).toMatch(
      /^bad: ENTOURAGE\.md merges by queue, but main has none/,
    );
    await commit('whole', 'ENTOURAGE.md', policy);
  });

  it('a broken policy, an older workflow, the wrong App in it', async () => {
    await commit('lame', 'ENTOURAGE.md', policy.replace('session_minutes: 60', 'session_minutes: many'));
    const old = workflow.replaceAll('inputs.session', 'inputs.task').replace('      session:', '      task:');
    await commit('lame', workflowPath, old);
    const { of } = await doctor(repo('lame'));
    expect(of('policy')).toMatch(/^bad: ENTOURAGE\.md, line \d+, column \d+: limits\.session_minutes/);
    expect(of('workflow')).toMatch(/^bad: .*can’t be started with a session.*--force/);
    await commit('lame', workflowPath, workflowFile({ url: 'https://other.example', action }));
    expect((await doctor(repo('lame'))).of('workflow')).toMatch(
      /^bad: .*names the App at https:\/\/other\.example, but it is at/,
    );
    expect(of('action')).toMatch(/^unsure: The App does not see acme\/entourage\/action@abab/);
    await commit(
      'lame',
      workflowPath,
      workflowFile({ url, action: `acme/entourage/half@${at}`, sessionMinutes: 350 }),
    );
    const half = await doctor(repo('lame'));
    expect(half.of('action')).toMatch(/^bad: .*has no dist\/main\.js: that commit holds no bundle/);
    expect(half.of('workflow')).toMatch(/^unsure: .*more than the 360 minutes/);
    await commit('lame', 'ENTOURAGE.md', policy.replace('session_minutes: 60', 'session_minutes: 600'));
    await commit('lame', workflowPath, workflow.replace(/@[0-9a-f]{40}/, '@main'));
    const next = (await doctor(repo('lame'))).of('workflow');
    expect(next).toMatch(/unsure: .*which is not pinned to a commit/);
    await commit('lame', workflowPath, workflow);
    expect((await doctor(repo('lame'))).of('workflow')).toMatch(
      /unsure: .*ends a job before session_minutes \(600\)/,
    );
  });

  it('a disabled workflow; Actions off: the probe meets what a dispatch would', async () => {
    const at = { owner, repo: 'lame', workflow_id: 'entourage.yml' };
    await olga().request('PUT /repos/{owner}/{repo}/actions/workflows/{workflow_id}/disable', at);
    const disabled = await doctor(probed('lame'), asOlga());
    expect(disabled.of('workflow-enabled')).toMatch(/^bad: The workflow is disabled manually/);
    expect(disabled.of('dispatch')).toMatch(/^bad: .*disabled/);
    expect(disabled.of('workflow-secrets')).toMatch(/^unsure: The repository itself has no secret MODEL_KEY/);
    await olga().request('PUT /repos/{owner}/{repo}/actions/workflows/{workflow_id}/enable', at);
    await olga().request('PUT /repos/{owner}/{repo}/actions/permissions', {
      owner,
      repo: 'lame',
      enabled: false,
    });
    const off = await doctor(probed('lame'), asOlga());
    expect(off.of('actions-enabled')).toMatch(/^bad: GitHub Actions is off in acme\/lame/);
    expect(off.of('dispatch')).toMatch(/^bad: /);
  });

  it('G14: our check from anybody, or from another App; rules on the App’s own branches', async () => {
    const at = { owner, repo: 'bare' };
    const own = (integration_id?: number) => ({
      type: 'required_status_checks' as const,
      parameters: {
        strict_required_status_checks_policy: false,
        required_status_checks: [
          { context: 'entourage', ...(integration_id === undefined ? {} : { integration_id }) },
        ],
      },
    });
    const conditions = (include: string) => ({ ref_name: { include: [include], exclude: [] } });
    const rules = { name: 'ours', target: 'branch', enforcement: 'active' } as const;
    const path = 'POST /repos/{owner}/{repo}/rulesets';
    const { data: made } = await olga().request(path, {
      ...at,
      ...rules,
      conditions: conditions('~DEFAULT_BRANCH'),
      rules: [own()],
    });
    expect((await doctor(repo('bare'))).of('own-check')).toMatch(
      /^unsure: .*requires `entourage` from anybody/,
    );
    await olga().request('PUT /repos/{owner}/{repo}/rulesets/{ruleset_id}', {
      ...at,
      ruleset_id: made.id,
      rules: [own(15_368)],
    });
    expect((await doctor(repo('bare'))).of('own-check')).toMatch(/^bad: .*from another App \(15368\)/);
    await olga().request(path, {
      ...at,
      ...rules,
      name: 'branches',
      conditions: conditions('refs/heads/entourage/**/*'),
      rules: [{ type: 'creation' }],
    });
    expect((await doctor(repo('bare'))).of('task-branches')).toMatch(
      /^unsure: Rules bind the App’s branches entourage\/…: creation/,
    );
  });
});
