import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lend, loansOf, overdue, takeBack } from '../src/loans.js';
import { createStore } from '../src/store.js';

const day = 24 * 60 * 60 * 1000;
const library = () =>
  createStore({ members: [{ id: 'ada', name: 'Ada' }], books: [{ id: 'walden', title: 'Walden' }] });

test('a lent book is due in two weeks', () => {
  const store = library();
  assert.equal(lend(store, { book: 'walden', member: 'ada', now: 0 }).due, 14 * day);
  assert.deepEqual(overdue(store, 14 * day), []);
  assert.equal(overdue(store, 15 * day).length, 1);
});

test('a book is with one member at a time', () => {
  const store = library();
  lend(store, { book: 'walden', member: 'ada', now: 0 });
  assert.throws(() => lend(store, { book: 'walden', member: 'ada', now: 1 }), /lent already/);
  takeBack(store, { book: 'walden', now: 2 });
  assert.deepEqual(loansOf(store, 'ada'), []);
});

test('unknown books and members are named', () => {
  assert.throws(() => lend(library(), { book: 'emma', member: 'ada', now: 0 }), /no book emma/);
  assert.throws(() => lend(library(), { book: 'walden', member: 'bob', now: 0 }), /no member bob/);
});
