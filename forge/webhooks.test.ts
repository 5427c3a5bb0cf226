import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { verify } from '@octokit/webhooks-methods';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openBed, refused, type Bed } from './test-bed.ts';

const shop = { owner: 'acme', repo: 'shop' };
let bed: Bed;
beforeEach(async () => {
  bed = await openBed();
});
afterEach(async () => {
  await bed[Symbol.asyncDispose]();
});

const open = async (title: string): Promise<number> => {
  const { data } = await bed.as('ana').request('POST /repos/{owner}/{repo}/issues', { ...shop, title });
  return data.number;
};
const titles = async (): Promise<string[]> =>
  (await bed.hooks('issues', 'opened')).map(({ payload }) => (payload['issue'] as { title: string }).title);

test('dropped: it never comes, and nobody sends it again (G43)', async () => {
  bed.running.faults.webhooks({ kind: 'drop', count: 1, event: 'issues' });
  await open('lost');
  await open('kept');
  expect(await titles()).toEqual(['kept']);
});

test('doubled: the same GUID twice', async () => {
  bed.running.faults.webhooks({ kind: 'double', count: 1 });
  await open('twice');
  const [first, second] = await bed.hooks('issues', 'opened');
  expect(second?.guid).toBe(first?.guid);
});

test('reordered: two come in reverse', async () => {
  bed.running.faults.webhooks({ kind: 'reorder', count: 2 });
  await open('first');
  await open('second');
  expect(await titles()).toEqual(['second', 'first']);
});

test('delayed: the next one overtakes', async () => {
  bed.running.faults.webhooks({ kind: 'delay', count: 1, milliseconds: 1000 });
  await open('late');
  await open('prompt');
  expect(await titles()).toEqual(['prompt', 'late']);
});

test('the log shows deliveries with their answers; redelivery has the same GUID and body (G43)', async () => {
  await open('logged');
  const [sent] = await bed.hooks('issues', 'opened');
  const { data: list } = await bed.app.request('GET /app/hook/deliveries');
  expect(list[0]).toMatchObject({
    guid: sent?.guid,
    event: 'issues',
    action: 'opened',
    status: 'OK',
    status_code: 200,
    redelivery: false,
  });
  const delivery_id = list[0]!.id as number;
  const { data: one } = await bed.app.request('GET /app/hook/deliveries/{delivery_id}', { delivery_id });
  expect(one.request.payload).toEqual(sent?.payload);
  expect(
    (await bed.app.request('POST /app/hook/deliveries/{delivery_id}/attempts', { delivery_id })).status,
  ).toBe(202);
  const [, again] = await bed.hooks('issues', 'opened');
  expect(again).toMatchObject({ guid: sent?.guid, text: sent?.text });
  const { data: after } = await bed.app.request('GET /app/hook/deliveries');
  expect(after.map(({ guid, redelivery }) => [guid, redelivery])).toEqual([
    [sent?.guid, true],
    [sent?.guid, false],
  ]);
  expect((await refused(bed.as('ana').request('GET /app/hook/deliveries'))).status).toBe(401);
});

test('G43: a receiver that takes too long is logged as timed out, and redelivery brings it', async () => {
  const impatient = await openBed({ webhookPatience: 200 });
  const slow = createServer(() => undefined);
  await new Promise<void>((resolve) => {
    slow.listen(0, '127.0.0.1', () => resolve());
  });
  const { running } = impatient;
  const url = running.state.apps.get(running.credentials.appId)!.webhookUrl!;
  running.setWebhookUrl(`http://127.0.0.1:${(slow.address() as AddressInfo).port}/`);
  await impatient.as('ana').request('POST /repos/{owner}/{repo}/issues', { ...shop, title: 'slow' });
  await running.settled();
  const { data } = await impatient.app.request('GET /app/hook/deliveries', { status: 'failure' });
  expect(data).toMatchObject([{ status_code: 504, status: 'timed out', event: 'issues' }]);
  running.setWebhookUrl(url);
  await impatient.app.request('POST /app/hook/deliveries/{delivery_id}/attempts', {
    delivery_id: data[0]!.id as number,
  });
  expect(await impatient.hooks('issues')).toMatchObject([{ guid: data[0]!.guid }]);
  slow.closeAllConnections();
  slow.close();
  await impatient[Symbol.asyncDispose]();
});

test('G43: what is above 25 MB is never sent, and the log knows nothing of it', async () => {
  const issue_number = await open('huge');
  await bed.running.settled();
  for (const issue of bed.running.state.issues.values()) issue.body = 'x'.repeat(26 * 1024 * 1024);
  const ana = bed.as('ana');
  await ana.request('POST /repos/{owner}/{repo}/issues/{issue_number}/labels', {
    ...shop,
    issue_number,
    labels: ['bug'],
  });
  for (const issue of bed.running.state.issues.values()) issue.body = 'small';
  expect(await bed.hooks('issues', 'labeled')).toEqual([]);
  const { data } = await bed.app.request('GET /app/hook/deliveries');
  expect(data.map(({ action }) => action)).toEqual(['opened']);
});

test('a delivery that is sent again is signed with the secret of now', async () => {
  await open('signed');
  await bed.running.settled();
  const [sent] = (await bed.app.request('GET /app/hook/deliveries')).data;
  const data = { secret: 'changed' };
  await bed.app.request({ method: 'PATCH', url: '/app/hook/config', data });
  await bed.app.request('POST /app/hook/deliveries/{delivery_id}/attempts', {
    delivery_id: sent!.id as number,
  });
  const [, again] = await bed.hooks('issues', 'opened');
  expect(await verify('changed', again!.text, String(again!.headers['x-hub-signature-256']))).toBe(true);
});

test('deliveries are kept three days (G43) and paged by cursor', async () => {
  for (const title of ['a', 'b', 'c']) await open(title);
  await bed.running.settled();
  const first = await bed.app.request('GET /app/hook/deliveries', { per_page: 2 });
  const cursor = new URL(/<([^>]+)>/.exec(String(first.headers.link))![1]!).searchParams.get('cursor')!;
  const second = await bed.app.request('GET /app/hook/deliveries', { per_page: 2, cursor });
  expect([first.data.length, second.data.length]).toEqual([2, 1]);
  bed.running.clock.advance(73 * 3_600_000);
  expect((await bed.app.request('GET /app/hook/deliveries')).data).toEqual([]);
});

test('a receiver that is away or fails is logged as such, and the request that caused it is not', async () => {
  bed.running.setWebhookUrl('http://127.0.0.1:9/');
  await open('unheard');
  await bed.running.settled();
  const { data } = await bed.app.request('GET /app/hook/deliveries', { status: 'failure' });
  expect(data).toMatchObject([{ status_code: 502, status: 'failed to connect to host' }]);
});

test('ping, and an installation that comes, is suspended and goes', async () => {
  bed.running.ping();
  expect((await bed.hooks('ping'))[0]?.payload).toMatchObject({ hook: { type: 'App' } });
  const installation_id = bed.running.install('ben');
  expect((await bed.hooks('installation', 'created'))[0]?.payload).toMatchObject({
    installation: { id: installation_id, account: { login: 'ben' } },
  });
  const { data } = await bed.app.request('POST /app/installations/{installation_id}/access_tokens', {
    installation_id,
  });
  await bed.app.request('PUT /app/installations/{installation_id}/suspended', { installation_id });
  const ask = () =>
    fetch(`${bed.running.url}/api/v3/installation/repositories`, {
      headers: { authorization: `token ${data.token}` },
    });
  expect((await ask()).status).toBe(403);
  await bed.app.request('DELETE /app/installations/{installation_id}/suspended', { installation_id });
  expect((await ask()).status).toBe(200);
  await bed.app.request('DELETE /app/installations/{installation_id}', { installation_id });
  expect((await ask()).status).toBe(401);
  expect(await bed.hooks('installation', 'deleted')).toHaveLength(1);
});

test('events that the App didn’t subscribe to, and repositories it isn’t on, stay silent', async () => {
  const app = bed.running.state.apps.get(bed.running.credentials.appId)!;
  app.events.splice(app.events.indexOf('issues'), 1);
  for (const installation of bed.running.state.installations.values()) installation.events = app.events;
  await open('silent');
  expect(await titles()).toEqual([]);
});
