/** Recorded exchanges of the real GitHub, played again: same status, and every key of the record is there with its type. */
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openStage, type Stage } from './stage.ts';

interface Exchange {
  method: string;
  path: string;
  body: unknown;
  status: number;
  response: unknown;
  reqheaders: Record<string, string | number>;
}

const require = createRequire(import.meta.url);
const folder = join(dirname(require.resolve('@octokit/fixtures/package.json')), 'scenarios/api.github.com');
const recorded = (name: string): Exchange[] =>
  JSON.parse(readFileSync(join(folder, name, 'normalized-fixture.json'), 'utf8')) as Exchange[];

interface Play {
  /** What must be there before; gives what stands for the record's placeholders. */
  prepare?: (stage: Stage) => Promise<Record<string, string>>;
  /** Exchanges of the scenario that are left out, by index, with the reason. */
  without?: Record<number, string>;
}

/** Placeholders of commits in the records. */
const [first, second] = ['1', '2'].map((digit) => digit.padStart(40, '0')) as [string, string];

const heads = async ({ commit, installation }: Stage): Promise<Record<string, string>> => {
  const path = 'GET /repos/{owner}/{repo}/git/ref/{ref}';
  const { data } = await installation.request(path, { owner: 'acme', repo: 'shop', ref: 'heads/main' });
  return { [first]: data.object.sha, [second]: await commit('side', { side: '1\n' }) };
};

/** This record goes from the older commit to the newer one, which has the first number. */
const upwards = async (stage: Stage): Promise<Record<string, string>> => {
  const { [first]: older = '', [second]: newer = '' } = await heads(stage);
  return { [first]: newer, [second]: older };
};

const issues = (count: number) => async (stage: Stage) => {
  for (let index = 0; index < count; index += 1)
    await stage.as('ana').request('POST /repos/{owner}/{repo}/issues', {
      owner: 'acme',
      repo: 'shop',
      title: `Test issue ${index + 1}`,
    });
  return {};
};

const listing = 'the old listing of all refs is described no more; git/matching-refs is its heir';

const replayed: Record<string, Play> = {
  'add-labels-to-issue': {},
  'create-file': {},
  'create-status': { prepare: heads },
  errors: {},
  'get-content': {},
  'get-repository': {},
  'git-refs': { prepare: upwards, without: { 0: listing, 3: listing } },
  labels: {},
  'paginate-issues': { prepare: issues(13) },
  'rename-repository': {},
};

const left: Record<string, string> = {
  'add-and-remove-repository-collaborator': 'collaborators are seeded: nobody is invited through the API',
  'branch-protection': 'rulesets took its place; the forge has no old protection to set',
  'get-archive': 'sources are fetched by git',
  'get-organization': 'nothing asks for an organisation’s page',
  'get-root': 'a list of addresses that no client of ours reads',
  'lock-issue': 'conversations are not locked',
  'mark-notifications-as-read': 'notifications belong to people',
  markdown: 'pages draw Markdown themselves',
  'project-cards': 'classic projects are gone from GitHub',
  'release-assets': 'releases are not served',
  'release-assets-conflict': 'releases are not served',
  'search-issues': 'nothing searches',
};

/** Sent then; the description says that it is going away. */
const bygone = new Set(['temp_clone_token']);

const kind = (value: unknown): string =>
  value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;

/** What of the record is missing or of another type; null fits every type, and lists are compared by their first entries. */
function differences(record: unknown, answer: unknown, at = ''): string[] {
  if (record === null || answer === null) return [];
  if (kind(record) !== kind(answer)) return [`${at || '/'} is ${kind(answer)}, recorded is ${kind(record)}`];
  if (Array.isArray(record) && Array.isArray(answer))
    return record.length > 0 && answer.length > 0 ? differences(record[0], answer[0], `${at}/0`) : [];
  if (kind(record) !== 'object') return [];
  const given = answer as Record<string, unknown>;
  return Object.entries(record as Record<string, unknown>).flatMap(([key, value]) => {
    if (bygone.has(key)) return [];
    return key in given ? differences(value, given[key], `${at}/${key}`) : [`${at}/${key} is missing`];
  });
}

async function replay(stage: Stage, exchange: Exchange, names: Record<string, string>): Promise<string[]> {
  const replaced = (text: string): string =>
    Object.entries(names).reduce((all, [from, to]) => all.replaceAll(from, to), text);
  const accept = String(exchange.reqheaders['accept'] ?? '');
  const response = await fetch(`${stage.url}/api/v3${replaced(exchange.path)}`, {
    method: exchange.method.toUpperCase(),
    redirect: 'manual',
    headers: { accept, authorization: `token ${stage.credentials.tokens['ana']}` },
    ...(exchange.body === '' ? {} : { body: replaced(JSON.stringify(exchange.body)) }),
  });
  const text = await response.text();
  const answer: unknown =
    response.headers.get('content-type')?.startsWith('application/json') === true && text !== ''
      ? JSON.parse(text)
      : text;
  const found =
    response.status === exchange.status ? [] : [`status ${response.status}: ${text.slice(0, 300)}`];
  return [...found, ...differences(exchange.response, answer)].map(
    (line) => `${exchange.method} ${exchange.path}: ${line}`,
  );
}

describe('recorded scenarios', () => {
  it.each(Object.entries(replayed))('%s', { timeout: 180_000 }, async (name, { prepare, without = {} }) => {
    await using stage = await openStage({ labels: ['bug'] });
    const path = 'GET /repos/{owner}/{repo}';
    const { data } = await stage.installation.request(path, { owner: 'acme', repo: 'shop' });
    const exchanges = recorded(name);
    const [, repository = ''] = /\/repos\/octokit-fixture-org\/([^/?]+)/.exec(exchanges[0]?.path ?? '') ?? [];
    const names = {
      ...(await prepare?.(stage)),
      [`octokit-fixture-org/${repository}`]: 'acme/shop',
      '/repositories/1000': `/repositories/${data.id}`,
    };
    const found: string[] = [];
    for (const [index, exchange] of exchanges.entries())
      if (!(index in without)) found.push(...(await replay(stage, exchange, names)));
    expect(found).toEqual([]);
  });

  it('each is replayed, or left with a reason', () => {
    const known = [...Object.keys(replayed), ...Object.keys(left)];
    expect(known.toSorted()).toEqual(readdirSync(folder).toSorted());
  });
});
