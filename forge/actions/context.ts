/** The `github` and `runner` contexts and the environment that a job's processes get. */
import { type Json, plainText } from './expression.ts';
import type { JobRunner, RunRequest } from './run-request.ts';

/** Directories of one job; all go when it ends. */
export type JobDirectories = { root: string; workspace: string; temp: string; home: string; tools: string };

/** The `github` context; `job` is null outside a job's steps. */
export function githubContext(
  request: RunRequest,
  job: { key: string; workspace: string; token: string } | null,
): Record<string, Json> {
  const { repository, workflow } = request;
  const [owner = ''] = repository.fullName.split('/');
  return {
    event: request.event.payload,
    event_name: request.event.name,
    sha: request.sha,
    ref: request.ref,
    ref_name: refName(request.ref),
    ref_type: request.ref.startsWith('refs/tags/') ? 'tag' : 'branch',
    ref_protected: false,
    head_ref: request.headRef ?? '',
    base_ref: request.baseRef ?? '',
    actor: request.actor.login,
    actor_id: String(request.actor.id),
    triggering_actor: request.triggeringActor,
    repository: repository.fullName,
    repository_id: String(repository.id),
    repository_owner: owner,
    repository_owner_id: String(repository.ownerId),
    run_id: String(request.id),
    run_number: String(request.number),
    run_attempt: String(request.attempt),
    workflow: workflow.name,
    workflow_ref: `${repository.fullName}/${workflow.path}@${request.ref}`,
    workflow_sha: request.sha,
    server_url: request.urls.server,
    api_url: request.urls.api,
    graphql_url: request.urls.graphql,
    ...(job === null ? {} : { token: job.token, job: job.key, workspace: job.workspace }),
  };
}

/** `main` for a branch, `12/merge` for a pull request. */
export function refName(ref: string): string {
  return ref.replace(/^refs\/(heads|tags|pull)\//, '');
}

export function runnerContext(directories: JobDirectories, runner: JobRunner): Record<string, Json> {
  return {
    name: runner.name,
    os: 'Linux',
    arch: process.arch === 'arm64' ? 'ARM64' : 'X64',
    environment: runner.hosted ? 'github-hosted' : 'self-hosted',
    temp: directories.temp,
    tool_cache: directories.tools,
    workspace: directories.root,
  };
}

/** Names of the `github` context that become `GITHUB_…` variables. The token is not among them. */
const exported = [
  'actor',
  'actor_id',
  'api_url',
  'base_ref',
  'event_name',
  'graphql_url',
  'head_ref',
  'job',
  'ref',
  'ref_name',
  'ref_protected',
  'ref_type',
  'repository',
  'repository_id',
  'repository_owner',
  'repository_owner_id',
  'run_attempt',
  'run_id',
  'run_number',
  'server_url',
  'sha',
  'triggering_actor',
  'workflow',
  'workflow_ref',
  'workflow_sha',
  'workspace',
];

/**
 * The environment every process of a job starts from. Of the forge's own environment only PATH is handed on, so
 * that no token or setting of whoever started the forge reaches a workflow.
 */
export function baseEnvironment(
  github: Record<string, Json>,
  { directories, runner, eventPath }: { directories: JobDirectories; runner: JobRunner; eventPath: string },
): Record<string, string> {
  const environment: Record<string, string> = {
    PATH: process.env['PATH'] ?? '/usr/bin:/bin',
    HOME: directories.home,
    TMPDIR: directories.temp,
    LANG: 'C.UTF-8',
    CI: 'true',
    GITHUB_ACTIONS: 'true',
    GITHUB_EVENT_PATH: eventPath,
  };
  for (const name of exported) {
    const value = github[name];
    if (value !== undefined) environment[`GITHUB_${name.toUpperCase()}`] = plainText(value);
  }
  for (const [name, value] of Object.entries(runnerContext(directories, runner)))
    environment[`RUNNER_${name.toUpperCase()}`] = plainText(value);
  return environment;
}
