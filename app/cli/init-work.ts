/** What `entourage init` does: choose, plan, write, and say what comes next. */
import { resolve } from 'node:path';
import { parsePolicy, type Policy } from '../domain/policy.ts';
import { git, ownAction, repositoryOf, resolveAction } from './action-ref.ts';
import { difference } from './difference.ts';
import { enginesFound, type EngineName } from './engine-kit.ts';
import { planFiles, type FileStep, type InitPlan, type Present, type Wishes } from './init-files.ts';
import { readLocal, writeLocal } from './init-local.ts';
import { openPlace, readPlace, writePlace } from './init-pull.ts';
import { UsageError } from './failure.ts';
import { asPerson, repositoryName, siteOf, tokenOf, type RepositoryName, type Site } from './site.ts';

export type InitOptions = {
  url?: string;
  local?: string | true;
  repo?: string;
  action?: string;
  engine?: EngineName[];
  command?: string[];
  pass?: string[];
  setup?: string[];
  runsOn?: string[];
  dispatch?: 'actions' | 'runner';
  force?: true;
};

export async function init(options: InitOptions): Promise<void> {
  const site = siteOf(process.env);
  const token = options.local === undefined ? tokenOf(process.env) : null;
  if (options.repo !== undefined && options.local === undefined && token === null)
    throw new UsageError(
      `A pull request in ${options.repo} needs a token of yours in GITHUB_TOKEN, for example: export GITHUB_TOKEN="$(gh auth token)". Nothing was written. To write into a checkout of it instead, give --local PATH.`,
    );
  const target = token === null ? await openLocal(options) : await openPull({ options, site, token });
  const wishes = await wishesOf(options, site, target.present);
  const plan = planFiles(wishes, target.present);
  await show(plan, target.words);
  const first = await target.write(toWrite(plan), plan);
  for (const line of ending({ plan, first, target })) console.log(line);
}

/** Where the files go: a checkout, or a pull request. */
type Target = {
  present: Present;
  words: { create: string; update: string };
  /** `owner/name`, or what stands for it. */
  name: string;
  /** Where the secrets are set. */
  secretsPage: string;
  /** Answers what to do with what was written, first of all. */
  write(steps: readonly FileStep[], plan: InitPlan): Promise<string | null>;
};

async function openLocal({ local }: InitOptions): Promise<Target> {
  const directory = resolve(typeof local === 'string' ? local : '.');
  return {
    present: await readLocal(directory),
    words: { create: 'Wrote', update: 'Updated' },
    name: 'owner/name',
    secretsPage: 'the repository’s settings, Secrets and variables, Actions',
    write: async (steps) => {
      await writeLocal(directory, steps);
      return steps.length === 0
        ? null
        : 'Commit them, and get them to the default branch: elsewhere they have no effect.';
    },
  };
}

type OnGitHub = { options: InitOptions; site: Site; token: string };

async function openPull({ options, site, token }: OnGitHub): Promise<Target> {
  const at = await whichRepository(options, site);
  const place = await openPlace(asPerson(site, token), at);
  return {
    present: await readPlace(place),
    words: { create: 'Adds', update: 'Updates' },
    name: `${at.owner}/${at.repo}`,
    secretsPage: `${site.web}/${at.owner}/${at.repo}/settings/secrets/actions`,
    write: async (steps, plan) => {
      if (steps.length === 0) return place.open === null ? null : `Merge ${place.open.url}`;
      const { url, opened } = await writePlace(place, steps, pullBody(plan));
      console.log(`${opened ? 'Opened' : 'Updated'} ${url}`);
      return `Merge ${url}`;
    },
  };
}

/** What is not asked for comes from the policy that is there, then from this machine. */
async function wishesOf(options: InitOptions, site: Site, present: Present): Promise<Wishes> {
  const { url, action, command, pass, setup, runsOn, force } = options;
  const parsed = present.policy === null ? null : parsePolicy(present.policy);
  const policy = parsed !== null && 'policy' in parsed ? parsed.policy : null;
  const there = policy === null || policy.dispatch === 'actions' ? 'actions' : 'runner';
  const dispatch = options.dispatch ?? there;
  const engines = chosenEngines(options) ?? enginesOf(policy) ?? (await enginesHere());
  const ref = action ?? (dispatch === 'actions' ? await ownAction(site) : '');
  return {
    url: url ?? (process.env['ENTOURAGE_URL'] || undefined),
    action: dispatch === 'actions' ? await resolveAction(ref, asPerson(site, tokenOf(process.env))) : '',
    dispatch,
    engines,
    command: command ?? policy?.agents.find((agent) => agent.command !== undefined)?.command ?? [],
    pass,
    setup,
    runsOn,
    force: force === true,
  };
}

function chosenEngines({ engine, command }: InitOptions): EngineName[] | undefined {
  if (engine?.includes('command') === true && command === undefined)
    throw new UsageError('--engine command: which program? Give --command PROGRAM and its arguments.');
  return engine ?? (command === undefined ? undefined : ['command']);
}

const enginesOf = (policy: Policy | null): EngineName[] | undefined =>
  policy === null ? undefined : [...new Set(policy.agents.map(({ engine }) => engine))];

async function enginesHere(): Promise<EngineName[]> {
  const found = await enginesFound(process.env['PATH'] ?? '');
  return found.length > 0 ? found : ['claude-code'];
}

type Done = { plan: InitPlan; first: string | null; target: Target };

async function whichRepository({ repo }: InitOptions, site: Site): Promise<RepositoryName> {
  const named = repo ?? process.env['ENTOURAGE_REPOSITORY'];
  if (named !== undefined) return repositoryName(named);
  const origin = await git(process.cwd(), ['remote', 'get-url', 'origin']);
  const found = origin === null ? null : repositoryOf(origin, site);
  if (found === null)
    throw new UsageError(
      'Which repository? Give --repo owner/name, or go to a checkout of it; --local only writes files.',
    );
  return found;
}

const toWrite = ({ steps }: InitPlan): FileStep[] =>
  steps.filter(({ what }) => what === 'create' || what === 'update');

async function show({ steps }: InitPlan, words: { create: string; update: string }): Promise<void> {
  for (const { path, what, before, text } of steps) {
    if (what === 'create' || what === 'update') console.log(`${words[what]} ${path}`);
    else if (what === 'same') console.log(`${path} is as it should be.`);
    else {
      console.log(`${path} is kept: somebody changed it. --force would make this of it:`);
      console.log(await difference(before ?? '', text));
    }
  }
}

const pullBody = ({ secrets }: InitPlan): string =>
  [
    'Lets Entourage’s agents work on issues of this repository.',
    '',
    '- `.github/workflows/entourage.yml` runs one agent session each time the App asks for one. Its job can prove who it is; it can’t write here.',
    '- `ENTOURAGE.md` says which agents there are, what they may spend and what people approve. Change it before or after merging.',
    ...(secrets.length === 0
      ? []
      : ['', `It needs ${list(secrets)} among the repository’s Actions secrets.`]),
  ].join('\n');

const list = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(', ');

function ending({ plan, first, target }: Done): string[] {
  const { secrets } = plan;
  const steps = [
    ...(first === null ? [] : [first]),
    ...(secrets.length === 0 ? [] : [`Set ${secrets.join(', ')} as a secret: ${target.secretsPage}`]),
    'Install the App on the repository, if it is not there yet.',
    `Look it over: entourage doctor --repo ${target.name}`,
    'Then comment `/entourage run` on an issue.',
  ];
  return ['', 'Next:', ...steps.map((text, index) => `${index + 1}. ${text}`)];
}
