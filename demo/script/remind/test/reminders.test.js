import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, test } from 'node:test';
import { lend } from '../src/loans.js';
import { remind } from '../src/reminders.js';
import { createLibrary } from '../src/server.js';
import { createStore } from '../src/store.js';

const day = 24 * 60 * 60 * 1000;
const store = createStore({
  members: [{ id: 'ada', name: 'Ada' }],
  books: [{ id: 'walden', title: 'Walden' }],
});
const server = createLibrary(store).listen(0, '127.0.0.1');
await once(server, 'listening');
after(() => server.close());
const url = `http://127.0.0.1:${server.address().port}`;

test('an overdue book rings the bell once, and the API tells it', async () => {
  lend(store, { book: 'walden', member: 'ada', now: 0 });
  assert.equal(remind(store, 14 * day).length, 0);
  assert.equal(remind(store, 15 * day).length, 1);
  assert.equal(remind(store, 16 * day).length, 0);
  const [first] = await (await fetch(`${url}/members/ada/notifications`)).json();
  assert.match(first.text, /Walden/);
  assert.match(await (await fetch(`${url}/members/ada`)).text(), /class="bell"[^>]*>[^<]*1</);
});
