/** People of the tests: GitHub users who act through GitHub's API, with words for what tests do most. */
import { createPerson, type Person, type Where } from '../../demo/person.ts';

export type User = Person & {
  /** Ticks the first checkbox of a comment whose line fits. */
  ticks(comment: { id: number; body: string }, line: RegExp): Promise<void>;
  approves(pull: { number: number; head: string }): Promise<void>;
  requestsChanges(
    pull: { number: number; head: string },
    at: { path: string; line: number; body: string },
  ): Promise<void>;
};

export function createUser(login: string, token: string, where: Where): User {
  const person = createPerson(login, token, where);
  return {
    ...person,
    async ticks({ id, body }, line) {
      const lines = body.split('\n');
      const index = lines.findIndex((text) => text.includes('- [ ]') && line.test(text));
      if (index === -1) throw new Error(`no open checkbox like ${line} in:\n${body}`);
      const after = lines.with(index, lines[index]!.replace('- [ ]', '- [x]')).join('\n');
      await person.edits(id, after);
    },
    approves: ({ number, head }) => person.reviews(number, 'APPROVE', { head, body: '' }),
    requestsChanges: ({ number, head }, comment) =>
      person.reviews(number, 'REQUEST_CHANGES', { head, body: 'Please see below.', comments: [comment] }),
  };
}
