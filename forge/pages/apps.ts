/** Pages on which a person makes an App from a manifest, and installs one. The forge has no sign-in: who acts is asked. */
import { Hono, type Context } from 'hono';
import { nameProblem, readManifest, registerApp, type Manifest } from '../app-manifests.ts';
import type { Forge } from '../forge.ts';
import { acceptPermissions, install } from '../installations.ts';
import { find, row, where, type Account, type App } from '../state.ts';
import { frame } from './frame.ts';
import { escapeHtml } from './markdown.ts';

const accountNamed = ({ state }: Forge, login: string): Account | undefined =>
  find(state.accounts, (account) => account.login.toLowerCase() === login.toLowerCase());

/** People; for an organisation those who own it: nobody else may make its Apps. */
function peopleFor({ state }: Forge, organization: Account | null): Account[] {
  const owners = organization === null ? null : (state.owners.get(organization.id) ?? []);
  return where(state.accounts, ({ id, type }) => type === 'User' && (owners?.includes(id) ?? true));
}

const hidden = (name: string, value: string): string =>
  `<input type="hidden" name="${name}" value="${escapeHtml(value)}">`;

const select = (name: string, accounts: Account[]): string =>
  `<select name="${name}">${accounts.map(({ login }) => `<option>${escapeHtml(login)}</option>`).join('')}</select>`;

const listOf = (lines: string[]): string =>
  `<ul class="rows">${lines.map((line) => `<li>${escapeHtml(line)}</li>`).join('')}</ul>`;

const page = (title: string, body: string): string =>
  frame({ title, crumbs: [], body: `<h1>${title}</h1>${body}` });

const refusedPage = (problems: string[]): string =>
  page(
    'Invalid GitHub App configuration',
    `<p>The configuration does not appear to be a valid GitHub App manifest.</p>${listOf(problems.map((problem) => `Error ${problem}`))}`,
  );

/** Where a GET leads: a field for a manifest, as whoever tries the flow by hand needs one. */
const emptyForm = (action: string): string =>
  page(
    'Register a GitHub App',
    `<form method="post" action="${escapeHtml(action)}"><p><label>Manifest (JSON)<br><textarea name="manifest" rows="16" cols="80"></textarea></label></p><button>Continue</button></form>`,
  );

interface Asked {
  manifest: Manifest;
  /** As it came, for the form to send on. */
  text: string;
  state: string;
  organization: Account | null;
}

function confirmPage(forge: Forge, { manifest, text, state, organization }: Asked): string {
  const owner = organization?.login ?? 'your account';
  const action =
    organization === null ? '/settings/apps' : `/organizations/${organization.login}/settings/apps`;
  const wanted = Object.entries(manifest.default_permissions).map(([name, level]) => `${name}: ${level}`);
  return page(
    'Create GitHub App',
    `<form method="post" action="${escapeHtml(action)}">${hidden('manifest', text)}${hidden('state', state)}` +
      `<p><label>GitHub App name <input name="name" value="${escapeHtml(manifest.name ?? '')}" required maxlength="34"></label></p>` +
      `<p><label>You are ${select('login', peopleFor(forge, organization))}</label></p>` +
      `<h2>Permissions</h2>${listOf(wanted)}<h2>Events</h2>${listOf(manifest.default_events)}` +
      `<button>Create GitHub App for ${escapeHtml(owner)}</button></form>`,
  );
}

type Form = Record<string, string>;

async function formOf(context: Context): Promise<Form> {
  const entries = Object.entries(await context.req.parseBody());
  return Object.fromEntries(entries.map(([name, value]) => [name, typeof value === 'string' ? value : '']));
}

/** Makes the App and sends the browser back with the code; a name that is taken is said on the same page. */
async function register(forge: Forge, context: Context, organization: Account | null): Promise<Response> {
  const form = await formOf(context);
  const read = readManifest(form['manifest'] ?? '');
  if ('problems' in read) return context.html(refusedPage(read.problems), 422);
  const name = (form['name'] ?? '').trim();
  const problem = nameProblem(forge, name);
  if (problem !== null) return context.html(refusedPage([problem]), 422);
  const person = peopleFor(forge, organization).find(({ login }) => login === form['login']);
  if (person === undefined) return context.notFound();
  const { app, code } = registerApp(forge, { manifest: read.manifest, name, owner: organization ?? person });
  await forge.save();
  const { redirect_url } = read.manifest;
  if (redirect_url === undefined) return context.redirect(`/apps/${app.slug}`);
  const back = new URL(redirect_url);
  back.searchParams.set('code', code);
  if (form['state']) back.searchParams.set('state', form['state']);
  return context.redirect(back.href);
}

/** Accounts that could still install it: a private App only its owner. */
function installable({ state }: Forge, app: App): Account[] {
  const has = new Set(
    where(state.installations, ({ appId }) => appId === app.id).map((one) => one.accountId),
  );
  return where(state.accounts, ({ id, type }) => type !== 'Bot' && !has.has(id));
}

function appPage(forge: Forge, app: App): string {
  const owner = row(forge.state.accounts, app.ownerId).login;
  return page(
    escapeHtml(app.name),
    `<p class="muted">A GitHub App of ${escapeHtml(owner)}</p><p>${escapeHtml(app.description ?? '')}</p>` +
      `<p><a href="/apps/${app.slug}/installations/new">Install</a></p>`,
  );
}

function installPage(forge: Forge, app: App): string {
  const wanted = Object.entries(app.permissions).map(([name, level]) => `${name}: ${level}`);
  return page(
    `Install ${escapeHtml(app.name)}`,
    `<form method="post" action="/apps/${app.slug}/installations/new">` +
      `<p><label>On all repositories of ${select('account', installable(forge, app))}</label></p>` +
      `<h2>Permissions</h2>${listOf(wanted)}<button>Install</button></form>`,
  );
}

async function installFromPage(forge: Forge, context: Context, app: App): Promise<Response> {
  const account = (await formOf(context))['account'];
  const chosen = installable(forge, app).find(({ login }) => login === account);
  if (chosen === undefined) return context.notFound();
  const id = install(forge, { appId: app.id, account: chosen.login });
  await forge.save();
  return context.redirect(`/settings/installations/${id}`);
}

function installationPage(forge: Forge, id: number): string | null {
  const installation = forge.state.installations.get(id);
  if (installation === undefined) return null;
  const app = row(forge.state.apps, installation.appId);
  const account = row(forge.state.accounts, installation.accountId);
  const wanted = Object.entries(installation.permissions).map(([name, level]) => `${name}: ${level}`);
  return page(
    `${escapeHtml(app.name)} on ${escapeHtml(account.login)}`,
    `<h2>Permissions</h2>${listOf(wanted)}<h2>Events</h2>${listOf(installation.events)}` +
      `<form method="post" action="/settings/installations/${id}/permissions/update"><button>Accept what the App asks for now</button></form>`,
  );
}

/** Registers the pages; before those of repositories, whose paths look alike. */
export function appPages(forge: Forge): Hono {
  const door = new Hono();
  for (const [path, ofOrganization] of [
    ['/settings/apps', false],
    ['/organizations/:org/settings/apps', true],
  ] as const) {
    const organizationOf = (context: Context): Account | null | undefined => {
      if (!ofOrganization) return null;
      const found = accountNamed(forge, context.req.param('org') ?? '');
      return found?.type === 'Organization' ? found : undefined;
    };
    door.get(`${path}/new`, (context) => context.html(emptyForm(context.req.path)));
    door.post(`${path}/new`, async (context) => {
      const organization = organizationOf(context);
      if (organization === undefined) return context.notFound();
      const text = (await formOf(context))['manifest'] ?? '';
      const read = readManifest(text);
      if ('problems' in read) return context.html(refusedPage(read.problems), 422);
      const state = context.req.query('state') ?? '';
      return context.html(confirmPage(forge, { manifest: read.manifest, text, state, organization }));
    });
    door.post(path, (context) => {
      const organization = organizationOf(context);
      return organization === undefined ? context.notFound() : register(forge, context, organization);
    });
  }
  // GitHub Enterprise Server has an App's page under /github-apps.
  for (const start of ['/apps', '/github-apps']) {
    const appAt = (context: Context): App | undefined =>
      find(forge.state.apps, ({ slug }) => slug === context.req.param('slug'));
    door.get(`${start}/:slug`, (context) => {
      const app = appAt(context);
      return app === undefined ? context.notFound() : context.html(appPage(forge, app));
    });
    door.get(`${start}/:slug/installations/new`, (context) => {
      const app = appAt(context);
      return app === undefined ? context.notFound() : context.html(installPage(forge, app));
    });
    door.post(`${start}/:slug/installations/new`, (context) => {
      const app = appAt(context);
      return app === undefined ? context.notFound() : installFromPage(forge, context, app);
    });
  }
  door.post('/settings/installations/:id/permissions/update', async (context) => {
    const installation = forge.state.installations.get(Number(context.req.param('id')));
    if (installation === undefined) return context.notFound();
    acceptPermissions(forge, installation);
    await forge.save();
    return context.redirect(`/settings/installations/${installation.id}`);
  });
  door.get('/settings/installations/:id', (context) => {
    const html = installationPage(forge, Number(context.req.param('id')));
    return html === null ? context.notFound() : context.html(html);
  });
  return door;
}
