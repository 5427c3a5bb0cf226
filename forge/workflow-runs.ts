/** GitHub Actions of the forge: which events start which workflows, and with what they run. */
import { join } from 'node:path';
import { type Actions, createActions } from './actions/actions.ts';
import type { Json } from './actions/expression.ts';
import { permissionsOf } from './actions/permissions.ts';
import { asksToSkip, type TriggerEvent, workflowsFor } from './actions/trigger.ts';
import type { BrokenWorkflow, Workflow } from './actions/workflow.ts';
import { github } from './author.ts';
import type { WorkflowRun } from './check-rows.ts';
import type { Forge, ForgeEvent, Workflows } from './forge.ts';
import { mergeCommits } from './git/merge.ts';
import type { Pull } from './pull-rows.ts';
import { type Doer, forkPoint } from './pulls.ts';
import { renderUser } from './render/account.ts';
import { fullName, renderRepository } from './render/repository.ts';
import { actionsAppId } from './seed.ts';
import { find, row, type Permissions, type Repository } from './state.ts';
import { createInstallationToken } from './tokens.ts';
import { endLostRuns, plantRun, recordRun } from './workflow-records.ts';

/** What an event checks out, and what its filters look at. */
type Trigger = {
  event: TriggerEvent;
  sha: string;
  ref: string;
  headSha: string;
  headBranch: string;
  headRef: string | null;
  baseRef: string | null;
  pullIds: number[];
};

export function createWorkflows(forge: Forge): Workflows {
  let actions: Promise<Actions> | null = null;
  let running: Actions | null = null;
  let arriving: Promise<void> = Promise.resolve();
  let closed = false;

  const crashed = (error: unknown): void => {
    const findings = [error instanceof Error ? (error.stack ?? error.message) : String(error)];
    forge.violations.push({ kind: 'crash', where: 'workflows', findings });
  };
  const start = async (event: ForgeEvent, repository: Repository): Promise<void> => {
    const trigger = await triggerOf(forge, event, repository);
    if (trigger === null || closed) return;
    const found = await workflowsFor(forge.git(repository), trigger.sha, trigger.event);
    // GitHub reports a file it can't read once, at the push that brought it.
    const wanted = found.filter((workflow) => !('errors' in workflow) || event.event === 'push');
    if (wanted.length === 0) return;
    actions ??= createActions({ root: join(forge.dataDir, 'jobs'), now: () => forge.clock.now() });
    running = await actions;
    const doer: Doer = { actor: event.sender, caller: event.caller };
    for (const workflow of wanted) {
      const { headSha, headBranch, pullIds } = trigger;
      const { path, name } = workflow;
      const run = plantRun(forge, doer, {
        repository,
        path,
        name,
        event: event.event,
        headSha,
        headBranch,
        pullIds,
      });
      const request = requestOf(forge, event, { repository, run, workflow, trigger });
      running.start(request, recordRun(forge, doer, run)).ended.catch(crashed);
    }
  };

  return {
    async watch() {
      forge.webhooks.listen((event) => {
        const { repository } = event;
        if (repository === null || closed || !startsWorkflows(event)) return;
        arriving = arriving.then(() => start(event, repository)).catch(crashed);
      });
      await endLostRuns(forge);
    },
    cancel: (runId) => running?.cancel(runId) ?? false,
    async idle() {
      await arriving;
      await running?.idle();
    },
    async [Symbol.asyncDispose]() {
      closed = true;
      await arriving;
      await running?.[Symbol.asyncDispose]();
    },
  };
}

/** G32: what a job's GITHUB_TOKEN causes starts no workflow. */
function startsWorkflows({ event, caller }: ForgeEvent): boolean {
  if (caller.kind === 'installation' && caller.workflowRunId !== null) return false;
  return event === 'push' || event === 'pull_request';
}

async function triggerOf(forge: Forge, event: ForgeEvent, repository: Repository): Promise<Trigger | null> {
  return event.event === 'push'
    ? pushTrigger(forge, event, repository)
    : pullTrigger(forge, event, repository);
}

async function pushTrigger(
  forge: Forge,
  { payload }: ForgeEvent,
  repository: Repository,
): Promise<Trigger | null> {
  const { ref, before, after, created, deleted } = payload as Record<string, unknown>;
  if (deleted === true || typeof ref !== 'string' || typeof before !== 'string' || typeof after !== 'string')
    return null;
  const git = forge.git(repository);
  const commit = await git.readCommit(after);
  if (commit === null || asksToSkip(commit.message)) return null;
  const from = created === true ? await branchPoint(forge, repository, after) : before;
  const files = await git.changedFiles(from ?? commit.parents[0] ?? null, after);
  const headBranch = ref.replace(/^refs\/(heads|tags)\//, '');
  return {
    event: { name: 'push', action: null, ref, changedPaths: files.map((file) => file.filename) },
    sha: after,
    ref,
    headSha: after,
    headBranch,
    headRef: null,
    baseRef: null,
    pullIds: [],
  };
}

/** Where a new branch left the default branch. */
async function branchPoint(forge: Forge, repository: Repository, sha: string): Promise<string | null> {
  const git = forge.git(repository);
  const main = await git.resolve(`refs/heads/${repository.defaultBranch}`);
  return main === null || main === sha ? null : git.mergeBase(main, sha);
}

/** Checks out the test merge of head and base; a pull request in conflict has none and starts nothing. */
async function pullTrigger(forge: Forge, event: ForgeEvent, repository: Repository): Promise<Trigger | null> {
  const number = event.payload['number'];
  const pull = find(forge.state.pulls, (one) => one.repositoryId === repository.id && one.number === number);
  if (pull === undefined) return null;
  const git = forge.git(repository);
  const head = await git.readCommit(pull.headSha);
  if (head === null || asksToSkip(head.message)) return null;
  const sha = pull.mergedAt === null ? await testMerge(forge, repository, pull) : pull.mergeCommitSha;
  if (sha === null) return null;
  const files = await git.changedFiles(await forkPoint(forge, pull), pull.headSha);
  return {
    event: {
      name: 'pull_request',
      action: event.action,
      ref: `refs/heads/${pull.baseRef}`,
      changedPaths: files.map((file) => file.filename),
    },
    sha,
    ref: `refs/pull/${pull.number}/merge`,
    headSha: pull.headSha,
    headBranch: pull.headRef,
    headRef: pull.headRef,
    baseRef: pull.baseRef,
    pullIds: [pull.id],
  };
}

async function testMerge(forge: Forge, repository: Repository, pull: Pull): Promise<string | null> {
  const { git } = forge.git(repository);
  const merged = await mergeCommits(git, {
    method: 'merge',
    base: pull.baseSha,
    head: pull.headSha,
    message: `Merge ${pull.headSha} into ${pull.baseSha}`,
    author: github,
    committer: github,
  });
  if (!('sha' in merged)) return null;
  await git(['update-ref', `refs/pull/${pull.number}/merge`, merged.sha]);
  return merged.sha;
}

type Starting = {
  repository: Repository;
  run: WorkflowRun;
  workflow: Workflow | BrokenWorkflow;
  trigger: Trigger;
};

function requestOf(forge: Forge, event: ForgeEvent, { repository, run, workflow, trigger }: Starting) {
  const payload = {
    ...(event.action === null ? {} : { action: event.action }),
    ...event.payload,
    repository: renderRepository(forge, repository),
    sender: renderUser(forge, event.sender),
  };
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
    event: { name: event.event, payload: JSON.parse(JSON.stringify(payload)) as Json },
    sha: trigger.sha,
    ref: trigger.ref,
    headRef: trigger.headRef,
    baseRef: trigger.baseRef,
    actor: { id: event.sender.id, login: event.sender.login },
    urls: { server: forge.url, api: `${forge.url}/api/v3`, graphql: `${forge.url}/api/graphql` },
    token: tokenOf(forge, { repository, run, workflow }),
    secrets: {},
    variables: {},
    inputs: {},
  };
}

/** The run's GITHUB_TOKEN, an installation token of the App `github-actions` for this repository alone. */
function tokenOf(forge: Forge, { repository, run, workflow }: Omit<Starting, 'trigger'>): string {
  const installation = find(
    forge.state.installations,
    (one) => one.appId === actionsAppId && one.accountId === repository.ownerId,
  );
  if (installation === undefined)
    throw new Error(`github-actions is not installed on account ${repository.ownerId}`);
  const wanted = 'errors' in workflow ? {} : permissionsOf(workflow);
  const granted = row(forge.state.apps, actionsAppId).permissions;
  const permissions: Permissions = { metadata: 'read' };
  for (const [name, level] of Object.entries(wanted))
    if (granted[name] !== undefined) permissions[name] = level;
  return createInstallationToken(forge, {
    installation,
    repositoryIds: [repository.id],
    permissions,
    workflowRunId: run.id,
  }).token;
}
