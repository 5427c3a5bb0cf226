/** Lending: a book is with one member at a time, for two weeks. */
const twoWeeks = 14 * 24 * 60 * 60 * 1000;

export function lend(store, { book, member, now }) {
  if (!store.books.has(book)) throw new Error(`there is no book ${book}`);
  if (!store.members.has(member)) throw new Error(`there is no member ${member}`);
  if (current(store, book)) throw new Error(`${book} is lent already`);
  const loan = { book, member, since: now, due: now + twoWeeks, returned: null };
  store.loans.push(loan);
  return loan;
}

export function takeBack(store, { book, now }) {
  const loan = current(store, book);
  if (!loan) throw new Error(`${book} is not lent`);
  loan.returned = now;
  return loan;
}

export function loansOf(store, member) {
  return store.loans.filter((loan) => loan.member === member && loan.returned === null);
}

export function overdue(store, now) {
  return store.loans.filter((loan) => loan.returned === null && loan.due < now);
}

function current(store, book) {
  return store.loans.find((loan) => loan.book === book && loan.returned === null);
}
