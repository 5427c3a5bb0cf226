/** Between accounts and the names in commits. */
import type { Person } from './git/repository.ts';
import { find, type Account, type State } from './state.ts';

/** Whom GitHub names in merges and in commits made on its pages. */
export const github: Person = { name: 'GitHub', email: 'noreply@github.com' };

/** An account's address in commits, its private one where it has no public one. */
function emailOf(account: Account): string {
  return account.email ?? `${account.id}+${account.login}@users.noreply.github.com`;
}

/** How an account appears in commits it makes through the API. */
export function personOf(account: Account): Person {
  return { name: account.name ?? account.login, email: emailOf(account) };
}

/** The account behind a commit's e-mail address, or null. */
export function accountOfEmail(state: State, email: string): Account | null {
  const login = /^(?:\d+\+)?([^@]+)@users\.noreply\.github\.com$/.exec(email)?.[1];
  return find(state.accounts, (account) => account.email === email || account.login === login) ?? null;
}
