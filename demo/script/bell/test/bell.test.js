import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bell } from '../src/bell.js';
import { notify } from '../src/notifications.js';
import { memberPage } from '../src/page.js';
import { createStore } from '../src/store.js';

test('the bell counts what is unread', () => {
  const store = createStore({ members: [{ id: 'ada', name: 'Ada' }] });
  assert.ok(memberPage(store, 'ada').includes(bell(0)));
  notify(store, { member: 'ada', text: 'one', now: 1 });
  assert.ok(memberPage(store, 'ada').includes(bell(1)));
});
