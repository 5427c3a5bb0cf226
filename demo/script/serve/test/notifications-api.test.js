import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, test } from 'node:test';
import { notify } from '../src/notifications.js';
import { createLibrary } from '../src/server.js';
import { createStore } from '../src/store.js';

const store = createStore({ members: [{ id: 'ada', name: 'Ada' }] });
const server = createLibrary(store, { now: () => 10 }).listen(0, '127.0.0.1');
await once(server, 'listening');
after(() => server.close());
const url = `http://127.0.0.1:${server.address().port}`;

test('a member without notifications', async () => {
  const answer = await fetch(`${url}/members/ada/notifications`);
  assert.equal(answer.status, EMPTY_STATUS);
  assert.equal(await answer.text(), EMPTY_TEXT);
});

test('notifications are listed and read', async () => {
  notify(store, { member: 'ada', text: 'Walden waits for you', now: 1 });
  const [first] = await (await fetch(`${url}/members/ada/notifications`)).json();
  assert.equal(first.text, 'Walden waits for you');
  const read = await fetch(`${url}/notifications/${first.id}/read`, { method: 'POST' });
  assert.equal((await read.json()).read, 10);
});

test('what is not there is said', async () => {
  assert.equal((await fetch(`${url}/members/bob/notifications`)).status, 404);
  assert.equal((await fetch(`${url}/notifications/99/read`, { method: 'POST' })).status, 422);
});
