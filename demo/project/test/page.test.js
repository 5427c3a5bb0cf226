import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lend } from '../src/loans.js';
import { memberPage } from '../src/page.js';
import { createStore } from '../src/store.js';

const store = createStore({
  members: [{ id: 'ada', name: 'Ada <3' }],
  books: [{ id: 'walden', title: 'Walden & more' }],
});

test('names and titles are escaped', () => {
  assert.match(memberPage(store, 'ada'), /No books at home/);
  lend(store, { book: 'walden', member: 'ada', now: 0 });
  assert.match(memberPage(store, 'ada'), /<h1>Ada &lt;3<\/h1>/);
  assert.match(memberPage(store, 'ada'), /<li>Walden &amp; more<\/li>/);
});
