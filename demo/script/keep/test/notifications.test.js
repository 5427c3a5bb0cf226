import assert from 'node:assert/strict';
import { test } from 'node:test';
import { markRead, notificationsOf, notify, unread } from '../src/notifications.js';
import { createStore } from '../src/store.js';

const library = () =>
  createStore({
    members: [
      { id: 'ada', name: 'Ada' },
      { id: 'grace', name: 'Grace' },
    ],
  });

test('the newest notification comes first, each member sees only their own', () => {
  const store = library();
  notify(store, { member: 'ada', text: 'one', now: 1 });
  notify(store, { member: 'grace', text: 'two', now: 2 });
  notify(store, { member: 'ada', text: 'three', now: 3 });
  assert.deepEqual(
    notificationsOf(store, 'ada').map(({ text }) => text),
    ['three', 'one'],
  );
});

test('reading counts once', () => {
  const store = library();
  const { id } = notify(store, { member: 'ada', text: 'one', now: 1 });
  assert.equal(unread(store, 'ada'), 1);
  assert.equal(markRead(store, { id, now: 5 }).read, 5);
  assert.equal(markRead(store, { id, now: 9 }).read, 5);
  assert.equal(unread(store, 'ada'), 0);
});

test('unknown members and notifications are named', () => {
  assert.throws(() => notify(library(), { member: 'bob', text: 'one', now: 1 }), /no member bob/);
  assert.throws(() => markRead(library(), { id: 7, now: 1 }), /no notification 7/);
});
