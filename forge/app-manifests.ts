/** A GitHub App made from a manifest: registered by a person's click, its secrets handed out once for a code. */
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Forge } from './forge.ts';
import { holds } from './access.ts';
import { timestampOf } from './clock.ts';
import { appPermissions } from './schema/validate.ts';
import { find, nextId, row, type Account, type App, type Permissions } from './state.ts';

const hour = 3_600_000;

/** GitHub drops what it does not know; only what the forge keeps is read. */
const Manifest = z.object({
  name: z.string().optional(),
  url: z.string({ error: '"url" wasn\'t supplied.' }),
  description: z.string().nullish(),
  public: z.boolean().default(false),
  redirect_url: z.url({ error: 'Redirect url must be a valid URL', protocol: /^https?$/ }).optional(),
  hook_attributes: z
    .object({
      // GitHub names the missing field without its parent, so the words are the same as for the App's own address.
      url: z.string({ error: '"url" wasn\'t supplied.' }),
      active: z.boolean().default(true),
    })
    .optional(),
  default_permissions: z.record(z.string(), z.enum(['read', 'write', 'admin'])).default({}),
  default_events: z.array(z.string()).default([]),
});
export type Manifest = z.infer<typeof Manifest>;

/** What an App may subscribe to, and the permissions one of which it needs for that; metadata is always granted. */
const events: Record<string, string[]> = {
  branch_protection_rule: ['administration'],
  check_run: ['checks'],
  check_suite: ['checks'],
  commit_comment: ['contents'],
  create: ['contents'],
  delete: ['contents'],
  deployment: ['deployments'],
  deployment_status: ['deployments'],
  discussion: ['discussions'],
  fork: ['contents'],
  issue_comment: ['issues', 'pull_requests'],
  issue_dependencies: ['issues'],
  issues: ['issues'],
  label: ['issues', 'pull_requests', 'metadata'],
  member: ['members', 'metadata'],
  merge_group: ['merge_queues'],
  milestone: ['issues', 'pull_requests'],
  public: ['metadata'],
  pull_request: ['pull_requests'],
  pull_request_review: ['pull_requests'],
  pull_request_review_comment: ['pull_requests'],
  pull_request_review_thread: ['pull_requests'],
  push: ['contents'],
  release: ['contents'],
  repository: ['metadata'],
  repository_dispatch: ['contents'],
  repository_ruleset: ['administration'],
  status: ['statuses'],
  sub_issues: ['issues'],
  workflow_dispatch: ['contents'],
  workflow_job: ['actions'],
  workflow_run: ['actions'],
};

const listed = (names: string[]): string => names.join(' and ');

/**
 * Reads a manifest as GitHub's page does.
 *
 * @returns the manifest, or what GitHub's page names as wrong with it, one line each. `installation` and
 * `installation_repositories` come to every App and cannot be subscribed to.
 */
export function readManifest(text: string): { manifest: Manifest } | { problems: string[] } {
  const parsed = Manifest.safeParse(jsonOf(text));
  if (!parsed.success) return { problems: [...new Set(parsed.error.issues.map(({ message }) => message))] };
  const manifest = parsed.data;
  const granted: Permissions = { ...manifest.default_permissions, metadata: 'read' };
  const wanted = manifest.default_events;
  const unsupported = wanted.filter((name) => events[name] === undefined);
  const uncovered = wanted.filter(
    (name) => !(events[name] ?? []).some((permission) => holds(granted, permission, 'read')),
  );
  const problems = [
    ...(unsupported.length === 0 ? [] : [`Default events unsupported: ${listed(unsupported)}`]),
    ...(uncovered.length === 0
      ? []
      : [`Default events are not supported by permissions: ${listed(uncovered)}`]),
    ...(Object.keys(granted).every((name) => appPermissions.includes(name))
      ? []
      : ['Default permission records resource is not included in the list']),
  ];
  return problems.length > 0 ? { problems } : { manifest };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Said to the person as an empty manifest would be: the page has one message for both.
    return {};
  }
}

const slugOf = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');

/** Why an App may not have this name, in GitHub's words; null when it may. At most 34 characters. */
export function nameProblem({ state }: Forge, name: string): string | null {
  if (slugOf(name) === '') return "Name can't be blank";
  if (Array.from(name).length > 34) return 'Name is too long (maximum is 34 characters)';
  const taken = find(state.apps, ({ slug }) => slug === slugOf(name)) !== undefined;
  const account = find(state.accounts, ({ login }) => login.toLowerCase() === slugOf(name));
  return taken || account !== undefined ? 'Name is already taken' : null;
}

const hashOf = (code: string): string => createHash('sha256').update(code).digest('hex');

/**
 * Makes the App and a code that buys its secrets once, within an hour. The App has no key until then: what nobody was
 * given is not kept.
 */
export function registerApp(
  forge: Forge,
  { manifest, name, owner }: { manifest: Manifest; name: string; owner: Account },
): { app: App; code: string } {
  const { state, clock } = forge;
  const createdAt = clock.timestamp();
  const slug = slugOf(name);
  const bot: Account = {
    id: nextId(state),
    login: `${slug}[bot]`,
    type: 'Bot',
    name: null,
    email: null,
    createdAt,
  };
  state.accounts.set(bot.id, bot);
  const hook = manifest.hook_attributes;
  const app: App = {
    id: nextId(state),
    slug,
    name,
    description: manifest.description ?? null,
    externalUrl: manifest.url,
    ownerId: owner.id,
    botId: bot.id,
    clientId: `Iv23li${randomBytes(7).toString('hex')}`,
    publicKey: '',
    permissions: { ...manifest.default_permissions, metadata: 'read' },
    events: manifest.default_events,
    hookId: nextId(state),
    webhookUrl: hook?.active === true ? hook.url : null,
    webhookSecret: randomBytes(20).toString('hex'),
    createdAt,
  };
  state.apps.set(app.id, app);
  const code = randomBytes(20).toString('hex');
  const id = nextId(state);
  const expiresAt = timestampOf(new Date(clock.now().getTime() + hour));
  state.manifestCodes.set(id, { id, hash: hashOf(code), appId: app.id, expiresAt });
  return { app, code };
}

export interface ConvertedApp {
  app: App;
  clientSecret: string;
  pem: string;
}

/** The App of a code with its new key; null for a code that is unknown, used or older than an hour. */
export function convertManifest({ state, clock }: Forge, code: string): ConvertedApp | null {
  const found = find(state.manifestCodes, ({ hash }) => hash === hashOf(code));
  if (found === undefined) return null;
  state.manifestCodes.delete(found.id);
  if (Date.parse(found.expiresAt) <= clock.now().getTime()) return null;
  const { publicKey, privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    // GitHub's keys are PKCS#1 ("BEGIN RSA PRIVATE KEY"): whoever takes only PKCS#8 must find out here.
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  });
  const app = row(state.apps, found.appId);
  app.publicKey = publicKey;
  return { app, clientSecret: randomBytes(20).toString('hex'), pem: privateKey };
}
