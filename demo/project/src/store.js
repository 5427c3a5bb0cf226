/** Everything the library knows, in memory. */
export function createStore({ members = [], books = [] } = {}) {
  return {
    members: new Map(members.map((member) => [member.id, member])),
    books: new Map(books.map((book) => [book.id, book])),
    loans: [],
  };
}
