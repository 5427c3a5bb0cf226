/** Check runs and suites of Apps. */
import type { CheckRun, CheckSuite } from '../check-rows.ts';
import {
  addCheckRun,
  branchAt,
  emitCheckRunEvent,
  emitSuiteEvent,
  ensureSuite,
  settleSuite,
} from '../checks.ts';
import type { Forge } from '../forge.ts';
import { GitHubError, notByIntegration, notFound, validationFailed } from '../github-error.ts';
import { latestChecks } from '../merge-state.ts';
import { paginate } from '../page.ts';
import { renderCheckRun, renderCheckSuite } from '../render/check.ts';
import { repositoryPage } from '../render/repository.ts';
import { reads, repositoryRoute, writes, type RepositoryRequest, type Route } from '../route.ts';
import { where, type App, type Repository } from '../state.ts';

const permission = 'checks';

type CreateRequest = RepositoryRequest<'checks/create'>;
type Output = NonNullable<CreateRequest['body']['output']>;
/** What creating and updating have in common. */
type Change = {
  status?: string | undefined;
  conclusion?: string | undefined;
  details_url?: string | undefined;
  external_id?: string | undefined;
  started_at?: string | undefined;
  completed_at?: string | undefined;
  output?: (Omit<Output, 'title'> & { title?: string | undefined }) | undefined;
  actions?: { label: string; description: string; identifier: string }[] | undefined;
};

/** Check runs belong to Apps: people read them only. */
function appOf(request: Pick<CreateRequest, 'caller'>): App {
  if (request.caller.kind !== 'installation')
    throw new GitHubError(403, 'You must authenticate via a GitHub App.');
  return request.caller.app;
}

async function commitOf(forge: Forge, repository: Repository, name: string): Promise<string> {
  const sha = await forge.git(repository).resolve(name);
  if (sha === null) throw new GitHubError(422, `No commit found for SHA: ${name}`);
  return sha;
}

function runOf(forge: Forge, repository: Repository, id: number): CheckRun {
  const run = forge.state.checkRuns.get(id);
  if (run === undefined || run.repositoryId !== repository.id) throw notFound();
  return run;
}

function suiteOf(forge: Forge, repository: Repository, id: number): CheckSuite {
  const suite = forge.state.checkSuites.get(id);
  if (suite === undefined || suite.repositoryId !== repository.id) throw notFound();
  return suite;
}

/** G2: 50 annotations a request (they add up over requests), 3 buttons. The description knows the text's lengths. */
function refuseTooMuch(change: Change): void {
  const refuse = (field: string, message: string) =>
    validationFailed({ resource: 'CheckRun', code: 'custom', field, message });
  if ((change.output?.annotations?.length ?? 0) > 50)
    throw refuse('annotations', 'No more than 50 annotations a request');
  if ((change.actions?.length ?? 0) > 3) throw refuse('actions', 'No more than 3 actions');
}

function apply(forge: Forge, run: CheckRun, change: Change): void {
  const now = forge.clock.timestamp();
  const conclusion = change.conclusion ?? null;
  if (change.status === 'completed' && conclusion === null && run.conclusion === null)
    throw validationFailed({ resource: 'CheckRun', code: 'missing_field', field: 'conclusion' });
  run.detailsUrl = change.details_url ?? run.detailsUrl;
  run.externalId = change.external_id ?? run.externalId;
  run.startedAt = change.started_at ?? run.startedAt;
  run.actions = change.actions ?? run.actions;
  if (change.output !== undefined) {
    run.title = change.output.title ?? run.title;
    run.summary = change.output.summary ?? run.summary;
    run.text = change.output.text ?? run.text;
    run.annotations.push(...(change.output.annotations ?? []));
  }
  // A conclusion completes the run, whatever status stands beside it.
  if (conclusion !== null)
    Object.assign(run, { status: 'completed', conclusion, completedAt: change.completed_at ?? now });
  else if (change.status === 'queued' || change.status === 'in_progress')
    Object.assign(run, { status: change.status, conclusion: null, completedAt: null });
}

const create = repositoryRoute('checks/create', writes('write', permission), async (request) => {
  const { forge, repository, body, actor, caller } = request;
  const app = appOf(request);
  refuseTooMuch(body);
  const headSha = await commitOf(forge, repository, body.head_sha);
  const headBranch = await branchAt(forge, repository, headSha);
  const suite = ensureSuite(forge, { repository, appId: app.id, headSha, headBranch });
  const run = addCheckRun(forge, suite, { name: body.name, externalId: body.external_id ?? '' });
  apply(forge, run, body);
  const doer = { actor, caller };
  emitCheckRunEvent(forge, doer, { run, action: 'created' });
  if (run.status === 'completed') emitCheckRunEvent(forge, doer, { run, action: 'completed' });
  await settleSuite(forge, doer, suite);
  return { status: 201, body: renderCheckRun(forge, run) };
});

const update = repositoryRoute('checks/update', writes('write', permission), async (request) => {
  const { forge, repository, body, params, actor, caller } = request;
  const run = runOf(forge, repository, params.check_run_id);
  if (appOf(request).id !== run.appId)
    throw new GitHubError(
      403,
      'Invalid app_id `' +
        String(appOf(request).id) +
        '` - check run can only be modified by the GitHub App that created it.',
    );
  refuseTooMuch(body);
  const before = run.status;
  run.name = body.name ?? run.name;
  apply(forge, run, body);
  const doer = { actor, caller };
  if (run.status === 'completed' && before !== 'completed')
    emitCheckRunEvent(forge, doer, { run, action: 'completed' });
  await settleSuite(forge, doer, suiteOf(forge, repository, run.suiteId));
  return { status: 200, body: renderCheckRun(forge, run) };
});

type RunFilter = {
  check_name?: string | undefined;
  status?: string | undefined;
  app_id?: number | undefined;
  filter?: string | undefined;
};

function filtered(forge: Forge, runs: CheckRun[], filter: RunFilter) {
  return runs
    .filter((run) => filter.check_name === undefined || run.name === filter.check_name)
    .filter((run) => filter.status === undefined || run.status === filter.status)
    .filter((run) => filter.app_id === undefined || run.appId === filter.app_id)
    .toSorted((a, b) => b.id - a.id)
    .map((run) => renderCheckRun(forge, run));
}

const reading: Route[] = [
  repositoryRoute('checks/get', reads(permission), ({ forge, repository, params }) => ({
    status: 200,
    body: renderCheckRun(forge, runOf(forge, repository, params.check_run_id)),
  })),
  repositoryRoute('checks/list-for-ref', reads(permission), async (request) => {
    const { forge, repository, params } = request;
    const sha = await commitOf(forge, repository, params.ref);
    const all = where(
      forge.state.checkRuns,
      (run) => run.repositoryId === repository.id && run.headSha === sha,
    );
    const runs = filtered(
      forge,
      params.filter === 'all' ? all : latestChecks(forge, repository.id, sha),
      params,
    );
    const { rows, headers } = paginate(request, runs);
    return { status: 200, headers, body: { total_count: runs.length, check_runs: rows } };
  }),
  repositoryRoute('checks/list-for-suite', reads(permission), (request) => {
    const { forge, repository, params } = request;
    const suite = suiteOf(forge, repository, params.check_suite_id);
    const runs = filtered(
      forge,
      where(forge.state.checkRuns, (run) => run.suiteId === suite.id),
      params,
    );
    const { rows, headers } = paginate(request, runs);
    return { status: 200, headers, body: { total_count: runs.length, check_runs: rows } };
  }),
  repositoryRoute('checks/list-annotations', reads(permission), (request) => {
    const { forge, repository, params } = request;
    const run = runOf(forge, repository, params.check_run_id);
    const { rows, headers } = paginate(request, run.annotations);
    const body = rows.map((annotation) => ({
      path: annotation.path,
      start_line: annotation.start_line,
      end_line: annotation.end_line,
      start_column: annotation.start_column ?? null,
      end_column: annotation.end_column ?? null,
      annotation_level: annotation.annotation_level,
      title: annotation.title ?? null,
      message: annotation.message,
      raw_details: annotation.raw_details ?? null,
      blob_href: `${repositoryPage(forge, repository)}/blob/${run.headSha}/${annotation.path}`,
    }));
    return { status: 200, headers, body };
  }),
  repositoryRoute('checks/get-suite', reads(permission), async ({ forge, repository, params }) => ({
    status: 200,
    body: await renderCheckSuite(forge, suiteOf(forge, repository, params.check_suite_id)),
  })),
  repositoryRoute('checks/list-suites-for-ref', reads(permission), async (request) => {
    const { forge, repository, params } = request;
    const sha = await commitOf(forge, repository, params.ref);
    const suites = where(
      forge.state.checkSuites,
      (suite) =>
        suite.repositoryId === repository.id &&
        suite.headSha === sha &&
        (params.app_id === undefined || suite.appId === params.app_id),
    );
    const { rows, headers } = paginate(request, suites);
    const check_suites = await Promise.all(rows.map((suite) => renderCheckSuite(forge, suite)));
    return { status: 200, headers, body: { total_count: suites.length, check_suites } };
  }),
];

const asking: Route[] = [
  repositoryRoute('checks/create-suite', writes('write', permission), async (request) => {
    const { forge, repository, body, actor, caller } = request;
    const headSha = await commitOf(forge, repository, body.head_sha);
    const headBranch = await branchAt(forge, repository, headSha);
    const before = forge.state.checkSuites.size;
    const suite = ensureSuite(forge, { repository, appId: appOf(request).id, headSha, headBranch });
    const isNew = forge.state.checkSuites.size > before;
    if (isNew) await emitSuiteEvent(forge, { actor, caller }, { suite, action: 'requested' });
    return { status: isNew ? 201 : 200, body: await renderCheckSuite(forge, suite) };
  }),
  repositoryRoute(
    'checks/rerequest-run',
    writes('write', permission),
    ({ forge, repository, params, actor, caller }) => {
      const run = runOf(forge, repository, params.check_run_id);
      if (caller.kind === 'installation' && caller.app.id !== run.appId) throw notByIntegration();
      emitCheckRunEvent(forge, { actor, caller }, { run, action: 'rerequested' });
      return { status: 201, body: {} };
    },
  ),
];

export const checkRoutes: Route[] = [create, update, ...reading, ...asking];
