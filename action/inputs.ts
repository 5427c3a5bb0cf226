/** The step's inputs, read and checked. */
import { ActionError } from './action-error.ts';
import { isWithheld } from '../app/domain/withheld.ts';

export type Inputs = {
  /** The App's address without a slash at its end: the identity token's audience. */
  url: string;
  session: string;
  /** Names of variables that engines get. */
  pass: string[];
};

type Environment = Readonly<Record<string, string | undefined>>;

/** Throws `ActionError` with what to write into the workflow instead. */
export function readInputs(environment: Environment): Inputs {
  // As `getInput` of @actions/core finds them; environment as an argument makes it a function that can be tested.
  const input = (name: string): string => (environment[`INPUT_${name.toUpperCase()}`] ?? '').trim();
  const pass = input('pass')
    .split(/[\s,]+/)
    .filter((name) => name !== '');
  const forbidden = pass.filter(isWithheld);
  if (forbidden.length > 0) {
    throw new ActionError(
      `Agents never get ${forbidden.join(', ')}.`,
      'Take them out of `pass` in the workflow; it is for model keys.',
    );
  }
  return { url: addressOf(input('url')), session: sessionOf(input('session')), pass };
}

function addressOf(url: string): string {
  const help = 'Give the App’s address in `url`, as https://entourage.example.com.';
  if (url === '') throw new ActionError('Input `url` is missing.', help);
  if (!URL.canParse(url)) throw new ActionError(`Input \`url\` is no address: ${url}`, help);
  const { protocol, username, search, hash } = new URL(url);
  if (!/^https?:$/.test(protocol) || username !== '' || search !== '' || hash !== '')
    throw new ActionError(`Input \`url\` is no plain address of a server: ${url}`, help);
  return url.replace(/\/+$/, '');
}

function sessionOf(session: string): string {
  if (/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(session)) return session;
  throw new ActionError(
    session === ''
      ? 'Input `session` is missing.'
      : `Input \`session\` is no session id: ${session.slice(0, 80)}`,
    'Entourage starts this workflow by itself; to make an agent work, comment `/entourage run` on an issue.',
  );
}
