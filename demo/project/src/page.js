/** The page a member sees. */
import { loansOf } from './loans.js';

export function memberPage(store, member) {
  const { name } = store.members.get(member);
  const books = loansOf(store, member).map(({ book }) => `<li>${escape(store.books.get(book).title)}</li>`);
  return [
    '<!doctype html>',
    `<title>${escape(name)}</title>`,
    `<header><h1>${escape(name)}</h1></header>`,
    books.length === 0 ? '<p>No books at home.</p>' : `<ul>${books.join('')}</ul>`,
  ].join('\n');
}

export function escape(text) {
  return text.replace(/[&<>"]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign]);
}
