/** The GitHub App, made from app.yml by the manifest flow, on the local GitHub. */
import { spawn } from 'node:child_process';
import { createHmac, randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseEnv } from 'node:util';
import { createAppAuth } from '@octokit/auth-app';
import { Octokit } from '@octokit/core';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { checkHook, meaning } from '../../app/cli/doctor-hook.ts';
import { ownRegistration } from '../../app/cli/registration.ts';
import { startForge, type RunningForge } from '../../forge/server.ts';
import { createDatabase } from '../db/database.ts';
import { entourage } from './terminal.ts';

const main = join(import.meta.dirname, '..', '..', 'app', 'cli', 'main.ts');
let forge: RunningForge;
let directory: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'entourage-set-up-'));
  forge = await startForge({
    dataDir: join(directory, 'forge'),
    seed: {
      app: { slug: 'another', owner: 'acme', permissions: {}, events: [] },
      users: [{ login: 'olga' }, { login: 'ana' }],
      organizations: [{ login: 'acme', owners: ['olga'] }],
      repositories: [{ owner: 'acme', name: 'shop', files: { 'README.md': '# shop\n' } }],
    },
  });
});
afterAll(async () => {
  await forge[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
  expect(forge.violations).toEqual([]);
});

const environment = () => ({ GHE_HOST: new URL(forge.url).host, GHE_PROTOCOL: 'http' });
const common = ['app', 'create', '--url', 'https://entourage.example.com/'];

/** The command as a process that waits for its person. */
async function start(args: readonly string[], cwd: string) {
  const child = spawn(process.execPath, [main, ...common, ...args], {
    cwd,
    env: { PATH: process.env['PATH'], ...environment() },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const page = Promise.withResolvers<string>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    said += `${line}\n`;
    if (line.startsWith('Open ')) page.resolve(line.slice(5));
  });
  const ended = new Promise<number | null>((resolve) => void child.once('exit', resolve));
  void ended.then(() => page.reject(new Error(said)));
  return { page: await page.promise, ended, said: () => said };
}

const unescape = (text: string): string =>
  text
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');

/** What a browser would send when the form’s button is clicked. */
async function click(html: string, base: string, more: Record<string, string> = {}): Promise<Response> {
  const [form = ''] = /<form[^]*?<\/form>/.exec(html) ?? [];
  const action = unescape(/action="([^"]*)"/.exec(form)?.[1] ?? '');
  const inputs = [...form.matchAll(/<input[^>]*name="(\w+)" value="([^"]*)"/g)];
  const login = /<select name="login"><option>([^<]*)/.exec(form)?.[1];
  const fields = {
    ...Object.fromEntries(inputs.map(([, name = '', value = '']) => [name, unescape(value)])),
    ...(login === undefined ? {} : { login }),
    ...more,
  };
  const target = new URL(action, base);
  return await fetch(target, {
    method: 'POST',
    body: new URLSearchParams(fields),
    redirect: 'manual',
    headers: { origin: new URL(base).origin },
  });
}

/** From the terminal’s page to the redirect that carries the code. */
async function register(page: string, name: string): Promise<string> {
  const mine = await (await fetch(page)).text();
  const theirs = await click(mine, page);
  expect(theirs.status).toBe(200);
  const back = await click(await theirs.text(), forge.url, { name });
  expect(back.status).toBe(302);
  return back.headers.get('location') ?? '';
}

it('registers what app.yml asks for, no more, and keeps the keys in files that one person reads', async () => {
  const cwd = mkdtempSync(join(directory, 'one-'));
  const running = await start(['--org', 'acme'], cwd);
  const page = await (await fetch(running.page)).text();
  const wanted = await ownRegistration();
  for (const { name } of [...wanted.permissions, ...wanted.events])
    expect(page).toContain(`<code>${name}</code>`);

  const back = await register(running.page, 'Entourage of Acme');
  const answer = await fetch(back);
  expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining('Done.')]);
  expect(await running.ended).toBe(0);

  const envFile = join(cwd, 'entourage.env');
  const keyFile = join(cwd, 'entourage.private-key.pem');
  for (const file of [envFile, keyFile]) expect(statSync(file).mode & 0o777).toBe(0o600);
  const values = parseEnv(readFileSync(envFile, 'utf8'));
  expect(values).toEqual({
    APP_ID: expect.stringMatching(/^\d+$/) as string,
    PRIVATE_KEY_PATH: keyFile,
    WEBHOOK_SECRET: expect.stringMatching(/^\S{8,}$/) as string,
    ENTOURAGE_URL: 'https://entourage.example.com',
    ...environment(),
  });
  const said = running.said();
  expect(said).toMatch(
    /Install it on the repositories it may work in: http.*\/entourage-of-acme\/installations\/new/,
  );
  expect(said).not.toContain(values['WEBHOOK_SECRET'] ?? '-');
  expect(said).not.toContain('PRIVATE KEY');

  const app = new Octokit({
    baseUrl: `${forge.url}/api/v3`,
    authStrategy: createAppAuth,
    auth: { appId: values['APP_ID'], privateKey: readFileSync(keyFile, 'utf8') },
  });
  const { data } = await app.request('GET /app');
  expect(data?.owner).toMatchObject({ login: 'acme' });
  expect(data?.permissions).toEqual(
    Object.fromEntries(wanted.permissions.map(({ name, level }) => [name, level])),
  );
  expect(data?.events).toEqual(wanted.events.map(({ name }) => name));
  const { data: hook } = await app.request('GET /app/hook/config');
  expect(hook.url).toBe('https://entourage.example.com/api/github/webhooks');

  // The environment it wrote is one that the App starts with.
  const doctor = await entourage(['doctor'], {
    environment: {
      ...(values as Record<string, string>),
      PATH: process.env['PATH'] ?? '',
      ENTOURAGE_URL: 'http://127.0.0.1:1',
    },
  });
  expect(doctor.out).toMatch(/✓ The environment is complete[^]*✓ GitHub knows the App as entourage-of-acme/);
});

it('takes a code only with its own state, on its own name, and once', async () => {
  const running = await start([], mkdtempSync(join(directory, 'two-')));
  const back = new URL(await register(running.page, 'Two'));
  const forged = new URL(back);
  forged.searchParams.set('state', 'f'.repeat(48));
  expect((await fetch(forged)).status).toBe(400);
  forged.searchParams.delete('state');
  expect((await fetch(forged)).status).toBe(400);
  expect((await fetch(new URL('/', running.page))).status).toBe(404);
  const { port } = new URL(running.page);
  const { request } = await import('node:http');
  const status = await new Promise((resolve) => {
    const path = new URL(running.page).pathname;
    request({ port, path, headers: { host: 'evil.example' } }, (answer) => resolve(answer.statusCode)).end();
  });
  expect(status).toBe(404);
  await fetch(back);
  expect(await running.ended).toBe(0);
});

it('says that a code was used, and what to do', async () => {
  const cwd = mkdtempSync(join(directory, 'three-'));
  const running = await start([], cwd);
  const back = new URL(await register(running.page, 'Three'));
  const code = back.searchParams.get('code') ?? '';
  await new Octokit({ baseUrl: `${forge.url}/api/v3` }).request('POST /app-manifests/{code}/conversions', {
    code,
  });
  await fetch(back);
  expect(await running.ended).not.toBe(0);
  expect(running.said()).toMatch(/did not hand out the App’s keys[^]*good once, within an hour/);
  expect(running.said()).not.toContain('    at ');
});

it('never writes over files that are there, and asks before anything is made', async () => {
  const cwd = mkdtempSync(join(directory, 'four-'));
  writeFileSync(join(cwd, 'entourage.env'), 'WEBHOOK_SECRET=mine\n');
  const { code, err } = await entourage(common, { cwd, environment: environment() });
  expect([code, err]).toEqual([2, expect.stringMatching(/entourage\.env is there already.*--force/)]);
  const other = await start(['--file', 'new.env'], cwd);
  await fetch(await register(other.page, 'Other'));
  expect(await other.ended).toBe(0);
  expect(readFileSync(join(cwd, 'new.env'), 'utf8')).toContain('new.private-key.pem');
  const running = await start(['--force'], cwd);
  await fetch(await register(running.page, 'Four'));
  expect(await running.ended).toBe(0);
  expect(readFileSync(join(cwd, 'entourage.env'), 'utf8')).not.toContain('mine');
  expect(statSync(join(cwd, 'entourage.env')).mode & 0o777).toBe(0o600);
});

it('asks for nothing on GitHub when its keys would have no place', async () => {
  const cwd = mkdtempSync(join(directory, 'five-'));
  symlinkSync(join(cwd, 'nowhere'), join(cwd, 'entourage.private-key.pem'));
  const linked = await entourage(common, { cwd, environment: environment() });
  expect([linked.code, linked.err]).toEqual([2, expect.stringMatching(/key\.pem is there already.*--force/)]);
  for (const [file, why] of [
    ['missing/entourage.env', /missing \(ENOENT\)[^]*--file/],
    ['entourage.private-key.pem/entourage.env', /No file can be made/],
  ] as const) {
    const { code, out, err } = await entourage([...common, '--file', file], {
      cwd,
      environment: environment(),
    });
    expect([code, out, err]).toEqual([2, '', expect.stringMatching(why)]);
  }
});

it('starts with its environment and secrets in files, tells its health to anybody, and ends orderly on SIGTERM', async () => {
  const database = await createDatabase();
  onTestFinished(() => database.drop());
  const cwd = mkdtempSync(join(directory, 'six-'));
  const file = (name: string, text: string): string => {
    const path = join(cwd, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  const child = spawn(process.execPath, [main, 'app'], {
    cwd,
    env: {
      PATH: process.env['PATH'],
      ...environment(),
      APP_ID: String(forge.credentials.appId),
      PRIVATE_KEY_PATH: file('app.pem', forge.credentials.privateKey),
      WEBHOOK_SECRET_FILE: file('webhook-secret', `${forge.credentials.webhookSecret}\n`),
      DATABASE_URL_FILE: file('database-url', `${database.appUrl}\n`),
      DATABASE_OWNER_URL_FILE: file('owner-url', `${database.ownerUrl}\n`),
      PORT: '0',
      LOG_LEVEL: 'silent',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const ended = new Promise<number | null>((resolve) => void child.once('exit', resolve));
  const first = await new Promise<string>((resolve) =>
    createInterface({ input: child.stdout }).once('line', resolve),
  );
  const { listening } = JSON.parse(first) as { listening: string };
  for (const path of ['/healthz', '/readyz']) {
    const answer = await fetch(`${listening}${path}`);
    expect([answer.status, await answer.json()]).toEqual([200, { ok: true }]);
  }
  // What the doctor makes of the App's real answers to webhooks, signed rightly and wrongly.
  const hook = `${listening}/api/github/webhooks`;
  forge.setWebhookUrl(hook);
  forge.ping();
  await forge.settled();
  const { appId, privateKey } = forge.credentials;
  const gitHub = { appId, privateKey, apiUrl: `${forge.url}/api/v3`, webUrl: forge.url };
  expect((await checkHook({ gitHub, url: listening })).map(({ state }) => state)).toEqual(['good', 'good']);
  const body = JSON.stringify({ zen: 'x' });
  const signature = createHmac('sha256', 'another secret').update(body).digest('hex');
  const refused = await fetch(hook, {
    method: 'POST',
    body,
    headers: {
      'content-type': 'application/json',
      'x-github-event': 'ping',
      'x-github-delivery': randomUUID(),
      'x-hub-signature-256': `sha256=${signature}`,
    },
  });
  expect(meaning(refused.status).help).toMatch(/WEBHOOK_SECRET is not the secret/);
  child.kill('SIGTERM');
  expect(await ended).toBe(0);
  await expect(fetch(`${listening}/healthz`)).rejects.toThrow();
});

it('gives up in time, and names wrong options together', async () => {
  const late = await entourage([...common, '--minutes', '0.005'], {
    cwd: mkdtempSync(join(directory, 'five-')),
    environment: environment(),
  });
  expect([late.code, late.err]).toEqual([2, expect.stringContaining('Nobody came back from GitHub')]);
  const wrong = await entourage(['app', 'create', '--url', 'nowhere', '--port', 'x', '--org', 'a/b']);
  expect(wrong.code).toBe(2);
  expect(wrong.err).toMatch(/Where will the App be\? “nowhere” is no address[^]*--port[^]*--org/);
});
