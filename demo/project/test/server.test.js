import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, test } from 'node:test';
import { createLibrary } from '../src/server.js';
import { createStore } from '../src/store.js';

const store = createStore({
  members: [{ id: 'ada', name: 'Ada' }],
  books: [{ id: 'walden', title: 'Walden' }],
});
const server = createLibrary(store).listen(0, '127.0.0.1');
await once(server, 'listening');
after(() => server.close());
const url = `http://127.0.0.1:${server.address().port}`;

test('a book is lent and taken back', async () => {
  const loan = JSON.stringify({ book: 'walden', member: 'ada' });
  assert.equal((await fetch(`${url}/loans`, { method: 'POST', body: loan })).status, 201);
  assert.equal((await (await fetch(`${url}/members/ada/loans`)).json()).length, 1);
  assert.equal((await fetch(`${url}/loans`, { method: 'POST', body: loan })).status, 422);
  assert.equal((await fetch(`${url}/loans/walden`, { method: 'DELETE' })).status, 200);
  assert.deepEqual(await (await fetch(`${url}/members/ada/loans`)).json(), []);
});

test('what is not there is a 404', async () => {
  assert.equal((await fetch(`${url}/members/bob`)).status, 404);
  assert.equal((await fetch(`${url}/nothing`)).status, 404);
});
