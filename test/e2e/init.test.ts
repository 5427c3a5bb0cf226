/** `entourage init`: the files of a repository, into a checkout or as a pull request on the local GitHub. */
import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Octokit } from '@octokit/core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { parsePolicy } from '../../app/domain/policy.ts';
import { readWorkflow, workflowPath } from '../../app/domain/workflow.ts';
import { startForge, type RunningForge } from '../../forge/server.ts';
import { entourage, type Said } from './terminal.ts';

const action = `acme/entourage/action@${'ab'.repeat(20)}`;
const common = ['--url', 'https://entourage.example.com', '--action', action, '--engine', 'claude-code'];
const temporary = (): string => {
  const directory = mkdtempSync(join(tmpdir(), 'entourage-init-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
};

describe('in a checkout', () => {
  const checkout = (): string => {
    const directory = temporary();
    execFileSync('git', ['init', '-q', directory]);
    return directory;
  };
  const file = (directory: string, path: string): string => readFileSync(join(directory, path), 'utf8');

  it('writes both files, and says what comes next', async () => {
    const cwd = checkout();
    const { code, out, err } = await entourage(['init', ...common], { cwd });
    expect(err).toBe('');
    expect(code).toBe(0);
    expect(out).toMatch(/^Wrote \.github\/workflows\/entourage\.yml\nWrote ENTOURAGE\.md\n/);
    expect(out).toMatch(/1\. Commit them[^]*2\. Set ANTHROPIC_API_KEY as a secret[^]*doctor/);
    expect(readWorkflow(file(cwd, workflowPath))).toMatchObject({
      problems: [],
      remarks: [],
      settings: { url: 'https://entourage.example.com', action, pass: ['ANTHROPIC_API_KEY'] },
    });
    expect(parsePolicy(file(cwd, 'ENTOURAGE.md'))).toMatchObject({ policy: { dispatch: 'actions' } });
  });

  it('run again, updates what is its own, with what was asked for before, and keeps what people changed', async () => {
    const cwd = checkout();
    await entourage(['init', ...common, '--pass', 'MODEL_KEY', '--runs-on', 'self-hosted', 'agents'], {
      cwd,
    });
    const policy = file(cwd, 'ENTOURAGE.md').replace('session_minutes: 60', 'session_minutes: 90');
    writeFileSync(join(cwd, 'ENTOURAGE.md'), policy);
    const newer = action.replaceAll('ab', 'cd');
    const again = await entourage(['init', '--action', newer, '--engine', 'claude-code'], { cwd });
    expect(again.out).toMatch(/^Updated \.github\/workflows\/entourage\.yml\nENTOURAGE\.md is kept/);
    expect(again.out).toMatch(/^-.*session_minutes: 90.*\n\+.*session_minutes: 60/m);
    expect(file(cwd, 'ENTOURAGE.md')).toBe(policy);
    expect(readWorkflow(file(cwd, workflowPath)).settings).toMatchObject({
      action: newer,
      pass: ['MODEL_KEY'],
      runsOn: ['self-hosted', 'agents'],
      sessionMinutes: 90,
    });
    const same = await entourage(['init', '--action', newer, '--engine', 'claude-code'], { cwd });
    expect(same.out).toMatch(/^\.github\/workflows\/entourage\.yml is as it should be/);
  });

  it('never overwrites a workflow that was changed by hand, unless forced', async () => {
    const cwd = checkout();
    await entourage(['init', ...common], { cwd });
    const changed = file(cwd, workflowPath).replace('name: Entourage', 'name: Our \u001b[31magents');
    writeFileSync(join(cwd, workflowPath), changed);
    const kept = await entourage(['init', ...common], { cwd });
    expect(kept.out).toMatch(/entourage\.yml is kept: somebody changed it/);
    expect(kept.out).toMatch(/^-name: Our \?\[31magents\n\+name: Entourage$/m);
    expect(file(cwd, workflowPath)).toBe(changed);
    await entourage(['init', ...common, '--force'], { cwd });
    expect(readWorkflow(file(cwd, workflowPath)).untouched).toBe(true);
  });

  it.each([
    ['ENTOURAGE.md', 'new-file'],
    ['ENTOURAGE.md', 'there'],
    ['.github/workflows', '.'],
    ['.github/workflows/entourage.yml', 'new-file'],
  ])('writes nothing through a link in somebody’s checkout: %s to %s', async (path, target) => {
    const [cwd, outside] = [checkout(), temporary()];
    writeFileSync(join(outside, 'there'), 'mine');
    mkdirSync(dirname(join(cwd, path)), { recursive: true });
    symlinkSync(join(outside, target), join(cwd, path));
    const { code, err } = await entourage(['init', ...common, '--force'], { cwd });
    expect([code, err]).toEqual([2, expect.stringContaining(`${path} in ${cwd} is a link`)]);
    expect(readdirSync(outside)).toEqual(['there']);
    expect(readFileSync(join(outside, 'there'), 'utf8')).toBe('mine');
    expect(readdirSync(cwd).filter((name) => name !== '.git')).toEqual([path.split('/')[0]]);
  });

  it('for runners, writes the policy alone; a program of one’s own is named in it', async () => {
    const cwd = checkout();
    const { out } = await entourage(
      ['init', '--dispatch', 'runner', '--command', './agent', '--command', 'with words'],
      { cwd },
    );
    expect(out).toMatch(/^Wrote ENTOURAGE\.md\n\nNext:/);
    expect(parsePolicy(file(cwd, 'ENTOURAGE.md'))).toMatchObject({
      policy: {
        dispatch: 'runner',
        agents: [{ engine: 'command', command: ['./agent', 'with words'] }, {}, {}, {}],
      },
    });
  });

  it('asked for nothing, it takes place and engines from the policy that is there', async () => {
    const cwd = checkout();
    const policy =
      '---\nagents:\n  - { name: one, role: engineer, engine: gemini }\nreview: { agent: null }\n---\n';
    writeFileSync(join(cwd, 'ENTOURAGE.md'), policy);
    await entourage(['init', '--url', 'https://entourage.example.com', '--action', action], { cwd });
    expect(readWorkflow(file(cwd, workflowPath)).settings).toMatchObject({
      pass: ['GEMINI_API_KEY'],
      setup: ['npm install --global @google/gemini-cli'],
    });
    expect(file(cwd, 'ENTOURAGE.md')).toBe(policy);
    const other = checkout();
    writeFileSync(join(other, 'ENTOURAGE.md'), '---\ndispatch: runner\n---\n');
    const { out } = await entourage(['init'], { cwd: other });
    expect(out).toMatch(/^ENTOURAGE\.md is kept/);
    expect(() => file(other, workflowPath)).toThrow(/ENOENT/);
  });

  it.each([
    [['--url', 'https://x.example/${{ secrets.A }}'], /--url: expected an address/],
    [['--pass', 'GITHUB_TOKEN'], /--pass: expected a name of which agents may get the value/],
    [['--setup', 'echo ${{ github.token }}'], /--setup: expected one line/],
    [['--runs-on', 'a b'], /--runs-on: expected a runner’s label/],
    [['--action', 'acme/entourage'], /--action: expected owner\/repository\/action@REF/],
    [['--engine', 'cleverest'], /--engine .*is invalid/],
    [['--repo', 'acme/shop'], /acme\/shop needs a token of yours in GITHUB_TOKEN/],
    [['--engine', 'command'], /which program\? Give --command/],
  ])('refuses %j in words, and writes nothing', async (more, words) => {
    const cwd = checkout();
    const { code, err } = await entourage(['init', ...common, ...more], { cwd });
    expect(err).toMatch(words);
    expect(err).not.toContain('node:internal');
    expect(code).not.toBe(0);
    expect(() => file(cwd, workflowPath)).toThrow(/ENOENT/);
  });

  it('refuses a directory that is no checkout', async () => {
    const { code, err } = await entourage(['init', ...common], { cwd: temporary() });
    expect([code, err]).toEqual([2, expect.stringContaining('is not the top of a git checkout')]);
  });
});

describe('on GitHub', () => {
  let forge: RunningForge;
  let directory: string;
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'entourage-init-forge-'));
    const files = { 'README.md': '# shop\n' };
    forge = await startForge({
      dataDir: directory,
      seed: {
        app: { slug: 'entourage', owner: 'acme', permissions: {}, events: [] },
        users: ['olga', 'ana', 'rita'].map((login) => ({ login })),
        organizations: [{ login: 'acme', owners: ['olga'] }],
        repositories: ['shop', 'mart', 'stall', 'entourage'].map((name) => ({
          owner: 'acme',
          name,
          files,
          collaborators: { ana: 'write', rita: 'read' } as const,
        })),
      },
    });
  });
  afterAll(async () => {
    await forge[Symbol.asyncDispose]();
    rmSync(directory, { recursive: true, force: true });
    expect(forge.violations).toEqual([]);
  });

  const at = (repo: string) => ({ owner: 'acme', repo });
  const as = (login: string): Octokit =>
    new Octokit({ auth: forge.credentials.tokens[login], baseUrl: `${forge.url}/api/v3` });
  const init = (repo: string, args: readonly string[], login = 'ana'): Promise<Said> =>
    entourage(['init', '--repo', `acme/${repo}`, ...args], {
      cwd: directory,
      environment: {
        GHE_HOST: new URL(forge.url).host,
        GHE_PROTOCOL: 'http',
        GITHUB_TOKEN: forge.credentials.tokens[login] ?? '',
      },
    });
  const pulls = async (repo: string) =>
    (await as('ana').request('GET /repos/{owner}/{repo}/pulls', { ...at(repo), state: 'all' })).data;
  const text = async (repo: string, path: string, ref = 'entourage-init'): Promise<string> => {
    const { data } = await as('ana').request('GET /repos/{owner}/{repo}/contents/{path}', {
      ...at(repo),
      path,
      ref,
      headers: { accept: 'application/vnd.github.raw+json' },
    });
    return data as unknown as string;
  };

  it('opens one pull request with both files; again, it updates its own branch', async () => {
    const first = await init('shop', common);
    expect(first.err).toBe('');
    expect(first.out).toMatch(/^Adds \.github[^]*Adds ENTOURAGE\.md\nOpened http.*\/acme\/shop\/pull\/1\n/);
    expect(first.out).toContain(`${forge.url}/acme/shop/settings/secrets/actions`);
    expect(first.out).not.toContain(forge.credentials.tokens['ana']);
    expect(await pulls('shop')).toMatchObject([
      { title: 'Set up Entourage', head: { ref: 'entourage-init' }, base: { ref: 'main' } },
    ]);
    expect(readWorkflow(await text('shop', workflowPath)).problems).toEqual([]);
    expect((await init('shop', common)).out).toMatch(/as it should be[^]*1\. Merge http.*pull\/1\n/);

    // Somebody improves the policy in the pull request; a newer action comes along.
    await as('ana').request('PUT /repos/{owner}/{repo}/contents/{path}', {
      ...at('shop'),
      path: 'ENTOURAGE.md',
      branch: 'entourage-init',
      message: 'Less money',
      content: Buffer.from(
        (await text('shop', 'ENTOURAGE.md')).replace('run_usd: 25', 'run_usd: 9'),
      ).toString('base64'),
      sha: await blobOf('shop', 'ENTOURAGE.md'),
    });
    const again = await init('shop', [...common, '--action', action.replaceAll('ab', 'ef')]);
    expect(again.out).toMatch(/Updates \.github[^]*ENTOURAGE\.md is kept[^]*Updated http.*pull\/1\n/);
    expect(await text('shop', workflowPath)).toContain('@efef');
    expect(await text('shop', 'ENTOURAGE.md')).toContain('run_usd: 9');
    expect(await pulls('shop')).toHaveLength(1);
  });

  async function blobOf(repo: string, path: string): Promise<string> {
    const { data } = await as('ana').request('GET /repos/{owner}/{repo}/contents/{path}', {
      ...at(repo),
      path,
      ref: 'entourage-init',
    });
    if (Array.isArray(data)) throw new Error(`${path} is a directory`);
    return data.sha;
  }

  it('begins its branch anew after its pull request was closed, but never one with other people’s commits', async () => {
    await init('mart', common);
    await as('ana').request('PATCH /repos/{owner}/{repo}/pulls/{pull_number}', {
      ...at('mart'),
      pull_number: 1,
      state: 'closed',
    });
    expect((await init('mart', common)).out).toMatch(/Opened http.*pull\/2\n/);
    await as('ana').request('PATCH /repos/{owner}/{repo}/pulls/{pull_number}', {
      ...at('mart'),
      pull_number: 2,
      state: 'closed',
    });
    await as('ana').request('PUT /repos/{owner}/{repo}/contents/{path}', {
      ...at('mart'),
      path: 'mine.txt',
      branch: 'entourage-init',
      message: 'Mine',
      content: '',
    });
    const { code, err } = await init('mart', common);
    expect([code, err]).toEqual([2, expect.stringContaining('has other people’s commits')]);
    expect(await text('mart', 'mine.txt')).toBe('');
  });

  it('pins the action to the commit that its ref means now', async () => {
    const { data } = await as('ana').request('GET /repos/{owner}/{repo}/git/ref/{ref}', {
      ...at('entourage'),
      ref: 'heads/main',
    });
    const { out } = await init('stall', [...common, '--action', 'acme/entourage/action@main']);
    expect(out).toContain('Opened');
    expect(await text('stall', workflowPath)).toContain(`uses: acme/entourage/action@${data.object.sha}`);
    const lost = await init('stall', [...common, '--action', 'acme/entourage/action@v9']);
    expect([lost.code, lost.err]).toEqual([2, expect.stringMatching(/does not show v9[^]*40 hex digits/)]);
  });

  it('says who may not, and that a repository is not there', async () => {
    expect(await init('shop', common, 'rita')).toMatchObject({
      code: 2,
      err: expect.stringContaining('The token may not write to acme/shop') as string,
    });
    expect(await init('nowhere', common)).toMatchObject({
      code: 2,
      err: expect.stringContaining('There is no repository acme/nowhere') as string,
    });
  });
});
