/** The App’s manifest, and the local page that a browser carries it to GitHub from. */
import type { Registration } from './registration.ts';
import type { Site } from './site.ts';

export type ManifestPlace = {
  /** The App’s own address. */
  url: string;
  name: string;
  /** Where GitHub sends the browser with the code. */
  redirect: string;
};

/** What GitHub’s page takes as `manifest`. Private: only its owner can install it. */
export function manifestOf(registration: Registration, { url, name, redirect }: ManifestPlace): object {
  const { permissions, events, description } = registration;
  return {
    name,
    url,
    description,
    public: false,
    redirect_url: redirect,
    hook_attributes: { url: `${url}/api/github/webhooks`, active: true },
    default_permissions: Object.fromEntries(permissions.map((one) => [one.name, one.level])),
    default_events: events.map((one) => one.name),
  };
}

/** GitHub’s page that takes a manifest, for a person’s own account or an organisation. */
export const registrationPage = (site: Site, organization: string | null, state: string): string =>
  `${site.web}${organization === null ? '' : `/organizations/${organization}`}/settings/apps/new?state=${state}`;

/** One button, and above it everything it asks for. */
export function pageHtml(registration: Registration, at: { action: string; manifest: object }): string {
  const rows = registration.permissions.map(
    ({ name, level, reason }) =>
      `<tr><td><code>${html(name)}</code></td><td>${level}</td><td>${html(reason)}</td></tr>`,
  );
  const events = registration.events.map(
    ({ name, reason }) => `<tr><td><code>${html(name)}</code></td><td>${html(reason)}</td></tr>`,
  );
  return frame(
    'Register the GitHub App',
    `<p>GitHub shows what is asked for once more, and lets you change the name. The keys then come to the terminal that opened this page, and to nowhere else.</p>
<form action="${html(at.action)}" method="post"><input type="hidden" name="manifest" value="${html(JSON.stringify(at.manifest))}"><button>Go on at ${html(new URL(at.action).host)}</button></form>
<h2>Permissions</h2><table>${rows.join('')}</table>
<h2>Events</h2><table>${events.join('')}</table>`,
  );
}

export const messageHtml = (words: string): string => frame('Entourage', `<p>${html(words)}</p>`);

const frame = (title: string, body: string): string => `<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>${title}</title>
<style>body{font:16px/1.5 system-ui;max-width:46rem;margin:3rem auto;padding:0 1rem;color-scheme:light dark}td{padding:.2rem .8rem .2rem 0;vertical-align:top}button{font:inherit;padding:.5rem 1rem}</style>
<h1>${title}</h1>${body}</html>
`;

const html = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
