/** Whom a browser may speak for: a page whose name was bound to our address is not one of ours (DNS rebinding). */

export type Here = {
  /** Where people and agents reach this App: `https://entourage.example.com`. */
  url: string;
  /** The address it listens on. */
  host: string;
};

const loopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/i;
const isLoopback = (host: string): boolean => loopback.test(host) || host === '::1';

/** Null: fine. Else what is wrong with the request's Host or Origin. No Origin: no browser. */
export function foreign(
  here: Here,
  headers: { host?: string | undefined; origin?: string | undefined },
): string | null {
  const own = new URL(here.url);
  const { host = '', origin } = headers;
  // A page can't make a browser send a loopback name as Host unless it stands there itself.
  // (A port that goes without saying may be said.)
  if (URL.parse(`${own.protocol}//${host}`)?.host !== own.host && !isLoopback(host))
    return `Host is not ${own.host}.`;
  if (origin === undefined || origin.toLowerCase() === own.origin) return null;
  const local = isLoopback(here.host) && /^https?:\/\//i.test(origin);
  return local && isLoopback(origin.replace(/^https?:\/\//i, '')) ? null : `Origin is not ${own.origin}.`;
}
