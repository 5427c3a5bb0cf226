import { createAppAuth } from '@octokit/auth-app';
import { Octokit } from '@octokit/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBed, refused, type Bed } from '../test-bed.ts';

let bed: Bed;
beforeAll(async () => {
  bed = await openBed();
});
afterAll(async () => {
  await bed[Symbol.asyncDispose]();
});

const manifest = {
  name: 'Helper of Ana',
  url: 'https://example.com',
  redirect_url: 'http://127.0.0.1:9/back?x=1',
  hook_attributes: { url: 'http://127.0.0.1:9/hook' },
  default_permissions: { issues: 'write', contents: 'read' },
  default_events: ['issues', 'push'],
};

const post = (path: string, form: Record<string, string>, headers: Record<string, string> = {}) =>
  fetch(bed.running.url + path, {
    method: 'POST',
    body: new URLSearchParams(form),
    redirect: 'manual',
    headers,
  });
const show = (path: string, given: unknown) =>
  post(path, { manifest: JSON.stringify(given) }, { origin: 'http://127.0.0.1:9' });

/** What a browser would send when the button is clicked. */
function formOf(html: string): { action: string; fields: Record<string, string> } {
  const unescape = (text: string): string =>
    text.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&lt;', '<').replaceAll('&amp;', '&');
  const fields = [...html.matchAll(/<input[^>]*name="(\w+)" value="([^"]*)"/g)].map(
    ([, name, value]) => [name!, unescape(value!)] as const,
  );
  const [, action] = /<form method="post" action="([^"]*)"/.exec(html)!;
  const [, login] = /<select name="login"><option>([^<]*)/.exec(html) ?? [];
  return {
    action: unescape(action!),
    fields: { ...Object.fromEntries(fields), ...(login === undefined ? {} : { login }) },
  };
}

async function register(path = '/settings/apps/new?state=s1', given: object = manifest): Promise<URL> {
  const { action, fields } = formOf(await (await show(path, given)).text());
  const answer = await post(action, fields, { origin: bed.running.url });
  expect(answer.status).toBe(302);
  return new URL(answer.headers.get('location')!);
}

describe('an App made from a manifest', () => {
  test('is created by a click, its secrets are handed out once for the code, and it works', async () => {
    const back = await register();
    expect(back.searchParams.get('state')).toBe('s1');
    expect(back.searchParams.get('x')).toBe('1');
    const code = back.searchParams.get('code')!;
    const anybody = new Octokit({ baseUrl: `${bed.running.url}/api/v3` });
    const convert = () => anybody.request('POST /app-manifests/{code}/conversions', { code });
    const converted = await convert();
    const made = converted.data!;
    expect(converted.status).toBe(201);
    expect(made).toMatchObject({
      slug: 'helper-of-ana',
      permissions: { issues: 'write', contents: 'read', metadata: 'read' },
    });
    expect(made.pem).toContain('BEGIN RSA PRIVATE KEY');
    expect((await refused(convert())).status).toBe(404);

    const app = new Octokit({
      baseUrl: `${bed.running.url}/api/v3`,
      authStrategy: createAppAuth,
      auth: { appId: made.id, privateKey: made.pem },
    });
    expect((await app.request('GET /app')).data!.external_url).toBe('https://example.com');
    const { data: hook } = await app.request('GET /app/hook/config');
    expect(hook).toMatchObject({ url: 'http://127.0.0.1:9/hook', secret: '********' });
    // A body with a key `url` must go in `data`: beside the others Octokit takes it for the address.
    const data = { url: 'http://127.0.0.1:9/other' };
    await app.request({ method: 'PATCH', url: '/app/hook/config', data });
    expect((await app.request('GET /app/hook/config')).data.url).toBe('http://127.0.0.1:9/other');

    expect(await (await fetch(`${bed.running.url}/apps/helper-of-ana`)).text()).toContain('Install');
    const installed = await post('/apps/helper-of-ana/installations/new', { account: 'acme' });
    expect(installed.headers.get('location')).toMatch(/^\/settings\/installations\/\d+$/);
    const { data: installations } = await app.request('GET /app/installations');
    expect(installations.map(({ account }) => (account as { login: string }).login)).toEqual(['acme']);
  });

  test('of an organisation belongs to it', async () => {
    const back = await register('/organizations/acme/settings/apps/new?state=s2', {
      ...manifest,
      name: 'Helper of Acme',
    });
    const code = back.searchParams.get('code')!;
    const { data } = await bed.as('ana').request('POST /app-manifests/{code}/conversions', { code });
    expect(data.owner).toMatchObject({ login: 'acme' });
    expect((await show('/organizations/nobody/settings/apps/new', manifest)).status).toBe(404);
  });

  test('a code ends after an hour', async () => {
    const back = await register('/settings/apps/new', { ...manifest, name: 'Too late' });
    bed.running.clock.advance(3_600_000);
    const code = back.searchParams.get('code')!;
    expect(
      (await refused(bed.as('ana').request('POST /app-manifests/{code}/conversions', { code }))).status,
    ).toBe(404);
    bed.running.clock.advance(-3_600_000);
  });

  test('what GitHub refuses in a manifest is said in its words', async () => {
    const wrong = async (given: unknown) => {
      const answer = await show('/settings/apps/new', given);
      return { status: answer.status, text: await answer.text() };
    };
    expect(await wrong({ ...manifest, default_events: ['installation'] })).toMatchObject({
      status: 422,
      text: expect.stringContaining('Default events unsupported: installation'),
    });
    expect((await wrong({ ...manifest, default_events: ['check_run', 'status'] })).text).toContain(
      'Default events are not supported by permissions: check_run and status',
    );
    expect((await wrong({ ...manifest, hook_attributes: { active: false } })).text).toContain(
      '&quot;url&quot; wasn&#39;t supplied.',
    );
    expect((await wrong({ ...manifest, default_permissions: { everything: 'write' } })).text).toContain(
      'resource is not included in the list',
    );
    const { action, fields } = formOf(await (await show('/settings/apps/new', manifest)).text());
    const taken = await post(action, { ...fields, name: 'Entourage' });
    expect(await taken.text()).toContain('Name is already taken');
  });

  test('another site’s page may show the form and not press its button; nobody signs for a key that is not made', async () => {
    const { action, fields } = formOf(await (await show('/settings/apps/new', manifest)).text());
    expect((await post(action, { ...fields, name: 'x' }, { origin: 'http://127.0.0.1:9' })).status).toBe(403);
    const { generateKeyPairSync } = await import('node:crypto');
    const privateKey = generateKeyPairSync('rsa', { modulusLength: 2048 })
      .privateKey.export({ type: 'pkcs8', format: 'pem' })
      .toString();
    const actions = new Octokit({
      baseUrl: `${bed.running.url}/api/v3`,
      authStrategy: createAppAuth,
      auth: { appId: 15_368, privateKey },
    });
    expect((await refused(actions.request('GET /app'))).status).toBe(401);
  });
});
