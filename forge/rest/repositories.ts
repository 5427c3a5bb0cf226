/** Repositories and the rules of their branches. */
import type { components } from '@octokit/openapi-types';
import type { Forge } from '../forge.ts';
import { notFound } from '../github-error.ts';
import { nodeId } from '../ids.ts';
import { paginate } from '../page.ts';
import { fullName, renderRepository } from '../render/repository.ts';
import { reads, repositoryRoute, type Route } from '../route.ts';
import type { Repository } from '../state.ts';

type Schemas = components['schemas'];

/** The rules in force on a branch; the forge's rulesets protect the default branch only. */
function rulesOf(
  forge: Forge,
  repository: Repository,
  branch: string,
): Schemas['repository-rule-detailed'][] {
  const { ruleset } = repository;
  if (ruleset === null || branch !== repository.defaultBranch) return [];
  const source = {
    ruleset_source_type: 'Repository' as const,
    ruleset_source: fullName(forge, repository),
    ruleset_id: ruleset.id,
  };
  return rulesAsConfigured(ruleset).map((rule) => ({ ...rule, ...source }));
}

type Rule = Extract<Schemas['repository-rule'], { type: 'pull_request' | 'required_status_checks' }>;

function rulesAsConfigured(ruleset: NonNullable<Repository['ruleset']>): Rule[] {
  const rules: Rule[] = [];
  if (ruleset.requiredApprovals > 0 || ruleset.dismissStaleReviews)
    rules.push({
      type: 'pull_request',
      parameters: {
        allowed_merge_methods: ['merge', 'squash', 'rebase'],
        dismiss_stale_reviews_on_push: ruleset.dismissStaleReviews,
        require_code_owner_review: false,
        require_last_push_approval: false,
        required_approving_review_count: ruleset.requiredApprovals,
        required_review_thread_resolution: false,
      },
    });
  if (ruleset.requiredChecks.length > 0)
    rules.push({
      type: 'required_status_checks',
      parameters: {
        required_status_checks: ruleset.requiredChecks.map(({ context, appId }) => ({
          context,
          ...(appId === null ? {} : { integration_id: appId }),
        })),
        strict_required_status_checks_policy: false,
      },
    });
  return rules;
}

function renderRuleset(forge: Forge, repository: Repository): Schemas['repository-ruleset'] {
  const { ruleset } = repository;
  if (ruleset === null) throw notFound();
  return {
    id: ruleset.id,
    name: ruleset.name,
    target: 'branch',
    source_type: 'Repository',
    source: fullName(forge, repository),
    enforcement: 'active',
    node_id: nodeId('Rule', ruleset.id),
    conditions: { ref_name: { include: ['~DEFAULT_BRANCH'], exclude: [] } },
    created_at: repository.createdAt,
    updated_at: repository.createdAt,
  };
}

export const repositoryRoutes: Route[] = [
  repositoryRoute('repos/get', reads('metadata'), ({ forge, repository, caller }) => ({
    status: 200,
    body: renderRepository(forge, repository, caller.account),
  })),
  repositoryRoute('repos/get-branch-rules', reads('metadata'), (request) => {
    const { rows, headers } = paginate(
      request,
      rulesOf(request.forge, request.repository, request.params.branch),
    );
    return { status: 200, headers, body: rows };
  }),
  repositoryRoute('repos/get-repo-rulesets', reads('metadata'), ({ forge, repository }) => ({
    status: 200,
    body: repository.ruleset === null ? [] : [renderRuleset(forge, repository)],
  })),
  repositoryRoute('repos/get-repo-ruleset', reads('metadata'), ({ forge, repository, params }) => {
    if (repository.ruleset?.id !== params.ruleset_id) throw notFound();
    const body = { ...renderRuleset(forge, repository), rules: rulesAsConfigured(repository.ruleset) };
    return { status: 200, body };
  }),
];
