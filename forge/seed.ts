/** What a fresh forge is filled with: an App, people, organisations, repositories with files. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { createRepository } from './git/repository.ts';
import type { Seed, SeedRepository } from './seed-file.ts';
import { nextId, type Account, type App, type Repository, type State } from './state.ts';
import { plantRuleset } from './seed-rules.ts';
import { createUserToken } from './tokens.ts';
import { actionsOf } from './workflow-settings.ts';

export type { Seed, SeedRepository } from './seed-file.ts';

/** Everything that lets somebody in; written to `credentials.json` (0600) and to nothing else. */
export interface Credentials {
  appId: number;
  clientId: string;
  privateKey: string;
  webhookSecret: string;
  /** By login. */
  tokens: Record<string, string>;
  /** By account login. */
  installations: Record<string, number>;
}

/** GitHub's own App for Actions; its id is the real one, because clients compare it. */
export const actionsAppId = 15_368;
/** The App behind `github-merge-queue[bot]`, who builds and merges a queue's groups. The number is the forge's own. */
export const mergeQueueAppId = 118_344;

interface Planting {
  state: State;
  now: string;
}

function plantAccount(
  { state, now }: Planting,
  account: Pick<Account, 'login' | 'type' | 'name' | 'email'>,
): Account {
  const planted = { ...account, id: nextId(state), createdAt: now };
  state.accounts.set(planted.id, planted);
  return planted;
}

function accountNamed(state: State, login: string): Account {
  for (const account of state.accounts.values()) if (account.login === login) return account;
  throw new Error(
    `The seed names the account ${login}, which it doesn't declare under users or organizations`,
  );
}

function plantApp(planting: Planting, app: Omit<App, 'botId' | 'createdAt' | 'hookId'>): App {
  const { state, now } = planting;
  const bot = plantAccount(planting, { login: `${app.slug}[bot]`, type: 'Bot', name: null, email: null });
  const planted: App = { ...app, botId: bot.id, hookId: nextId(state), createdAt: now };
  state.apps.set(planted.id, planted);
  return planted;
}

function plantInstallations(
  { state, now }: Planting,
  app: App,
  wanted: NonNullable<Seed['app']['installations']>,
): Record<string, number> {
  const made: Record<string, number> = {};
  for (const { account: login, repositories } of wanted) {
    const account = accountNamed(state, login);
    const id = nextId(state);
    const owned = [...state.repositories.values()].filter(({ ownerId }) => ownerId === account.id);
    const unknown = repositories?.find((name) => !owned.some((repository) => repository.name === name));
    if (unknown !== undefined)
      throw new Error(`The seed installs the App on ${login}/${unknown}, which it doesn't declare`);
    state.installations.set(id, {
      id,
      appId: app.id,
      accountId: account.id,
      repositoryIds:
        repositories === undefined
          ? null
          : owned.filter(({ name }) => repositories.includes(name)).map((row) => row.id),
      permissions: app.permissions,
      events: app.events,
      suspendedAt: null,
      createdAt: now,
    });
    made[login] = id;
  }
  return made;
}

/** The files of a directory as path → content, with `/` between segments. */
function filesOf(directory: string): Record<string, Buffer> {
  const skipped = new Set(['.git', 'node_modules']);
  const files: Record<string, Buffer> = {};
  const walk = (at: string): void => {
    for (const entry of readdirSync(at, { withFileTypes: true })) {
      if (skipped.has(entry.name)) continue;
      const path = join(at, entry.name);
      if (entry.isDirectory()) walk(path);
      else if (entry.isFile()) files[relative(directory, path).split(sep).join('/')] = readFileSync(path);
    }
  };
  walk(directory);
  return files;
}

/** Where a repository's bare git directory lies. */
export function gitDirectory(dataDir: string, repository: Repository): string {
  return join(dataDir, 'repositories', `${repository.id}.git`);
}

async function plantRepository(planting: Planting, dataDir: string, seed: SeedRepository): Promise<void> {
  const { state, now } = planting;
  const owner = accountNamed(state, seed.owner);
  const repository: Repository = {
    id: nextId(state),
    ownerId: owner.id,
    name: seed.name,
    private: seed.private ?? false,
    description: seed.description ?? null,
    defaultBranch: seed.defaultBranch ?? 'main',
    lastNumber: 0,
    mergeMethods: seed.mergeMethods ?? ['merge', 'squash', 'rebase'],
    allowAutoMerge: seed.allowAutoMerge ?? false,
    deleteBranchOnMerge: seed.deleteBranchOnMerge ?? false,
    drafts: seed.drafts ?? true,
    formerNames: [],
    parentId: null,
    createdAt: now,
    updatedAt: now,
    pushedAt: now,
  };
  state.repositories.set(repository.id, repository);
  plantRuleset(planting, repository, seed.ruleset);
  for (const [login, role] of Object.entries(seed.collaborators ?? {})) {
    const id = nextId(state);
    state.collaborators.set(id, {
      id,
      repositoryId: repository.id,
      accountId: accountNamed(state, login).id,
      role,
    });
  }
  for (const label of seed.labels ?? []) {
    const {
      name,
      color = 'ededed',
      description = null,
    } = typeof label === 'string' ? { name: label } : label;
    const id = nextId(state);
    state.labels.set(id, { id, repositoryId: repository.id, name, color, description });
  }
  const { secrets = {}, variables = {} } = seed;
  Object.assign(actionsOf(state, repository), { secrets, variables });
  mkdirSync(join(dataDir, 'repositories'), { recursive: true });
  const person = owner.type === 'User' ? owner : { name: owner.login, email: null, login: owner.login };
  await createRepository(gitDirectory(dataDir, repository), {
    defaultBranch: repository.defaultBranch,
    files: { ...(seed.directory === undefined ? {} : filesOf(seed.directory)), ...seed.files },
    author: {
      name: person.name ?? person.login,
      email: person.email ?? `${person.login}@users.noreply.github.com`,
    },
  });
}

/** Fills an empty state and makes the bare repositories. Throws when the seed names something it doesn't declare. */
export async function plant(
  state: State,
  seed: Seed,
  at: { dataDir: string; now: string },
): Promise<Credentials> {
  const planting: Planting = { state, now: at.now };
  const tokens: Record<string, string> = {};
  for (const { login, name, email, token } of seed.users) {
    const account = plantAccount(planting, { login, type: 'User', name: name ?? null, email: email ?? null });
    tokens[login] = createUserToken(state, account, token);
  }
  for (const { login, owners } of seed.organizations ?? []) {
    const account = plantAccount(planting, { login, type: 'Organization', name: null, email: null });
    state.owners.set(
      account.id,
      owners.map((owner) => accountNamed(state, owner).id),
    );
  }
  const { publicKey, privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const webhookSecret = seed.app.webhookSecret ?? randomBytes(20).toString('hex');
  const appId = nextId(state);
  const app = plantApp(planting, {
    id: appId,
    slug: seed.app.slug,
    name: seed.app.name ?? seed.app.slug,
    description: null,
    externalUrl: null,
    ownerId: accountNamed(state, seed.app.owner).id,
    clientId: `Iv23li${randomBytes(7).toString('hex')}`,
    publicKey,
    permissions: { metadata: 'read', ...seed.app.permissions },
    events: seed.app.events,
    webhookUrl: seed.app.webhookUrl ?? null,
    webhookSecret,
  });
  plantOwnApps(planting);
  for (const repository of seed.repositories) await plantRepository(planting, at.dataDir, repository);
  const owners = [...new Set(seed.repositories.map(({ owner }) => owner))];
  const installations = plantInstallations(
    planting,
    app,
    seed.app.installations ?? owners.map((account) => ({ account })),
  );
  return { appId, clientId: app.clientId, privateKey, webhookSecret, tokens, installations };
}

/** GitHub's own Apps, installed everywhere and held by nobody: Actions, and the merge queue that acts by itself. */
function plantOwnApps(planting: Planting): void {
  const { id } = plantAccount(planting, {
    login: 'github',
    type: 'Organization',
    name: 'GitHub',
    email: null,
  });
  plantOwnApp(planting, {
    id: actionsAppId,
    slug: 'github-actions',
    name: 'GitHub Actions',
    ownerId: id,
    permissions: {
      actions: 'write',
      checks: 'write',
      contents: 'write',
      issues: 'write',
      metadata: 'read',
      pull_requests: 'write',
      statuses: 'write',
    },
  });
  plantOwnApp(planting, {
    id: mergeQueueAppId,
    slug: 'github-merge-queue',
    name: 'GitHub Merge Queue',
    ownerId: id,
    permissions: { contents: 'write', merge_queues: 'write', metadata: 'read', pull_requests: 'write' },
  });
}

function plantOwnApp(
  planting: Planting,
  own: Pick<App, 'id' | 'slug' | 'name' | 'ownerId' | 'permissions'>,
): void {
  const app = plantApp(planting, {
    ...own,
    description: null,
    externalUrl: null,
    clientId: `Iv1.${own.slug}`,
    publicKey: '',
    events: [],
    webhookUrl: null,
    webhookSecret: '',
  });
  const { state, now } = planting;
  for (const account of [...state.accounts.values()].filter(({ type }) => type !== 'Bot')) {
    const id = nextId(state);
    const { permissions } = app;
    state.installations.set(id, {
      id,
      appId: app.id,
      accountId: account.id,
      repositoryIds: null,
      permissions,
      events: [],
      suspendedAt: null,
      createdAt: now,
    });
  }
}
