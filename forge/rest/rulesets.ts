/** Rulesets of a repository and the rules that they make for a branch. */
import type { components } from '@octokit/openapi-types';
import { may } from '../access.ts';
import type { Caller } from '../caller.ts';
import type { Forge } from '../forge.ts';
import { GitHubError, notFound, validationFailed } from '../github-error.ts';
import { nodeId } from '../ids.ts';
import { paginate } from '../page.ts';
import { fullName, repositoryPage, repositoryUrl } from '../render/repository.ts';
import { reads, repositoryRoute, writes, type Route } from '../route.ts';
import type { BypassActor, Rule, Ruleset } from '../rule-rows.ts';
import { rulesFor } from '../rulesets.ts';
import { nextId, row, where, type Account, type Repository } from '../state.ts';

type Schemas = components['schemas'];
type GivenRule = Schemas['repository-rule'];

/** People with admin, and installations with administration, as at GitHub. */
const administers = writes('admin', 'administration');

function summaryOf(forge: Forge, repository: Repository, ruleset: Ruleset): Schemas['repository-ruleset'] {
  const url = `${repositoryUrl(forge, repository)}/rulesets/${ruleset.id}`;
  return {
    id: ruleset.id,
    name: ruleset.name,
    target: 'branch',
    source_type: 'Repository',
    source: fullName(forge, repository),
    enforcement: ruleset.enforcement,
    node_id: nodeId('Rule', ruleset.id),
    _links: {
      self: { href: url },
      html: { href: `${repositoryPage(forge, repository)}/rules/${ruleset.id}` },
    },
    created_at: ruleset.createdAt,
    updated_at: ruleset.updatedAt,
  };
}

/** Who may not administer isn't shown who may bypass. */
function wholeOf(
  forge: Forge,
  { repository, caller }: { repository: Repository; caller: Caller },
  ruleset: Ruleset,
): Schemas['repository-ruleset'] {
  const isAdmin = may(forge.state, caller, { repository, access: administers });
  return {
    ...summaryOf(forge, repository, ruleset),
    conditions: { ref_name: { include: ruleset.include, exclude: ruleset.exclude } },
    rules: ruleset.rules,
    ...(isAdmin ? { bypass_actors: ruleset.bypassActors } : {}),
  };
}

function rulesetOf(forge: Forge, repository: Repository, id: number): Ruleset {
  const ruleset = forge.state.rulesets.get(id);
  if (ruleset === undefined || ruleset.repositoryId !== repository.id) throw notFound();
  return ruleset;
}

const refusedRuleset = (field: string, message: string): GitHubError =>
  validationFailed({ resource: 'RepositoryRuleset', code: 'custom', field, message });

const withoutParameters = new Set(['creation', 'deletion', 'non_fast_forward', 'required_linear_history']);

/** A rule as it was given, when the forge enforces it; a rule that it would only pretend to enforce is refused. */
function acceptRule(given: GivenRule): Rule {
  if (withoutParameters.has(given.type)) return { type: given.type } as Rule;
  const refuse = (message: string) => refusedRuleset('rules', message);
  switch (given.type) {
    case 'pull_request':
      if (given.parameters?.require_code_owner_review === true)
        throw refuse('the forge has no code owners: require_code_owner_review is refused');
      break;
    case 'update':
    case 'required_status_checks':
    case 'merge_queue':
      break;
    default:
      throw refuse(`the forge doesn't enforce rules of type ${given.type}`);
  }
  if (given.parameters === undefined) throw refuse(`a rule of type ${given.type} needs parameters`);
  return given as Rule;
}

function acceptActor(given: Schemas['repository-ruleset-bypass-actor']): BypassActor {
  const { actor_id = null, actor_type, bypass_mode = 'always' } = given;
  if (actor_type === 'Team' || actor_type === 'DeployKey')
    throw refusedRuleset('bypass_actors', `the forge has no actors of type ${actor_type}`);
  return { actor_id, actor_type, bypass_mode };
}

type Given = {
  name?: string;
  target?: string;
  enforcement?: Ruleset['enforcement'];
  bypass_actors?: Schemas['repository-ruleset-bypass-actor'][];
  conditions?: Schemas['repository-ruleset-conditions'];
  rules?: GivenRule[];
};

const ownerOf = ({ state }: Forge, { repositoryId }: Ruleset): Account =>
  row(state.accounts, row(state.repositories, repositoryId).ownerId);

/** Puts what was given into the row; what wasn't given stays. Queues: G25. */
function apply(forge: Forge, ruleset: Ruleset, given: Given): void {
  if ((given.target ?? 'branch') !== 'branch')
    throw refusedRuleset('target', 'the forge has rulesets of branches only');
  const rules = given.rules?.map(acceptRule) ?? ruleset.rules;
  const { include = [], exclude = [] } = given.conditions?.ref_name ?? ruleset;
  const hasQueue = rules.some((rule) => rule.type === 'merge_queue');
  if (hasQueue && ownerOf(forge, ruleset).type === 'User')
    throw refusedRuleset('rules', "Invalid rule 'merge_queue': queues are for repositories of organisations");
  if (hasQueue && include.some((pattern) => pattern === '~ALL' || /[*?[]/.test(pattern)))
    throw refusedRuleset('rules', 'A merge queue cannot be used with wildcard patterns');
  Object.assign(ruleset, {
    name: given.name ?? ruleset.name,
    enforcement: given.enforcement ?? ruleset.enforcement,
    bypassActors: given.bypass_actors?.map(acceptActor) ?? ruleset.bypassActors,
    include,
    exclude,
    rules,
    updatedAt: forge.clock.timestamp(),
  });
}

const changing: Route[] = [
  repositoryRoute('repos/create-repo-ruleset', administers, (request) => {
    const { forge, repository, body } = request;
    const now = forge.clock.timestamp();
    const ruleset: Ruleset = {
      id: nextId(forge.state),
      repositoryId: repository.id,
      name: body.name,
      enforcement: body.enforcement,
      include: [],
      exclude: [],
      bypassActors: [],
      rules: [],
      createdAt: now,
      updatedAt: now,
    };
    apply(forge, ruleset, body as Given);
    forge.state.rulesets.set(ruleset.id, ruleset);
    forge.queues.look(repository);
    return { status: 201, body: wholeOf(forge, request, ruleset) };
  }),
  repositoryRoute('repos/update-repo-ruleset', administers, (request) => {
    const { forge, repository, params, body } = request;
    const ruleset = rulesetOf(forge, repository, params.ruleset_id);
    apply(forge, ruleset, (body ?? {}) as Given);
    forge.queues.look(repository);
    return { status: 200, body: wholeOf(forge, request, ruleset) };
  }),
  repositoryRoute('repos/delete-repo-ruleset', administers, ({ forge, repository, params }) => {
    forge.state.rulesets.delete(rulesetOf(forge, repository, params.ruleset_id).id);
    forge.queues.look(repository);
    return { status: 204 };
  }),
];

const reading: Route[] = [
  repositoryRoute('repos/get-branch-rules', reads('metadata'), (request) => {
    const { forge, repository, params } = request;
    const source = {
      ruleset_source_type: 'Repository' as const,
      ruleset_source: fullName(forge, repository),
    };
    const held = rulesFor(forge, { repository, ref: `refs/heads/${params.branch}` });
    const rules = held.map(({ rule, ruleset }) => ({ ...rule, ...source, ruleset_id: ruleset.id }));
    const { rows, headers } = paginate(request, rules);
    return { status: 200, headers, body: rows };
  }),
  repositoryRoute('repos/get-repo-rulesets', reads('metadata'), (request) => {
    const { forge, repository } = request;
    const all = where(forge.state.rulesets, (ruleset) => ruleset.repositoryId === repository.id);
    const { rows, headers } = paginate(request, all);
    return { status: 200, headers, body: rows.map((ruleset) => summaryOf(forge, repository, ruleset)) };
  }),
  repositoryRoute('repos/get-repo-ruleset', reads('metadata'), (request) => {
    const { forge, repository, params } = request;
    return { status: 200, body: wholeOf(forge, request, rulesetOf(forge, repository, params.ruleset_id)) };
  }),
  // The older protection of a branch is something the forge's repositories never have.
  repositoryRoute(
    'repos/get-branch-protection',
    reads('administration'),
    async ({ forge, repository, params }) => {
      const ref = await forge.git(repository).readRef(`refs/heads/${params.branch}`);
      throw new GitHubError(404, ref === null ? 'Branch not found' : 'Branch not protected');
    },
  ),
];

export const rulesetRoutes: Route[] = [...reading, ...changing];
