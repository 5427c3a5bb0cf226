/** With what a workflow run is started: its event, secrets, and what each of its jobs may. */
import { randomBytes } from 'node:crypto';
import type { Json } from './actions/expression.ts';
import { refName } from './actions/context.ts';
import type { TokenPermissions } from './actions/permissions.ts';
import type { ActionSource, EarlierJob, GrantedJob, JobGrant, RunRequest } from './actions/run-request.ts';
import type { BrokenWorkflow, Workflow } from './actions/workflow.ts';
import type { WorkflowRun } from './check-rows.ts';
import type { Forge } from './forge.ts';
import type { JobClaims, TokenRequest } from './oidc.ts';
import { fullName } from './render/repository.ts';
import { repositoryNamed } from './rest.ts';
import { actionsAppId } from './seed.ts';
import { find, row, type Permissions, type Repository } from './state.ts';
import { createInstallationToken, revokeToken } from './tokens.ts';
import { actionsOf } from './workflow-settings.ts';

/** What started a run, kept so that it can be started again. Plain data. */
export type Start = {
  event: string;
  payload: Json;
  sha: string;
  ref: string;
  headRef: string | null;
  baseRef: string | null;
  inputs: Record<string, Json>;
  fromFork: boolean;
};

export type Starting = {
  repository: Repository;
  run: WorkflowRun;
  workflow: Workflow | BrokenWorkflow;
  start: Start;
  earlier: Record<string, EarlierJob>;
};

export function requestOf(forge: Forge, starting: Starting): RunRequest {
  const { repository, run, workflow, start, earlier } = starting;
  const { id, login } = row(forge.state.accounts, run.actorId);
  const settings = actionsOf(forge.state, repository);
  return {
    id: run.id,
    number: run.runNumber,
    attempt: run.attempt,
    workflow,
    repository: {
      git: forge.git(repository),
      id: repository.id,
      fullName: fullName(forge, repository),
      ownerId: repository.ownerId,
    },
    event: { name: start.event, payload: start.payload },
    sha: start.sha,
    ref: start.ref,
    headRef: start.headRef,
    baseRef: start.baseRef,
    actor: { id, login },
    triggeringActor: row(forge.state.accounts, run.triggeringActorId).login,
    urls: { server: forge.url, api: `${forge.url}/api/v3`, graphql: `${forge.url}/api/graphql` },
    secrets: start.fromFork ? {} : { ...settings.secrets },
    variables: { ...settings.variables },
    inputs: start.inputs,
    grant: (job) => grantOf(forge, starting, job),
    defaultPermissions: settings.defaultPermissions === 'write' ? everything : { contents: 'read' },
    actionAt: (name, ref) => actionAt(forge, repository, { name, ref }),
    earlier,
  };
}

const everything: TokenPermissions = {
  actions: 'write',
  checks: 'write',
  contents: 'write',
  issues: 'write',
  pull_requests: 'write',
  statuses: 'write',
};

/** The job's GITHUB_TOKEN, and where it asks for OIDC tokens when its permissions say so. */
function grantOf(forge: Forge, starting: Starting, job: GrantedJob): JobGrant {
  const permissions = starting.start.fromFork ? readOnly(job.permissions) : job.permissions;
  const token = tokenOf(forge, starting, permissions);
  const request = permissions['id_token'] === 'write' ? openRequest(forge, starting, job) : null;
  // GitHub hands every JavaScript action a token of its runner's service; here it opens nothing.
  const runtimeToken = randomBytes(48).toString('base64url');
  return {
    token,
    environment: request?.environment ?? {},
    actionEnvironment: {
      ACTIONS_RUNTIME_URL: `${forge.url}/_services/pipelines/`,
      ACTIONS_RESULTS_URL: `${forge.url}/_services/results/`,
      ACTIONS_RUNTIME_TOKEN: runtimeToken,
    },
    secret: [runtimeToken, ...(request === null ? [] : [request.secret])],
    end: () => {
      revokeToken(forge.state, token);
      request?.end();
    },
  };
}

function readOnly(permissions: TokenPermissions): TokenPermissions {
  const names = Object.keys(permissions).filter((name) => name !== 'id_token');
  return Object.fromEntries(names.map((name) => [name, 'read'] as const));
}

/** An installation token of the App `github-actions` for this repository alone. */
function tokenOf(forge: Forge, { repository, run }: Starting, wanted: TokenPermissions): string {
  const installation = find(
    forge.state.installations,
    (one) => one.appId === actionsAppId && one.accountId === repository.ownerId,
  );
  if (installation === undefined)
    throw new Error(`github-actions is not installed on account ${repository.ownerId}`);
  const granted = row(forge.state.apps, actionsAppId).permissions;
  const permissions: Permissions = { metadata: 'read' };
  for (const [name, level] of Object.entries(wanted))
    if (granted[name] !== undefined) permissions[name] = level;
  const repositoryIds = [repository.id];
  return createInstallationToken(forge, { installation, repositoryIds, permissions, workflowRunId: run.id })
    .token;
}

function openRequest(forge: Forge, starting: Starting, job: GrantedJob): TokenRequest {
  const { run } = starting;
  const { state, oidc } = forge;
  const planted = find(
    state.workflowJobs,
    (one) => one.runId === run.id && one.attempt === run.attempt && one.key === job.key,
  );
  if (planted === undefined) throw new Error(`the job ${job.key} of run ${run.id} has no row`);
  const claims = { ...claimsOf(forge, starting, job), check_run_id: String(planted.checkRunId) };
  return oidc.open({ id: planted.id, claims });
}

/** As GitHub documents them (G34); ids are texts. `sub` is in the form of Enterprise Server. */
function claimsOf(forge: Forge, { repository, run, workflow, start }: Starting, job: GrantedJob): JobClaims {
  const name = fullName(forge, repository);
  const [owner = ''] = name.split('/');
  const file = `${name}/${workflow.path}@${start.ref}`;
  const { id, login } = row(forge.state.accounts, run.actorId);
  return {
    sub: start.event === 'pull_request' ? `repo:${name}:pull_request` : `repo:${name}:ref:${start.ref}`,
    repository: name,
    repository_id: String(repository.id),
    repository_owner: owner,
    repository_owner_id: String(repository.ownerId),
    repository_visibility: repository.private ? 'private' : 'public',
    actor: login,
    actor_id: String(id),
    workflow: workflow.name,
    workflow_ref: file,
    workflow_sha: start.sha,
    job_workflow_ref: file,
    job_workflow_sha: start.sha,
    event_name: start.event,
    ref: start.ref,
    ref_type: start.ref.startsWith('refs/tags/') ? 'tag' : 'branch',
    ref_protected: 'false',
    sha: start.sha,
    run_id: String(run.id),
    run_number: String(run.runNumber),
    run_attempt: String(run.attempt),
    runner_environment: job.runner.hosted ? 'github-hosted' : 'self-hosted',
    base_ref: start.baseRef ?? '',
    head_ref: start.headRef ?? '',
  };
}

/** Actions of public repositories and of one's own may be used. */
async function actionAt(
  forge: Forge,
  user: Repository,
  { name, ref }: { name: string; ref: string },
): Promise<ActionSource> {
  const [owner = '', short = ''] = name.split('/');
  const repository = repositoryNamed(forge.state, owner, short);
  if (repository === null || (repository.private && repository.id !== user.id)) return 'no repository';
  const git = forge.git(repository);
  const sha = await git.resolve(refName(ref));
  return sha === null ? 'no version' : { git, sha };
}
