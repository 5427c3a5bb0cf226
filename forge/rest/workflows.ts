/** Workflows of Actions: looked at, switched on and off, dispatched; and what the repository's settings allow. */
import type { Workflow } from '../check-rows.ts';
import type { Forge } from '../forge.ts';
import { GitHubError, notFound } from '../github-error.ts';
import { paginate } from '../page.ts';
import { repositoryPage, repositoryUrl } from '../render/repository.ts';
import { renderWorkflow } from '../render/workflow.ts';
import { reads, repositoryRoute, writes, type Route } from '../route.ts';
import { where, type Repository } from '../state.ts';
import { dispatch } from '../workflow-dispatch.ts';
import { findWorkflow, readWorkflows } from '../workflow-files.ts';
import { actionsOf } from '../workflow-settings.ts';

const permission = 'actions';

/** By id or file name. Throws 404. */
export async function workflowOf(
  forge: Forge,
  repository: Repository,
  id: number | string,
): Promise<Workflow> {
  const found = await findWorkflow(forge, repository, id);
  if (found === null) throw notFound();
  return found;
}

const switchTo = (id: 'actions/enable-workflow' | 'actions/disable-workflow', state: Workflow['state']) =>
  repositoryRoute(id, writes('write', permission), async ({ forge, repository, params }) => {
    const workflow = await workflowOf(forge, repository, params.workflow_id);
    Object.assign(workflow, { state, updatedAt: forge.clock.timestamp() });
    return { status: 204 };
  });

const dispatches: Route = {
  ...repositoryRoute('actions/create-workflow-dispatch', writes('write', permission), async (request) => {
    const { forge, repository, params, body, actor, caller, newer } = request;
    const { ref, inputs = {}, return_run_details: asked } = body;
    if (asked !== undefined && !forge.workflows.settings.runDetails && !newer)
      throw new GitHubError(400, 'Invalid request.\n\n"return_run_details" is not a permitted key.');
    const order = { repository, workflowId: params.workflow_id, ref, inputs };
    const run = await dispatch(forge, { actor, caller }, order);
    if (asked !== true && !newer) return { status: 204 };
    const path = `/actions/runs/${run.id}`;
    const run_url = `${repositoryUrl(forge, repository)}${path}`;
    const html_url = `${repositoryPage(forge, repository)}${path}`;
    return { status: 200, body: { workflow_run_id: run.id, run_url, html_url } };
  }),
  newer: true,
};

const settings: Route[] = [
  repositoryRoute(
    'actions/get-github-actions-permissions-repository',
    { ...reads('administration'), role: 'admin' },
    ({ forge, repository }) => {
      const { enabled } = actionsOf(forge.state, repository);
      return { status: 200, body: enabled ? { enabled, allowed_actions: 'all' as const } : { enabled } };
    },
  ),
  repositoryRoute(
    'actions/set-github-actions-permissions-repository',
    writes('admin', 'administration'),
    ({ forge, repository, body }) => {
      actionsOf(forge.state, repository).enabled = body.enabled;
      return { status: 204 };
    },
  ),
  repositoryRoute(
    'actions/get-github-actions-default-workflow-permissions-repository',
    { ...reads('administration'), role: 'admin' },
    ({ forge, repository }) => {
      const { defaultPermissions } = actionsOf(forge.state, repository);
      const body = {
        default_workflow_permissions: defaultPermissions,
        can_approve_pull_request_reviews: false,
      };
      return { status: 200, body };
    },
  ),
  repositoryRoute(
    'actions/set-github-actions-default-workflow-permissions-repository',
    writes('admin', 'administration'),
    ({ forge, repository, body }) => {
      const wanted = body.default_workflow_permissions;
      if (wanted !== undefined) actionsOf(forge.state, repository).defaultPermissions = wanted;
      return { status: 204 };
    },
  ),
];

export const workflowRoutes: Route[] = [
  repositoryRoute('actions/list-repo-workflows', reads(permission), async (request) => {
    const { forge, repository } = request;
    await readWorkflows(forge, repository);
    const all = where(forge.state.workflows, (one) => one.repositoryId === repository.id);
    const { rows, headers } = paginate(request, all);
    const body = {
      total_count: all.length,
      workflows: rows.map((workflow) => renderWorkflow(forge, workflow)),
    };
    return { status: 200, headers, body };
  }),
  repositoryRoute('actions/get-workflow', reads(permission), async ({ forge, repository, params }) => ({
    status: 200,
    body: renderWorkflow(forge, await workflowOf(forge, repository, params.workflow_id)),
  })),
  switchTo('actions/enable-workflow', 'active'),
  switchTo('actions/disable-workflow', 'disabled_manually'),
  dispatches,
  ...settings,
];
