import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Octokit } from '@octokit/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readSeed } from './seed-file.ts';
import type { Credentials } from './seed.ts';
import { startForge } from './server.ts';
import { acmeSeed, openBed, refused, type Bed } from './test-bed.ts';

const shop = { owner: 'acme', repo: 'shop' };

describe('fidelity', () => {
  test('a route the forge doesn’t know is a 501 and a violation', async () => {
    const bed = await openBed();
    expect((await refused(bed.as('ana').request('GET /gists'))).status).toBe(501);
    await expect(bed[Symbol.asyncDispose]()).rejects.toThrow('unknown_route');
  });

  test('an answer that GitHub’s description forbids is a 500 and a violation', async () => {
    const bed = await openBed();
    const { data } = await bed
      .as('ana')
      .request('POST /repos/{owner}/{repo}/issues', { ...shop, title: 'x' });
    for (const issue of bed.running.state.issues.values())
      Object.assign(issue, { number: 1, createdAt: 'yesterday' });
    const get = bed
      .as('ana')
      .request('GET /repos/{owner}/{repo}/issues/{issue_number}', { ...shop, issue_number: data.number });
    expect(await refused(get)).toMatchObject({ status: 500, message: expect.stringContaining('created_at') });
    await expect(bed[Symbol.asyncDispose]()).rejects.toThrow('issues/get 200');
  });

  test('a webhook that isn’t what GitHub describes is a violation', async () => {
    const bed = await openBed();
    const { forge, state } = bed.running;
    const repository = [...state.repositories.values()][0]!;
    const sender = [...state.accounts.values()][0]!;
    forge.webhooks.emit({
      event: 'issues',
      action: 'opened',
      payload: {},
      sender,
      repository,
      caller: { kind: 'anonymous', account: null, app: null },
    });
    await expect(bed[Symbol.asyncDispose]()).rejects.toThrow("required property 'issue'");
  });
});

describe('limits, faults and controls', () => {
  let bed: Bed;
  beforeAll(async () => {
    bed = await openBed();
  });
  afterAll(async () => {
    await bed[Symbol.asyncDispose]();
  });
  const create = () => bed.as('ben').request('POST /repos/{owner}/{repo}/issues', { ...shop, title: 'x' });
  const control = (path: string, init?: RequestInit) => fetch(`${bed.running.url}/_forge/${path}`, init);
  const post = (path: string, body: unknown) =>
    control(path, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    });

  test('headers count down; limits bite only when they are turned on, and end with the hour (G41)', async () => {
    const before = Number((await bed.as('ben').request('GET /user')).headers['x-ratelimit-remaining']);
    expect(Number((await bed.as('ben').request('GET /user')).headers['x-ratelimit-remaining'])).toBe(
      before - 1,
    );
    await create();
    await create();
    await post('limits', { enforced: true, creationsPerMinute: 2 });
    const response = await create().catch(
      (error: unknown) => error as { status: number; response: { headers: Record<string, string> } },
    );
    expect(response.status).toBe(403);
    expect(
      (response as { response: { headers: Record<string, string> } }).response.headers['retry-after'],
    ).toBe('60');
    expect((await bed.as('ben').request('GET /user')).status).toBe(200);
    await post('clock', { advance: 61_000 });
    expect((await create()).status).toBe(201);
    await post('limits', { primary: 1 });
    expect(await refused(bed.as('ben').request('GET /user'))).toMatchObject({
      status: 403,
      message: expect.stringContaining('API rate limit exceeded'),
    });
    await post('clock', { advance: 3_600_000 });
    expect((await bed.as('ben').request('GET /user')).status).toBe(200);
    await post('limits', { enforced: false });
  });

  test('answers fail on demand: before the work, or after it', async () => {
    const count = () => bed.running.state.issues.size;
    const start = count();
    await post('faults/answers', { count: 1, operation: 'issues/create', status: 429, retryAfter: 7 });
    expect((await refused(create())).status).toBe(429);
    expect(count()).toBe(start);
    await post('faults/answers', { count: 1, operation: 'issues/create', status: 502, afterwards: true });
    expect((await refused(create())).status).toBe(502);
    expect(count()).toBe(start + 1);
    expect((await create()).status).toBe(201);
  });

  test('calls are counted by operation and kind', async () => {
    await control('calls', { method: 'DELETE' });
    await create();
    await bed.as('ben').request('GET /user');
    await bed.as('ben').request('POST /repos/{owner}/{repo}/labels', { ...shop, name: `l${Date.now()}` });
    expect(await (await control('calls')).json()).toMatchObject({ kinds: { read: 1, create: 1, write: 1 } });
    expect(bed.running.calls.invalid()).toEqual([]);
    const wrong = bed.as('ben').request('POST /repos/{owner}/{repo}/labels', { ...shop, name: 7 as never });
    expect((await refused(wrong)).status).toBe(422);
    expect(bed.running.calls.invalid()).toEqual(['issues/create-label: /name must be string']);
    expect(bed.running.calls.list()).toContainEqual({ operation: 'issues/create', kind: 'create', count: 1 });
  });

  test('a control that isn’t understood is refused and changes nothing', async () => {
    const before = bed.running.clock.offset();
    expect((await post('clock', { advance: 'tomorrow' })).status).toBe(422);
    expect((await post('faults/webhooks', { kind: 'explode', count: 1 })).status).toBe(422);
    expect(bed.running.clock.offset()).toBe(before);
  });

  test('health and seed say what is there, without a secret', async () => {
    expect(await (await control('health')).json()).toMatchObject({ status: 'ok' });
    const text = await (await control('seed')).text();
    expect(text).toContain('acme/shop');
    const { credentials } = bed.running;
    for (const secret of [credentials.webhookSecret, credentials.tokens['ana']!])
      expect(text).not.toContain(secret);
  });
});

describe('memory', () => {
  test('a forge that is started again on its directory goes on: issues, tokens, numbers, deliveries, files', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'forge-'));
    const first = await openBed({ dataDir });
    await first.as('ana').request('POST /repos/{owner}/{repo}/issues', { ...shop, title: 'remembered' });
    await first.as('ben').request('PUT /repos/{owner}/{repo}/contents/{path}', {
      ...shop,
      path: 'kept.txt',
      message: 'keep',
      content: Buffer.from('kept').toString('base64'),
    });
    await first[Symbol.asyncDispose]();

    const second = await openBed({ dataDir });
    const { data } = await second.as('ana').request('GET /repos/{owner}/{repo}/issues', shop);
    expect(data.map(({ title, number }) => [title, number])).toEqual([['remembered', 1]]);
    const { data: next } = await second
      .as('ana')
      .request('POST /repos/{owner}/{repo}/issues', { ...shop, title: 'next' });
    expect(next.number).toBe(2);
    await second.running.settled();
    expect(
      (await second.app.request('GET /app/hook/deliveries', { per_page: 100 })).data.some(
        ({ event }) => event === 'issues',
      ),
    ).toBe(true);
    const file = await second.installation.request('GET /repos/{owner}/{repo}/contents/{path}', {
      ...shop,
      path: 'kept.txt',
      mediaType: { format: 'raw' },
    });
    expect(file.data).toBe('kept');
    await second[Symbol.asyncDispose]();
    rmSync(dataDir, { recursive: true });
  });

  test('as a process: what was answered survives SIGKILL; SIGTERM ends it; credentials are only the owner’s to read', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'forge-'));
    const seedFile = join(dataDir, 'seed.json');
    writeFileSync(seedFile, JSON.stringify(acmeSeed));
    const start = async () => {
      const child = spawn(
        process.execPath,
        ['forge/main.ts', '--seed', seedFile, '--data', join(dataDir, 'data')],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      );
      const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
      return { child, ...(JSON.parse(line) as { url: string; credentials: string }) };
    };
    const first = await start();
    expect(statSync(first.credentials).mode & 0o777).toBe(0o600);
    const { tokens } = JSON.parse(readFileSync(first.credentials, 'utf8')) as Credentials;
    const at = (url: string) => new Octokit({ baseUrl: `${url}/api/v3`, auth: tokens['ana'] });
    await at(first.url).request('POST /repos/{owner}/{repo}/issues', { ...shop, title: 'before the kill' });
    first.child.kill('SIGKILL');
    await once(first.child, 'exit');
    const second = await start();
    const { data } = await at(second.url).request('GET /repos/{owner}/{repo}/issues', shop);
    expect(data.map(({ title }) => title)).toEqual(['before the kill']);
    second.child.kill('SIGTERM');
    expect(await once(second.child, 'exit')).toEqual([0, null]);
    rmSync(dataDir, { recursive: true });
  });

  test('a seed that names what it doesn’t declare is refused by name', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'forge-'));
    const seed = { ...acmeSeed, repositories: [{ owner: 'nobody', name: 'x' }] };
    await expect(startForge({ dataDir, seed })).rejects.toThrow('nobody');
    const file = join(dataDir, 'seed.json');
    writeFileSync(file, JSON.stringify({ ...acmeSeed, users: [{ login: 'a b' }], repository: [] }));
    expect(() => readSeed(file)).toThrow(
      /Unrecognized key[\s\S]*repository|repository[\s\S]*Unrecognized key/,
    );
    expect(() => readSeed(file)).toThrow('a login has letters');
    rmSync(dataDir, { recursive: true });
  });
});
